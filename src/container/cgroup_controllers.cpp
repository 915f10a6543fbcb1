// Controllers of cgroups: what there is, and enabling it from the top down. Parent side.
// A cgroup has a controller if its parent lists it in cgroup.subtree_control; the parent can do so
// only if it has the controller itself, and holds no processes of its own. (cgroups(7))
#include "corun/container/cgroup_controllers.hpp"

#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace corun::container {

namespace {

constexpr std::string_view kAvailable = "cgroup.controllers";
constexpr std::string_view kForChildren = "cgroup.subtree_control";

/// A file in the cgroup at `path`, relative to the mount point.
std::string file_in(std::string_view path, std::string_view name) {
    return path == "/" ? std::string(name) : concat(path.substr(1), "/", name);
}

/// The words of cgroup.controllers and its like.
class ControllerNames : NonCopyable {
public:
    ControllerNames(const CgroupHierarchy& hierarchy, std::string_view path, std::string_view file)
        : text_(sys::read_file(hierarchy.directory, file_in(path, file))),
          names_(split(trim(text_), ' ')) {}

    [[nodiscard]] bool contains(std::string_view name) const {
        return std::find(names_.begin(), names_.end(), name) != names_.end();
    }

    [[nodiscard]] bool contains_all(const std::vector<NeededController>& needed) const {
        return std::all_of(needed.begin(), needed.end(), [&](const NeededController& one) {
            return contains(one.name);
        });
    }

    [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }

    [[nodiscard]] std::string_view text() const { return trim(text_); }

private:
    std::string text_;
    std::vector<std::string_view> names_;  // views into text_
};

/// "/", "/a", "/a/b" for "/a/b/c": what can give controllers to it, from the top down.
std::vector<std::string> ancestors_of(const std::string& path) {
    std::vector<std::string> ancestors;
    if (path == "/") {
        return ancestors;
    }
    ancestors.emplace_back("/");
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        ancestors.push_back(path.substr(0, slash));
    }
    return ancestors;
}

/// Why the top of the hierarchy does not have the controller, and what would change that.
std::string unavailable(
    const CgroupHierarchy& hierarchy, const ControllerNames& root, const std::string& name
) {
    // The real root has no type; what looks like the root from inside a cgroup namespace has.
    const bool is_real_root = !sys::try_fstatat(hierarchy.directory, "cgroup.type");
    return concat(
        "controller '",
        name,
        "' is not available: ",
        quote(concat(hierarchy.mount_point, "/", kAvailable)),
        " has ",
        root.text().empty() ? "none" : quote(root.text()),
        is_real_root ? remedy_for_missing_controller(
                           name, sys::try_read_file(sys::FdRef::cwd(), "/proc/cgroups").value_or("")
                       )
                     : concat(
                           " (this is a cgroup namespace: outside of it cgroup.subtree_control of "
                           "the parent "
                           "must list ",
                           name,
                           ", with systemd by the unit property Delegate=yes)"
                       )
    );
}

std::string_view remedy_for(int error_number) {
    switch (error_number) {
        case EBUSY:
            return " (it holds processes itself, and then cannot limit its children: move them "
                   "into a child, or choose another cgroupsPath)";
        case EACCES:
        case EPERM:
            return " (not delegated to this user: systemd unit property Delegate=yes)";
        case EOPNOTSUPP:
            return " (it is a threaded cgroup)";
        default:
            return "";
    }
}

void enable_for_children(
    const CgroupHierarchy& hierarchy,
    const std::string& ancestor,
    const std::vector<NeededController>& needed
) {
    std::string words;
    for (const NeededController& one : needed) {
        words += concat(words.empty() ? "+" : " +", one.name);
    }
    const int error_number =
        sys::write_file_errno(hierarchy.directory, file_in(ancestor, kForChildren), words);
    if (error_number != 0) {
        throw Error(
            concat(
                needed.front().property,
                ": write ",
                quote(words),
                " to ",
                quote(concat(hierarchy.host_path(ancestor), "/", kForChildren)),
                remedy_for(error_number)
            ),
            error_number
        );
    }
}

/// Index of the ancestor nearest to the cgroup that has all that is needed. A delegated subtree may
/// not write further up, and need not.
std::size_t nearest_giver(
    const CgroupHierarchy& hierarchy,
    const std::vector<std::string>& ancestors,
    const std::vector<NeededController>& needed
) {
    for (std::size_t i = ancestors.size(); i-- > 1;) {
        if (ControllerNames(hierarchy, ancestors[i], kAvailable).contains_all(needed)) {
            return i;
        }
    }
    const ControllerNames root(hierarchy, "/", kAvailable);
    for (const NeededController& one : needed) {
        if (!root.contains(one.name)) {
            throw Error(concat(one.property, ": ", unavailable(hierarchy, root, one.name)));
        }
    }
    return 0;
}

