// `check`: namespaces to join and to make, and the sysctls in them.
#include "corun/base/text.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/oci/sysctl.hpp"
#include "corun/sys/file.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace corun::container {

namespace {

struct NamespaceFiles {
    oci::NamespaceKind kind;
    std::string_view own;    // in /proc/self/ns
    std::string_view limit;  // in /proc/sys/user
};

constexpr std::array<NamespaceFiles, 8> kNamespaceFiles{{
    {oci::NamespaceKind::cgroup, "cgroup", "max_cgroup_namespaces"},
    {oci::NamespaceKind::ipc, "ipc", "max_ipc_namespaces"},
    {oci::NamespaceKind::mount, "mnt", "max_mnt_namespaces"},
    {oci::NamespaceKind::network, "net", "max_net_namespaces"},
    {oci::NamespaceKind::pid, "pid", "max_pid_namespaces"},
    {oci::NamespaceKind::time, "time", "max_time_namespaces"},
    {oci::NamespaceKind::user, "user", "max_user_namespaces"},
    {oci::NamespaceKind::uts, "uts", "max_uts_namespaces"},
}};

bool reads_zero(const std::string& path) {
    const std::optional<std::string> text = sys::try_read_file(sys::FdRef::cwd(), path);
    return text && trim(*text) == "0";
}

void check_new_namespace(
    const oci::Namespace& ns,
    const std::string& pointer,
    const Privileges& privileges,
    Findings& out
) {
    const auto* const files = std::find_if(
        kNamespaceFiles.begin(),
        kNamespaceFiles.end(),
        [&](const NamespaceFiles& row) { return row.kind == ns.kind; }
    );
    if (files == kNamespaceFiles.end()) {
        return;
    }
    if (!sys::try_fstatat(sys::FdRef::cwd(), concat("/proc/self/ns/", files->own))) {
        out.add(Severity::error, pointer, "this kernel has no namespaces of that kind");
    } else if (reads_zero(concat("/proc/sys/user/", files->limit))) {
        out.add(
            Severity::error,
            pointer,
            concat("none may be made: the sysctl user.", files->limit, " is 0")
        );
    } else if (ns.kind == oci::NamespaceKind::user && privileges.rootless() && reads_zero("/proc/sys/kernel/unprivileged_userns_clone")) {
        out.add(
            Severity::error, pointer, "takes root: the sysctl kernel.unprivileged_userns_clone is 0"
        );
    }
}

/// plan_namespaces() of a document that joins this one alone.
void check_joined_namespace(
    const CheckSubject& subject, const oci::Namespace& ns, const std::string& pointer, Findings& out
) {
    oci::Spec spec;
    spec.linux_.namespaces = {ns};
    const PlanInput input{
        .spec = spec,
        .privileges = subject.privileges(),
        .id = {},
        .bundle = {},
        .cgroup_directory = {},
        .seccomp_cache_root = {}};
    out.attempt(pointer + "/path", [&] {
        setup::Plan plan;
        plan_namespaces(input, plan);
    });
}

void check_sysctls(const oci::Spec& spec, Findings& out) {
    for (const auto& [key, value] : spec.linux_.sysctl) {
        const std::string path = oci::sysctl_path(key);
        if (!oci::is_sysctl_name(key) ||
            sys::try_fstatat(sys::FdRef::cwd(), concat("/proc/sys/", path))) {
            continue;
        }
        // Those of devices come and go with the network namespace.
        const bool may_come = key.starts_with("net.");
        out.add(
            may_come ? Severity::warning : Severity::error,
            "/linux/sysctl",
            concat("this kernel has no ", double_quote(key), may_come ? " here" : "")
        );
    }
}

}  // namespace

void check_namespaces(const CheckSubject& subject, Findings& out) {
    const oci::Linux& config = subject.spec().linux_;
    for (std::size_t i = 0; i < config.namespaces.size(); ++i) {
        const oci::Namespace& ns = config.namespaces[i];
        const std::string pointer = concat("/linux/namespaces/", i);
        if (ns.path.empty()) {
            check_new_namespace(ns, pointer, subject.privileges(), out);
        } else {
            check_joined_namespace(subject, ns, pointer, out);
        }
    }
    const bool has_user = oci::find_namespace(config, oci::NamespaceKind::user) != nullptr;
    if (!has_user && !subject.privileges().can_mount) {
        out.add(
            Severity::error,
            "/linux/namespaces",
            "without a user namespace a container takes CAP_SYS_ADMIN: run as root, or see "
            "`corun spec --rootless`"
        );
    }
    check_sysctls(subject.spec(), out);
}

}  // namespace corun::container
