// The processes of a container, from its cgroup. Parent side.
#include "corun/container/ps.hpp"

#include "corun/base/error.hpp"
#include "corun/container/status.hpp"

namespace corun::container {

async::Task<std::vector<pid_t>> ps(Engine& engine, PsRequest request) {
    const ContainerDirectory directory = engine.store().open(request.id);
    const Record record = directory.load_existing();
    if (record.cgroup_path.empty()) {
        throw Error("the container has no cgroup of its own, by which its processes are known");
    }
    const std::optional<Cgroup> cgroup = try_open_cgroup(engine, record);
    co_return cgroup ? cgroup->processes() : std::vector<pid_t>();
}

}  // namespace corun::container
