// A container's unit, from the document to systemd and back. Parent side.
#include "corun/container/container_unit.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/container/systemd_properties.hpp"
#include "corun/sys/file.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace corun::container {

namespace {

async::Task<std::unique_ptr<Systemd>> connect_to(
    Engine* engine, SystemdInstance instance, bool in_user_namespace
) {
    BusAddress address = find_bus_address(instance, engine->options().bus_environment, ::geteuid());
    if (in_user_namespace) {
        address = through_bridge(address);
    }
    co_return co_await Systemd::connect(std::move(address));
}

async::Task<std::unique_ptr<Systemd>> connect_for(Engine* engine, const Record* record) {
    const Privileges privileges = probe_privileges();
    const SystemdInstance instance =
        record->systemd_user ? SystemdInstance::user : SystemdInstance::system;
    co_return co_await connect_to(engine, instance, privileges.in_user_namespace);
}

async::Task<> limit_unit(Systemd* systemd, std::string unit, const oci::Resources* resources) {
    std::vector<UnitProperty> limits = limit_properties(*resources, systemd->version());
    if (!limits.empty()) {
        co_await systemd->set(std::move(unit), std::move(limits));
    }
}

void add(std::vector<UnitProperty>& list, std::string_view name, DbusValue value) {
    list.push_back({.name = std::string(name), .value = std::move(value)});
}

DbusValue one_string(std::string text) {
    std::vector<DbusValue> list;
    list.push_back(dbus_string(std::move(text)));
    return dbus_array("s", std::move(list));
}

/// A slice takes no processes from systemd's hand.
void move_into(const CgroupHierarchy& hierarchy, const std::string& cgroup, pid_t pid) {
    const std::optional<Cgroup> slice = Cgroup::try_open(hierarchy, cgroup);
    if (!slice) {
        throw Error(concat("systemd made no cgroup ", quote(cgroup)), ENOENT);
    }
    sys::write_file(slice->directory(), "cgroup.procs", std::to_string(pid));
}

}  // namespace

SystemdInstance instance_for(const Privileges& privileges, const BusEnvironment& environment) {
    // Only who has a user session says so in the environment.
    const bool has_session =
        !environment.runtime_dir.empty() || !environment.session_bus_address.empty();
    if (privileges.host_root || (::geteuid() == 0 && !has_session)) {
        return SystemdInstance::system;
    }
    return SystemdInstance::user;
}

UnitName container_unit_name(
    const std::string& cgroups_path, const std::string& id, SystemdInstance instance
) {
    const bool is_system = instance == SystemdInstance::system;
    return unit_name_for(cgroups_path, id, is_system ? "system.slice" : "user.slice");
}

async::Task<std::unique_ptr<ContainerUnit>> ContainerUnit::prepare(
    Engine* engine, const oci::Spec* spec, std::string id, Privileges privileges
) {
    std::unique_ptr<ContainerUnit> self(new ContainerUnit(*engine, *spec, std::move(id), privileges)
    );
    self->instance_ = instance_for(privileges, engine->options().bus_environment);
    self->unit_ = container_unit_name(spec->linux_.cgroups_path, self->id_, self->instance_);
    self->annotated_ = annotation_properties(spec->annotations);
    self->systemd_ = co_await connect_to(engine, self->instance_, privileges.in_user_namespace);
    co_return std::move(self);
}

void ContainerUnit::describe(Record& record) const {
    record.systemd_unit = unit_.name;
    record.systemd_user = instance_ == SystemdInstance::user;
    record.cgroup_path = concat(systemd_->cgroup(), unit_cgroup(unit_));
}

std::vector<UnitProperty> ContainerUnit::properties(pid_t pid) const {
    std::vector<UnitProperty> list;
    add(list, "Description", dbus_string(concat("corun container ", id_)));
    if (unit_.is_slice()) {
        add(list, "Wants", one_string(unit_.slice));
    } else {
        add(list, "Slice", dbus_string(unit_.slice));
        add(list, "Delegate", dbus_bool(true));
        std::vector<DbusValue> pids;
        pids.push_back(dbus_uint32(static_cast<std::uint32_t>(pid)));
        add(list, "PIDs", dbus_array("u", std::move(pids)));
    }
    for (const char* controller : {"Memory", "CPU", "IO", "Tasks"}) {
        add(list, concat(controller, "Accounting"), dbus_bool(true));
    }
    add(list, "DefaultDependencies", dbus_bool(false));
    // A failed unit (its processes were killed) is forgotten too, not kept for systemctl status.
    add(list, "CollectMode", dbus_string("inactive-or-failed"));
    list.insert(list.end(), annotated_.begin(), annotated_.end());
    if (privileges_.host_root) {
        for (UnitProperty& property : device_properties(spec_.linux_.resources.devices)) {
            list.push_back(std::move(property));
        }
    }
    return list;
}

async::Task<> ContainerUnit::start(pid_t pid, UnitLimits limits) {
    std::vector<UnitProperty> list = properties(pid);
    if (limits == UnitLimits::at_once) {
        for (UnitProperty& limit : limit_properties(spec_.linux_.resources, systemd_->version())) {
            list.push_back(std::move(limit));
        }
    }
    co_await systemd_->start(unit_.name, std::move(list));
    if (unit_.is_slice()) {
        move_into(engine_.cgroups(), concat(systemd_->cgroup(), unit_cgroup(unit_)), pid);
    }
}

async::Task<> ContainerUnit::set_limits() {
    co_await limit_unit(systemd_.get(), unit_.name, &spec_.linux_.resources);
}

async::Task<> remove_unit(Engine* engine, const Record* record) {
    const std::unique_ptr<Systemd> systemd = co_await connect_for(engine, record);
    co_await systemd->remove(record->systemd_unit);
}

async::Task<> update_unit(Engine* engine, const Record* record, const oci::Resources* resources) {
    const std::unique_ptr<Systemd> systemd = co_await connect_for(engine, record);
    co_await limit_unit(systemd.get(), record->systemd_unit, resources);
}

async::Task<> attach_to_unit(Engine* engine, const Record* record, pid_t pid) {
    const std::unique_ptr<Systemd> systemd = co_await connect_for(engine, record);
    co_await systemd->attach(record->systemd_unit, "", pid);
}

}  // namespace corun::container
