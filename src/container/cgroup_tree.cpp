// Walks over cgroup directories: who is in there, and removing them. Parent side.
#include "corun/container/cgroup_tree.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::container {

namespace {

constexpr std::size_t kLargestPidList = std::size_t{64} << 20U;

/// Depth first, children before their parents; stands in one directory at a time.
class TreeWalk {
public:
    explicit TreeWalk(sys::UniqueFd top) : here_(std::move(top)) { enter(); }

    /// The directory the walk stands in.
    [[nodiscard]] sys::FdRef here() const { return here_; }

    /// Into the next child not yet visited; false if there is none.
    [[nodiscard]] bool descend() {
        std::vector<std::string>& children = pending_.back();
        while (!children.empty()) {
            if (std::optional<sys::UniqueFd> child =
                    sys::try_openat(here_, children.back(), O_RDONLY | O_DIRECTORY)) {
                here_ = std::move(*child);
                enter();
                return true;
            }
            children.pop_back();
        }
        return false;
    }

    /// Back to the parent: the name of the directory just left; nothing at the top.
    [[nodiscard]] std::optional<std::string> ascend() {
        pending_.pop_back();
        if (pending_.empty()) {
            return std::nullopt;
        }
        here_ = sys::openat(here_, "..", O_RDONLY | O_DIRECTORY);
        std::string left = std::move(pending_.back().back());
        pending_.back().pop_back();
        return left;
    }

private:
    void enter() { pending_.push_back(sys::list_subdirectories(here_)); }

    sys::UniqueFd here_;
    /// Per level from the top: children yet to visit, the one the walk is in last.
    std::vector<std::vector<std::string>> pending_;
};

/// Gone (ENOENT, ENODEV) counts as empty. A threaded cgroup has only cgroup.threads, EOPNOTSUPP;
/// its processes are listed by the ancestor that is its domain.
std::string read_process_list(sys::FdRef cgroup) {
    try {
        return sys::try_read_file(cgroup, "cgroup.procs", kLargestPidList).value_or("");
    } catch (const Error& error) {
        if (error.error_number() == ENODEV || error.error_number() == EOPNOTSUPP) {
            return "";
        }
        throw;
    }
}

void add_processes_of(sys::FdRef cgroup, std::vector<pid_t>& pids) {
    const std::string text = read_process_list(cgroup);
    for (const std::string_view line : split(trim(text), '\n')) {
        if (const std::optional<pid_t> pid = parse_number<pid_t>(line)) {
            pids.push_back(*pid);
        }
    }
}

}  // namespace

std::vector<pid_t> processes_in_tree(sys::FdRef cgroup) {
    std::vector<pid_t> pids;
    std::optional<sys::UniqueFd> top = sys::try_openat(cgroup, ".", O_RDONLY | O_DIRECTORY);
    if (!top) {
        return pids;
    }
    TreeWalk walk(std::move(*top));
    add_processes_of(walk.here(), pids);
    do {
        while (walk.descend()) {
            add_processes_of(walk.here(), pids);
        }
    } while (walk.ascend());
    std::sort(pids.begin(), pids.end());
    pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
    return pids;
}

bool try_remove_tree(sys::FdRef parent, const std::string& name) {
    const auto removed = [](sys::FdRef directory, const std::string& child) {
        const int error_number = sys::rmdirat_errno(directory, child);
        if (error_number != 0 && error_number != ENOENT && error_number != EBUSY) {
            throw_errno_value(error_number, "rmdir", child);
        }
        return error_number != EBUSY;
    };
    if (removed(parent, name)) {
        return true;
    }
    std::optional<sys::UniqueFd> top = sys::try_openat(parent, name, O_RDONLY | O_DIRECTORY);
    if (!top) {
        return true;
    }
    TreeWalk walk(std::move(*top));
    while (true) {
        while (walk.descend()) {
        }
        const std::optional<std::string> left = walk.ascend();
        if (!left) {
            return removed(parent, name);
        }
        if (!removed(walk.here(), *left)) {
            return false;
        }
    }
}

}  // namespace corun::container
