// Which unit of systemd a container is: linux.cgroupsPath as `slice:prefix:name`. Pure.
#pragma once

#include <string>
#include <string_view>

namespace corun::container {

/// A scope, or a slice, for one container.
struct UnitName {
    std::string name;   // "corun-web.scope", or "pod.slice"
    std::string slice;  // that it is to be in: "system.slice", "-.slice"

    [[nodiscard]] bool is_slice() const { return name.ends_with(".slice"); }

    bool operator==(const UnitName&) const = default;
};

/// `cgroups_path` is `slice:prefix:name`: the unit is `prefix-name.scope` (`name.scope` without a
/// prefix), or `name` if that ends in `.slice`. An empty slice is `default_slice`, `-` the root
/// slice. An empty path stands for `:corun:ID`. Throws Error, in runc's words, for any other form.
[[nodiscard]] UnitName unit_name_for(
    std::string_view cgroups_path, std::string_view id, std::string_view default_slice
);

/// Where systemd puts the slice, below its own cgroup: `a-b.slice` → `/a.slice/a-b.slice`, the root
/// slice → "". Throws Error for what is no name of a slice. (systemd.slice(5))
[[nodiscard]] std::string expand_slice(std::string_view slice);

/// Where systemd will put the unit, below its own cgroup.
[[nodiscard]] std::string unit_cgroup(const UnitName& unit);

/// What a unit's name may not have becomes `\xNN`, as systemd-escape(1) writes it.
[[nodiscard]] std::string escape_unit_name(std::string_view text);

}  // namespace corun::container
