// The home directory of the payload's user, from the container's own /etc/passwd.
// Child side, inside the container, already as the payload's user: what is read here the payload
// could read itself, and nothing but the value of one variable comes of it. (CVE-2016-3697)
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace corun::setup {

/// The directory of the first entry for `uid` in the text of a passwd(5) file; nothing if there is
/// none, or if it is not an absolute path or has control characters. Pure.
[[nodiscard]] std::optional<std::string_view> home_in(std::string_view passwd, uid_t uid);

/// As home_in() for /etc/passwd below the current root directory; nothing if that is not a regular
/// file that may be read. Only its first mebibyte counts.
[[nodiscard]] std::optional<std::string> find_home(uid_t uid);

}  // namespace corun::setup
