// The device rules of linux.resources as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE.
// Pure: makes instructions; loading and attaching them is Cgroup::apply_devices.
#pragma once

#include "corun/oci/spec.hpp"

#include <linux/bpf.h>

#include <span>
#include <string_view>
#include <vector>

namespace corun::container {

/// The name corun's programs bear in the kernel, by which an update finds the one to replace.
inline constexpr std::string_view kDeviceProgramName = "corun_devices";

/// What every container may use whatever its rules say: making any node, the devices the
/// specification has in every /dev, pseudo-terminals and /dev/net/tun, as in runc.
/// (config-linux#default-devices)
[[nodiscard]] std::span<const oci::DeviceRule> default_device_rules();

/// True if the rules, default rules after them, can deny nothing: then no program is needed.
[[nodiscard]] bool allow_everything(const std::vector<oci::DeviceRule>& rules);

/// The program for `rules` followed by the default rules: for each kind of access asked for, the
/// last rule that matches decides; where none does, the answer is no.
[[nodiscard]] std::vector<struct bpf_insn> device_program(const std::vector<oci::DeviceRule>& rules
);

}  // namespace corun::container
