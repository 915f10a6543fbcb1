// The `process` object → the parts of a Plan that a first process and an exec'ed one have in
// common.
#pragma once

#include "corun/container/privileges.hpp"
#include "corun/oci/spec.hpp"
#include "corun/setup/plan.hpp"

#include <string>
#include <vector>

namespace corun::container {

/// Payload, credentials, limits, attributes, labels and terminal. Throws where the kernel lacks
/// what is asked for (an AppArmor profile without AppArmor).
void plan_process(const oci::Process& process, setup::Plan& plan);

/// Whether the supplementary groups can be, and are to be, set: the annotation
/// `run.oci.keep_original_groups` (crun's) keeps the caller's. After the namespaces are planned.
void plan_groups(
    const oci::StringMap& annotations, const Privileges& privileges, setup::Plan& plan
);

/// What the document asks for, cannot be had, and is to be warned of instead of refused:
/// capabilities that nobody knows. (config#linux-process)
[[nodiscard]] std::vector<std::string> warnings_for(const oci::Process& process);

/// The filter, and where it asks for one a connected listener: the one that crun's annotation
/// names, else the profile's. `pid` texts in the state are filled in by the child.
void plan_seccomp(
    const oci::Seccomp& seccomp,
    const oci::StringMap& annotations,
    const std::string& cache_root,
    std::vector<std::string> agent_state_parts,
    setup::Plan& plan
);

/// The caller's descriptors that the payload keeps: those of systemd's socket activation, announced
/// as sd_listen_fds(3) wants it, and --preserve-fds after them. Throws where one is not the
/// caller's.
void plan_inherited_fds(unsigned listen_fds, unsigned preserve_fds, setup::Plan& plan);

/// process.execCPUAffinity, which only an exec'ed process has.
void plan_exec_affinity(const oci::Process& process, setup::Plan& plan);

[[nodiscard]] bool is_selinux_enabled();

/// `0-3,7` as a bit mask of longs, for sched_setaffinity(2) and set_mempolicy(2).
[[nodiscard]] std::vector<unsigned long> parse_bit_list(std::string_view list);

}  // namespace corun::container