std::vector<std::string> existing_ancestors(
    const CgroupHierarchy& hierarchy, const std::string& path
) {
    std::vector<std::string> ancestors = ancestors_of(path);
    while (!ancestors.empty() &&
           !sys::try_fstatat(hierarchy.directory, file_in(ancestors.back(), kAvailable))) {
        ancestors.pop_back();
    }
    return ancestors;
}

/// Why the ancestor cannot give the controller to its children; empty: it does, or can.
std::string obstacle_to_giving(
    const CgroupHierarchy& hierarchy, const std::string& ancestor, std::string_view name
) {
    if (ControllerNames(hierarchy, ancestor, kForChildren).contains(name)) {
        return {};
    }
    const std::string file = file_in(ancestor, kForChildren);
    int error_number = sys::write_access_errno(hierarchy.directory, file);
    const bool is_root = ancestor == "/";
    if (error_number == 0 && !is_root &&
        !sys::read_file(hierarchy.directory, file_in(ancestor, "cgroup.procs")).empty()) {
        error_number = EBUSY;
    }
    return error_number == 0 ? std::string()
                             : concat(
                                   "controller '",
                                   name,
                                   "' is not in ",
                                   quote(concat(hierarchy.host_path(ancestor), "/", kForChildren)),
                                   " and cannot be added there",
                                   remedy_for(error_number),
                                   ": ",
                                   errno_text(error_number)
                               );
}

}  // namespace

std::string remedy_for_missing_controller(const std::string& name, std::string_view proc_cgroups) {
    const std::string_view old_name = name == "io" ? std::string_view("blkio") : name;
    for (const std::string_view line : split(proc_cgroups, '\n')) {
        // #subsys_name hierarchy num_cgroups enabled
        const std::vector<std::string_view> fields = split(line, '\t');
        if (fields.size() != 4 || fields[0] != old_name) {
            continue;
        }
        if (fields[3] == "0") {
            return concat(" (it is switched off: boot without cgroup_disable=", old_name, ")");
        }
        if (fields[1] != "0") {
            return concat(
                " (a cgroup v1 hierarchy holds it: boot with cgroup_no_v1=",
                old_name,
                ", or systemd.unified_cgroup_hierarchy=1)"
            );
        }
        return {};
    }
    return " (this kernel is built without it)";
}

void enable_controllers(
    const CgroupHierarchy& hierarchy,
    const std::string& path,
    const std::vector<NeededController>& needed
) {
    if (needed.empty() || ControllerNames(hierarchy, path, kAvailable).contains_all(needed)) {
        return;
    }
    const std::vector<std::string> ancestors = ancestors_of(path);
    for (std::size_t i = nearest_giver(hierarchy, ancestors, needed); i < ancestors.size(); ++i) {
        enable_for_children(hierarchy, ancestors[i], needed);
    }
}

std::vector<oci::Problem> obstacles_to_controllers(
    const CgroupHierarchy& hierarchy,
    const std::string& path,
    const std::vector<NeededController>& needed
) {
    std::vector<oci::Problem> obstacles;
    const ControllerNames root(hierarchy, "/", kAvailable);
    const std::vector<std::string> ancestors = existing_ancestors(hierarchy, path);
    for (const NeededController& one : needed) {
        std::string reason;
        if (!root.contains(one.name)) {
            reason = unavailable(hierarchy, root, one.name);
        }
        for (std::size_t i = 0; i < ancestors.size() && reason.empty(); ++i) {
            reason = obstacle_to_giving(hierarchy, ancestors[i], one.name);
        }
        if (!reason.empty()) {
            obstacles.push_back({.pointer = one.property, .reason = std::move(reason)});
        }
    }
    return obstacles;
}

std::string obstacle_to_making(const CgroupHierarchy& hierarchy, const std::string& path) {
    const std::vector<std::string> ancestors = existing_ancestors(hierarchy, path);
    if (ancestors.empty() || sys::try_fstatat(hierarchy.directory, file_in(path, "."))) {
        return {};
    }
    const int error_number =
        sys::write_access_errno(hierarchy.directory, file_in(ancestors.back(), "."));
    return error_number == 0 ? std::string()
                             : concat(
                                   "no cgroup can be made in ",
                                   quote(hierarchy.host_path(ancestors.back())),
                                   remedy_for(error_number),
                                   ": ",
                                   errno_text(error_number)
                               );
}

void enable_all_controllers(const CgroupHierarchy& hierarchy, const std::string& path) {
    const ControllerNames all(hierarchy, "/", kAvailable);
    if (ControllerNames(hierarchy, path, kAvailable).text() == all.text()) {
        return;
    }
    for (const std::string& ancestor : ancestors_of(path)) {
        const ControllerNames available(hierarchy, ancestor, kAvailable);
        const ControllerNames enabled(hierarchy, ancestor, kForChildren);
        for (const std::string_view name : available.names()) {
            if (!name.empty() && !enabled.contains(name)) {
                // One by one, and whatever comes of it: statistics are wanted, not required.
                (void)sys::write_file_errno(
                    hierarchy.directory, file_in(ancestor, kForChildren), concat("+", name)
                );
            }
        }
    }
}

}  // namespace corun::container
