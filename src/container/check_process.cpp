// `check`: the process's labels, capabilities and limits against this kernel and this caller.
#include "corun/base/text.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/container/plan_process.hpp"
#include "corun/oci/names.hpp"
#include "corun/sys/file.hpp"

#include <sys/resource.h>

#include <bit>
#include <optional>

namespace corun::container {

namespace {

template <class Number>
std::optional<Number> read_number(const char* path) {
    const std::optional<std::string> text = sys::try_read_file(sys::FdRef::cwd(), path);
    return text ? parse_number<Number>(trim(*text)) : std::nullopt;
}

/// plan_process() of a process that has the one property.
void check_labels(const oci::Process& process, Findings& out) {
    oci::Process apparmor;
    apparmor.apparmor_profile = process.apparmor_profile;
    const bool has_apparmor = out.attempt("/process/apparmorProfile", [&] {
        setup::Plan plan;
        plan_process(apparmor, plan);
    });
    oci::Process selinux;
    selinux.selinux_label = process.selinux_label;
    out.attempt("/process/selinuxLabel", [&] {
        setup::Plan plan;
        plan_process(selinux, plan);
    });
    const std::string& profile = process.apparmor_profile;
    if (!has_apparmor || profile.empty() || profile == "unconfined") {
        return;
    }
    // Readable by root alone; each line is `NAME (MODE)`.
    constexpr const char* kProfiles = "/sys/kernel/security/apparmor/profiles";
    constexpr std::size_t kMost = std::size_t{16} << 20U;
    std::optional<std::string> loaded;
    try {
        loaded = sys::try_read_file(sys::FdRef::cwd(), kProfiles, kMost);
    } catch (const Error&) {
        return;  // then there is nothing to say
    }
    if (loaded && concat("\n", *loaded).find(concat("\n", profile, " (")) == std::string::npos) {
        out.add(
            Severity::error,
            "/process/apparmorProfile",
            concat("profile ", quote(profile), " is not loaded")
        );
    }
}

void check_capabilities(const oci::Process& process, Findings& out) {
    constexpr std::string_view kAt = "/process/capabilities";
    for (const std::string& warning : warnings_for(process)) {
        out.add(Severity::warning, kAt, warning);
    }
    const auto last = read_number<unsigned>("/proc/sys/kernel/cap_last_cap");
    if (!last || !process.capabilities) {
        return;
    }
    const oci::Capabilities& sets = *process.capabilities;
    const std::uint64_t wanted = sets.bounding.mask | sets.effective.mask | sets.permitted.mask |
                                 sets.inheritable.mask | sets.ambient.mask;
    for (std::size_t number = *last + 1; number < oci::kCapabilityNames.size(); ++number) {
        if (((wanted >> number) & 1U) != 0) {
            out.add(
                Severity::warning, kAt, concat("this kernel has no ", oci::kCapabilityNames[number])
            );
        }
    }
}

void check_rlimit(
    const oci::Rlimit& limit,
    const std::string& pointer,
    const Privileges& privileges,
    Findings& out
) {
    rlimit64 own = {};
    const auto resource = static_cast<__rlimit_resource>(limit.resource);
    if (limit.resource < 0 || ::getrlimit64(resource, &own) < 0) {
        return;
    }
    if (privileges.rootless() && limit.hard > own.rlim_max) {
        out.add(
            Severity::error,
            pointer,
            concat("raising the hard limit above ", own.rlim_max, " takes CAP_SYS_RESOURCE")
        );
    }
    const auto most_files = read_number<std::uint64_t>("/proc/sys/fs/nr_open");
    if (limit.resource == RLIMIT_NOFILE && most_files && limit.hard > *most_files) {
        out.add(Severity::error, pointer, concat("is above the sysctl fs.nr_open, ", *most_files));
    }
}

void check_oom_score(const oci::Process& process, const Privileges& privileges, Findings& out) {
    const auto own = read_number<int>("/proc/self/oom_score_adj");
    if (process.oom_score_adj && own && privileges.rootless() && *process.oom_score_adj < *own) {
        out.add(
            Severity::error,
            "/process/oomScoreAdj",
            concat("lowering it below ", *own, ", the caller's own, takes CAP_SYS_RESOURCE")
        );
    }
}

}  // namespace

void check_process(const CheckSubject& subject, Findings& out) {
    const oci::Spec& spec = subject.spec();
    if (!spec.process) {
        return;
    }
    const oci::Process& process = *spec.process;
    check_labels(process, out);
    check_capabilities(process, out);
    for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
        check_rlimit(process.rlimits[i], concat("/process/rlimits/", i), subject.privileges(), out);
    }
    check_oom_score(process, subject.privileges(), out);
    if (spec.linux_.personality && !spec.linux_.personality->flags.empty()) {
        out.add(
            Severity::note, "/linux/personality/flags", "is ignored, the specification defines none"
        );
    }
}

}  // namespace corun::container
