// New limits for a container that exists. Parent side.
#include "corun/container/update.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup_update.hpp"
#include "corun/container/container_unit.hpp"
#include "corun/container/intel_rdt.hpp"
#include "corun/container/status.hpp"

namespace corun::container {

namespace {

void require_alive(Status status) {
    if (status != Status::created && status != Status::running && status != Status::paused) {
        throw Error(concat("container not running: it is ", oci::status_name(status)));
    }
}

/// cgroup v2 accounts for the kernel's memory together with the rest; callers of old still ask.
void drop_kernel_memory(const Engine& engine, oci::MemoryResources& memory) {
    for (auto* const limit : {&memory.kernel, &memory.kernel_tcp}) {
        if (limit->value_or(0) > 0) {
            engine.log().warning(
                "a limit of kernel memory is ignored: cgroup v2 counts it as memory"
            );
        }
        limit->reset();
    }
}

/// What the next update builds on.
void remember(const oci::MemoryResources& memory, Record& record) {
    const bool lifts_both = memory.limit.value_or(0) == -1 && memory.swap.value_or(0) == 0;
    if (lifts_both) {
        record.memory_and_swap = -1;
    } else if (memory.swap.value_or(0) != 0) {
        record.memory_and_swap = *memory.swap;
    }
    record.checks_memory_usage = memory.check_before_update;
}

/// A group of the container's own is on record before it is made.
void join_new_rdt_group(
    ContainerDirectory& directory, const Cgroup& cgroup, const oci::IntelRdt& config, Record& record
) {
    record.rdt = choose_rdt_group(resctrl_root(), config, directory.id().text());
    directory.save(record);
    make_rdt_group(record.rdt);
    write_schemata(record.rdt, config);
    for (const pid_t pid : cgroup.processes()) {
        join_rdt_group(record.rdt, pid);
    }
}

}  // namespace

async::Task<> update(Engine& engine, UpdateRequest request) {
    ContainerDirectory directory = engine.store().open(request.id);
    directory.lock();  // the record will change
    Record record = directory.load_existing();
    require_alive(status_of(engine, directory, record));
    std::optional<Cgroup> cgroup = try_open_cgroup(engine, record);
    if (!cgroup) {
        throw Error("the container has no cgroup to limit");
    }
    const oci::IntelRdt rdt{
        .l3_cache_schema = std::move(request.l3_cache_schema),
        .mem_bw_schema = std::move(request.mem_bw_schema),
    };
    if (!schemata_text(rdt).empty() && record.rdt.path.empty()) {
        join_new_rdt_group(directory, *cgroup, rdt, record);
    } else {
        change_schemata(record.rdt, rdt);
    }
    drop_kernel_memory(engine, request.resources.memory);
    request.resources.memory.check_before_update |= record.checks_memory_usage;
    const LimitsInForce now = limits_in_force(cgroup->directory(), record.memory_and_swap);
    const oci::Resources resources = complete_update(std::move(request.resources), now);
    const std::vector<LimitWrite> writes = update_writes(resources, now);
    cgroup->check_memory_usage(resources.memory);
    cgroup->write_all_or_none(writes);
    // What the kernel has taken systemd must know too, or it puts its own back (daemon-reload).
    if (!record.systemd_unit.empty()) {
        co_await update_unit(&engine, &record, &resources);
    }
    remember(resources.memory, record);
    directory.save(record);
}

}  // namespace corun::container
