// What every verb works with. Parent side.
#include "corun/container/engine.hpp"

namespace corun::container {

const CgroupHierarchy& Engine::cgroups() {
    if (!cgroups_) {
        cgroups_ = find_cgroup_hierarchy();
    }
    return *cgroups_;
}

}  // namespace corun::container
