// A lookup that must not fail: whatever is wrong with the file, there is no entry then.
#include "corun/setup/home.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

namespace corun::setup {

namespace {

constexpr std::size_t kLongestRead = 1U << 20U;

bool is_control(char character) {
    constexpr unsigned char kSpace = 0x20;
    constexpr unsigned char kDelete = 0x7f;
    const auto code = static_cast<unsigned char>(character);
    return code < kSpace || code == kDelete;
}

bool is_usable(std::string_view home) {
    return home.starts_with('/') && std::none_of(home.begin(), home.end(), is_control);
}

}  // namespace

std::optional<std::string_view> home_in(std::string_view passwd, uid_t uid) {
    constexpr std::size_t kUid = 2;
    constexpr std::size_t kHome = 5;
    while (!passwd.empty()) {
        const std::string_view line = passwd.substr(0, passwd.find('\n'));
        passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
        const std::vector<std::string_view> fields = split(line, ':');
        if (fields.size() > kHome && parse_number<uid_t>(fields[kUid]) == uid) {
            return is_usable(fields[kHome]) ? std::optional(fields[kHome]) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::string> find_home(uid_t uid) {
    const std::optional<sys::UniqueFd> root = sys::try_open("/", O_PATH | O_DIRECTORY);
    int error_number = 0;  // whatever it is: no entry
    // O_NONBLOCK: a fifo in its place must not keep us.
    const sys::UniqueFd file = root ? sys::openat2_nothrow(
                                          *root,
                                          "etc/passwd",
                                          O_RDONLY | O_NONBLOCK | O_NOCTTY,
                                          RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
                                          error_number
                                      )
                                    : sys::UniqueFd();
    if (!file) {
        return std::nullopt;
    }
    const struct stat status = sys::fstat(file);
    if (!S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    // As much memory as it takes: a page that is touched costs more than what it holds.
    const auto size = std::min(static_cast<std::size_t>(status.st_size), kLongestRead);
    const std::string text = sys::read_at(file, 0, size);
    const std::optional<std::string_view> home = home_in(text, uid);
    return home ? std::optional(std::string(*home)) : std::nullopt;
}

}  // namespace corun::setup
