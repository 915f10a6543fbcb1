// Which bundles there are to supervise, and when that has changed. In the supervisor.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/sys/inotify.hpp"

#include <string>
#include <vector>

namespace corun::supervise {

struct BundleEntry {
    std::string id;               // the directory's name
    std::string directory;        // absolute
    bool from_directory = false;  // found in --dir, not given by name
    std::string fingerprint;      // changes whenever config.json does; empty: it is not there
};

struct BundleProblem {
    std::string where;
    std::string text;
};

struct BundleScan {
    std::vector<BundleEntry> bundles;
    std::vector<BundleProblem> problems;
};

/// The bundles that are given by name, and those that lie in one directory.
class BundleSource : NonCopyable {
public:
    /// `bundles`: directories, relative ones to the working directory of now. `directory`: of the
    /// others, absolute; empty: none.
    BundleSource(const std::vector<std::string>& bundles, std::string directory);

    /// Looks. A bundle that was given by name stays one without its directory: it cannot start
    /// then. In the directory a bundle is what has a config.json, unless its name begins with '.'.
    [[nodiscard]] BundleScan scan();

    /// Waits until something has changed since the last scan, and until nothing more does for a
    /// moment, as files are seldom written alone.
    [[nodiscard]] async::Task<> changed();

private:
    void scan_directory(BundleScan& scan);
    void add(BundleScan& scan, BundleEntry bundle);

    std::vector<std::string> named_;  // absolute
    std::string directory_;
    sys::Inotify inotify_;
};

struct ScanDiff {
    std::vector<BundleEntry> added;
    std::vector<BundleEntry> changed;
    std::vector<BundleEntry> removed;
};

[[nodiscard]] ScanDiff diff(const BundleScan& before, const BundleScan& now);

/// What of a bundle's configuration the supervisor itself acts upon.
struct BundleConfig {
    Policy policy;
    bool terminal = false;
};

/// Reads config.json. Throws Error `bundle '/b/web': …` for what `run` or read_policy() would
/// refuse.
[[nodiscard]] BundleConfig read_bundle_config(const std::string& directory, const Policy& defaults);

}  // namespace corun::supervise
