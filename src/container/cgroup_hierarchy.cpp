// Finding the cgroup2 mount and a container's place in it. Parent side; only looks.
#include "corun/container/cgroup_hierarchy.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/path.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace corun::container {

namespace {

constexpr std::string_view kUsualMountPoint = "/sys/fs/cgroup";

/// The hierarchy if cgroup2 is what one sees at `path`: nothing may be mounted over it.
std::optional<CgroupHierarchy> try_hierarchy_at(std::string path) {
    std::optional<sys::UniqueFd> directory = sys::try_open(path, O_PATH | O_DIRECTORY);
    if (!directory || sys::filesystem_type(*directory) != CGROUP2_SUPER_MAGIC) {
        return std::nullopt;
    }
    return CgroupHierarchy{std::move(path), std::move(*directory)};
}

bool is_octal(std::string_view text) {
    return text.find_first_not_of("01234567") == std::string_view::npos;
}

/// mountinfo writes blanks and backslashes in paths as three octal digits: "\040".
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view digits = text[i] == '\\' ? text.substr(i + 1, 3) : "";
        if (digits.size() == 3 && is_octal(digits)) {
            out += static_cast<char>(*parse_number<unsigned>(digits, 8));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// Mount point of a mountinfo line if it is a cgroup2 mount. proc_pid_mountinfo(5):
/// `36 35 98:0 /root /mount/point options optional... - type source options`.
std::optional<std::string> cgroup2_mount_point(std::string_view line) {
    constexpr std::size_t kMountPointField = 4;
    const std::size_t separator = line.find(" - ");
    if (separator == std::string_view::npos ||
        !line.substr(separator + 3).starts_with("cgroup2 ")) {
        return std::nullopt;
    }
    const std::vector<std::string_view> fields = split(line.substr(0, separator), ' ');
    if (fields.size() <= kMountPointField) {
        return std::nullopt;
    }
    return unescape(fields[kMountPointField]);
}

/// "/a/b" → "/a"; "/a" and "/" → "/".
std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::string CgroupHierarchy::host_path(std::string_view path) const {
    return path == "/" ? mount_point : concat(mount_point, path);
}

CgroupHierarchy find_cgroup_hierarchy() {
    if (std::optional<CgroupHierarchy> usual = try_hierarchy_at(std::string(kUsualMountPoint))) {
        return std::move(*usual);
    }
    constexpr std::size_t kLargestMountTable = std::size_t{64} << 20U;
    const std::string mountinfo =
        sys::read_file(sys::FdRef::cwd(), "/proc/self/mountinfo", kLargestMountTable);
    for (std::string& mount_point : parse_cgroup2_mount_points(mountinfo)) {
        if (std::optional<CgroupHierarchy> found = try_hierarchy_at(std::move(mount_point))) {
            return std::move(*found);
        }
    }
    throw Error("no cgroup2 file system is mounted (mount -t cgroup2 none /sys/fs/cgroup)", ENODEV);
}

std::vector<std::string> parse_cgroup2_mount_points(std::string_view mountinfo) {
    std::vector<std::string> mount_points;
    for (const std::string_view line : split(mountinfo, '\n')) {
        if (std::optional<std::string> mount_point = cgroup2_mount_point(line)) {
            mount_points.push_back(std::move(*mount_point));
        }
    }
    return mount_points;
}

std::optional<std::string> parse_proc_cgroup(std::string_view text) {
    constexpr std::string_view kVersion2 = "0::";
    constexpr std::string_view kRemoved = " (deleted)";
    for (std::string_view line : split(text, '\n')) {
        if (line.starts_with(kVersion2)) {
            line.remove_prefix(kVersion2.size());
            if (line.ends_with(kRemoved)) {
                line.remove_suffix(kRemoved.size());
            }
            return std::string(line);
        }
    }
    return std::nullopt;
}

std::optional<std::string> try_cgroup_path_of(pid_t pid) {
    const std::string file = pid == 0 ? "/proc/self/cgroup" : concat("/proc/", pid, "/cgroup");
    const std::optional<std::string> text = sys::try_read_file(sys::FdRef::cwd(), file);
    return text ? parse_proc_cgroup(*text) : std::nullopt;
}

std::string join_cgroup_path(
    std::string_view own_cgroup, std::string_view cgroups_path, std::string_view id
) {
    const std::string below = sys::clean_absolute(cgroups_path.empty() ? id : cgroups_path);
    if (cgroups_path.starts_with('/')) {
        return below;
    }
    // Both halves are cleaned on their own, so that a ".." in the second cannot eat the first.
    return sys::clean_absolute(concat(sys::clean_absolute(parent_of(own_cgroup)), below));
}

std::string cgroup_path_for(std::string_view cgroups_path, std::string_view id) {
    if (cgroups_path.starts_with('/')) {
        return join_cgroup_path("/", cgroups_path, id);
    }
    const std::optional<std::string> own = try_cgroup_path_of(0);
    if (!own) {
        throw Error("/proc/self/cgroup: this process is in no cgroup2 hierarchy", ENODEV);
    }
    return join_cgroup_path(*own, cgroups_path, id);
}

}  // namespace corun::container
