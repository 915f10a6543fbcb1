// `check`: whether the cgroup can be made and its limits be set.
#include "corun/base/text.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/container/cgroup_controllers.hpp"
#include "corun/container/cgroup_limits.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/container/container_unit.hpp"
#include "corun/container/systemd_properties.hpp"

#include <unistd.h>

#include <optional>

namespace corun::container {

namespace {

bool tolerates_missing_cgroup(const CheckSubject& subject) {
    const CgroupTolerance tolerance = subject.options.cgroup_tolerance;
    return tolerance == CgroupTolerance::tolerant ||
           (tolerance == CgroupTolerance::automatic && subject.privileges().rootless());
}

void check_place(
    const CgroupHierarchy& hierarchy, const std::string& path, Severity severity, Findings& out
) {
    constexpr std::string_view kAt = "/linux/cgroupsPath";
    const std::optional<Cgroup> existing = Cgroup::try_open(hierarchy, path);
    if (existing && existing->is_populated()) {
        out.add(
            Severity::error,
            kAt,
            concat("the cgroup ", quote(existing->host_path()), " has processes")
        );
        return;
    }
    const std::string obstacle = obstacle_to_making(hierarchy, path);
    if (!obstacle.empty()) {
        out.add(severity, kAt, obstacle);
    }
}

void check_unit(const CheckSubject& subject, Findings& out) {
    const BusEnvironment& environment = subject.options.bus_environment;
    const SystemdInstance instance = instance_for(subject.privileges(), environment);
    out.attempt("/linux/cgroupsPath", [&] {
        return find_bus_address(instance, environment, ::geteuid());
    });
    out.attempt("/linux/cgroupsPath", [&] {
        return container_unit_name(
            subject.spec().linux_.cgroups_path, subject.plan_input.id, instance
        );
    });
    for (const auto& annotation : subject.spec().annotations) {
        out.attempt(concat("/annotations/", annotation.first), [&] {
            return annotation_properties({annotation});
        });
    }
}

}  // namespace

void check_cgroup(const CheckSubject& subject, Findings& out) {
    constexpr std::string_view kAt = "/linux/resources";
    const oci::Linux& config = subject.spec().linux_;
    oci::Problems problems(oci::Problems::Mode::keep_all);
    const std::vector<LimitWrite> writes = limit_writes(config.resources, problems);
    const CgroupManager manager = subject.options.cgroup_manager;
    if (manager == CgroupManager::disabled && !writes.empty()) {
        out.add(Severity::error, kAt, "cgroups are disabled by --cgroup-manager");
    }
    if (manager == CgroupManager::systemd) {
        check_unit(subject, out);
    }
    if (manager != CgroupManager::cgroupfs) {
        return;  // what systemd has to say of limits it says when there is something to make
    }
    const bool is_dispensable = writes.empty() && tolerates_missing_cgroup(subject);
    const Severity severity = is_dispensable ? Severity::note : Severity::error;
    try {
        const CgroupHierarchy hierarchy = find_cgroup_hierarchy();
        const std::string path = cgroup_path_for(config.cgroups_path, subject.plan_input.id);
        check_place(hierarchy, path, severity, out);
        for (const oci::Problem& problem :
             obstacles_to_controllers(hierarchy, path, controllers_for(writes))) {
            out.add(Severity::error, problem.pointer, problem.reason);
        }
    } catch (const Error& error) {
        out.add(severity, "/linux/cgroupsPath", error);
    }
}

}  // namespace corun::container
