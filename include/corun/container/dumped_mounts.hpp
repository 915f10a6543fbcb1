// Which of a container's mounts a dump leaves out, because they show what is not the container's
// own: bind mounts of the document, device nodes of the host's, masks. Each gets a name in the
// images, by which a restore finds what belongs there.
//
// The name is the destination as the document has it, never a path that was resolved: a symlink in
// a rootfs would give one mount the name of another, and a restore would bind one's source in the
// other's place. (CVE-2026-119101)
#pragma once

#include "corun/container/criu_messages.hpp"
#include "corun/container/mountinfo.hpp"
#include "corun/oci/spec.hpp"
#include "corun/sys/path.hpp"

#include <string>
#include <vector>

namespace corun::container {

/// runc's and crun's name for all that masks a file; images can be exchanged with them.
inline constexpr const char* kMaskName = "/dev/null";

/// Mount point (as the kernel tells it) → name. `root` is the container's, `mounts` its mount
/// table, `own_mounts` the names of binds that the runtime has added to the document's.
[[nodiscard]] std::vector<CriuName> dumped_external_mounts(
    const oci::Spec& spec,
    const sys::RootDir& root,
    const std::vector<MountEntry>& mounts,
    const std::vector<std::string>& own_mounts
);

/// criu has mounts and names in one text, `mnt[KEY]:VALUE`: what would be read as another is
/// refused.
void check_external_name(const std::string& text);

}  // namespace corun::container
