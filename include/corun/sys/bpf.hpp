// bpf(2) for one purpose: programs that decide about device access in a cgroup.
// Needs CAP_BPF and CAP_NET_ADMIN (or CAP_SYS_ADMIN) in the initial user namespace.
#pragma once

#include "corun/sys/fd.hpp"

#include <linux/bpf.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corun::sys {

/// A program known to the kernel.
struct BpfProgram {
    UniqueFd fd;
    std::string name;
};

/// BPF_PROG_LOAD of type BPF_PROG_TYPE_CGROUP_DEVICE. `name` has at most 15 characters.
[[nodiscard]] UniqueFd load_device_program(
    std::span<const struct bpf_insn> instructions, std::string_view name
);

/// BPF_PROG_ATTACH to a cgroup2 directory, beside what is attached already (BPF_F_ALLOW_MULTI), or
/// in place of `replaced` in one step.
void attach_device_program(
    FdRef cgroup, FdRef program, std::optional<FdRef> replaced = std::nullopt
);

void detach_device_program(FdRef cgroup, FdRef program);

/// The device programs attached to this very cgroup, at most 64.
[[nodiscard]] std::vector<BpfProgram> device_programs_of(FdRef cgroup);

}  // namespace corun::sys
