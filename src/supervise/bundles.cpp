// Finding bundles, and noticing what becomes of them. In the supervisor.
#include "corun/supervise/bundles.hpp"

#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/bundle.hpp"
#include "corun/container/id.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/supervise/read_policy.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <sys/inotify.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace corun::supervise {

namespace {

constexpr const char* kConfigFile = "config.json";
constexpr std::uint32_t kDirectoryEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                           IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kBundleEvents = kDirectoryEvents | IN_CLOSE_WRITE;

/// Nothing more for so long: what was written is whole.
constexpr std::chrono::milliseconds kQuiet{50};
/// Though it never gets quiet.
constexpr std::chrono::milliseconds kMostPatience{1000};

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

std::string_view parent_of(std::string_view path) {
    const std::string_view parent = path.substr(0, path.rfind('/'));
    return parent.empty() ? "/" : parent;
}

std::string canonical(const std::string& path) {
    try {
        return sys::real_path(path);
    } catch (const Error&) {
        // Not there yet: as it is written, from the root on.
        return path.starts_with('/') ? path : concat(sys::real_path("."), "/", path);
    }
}

std::string fingerprint_of(const std::string& directory) {
    struct stat status = {};
    if (sys::stat_errno(concat(directory, "/", kConfigFile), status) != 0) {
        return {};
    }
    const auto text_of = [](const timespec& time) {
        return concat(time.tv_sec, ".", time.tv_nsec);
    };
    return concat(
        status.st_ino,
        "-",
        status.st_size,
        "-",
        text_of(status.st_mtim),
        "-",
        text_of(status.st_ctim)
    );
}

async::Task<> wait_for_event(const sys::Inotify* inotify) {
    co_await async::readable(inotify->fd());
}

using ById = std::map<std::string_view, const BundleEntry*>;

ById by_id(const BundleScan& scan) {
    ById entries;
    for (const BundleEntry& bundle : scan.bundles) {
        entries.emplace(bundle.id, &bundle);
    }
    return entries;
}

}  // namespace

BundleSource::BundleSource(const std::vector<std::string>& bundles, std::string directory)
    : directory_(std::move(directory)) {
    for (const std::string& bundle : bundles) {
        named_.push_back(canonical(bundle));
    }
}

void BundleSource::add(BundleScan& scan, BundleEntry bundle) {
    (void)inotify_.try_watch(bundle.directory, kBundleEvents);  // absent: its parent is watched
    if (!container::is_container_id(bundle.id)) {
        scan.problems.push_back(
            {.where = bundle.directory, .text = "its name cannot be a container's id"}
        );
        return;
    }
    const bool is_known =
        std::any_of(scan.bundles.begin(), scan.bundles.end(), [&](const BundleEntry& other) {
            return other.id == bundle.id;
        });
    if (is_known) {
        scan.problems.push_back(
            {.where = bundle.directory,
             .text = concat("another bundle has the id ", quote(bundle.id))}
        );
        return;
    }
    scan.bundles.push_back(std::move(bundle));
}

void BundleSource::scan_directory(BundleScan& scan) {
    // Whether it is there or not: it may go and come back.
    (void)inotify_.try_watch(std::string(parent_of(directory_)), kDirectoryEvents);
    (void)inotify_.try_watch(directory_, kDirectoryEvents);
    const std::optional<sys::UniqueFd> directory =
        sys::try_open(directory_, O_RDONLY | O_DIRECTORY);
    if (!directory) {
        scan.problems.push_back({.where = directory_, .text = "no such directory"});
        return;
    }
    std::vector<std::string> names = sys::list_directory(*directory);
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        if (name.starts_with('.')) {
            continue;
        }
        BundleEntry bundle{
            .id = name,
            .directory = canonical(concat(directory_, "/", name)),
            .from_directory = true};
        bundle.fingerprint = fingerprint_of(bundle.directory);
        if (bundle.fingerprint.empty()) {
            (void)inotify_.try_watch(bundle.directory, kBundleEvents);  // it may become one
        } else {
            add(scan, std::move(bundle));
        }
    }
}

BundleScan BundleSource::scan() {
    inotify_.drain();
    BundleScan scan;
    for (const std::string& directory : named_) {
        (void)inotify_.try_watch(std::string(parent_of(directory)), kDirectoryEvents);
        add(scan,
            {.id = std::string(base_name(directory)),
             .directory = directory,
             .fingerprint = fingerprint_of(directory)});
    }
    if (!directory_.empty()) {
        scan_directory(scan);
    }
    return scan;
}

async::Task<> BundleSource::changed() {
    const async::Clock::time_point begin = async::Clock::now();
    co_await async::readable(inotify_.fd());
    bool more = true;
    while (more && async::Clock::now() - begin < kMostPatience) {
        inotify_.drain();
        more = co_await async::ended_within(kQuiet, wait_for_event(&inotify_));
    }
}

ScanDiff diff(const BundleScan& before, const BundleScan& now) {
    const ById old_ones = by_id(before);
    const ById new_ones = by_id(now);
    ScanDiff changes;
    for (const BundleEntry& bundle : now.bundles) {
        const auto old = old_ones.find(bundle.id);
        if (old == old_ones.end()) {
            changes.added.push_back(bundle);
        } else if (old->second->directory != bundle.directory) {
            changes.removed.push_back(*old->second);
            changes.added.push_back(bundle);
        } else if (old->second->fingerprint != bundle.fingerprint) {
            changes.changed.push_back(bundle);
        }
    }
    for (const BundleEntry& bundle : before.bundles) {
        if (new_ones.count(bundle.id) == 0) {
            changes.removed.push_back(bundle);
        }
    }
    return changes;
}

BundleConfig read_bundle_config(const std::string& directory, const Policy& defaults) {
    return in_context(
        [&] { return concat("bundle ", quote(directory)); },
        [&] {
            const container::BundleFiles files = container::read_bundle(directory, "");
            const oci::Spec spec = in_context(
                [&] { return files.config_name; }, [&] { return oci::read_spec(files.config); }
            );
            return BundleConfig{
                .policy = read_policy(spec.annotations, defaults),
                .terminal = spec.process && spec.process->terminal,
            };
        }
    );
}

}  // namespace corun::supervise
