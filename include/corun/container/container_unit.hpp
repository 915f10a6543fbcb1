// The cgroup of a container as a unit of systemd: who makes it, what it is told, and its end.
// Parent side. The record names the unit, so that every later command finds it without being told
// that the driver is systemd's.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"
#include "corun/container/privileges.hpp"
#include "corun/container/record.hpp"
#include "corun/container/systemd.hpp"
#include "corun/container/systemd_unit.hpp"
#include "corun/oci/spec.hpp"

#include <sys/types.h>

#include <memory>
#include <string>

namespace corun::container {

/// Whether resource limits come with the unit or by set_limits().
enum class UnitLimits { at_once, later };

/// Root in a user namespace is somebody else's user (rootless podman), or root of a container with
/// a systemd of its own.
[[nodiscard]] SystemdInstance instance_for(
    const Privileges& privileges, const BusEnvironment& environment
);

/// As unit_name_for(), in the slice that the instance keeps for what names none.
[[nodiscard]] UnitName container_unit_name(
    const std::string& cgroups_path, const std::string& id, SystemdInstance instance
);

/// A unit to be made for a new container.
class ContainerUnit : NonCopyable {
public:
    /// Connects to the systemd in charge: the host's for root, else the user's. Makes nothing, but
    /// throws for all that can be known to be wrong. `spec` and `engine` must outlive it.
    [[nodiscard]] static async::Task<std::unique_ptr<ContainerUnit>> prepare(
        Engine* engine, const oci::Spec* spec, std::string id, Privileges privileges
    );

    /// For the record: unit, instance, and the cgroup that it will have.
    void describe(Record& record) const;

    /// Starts it around the process `pid`, which is in its cgroup afterwards. EEXIST: the unit is
    /// somebody else's.
    [[nodiscard]] async::Task<> start(pid_t pid, UnitLimits limits);

    /// The limits that start() left out.
    [[nodiscard]] async::Task<> set_limits();

private:
    ContainerUnit(Engine& engine, const oci::Spec& spec, std::string id, Privileges privileges)
        : engine_(engine), spec_(spec), id_(std::move(id)), privileges_(privileges) {}

    [[nodiscard]] std::vector<UnitProperty> properties(pid_t pid) const;

    Engine& engine_;
    const oci::Spec& spec_;
    std::string id_;
    Privileges privileges_;
    SystemdInstance instance_ = SystemdInstance::system;
    UnitName unit_;
    std::vector<UnitProperty> annotated_;
    std::unique_ptr<Systemd> systemd_;
};

/// Stops the record's unit and has systemd forget it; nothing to do if it is gone.
[[nodiscard]] async::Task<> remove_unit(Engine* engine, const Record* record);

/// Tells the record's unit of other limits, for `update`; the cgroup's files are another matter.
[[nodiscard]] async::Task<> update_unit(
    Engine* engine, const Record* record, const oci::Resources* resources
);

/// Moves a process into the record's unit, by systemd's hand.
[[nodiscard]] async::Task<> attach_to_unit(Engine* engine, const Record* record, pid_t pid);

}  // namespace corun::container
