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

[[noreturn]] void throw_unavailable(
    const CgroupHierarchy& hierarchy, const ControllerNames& root, const NeededController& missing
) {
    throw Error(concat(
        missing.property,
        ": controller '",
        missing.name,
        "' is not available: ",
        quote(concat(hierarchy.mount_point, "/", kAvailable)),
        " has ",
        root.text().empty() ? "none" : quote(root.text()),
        " (it is not delegated to this cgroup, or a cgroup v1 hierarchy holds it: boot with "
        "cgroup_no_v1=all)"
    ));
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
            throw_unavailable(hierarchy, root, one);
        }
    }
    return 0;
}

}  // namespace

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
