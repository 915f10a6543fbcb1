// `check`: the seccomp profile against libseccomp and this kernel.
#include "corun/base/text.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/container/seccomp_filter.hpp"
#include "corun/oci/names.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/seccomp.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace corun::container {

namespace {

/// As in /proc/sys/kernel/seccomp/actions_avail. (seccomp(2))
std::string_view kernel_name(oci::SeccompAction action) {
    switch (action) {
        case oci::SeccompAction::allow:
            return "allow";
        case oci::SeccompAction::errno_:
            return "errno";
        case oci::SeccompAction::kill_process:
            return "kill_process";
        case oci::SeccompAction::kill_thread:
            return "kill_thread";
        case oci::SeccompAction::log:
            return "log";
        case oci::SeccompAction::notify:
            return "user_notif";
        case oci::SeccompAction::trace:
            return "trace";
        case oci::SeccompAction::trap:
            return "trap";
    }
    return "allow";
}

class ActionCheck {
public:
    explicit ActionCheck(Findings& out)
        : known_(sys::try_read_file(sys::FdRef::cwd(), "/proc/sys/kernel/seccomp/actions_avail")),
          out_(out) {}

    void operator()(oci::SeccompAction action, const std::string& pointer) const {
        const std::string_view name = kernel_name(action);
        if (!known_) {
            return;
        }
        const std::vector<std::string_view> names = split(trim(*known_), ' ');
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            out_.add(Severity::error, pointer, concat("this kernel has no action ", quote(name)));
        }
    }

private:
    std::optional<std::string> known_;
    Findings& out_;
};

void check_flags(const oci::Seccomp& profile, Findings& out) {
    for (const auto& [name, flag] : oci::kSeccompFlagNames) {
        if ((profile.flags.value_or(0) & flag) != 0 && !sys::has_seccomp_flag(flag)) {
            out.add(Severity::error, "/linux/seccomp/flags", concat("this kernel has no ", name));
        }
    }
}

void check_listener(const oci::Seccomp& profile, Findings& out) {
    if (!profile.listener_path.empty() &&
        !sys::try_fstatat(sys::FdRef::cwd(), profile.listener_path)) {
        out.add(
            Severity::warning,
            "/linux/seccomp/listenerPath",
            concat("no agent listens: ", quote(profile.listener_path), " does not exist")
        );
    }
}

}  // namespace

void check_seccomp(const CheckSubject& subject, Findings& out) {
    if (!subject.spec().linux_.seccomp) {
        return;
    }
    const oci::Seccomp& profile = *subject.spec().linux_.seccomp;
    out.attempt("/linux/seccomp", [&] { (void)compile_seccomp(profile); });
    const ActionCheck check_action(out);
    check_action(profile.default_action, "/linux/seccomp/defaultAction");
    for (std::size_t i = 0; i < profile.syscalls.size(); ++i) {
        const std::string pointer = concat("/linux/seccomp/syscalls/", i);
        check_action(profile.syscalls[i].action, concat(pointer, "/action"));
        oci::Seccomp rule_alone;
        rule_alone.syscalls = {profile.syscalls[i]};
        const std::vector<std::string> unknown = unknown_syscalls(rule_alone);
        if (!unknown.empty()) {
            out.add(
                Severity::note,
                concat(pointer, "/names"),
                concat("libseccomp does not know, and the filter leaves out: ", join(unknown, ", "))
            );
        }
    }
    check_flags(profile, out);
    check_listener(profile, out);
}

}  // namespace corun::container
