// What this process may do on the host. Parent side.
#include "corun/container/privileges.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <sys/capability.h>

#include <unistd.h>

#include <memory>

namespace corun::container {

namespace {

bool has_effective(cap_value_t capability) {
    const std::unique_ptr<_cap_struct, int (*)(void*)> own(::cap_get_proc(), ::cap_free);
    cap_flag_value_t value = CAP_CLEAR;
    return own && ::cap_get_flag(own.get(), capability, CAP_EFFECTIVE, &value) == 0 &&
           value == CAP_SET;
}

/// The initial user namespace maps every id to itself, in one row.
bool is_initial_user_namespace() {
    const std::string map = sys::read_file(sys::FdRef::cwd(), "/proc/self/uid_map");
    std::vector<std::string_view> fields;
    for (const std::string_view field : split(trim(map), ' ')) {
        if (!field.empty()) {
            fields.push_back(field);
        }
    }
    return fields == std::vector<std::string_view>{"0", "0", "4294967295"};
}

bool is_setgroups_denied() {
    const std::optional<std::string> word =
        sys::try_read_file(sys::FdRef::cwd(), "/proc/self/setgroups");
    return word && trim(*word) == "deny";
}

}  // namespace

Privileges probe_privileges() {
    Privileges out;
    const bool admin = has_effective(CAP_SYS_ADMIN);
    out.in_user_namespace = !is_initial_user_namespace();
    out.host_root = ::geteuid() == 0 && admin && !out.in_user_namespace;
    out.can_mount = admin;
    out.setgroups_denied = out.in_user_namespace && is_setgroups_denied();
    return out;
}

}  // namespace corun::container
