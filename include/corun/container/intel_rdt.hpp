// linux.intelRdt: a container's share of cache and memory bandwidth, by the resctrl file system.
// Parent side; root. `root` is that file system's mount point throughout, so that tests can have
// one of plain files. (runtime-spec 1.3 config-linux#intelrdt)
#pragma once

#include "corun/container/record.hpp"
#include "corun/oci/spec.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>

namespace corun::container {

/// Where resctrl is mounted. Throws ENODEV, with the remedy, if it is not.
[[nodiscard]] std::string resctrl_root();

/// The group that `config` asks for, whose name is closID or else the container's id. Changes
/// nothing: the group is put on record before it is made. Throws if closID names a group that does
/// not exist and nothing says what it would be like, or one that exists and is not like that.
[[nodiscard]] RdtGroup choose_rdt_group(
    const std::string& root, const oci::IntelRdt& config, std::string_view id
);

/// Makes the directories that are the container's own.
void make_rdt_group(const RdtGroup& group);

/// Writes the schemata that are given, to a group of the container's own.
void write_schemata(const RdtGroup& group, const oci::IntelRdt& config);

/// Writes the schemata that are given to the container's group, whoever made it.
void change_schemata(const RdtGroup& group, const oci::IntelRdt& config);

/// Moves a process there; its children will be born there.
void join_rdt_group(const RdtGroup& group, pid_t pid);

/// Removes what is the container's own. No error if it is gone.
void remove_rdt_group(const RdtGroup& group);

/// One line per resource: l3CacheSchema, memBwSchema, then schemata. Where memBwSchema is given an
/// `MB:` line in place of l3CacheSchema does not count. Empty if nothing is given. Pure.
[[nodiscard]] std::string schemata_text(const oci::IntelRdt& config);

/// True if every value in `wanted` is in `actual`, the text of a schemata file, too: the kernel
/// pads with blanks and zeros and lists all domains. Pure.
[[nodiscard]] bool has_schemata(std::string_view actual, std::string_view wanted);

}  // namespace corun::container
