// A bundle under construction: a directory with a root file system and a config.json that starts
// as runc's default one and is changed in words.
#pragma once

#include "proc.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace corun::test {

using Json = nlohmann::json;

struct Mount {
    std::string destination;
    std::string type;
    std::string source;
    std::vector<std::string> options;
};

class Bundle {
public:
    /// With a root file system of its own: busybox, `/bin/probe`, /etc/passwd.
    Bundle();

    /// The payload's command; `probe …` is the program that tells what it sees.
    Bundle& args(const std::vector<std::string>& words);
    Bundle& env(const std::string& entry);
    Bundle& cwd(const std::string& path);
    Bundle& user(unsigned uid, unsigned gid);
    Bundle& hostname(const std::string& name);
    Bundle& terminal();
    Bundle& readonly_root();
    Bundle& writable_root();
    Bundle& capabilities(const std::vector<std::string>& names);  // in all sets but ambient
    Bundle& rlimit(const std::string& name, long soft, long hard);
    Bundle& mount(const Mount& mount);
    Bundle& without_mount(std::string_view destination);
    Bundle& sysctl(const std::string& key, const std::string& value);
    Bundle& annotation(const std::string& key, const std::string& value);
    Bundle& without_namespace(std::string_view type);
    Bundle& join_namespace(const std::string& type, const std::string& path);
    Bundle& add_namespace(const std::string& type);

    /// A user namespace in which 0…`count`-1 are `first`…, and a root file system owned by them.
    Bundle& map_ids(unsigned first, unsigned count);

    /// Runs `script` with the host's /bin/sh as a hook of that kind.
    Bundle& hook(const std::string& kind, const std::string& script);

    /// A file or directory in the root file system.
    Bundle& file(const std::string& path, std::string_view text, unsigned mode = 0644);
    Bundle& directory(const std::string& path);
    Bundle& symlink(const std::string& path, const std::string& target);

    [[nodiscard]] Json& json() { return config_; }

    [[nodiscard]] Json& process() { return config_["process"]; }

    [[nodiscard]] Json& linux_section() { return config_["linux"]; }

    [[nodiscard]] Json& resources() { return config_["linux"]["resources"]; }

    /// The host's path of a file in the bundle, or in its root file system.
    [[nodiscard]] std::string path(std::string_view name = "") const;
    [[nodiscard]] std::string in_rootfs(std::string_view name) const;

    /// Below the cgroup2 mount: "/corun-test.<pid>/<n>".
    [[nodiscard]] const std::string& cgroup() const { return cgroup_; }

    /// Writes config.json; gives the bundle's directory.
    const std::string& write() const;

private:
    TempDir directory_;
    std::string cgroup_;
    Json config_;
};

/// "/corun-test.<pid>": the parent of the cgroups of all bundles of this test program.
[[nodiscard]] std::string cgroup_parent();

}  // namespace corun::test
