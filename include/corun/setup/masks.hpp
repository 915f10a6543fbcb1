// Paths that the container shall not read or not write. Child side, as the container's root.
#pragma once

#include "corun/setup/step.hpp"
#include "corun/sys/fd.hpp"

#include <string>

namespace corun::setup {

/// Step: sets ctx.null_device from the host's /dev/null. Before the root switch, as it may have to
/// be cloned from the host's tree.
void take_null_device(ChildContext& ctx);

/// Step: covers files with the null device and directories with one empty read-only tmpfs; what is
/// not there is skipped. Never uses the container's own /dev/null (CVE-2025-31133).
void mask_paths(ChildContext& ctx);

/// What masks a directory: a detached, empty, read-only tmpfs with those options.
[[nodiscard]] sys::UniqueFd make_empty_directory(const std::string& data);

/// Step: makes paths read-only by mounting each on itself; what is not there is skipped.
void make_paths_readonly(ChildContext& ctx);

}  // namespace corun::setup
