// A user namespace that exists only to carry id mappings. A short-lived child holds it open until
// its maps are written and its descriptor is taken. Parent side, root on the host.
#include "corun/container/idmap_namespace.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/id_maps.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace corun::container {

sys::UniqueFd make_idmap_namespace(
    const std::vector<oci::IdMapping>& uids, const std::vector<oci::IdMapping>& gids
) {
    sys::Cloned cloned = sys::clone3(CLONE_NEWUSER);
    if (cloned.in_child()) {
        while (true) {
            ::pause();
        }
    }
    const sys::ChildGuard holder(std::move(cloned.process));
    const sys::UniqueFd directory =
        sys::open(concat("/proc/", holder.child().pid()), O_PATH | O_DIRECTORY);
    sys::write_file(directory, "uid_map", id_map_text(uids));
    sys::write_file(directory, "gid_map", id_map_text(gids));
    return sys::openat(directory, "ns/user", O_RDONLY);
}

}  // namespace corun::container
