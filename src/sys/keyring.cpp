// keyctl(2) by number: libkeyutils would be a library for three calls.
#include "corun/sys/keyring.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

namespace corun::sys {

namespace {

/// KEYCTL_DESCRIBE gives "type;uid;gid;permissions;description", permissions in hexadecimal.
std::uint32_t key_permissions(std::int32_t key) {
    constexpr std::size_t kPermissionsField = 3;
    std::array<char, 512> text{};
    const long size = ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, text.data(), text.size());
    if (size < 0) {
        throw_errno("keyctl(KEYCTL_DESCRIBE)");
    }
    const std::vector<std::string_view> fields = split(text.data(), ';');
    const std::optional<std::uint32_t> permissions =
        fields.size() > kPermissionsField
            ? parse_number<std::uint32_t>(fields[kPermissionsField], 16)
            : std::nullopt;
    if (!permissions) {
        throw Error("keyctl(KEYCTL_DESCRIBE): not the form that is documented", EPROTO);
    }
    return *permissions;
}

}  // namespace

std::optional<std::int32_t> try_join_session_keyring(const std::string& name) {
    const long key = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
    if (key < 0 && errno == ENOSYS) {
        return std::nullopt;
    }
    if (key < 0) {
        throw_errno("keyctl(KEYCTL_JOIN_SESSION_KEYRING)", name);
    }
    return static_cast<std::int32_t>(key);
}

void add_key_permissions(std::int32_t key, std::uint32_t permissions) {
    const std::uint32_t wanted = key_permissions(key) | permissions;
    if (::syscall(SYS_keyctl, KEYCTL_SETPERM, key, wanted) < 0) {
        throw_errno("keyctl(KEYCTL_SETPERM)");
    }
}

}  // namespace corun::sys
