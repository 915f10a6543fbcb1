// The `process` object → Plan. Parent side; only looks at the host, changes nothing.
#include "corun/container/plan_process.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/seccomp_cache.hpp"
#include "corun/container/seccomp_listener.hpp"
#include "corun/oci/names.hpp"
#include "corun/oci/number_list.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <climits>

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace corun::container {

namespace {

constexpr int kIoPriorityClassShift = 13;  // linux/ioprio.h

setup::Capabilities to_plan(const oci::Capabilities& capabilities) {
    return {
        .bounding = capabilities.bounding.mask,
        .effective = capabilities.effective.mask,
        .permitted = capabilities.permitted.mask,
        .inheritable = capabilities.inheritable.mask,
        .ambient = capabilities.ambient.mask,
    };
}

void plan_credentials(const oci::Process& process, setup::Plan& plan) {
    setup::CredentialsPlan& out = plan.credentials;
    out.uid = process.user.uid;
    out.gid = process.user.gid;
    out.additional_gids.assign(
        process.user.additional_gids.begin(), process.user.additional_gids.end()
    );
    if (process.user.umask) {
        out.umask = *process.user.umask;
    }
    // Not configured means none, as with runc and crun.
    out.capabilities = to_plan(process.capabilities.value_or(oci::Capabilities()));
    out.no_new_privileges = process.no_new_privileges;
}

std::string rlimit_name(int resource) {
    for (const auto& row : oci::kRlimitNames) {
        if (row.value == resource) {
            return std::string(row.name);
        }
    }
    return concat("rlimit ", resource);
}

/// What this process, and so its child, is limited to now.
rlim64_t hard_limit(int resource) {
    rlimit64 now = {};
    if (::getrlimit64(static_cast<__rlimit_resource>(resource), &now) < 0) {
        throw_errno("getrlimit");
    }
    return now.rlim_max;
}

void plan_limits(const oci::Process& process, setup::Plan& plan) {
    for (const oci::Rlimit& limit : process.rlimits) {
        plan.limits_take_privilege |= limit.hard > hard_limit(limit.resource);
        plan.limits.push_back({
            .resource = limit.resource,
            .value = {.rlim_cur = limit.soft, .rlim_max = limit.hard},
            .name = rlimit_name(limit.resource),
        });
    }
    plan.oom_score_adj = process.oom_score_adj;
}

void plan_attributes(const oci::Process& process, setup::Plan& plan) {
    if (process.scheduler) {
        const oci::Scheduler& scheduler = *process.scheduler;
        plan.attributes.scheduler = setup::SchedulerPlan{
            .policy = static_cast<std::uint32_t>(scheduler.policy),
            .nice = scheduler.nice,
            .priority = static_cast<std::uint32_t>(scheduler.priority),
            .flags = scheduler.flags,
            .runtime_ns = scheduler.runtime_ns,
            .deadline_ns = scheduler.deadline_ns,
            .period_ns = scheduler.period_ns,
        };
    }
    if (process.io_priority) {
        plan.attributes.io_priority = static_cast<int>(
            (static_cast<std::uint32_t>(process.io_priority->io_class) << kIoPriorityClassShift) |
            process.io_priority->priority
        );
    }
}

/// runtime-spec config#linux-process: what cannot be applied must be an error.
void plan_labels(const oci::Process& process, setup::Plan& plan) {
    if (!process.apparmor_profile.empty()) {
        const std::optional<std::string> enabled =
            sys::try_read_file(sys::FdRef::cwd(), "/sys/module/apparmor/parameters/enabled");
        if (!enabled || !enabled->starts_with('Y')) {
            throw Error("/process/apparmorProfile: apparmor is not enabled in this kernel");
        }
    }
    if (!process.selinux_label.empty() && !is_selinux_enabled()) {
        throw Error(
            "/process/selinuxLabel: selinux label is specified in config, but selinux is disabled "
            "or not supported"
        );
    }
    plan.labels.apparmor_profile = process.apparmor_profile;
    plan.labels.selinux_exec_label = process.selinux_label;
}

/// What a caller left open for us is not CLOEXEC, or it would not be here; what this process has
/// opened always is. Handing over one of ours would leak a host directory. (CVE-2024-21626)
void require_inherited(unsigned number, const std::string& what) {
    const int flags = ::fcntl(static_cast<int>(number), F_GETFD);
    if (flags < 0) {
        throw_errno(what);
    }
    if ((static_cast<unsigned>(flags) & FD_CLOEXEC) != 0) {
        throw_errno_value(EBADF, what);
    }
}

}  // namespace

bool is_selinux_enabled() {
    return sys::try_fstatat(sys::FdRef::cwd(), "/sys/fs/selinux/enforce").has_value();
}

void plan_process(const oci::Process& process, setup::Plan& plan) {
    plan.payload.args = process.args;
    plan.payload.env = process.env;
    plan.payload.cwd = process.cwd;
    plan_credentials(process, plan);
    plan_limits(process, plan);
    plan_attributes(process, plan);
    plan_labels(process, plan);
    plan.terminal.wanted = process.terminal;
    if (process.terminal && process.console_size) {
        plan.terminal.rows = process.console_size->height;
        plan.terminal.columns = process.console_size->width;
    }
}

void plan_groups(
    const oci::StringMap& annotations, const Privileges& privileges, setup::Plan& plan
) {
    const bool may_be_denied = plan.namespaces.has_user_namespace() || privileges.setgroups_denied;
    plan.credentials.groups = annotations.contains(kKeepOriginalGroups) ? setup::Groups::keep
                              : may_be_denied ? setup::Groups::set_where_allowed
                                              : setup::Groups::set;
}

std::vector<std::string> warnings_for(const oci::Process& process) {
    std::set<std::string> unknown;
    if (process.capabilities) {
        const oci::Capabilities& sets = *process.capabilities;
        for (const oci::CapabilitySet* set :
             {&sets.bounding, &sets.effective, &sets.inheritable, &sets.permitted, &sets.ambient}) {
            unknown.insert(set->unknown.begin(), set->unknown.end());
        }
    }
    std::vector<std::string> out;
    out.reserve(unknown.size());
    for (const std::string& name : unknown) {
        out.push_back(concat("capability ", double_quote(name), " is unknown and cannot be granted")
        );
    }
    return out;
}

void plan_inherited_fds(unsigned listen_fds, unsigned preserve_fds, setup::Plan& plan) {
    constexpr unsigned kFirst = 3;  // after stdio
    for (unsigned i = 0; i < listen_fds; ++i) {
        require_inherited(kFirst + i, concat("listen fd ", i, " (of ", listen_fds, ")"));
    }
    for (unsigned i = 0; i < preserve_fds; ++i) {
        const unsigned number = kFirst + listen_fds + i;
        require_inherited(
            number, concat("unable to stat preserved-fd ", number, " (of ", preserve_fds, ")")
        );
    }
    plan.payload.preserved_fds = listen_fds + preserve_fds;
    if (listen_fds > 0) {
        plan.payload.env.push_back(concat("LISTEN_FDS=", listen_fds));
        plan.payload.env.emplace_back("LISTEN_PID=1");
    }
}

void plan_exec_affinity(const oci::Process& process, setup::Plan& plan) {
    if (process.exec_cpu_affinity) {
        plan.attributes.initial_cpu_affinity = parse_bit_list(process.exec_cpu_affinity->initial);
        plan.attributes.cpu_affinity = parse_bit_list(process.exec_cpu_affinity->final);
    }
}

void plan_seccomp(
    const oci::Seccomp& seccomp,
    const oci::StringMap& annotations,
    const std::string& cache_root,
    std::vector<std::string> agent_state_parts,
    setup::Plan& plan
) {
    CompiledSeccomp compiled = compiled_seccomp(seccomp, cache_root);
    plan.seccomp.program = std::move(compiled.program);
    plan.seccomp.flags = compiled.flags;
    if (compiled.wants_listener) {
        plan.seccomp.agent = connect_seccomp_listener(seccomp, annotations);
        plan.seccomp.agent_state_parts = std::move(agent_state_parts);
    }
}

std::vector<unsigned long> parse_bit_list(std::string_view list) {
    constexpr std::size_t kBits = sizeof(unsigned long) * CHAR_BIT;
    const auto ranges = oci::parse_number_list(list);
    if (!ranges) {
        throw Error(concat("bad list ", double_quote(list)), EINVAL);
    }
    std::vector<unsigned long> mask;
    for (const oci::NumberRange& range : *ranges) {
        mask.resize(std::max<std::size_t>(mask.size(), range.last / kBits + 1));
        for (std::size_t bit = range.first; bit <= range.last; ++bit) {
            mask[bit / kBits] |= 1UL << (bit % kBits);
        }
    }
    return mask;
}

}  // namespace corun::container
