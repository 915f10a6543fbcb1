// Where criu finds what a restored container's mounts are made of: directories in a private tmpfs,
// in a mount namespace of criu's own. Nothing of it is seen on the host, and all of it ends with
// criu. The trees are the plan's: chosen, verified and made read-only before criu has a say.
#pragma once

#include "corun/sys/fd.hpp"

#include <string>
#include <vector>

namespace corun::container {

/// A detached mount that criu binds where the images have `name`.
struct StagedMount {
    std::string name;
    sys::FdRef tree;
    bool is_directory = true;
};

struct CriuStage {
    std::string directory;             // absolute, on the host: an empty one, the tmpfs goes on it
    sys::FdRef root = sys::FdRef(-1);  // detached mount of the rootfs
    std::vector<StagedMount> mounts;
};

/// What criu is told: where the root and the mount number `index` are.
[[nodiscard]] std::string staged_root(const CriuStage& stage);
[[nodiscard]] std::string staged_mount(const CriuStage& stage, std::size_t index);

/// In the child that becomes criu, in a new mount namespace: attaches all of it.
void build_stage(const CriuStage& stage);

}  // namespace corun::container
