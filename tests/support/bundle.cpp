#include "bundle.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace corun::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultConfig = R"({
    "ociVersion": "1.0.2",
    "process": {
        "terminal": false,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
        "cwd": "/",
        "capabilities": {
            "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        },
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": true
    },
    "root": {"path": "rootfs", "readonly": true},
    "hostname": "corun",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
         "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "noexec", "nodev", "ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
         "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}
    ],
    "linux": {
        "namespaces": [
            {"type": "pid"}, {"type": "network"}, {"type": "ipc"},
            {"type": "uts"}, {"type": "mount"}, {"type": "cgroup"}
        ],
        "maskedPaths": [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
            "/proc/scsi"
        ],
        "readonlyPaths": [
            "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"
        ]
    }
})";

std::string fixture() {
    const char* path = std::getenv("CORUN_FIXTURE");
    const std::string root = path != nullptr ? path : CORUN_FIXTURE_DEFAULT;
    if (!fs::exists(root + "/bin/probe")) {
        throw HarnessError(concat("no fixture in ", quote(root), ": ninja fixtures"));
    }
    return root;
}

/// The two programs on the file system of the temporary directories, so that bundles can link
/// instead of copying.
const std::string& programs() {
    static const TempDir directory;
    static const bool made = [] {
        for (const char* name : {"busybox", "probe"}) {
            fs::copy_file(fixture() + "/bin/" + name, directory / name);
        }
        return true;
    }();
    (void)made;  // only its initialisation matters
    return directory.path();
}

constexpr const char* kApplets[] = {
    "cat",
    "echo",
    "env",
    "false",
    "id",
    "ls",
    "mkdir",
    "sh",
    "sleep",
    "touch",
    "true",
};

void make_rootfs(const std::string& root) {
    for (const char* name : {"bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp"}) {
        fs::create_directories(root + "/" + name);
    }
    ::chmod((root + "/tmp").c_str(), 01777);
    for (const char* name : {"busybox", "probe"}) {
        fs::create_hard_link(programs() + "/" + name, root + "/bin/" + name);
    }
    for (const char* name : kApplets) {
        fs::create_symlink("busybox", root + "/bin/" + name);
    }
    for (const char* name : {"passwd", "group"}) {
        fs::copy_file(fixture() + "/etc/" + name, root + "/etc/" + name);
    }
}

unsigned next_number() {
    static unsigned number = 0;
    return ++number;
}

}  // namespace

std::string cgroup_parent() {
    return concat("/corun-test.", ::getpid());
}

Bundle::Bundle() : config_(Json::parse(kDefaultConfig)) {
    make_rootfs(in_rootfs(""));
    cgroup_ = concat(cgroup_parent(), "/", next_number());
    linux_section()["cgroupsPath"] = cgroup_;
}

Bundle& Bundle::args(const std::vector<std::string>& words) {
    process()["args"] = words;
    return *this;
}

Bundle& Bundle::env(const std::string& entry) {
    process()["env"].push_back(entry);
    return *this;
}

Bundle& Bundle::cwd(const std::string& path) {
    process()["cwd"] = path;
    return *this;
}

Bundle& Bundle::user(unsigned uid, unsigned gid) {
    process()["user"] = {{"uid", uid}, {"gid", gid}};
    return *this;
}

Bundle& Bundle::hostname(const std::string& name) {
    config_["hostname"] = name;
    return *this;
}

Bundle& Bundle::terminal() {
    process()["terminal"] = true;
    return *this;
}

Bundle& Bundle::readonly_root() {
    config_["root"]["readonly"] = true;
    return *this;
}

Bundle& Bundle::writable_root() {
    config_["root"]["readonly"] = false;
    return *this;
}

Bundle& Bundle::capabilities(const std::vector<std::string>& names) {
    for (const char* set : {"bounding", "effective", "permitted", "inheritable"}) {
        process()["capabilities"][set] = names;
    }
    return *this;
}

Bundle& Bundle::rlimit(const std::string& name, long soft, long hard) {
    process()["rlimits"].push_back({{"type", name}, {"soft", soft}, {"hard", hard}});
    return *this;
}

Bundle& Bundle::mount(const Mount& mount) {
    Json entry = {{"destination", mount.destination}, {"options", mount.options}};
    if (!mount.type.empty()) {
        entry["type"] = mount.type;
    }
    if (!mount.source.empty()) {
        entry["source"] = mount.source;
    }
    config_["mounts"].push_back(entry);
    return *this;
}

Bundle& Bundle::without_mount(std::string_view destination) {
    Json kept = Json::array();
    for (const Json& mount : config_["mounts"]) {
        if (mount["destination"] != destination) {
            kept.push_back(mount);
        }
    }
    config_["mounts"] = kept;
    return *this;
}

Bundle& Bundle::sysctl(const std::string& key, const std::string& value) {
    linux_section()["sysctl"][key] = value;
    return *this;
}

Bundle& Bundle::annotation(const std::string& key, const std::string& value) {
    config_["annotations"][key] = value;
    return *this;
}

Bundle& Bundle::without_namespace(std::string_view type) {
    Json kept = Json::array();
    for (const Json& entry : linux_section()["namespaces"]) {
        if (entry["type"] != type) {
            kept.push_back(entry);
        }
    }
    linux_section()["namespaces"] = kept;
    return *this;
}

Bundle& Bundle::join_namespace(const std::string& type, const std::string& path) {
    without_namespace(type);
    linux_section()["namespaces"].push_back({{"type", type}, {"path", path}});
    return *this;
}

Bundle& Bundle::add_namespace(const std::string& type) {
    linux_section()["namespaces"].push_back({{"type", type}});
    return *this;
}

Bundle& Bundle::map_ids(unsigned first, unsigned count) {
    add_namespace("user");
    const Json mapping = {{{"containerID", 0}, {"hostID", first}, {"size", count}}};
    linux_section()["uidMappings"] = mapping;
    linux_section()["gidMappings"] = mapping;
    const std::string root = in_rootfs("");
    (void)::lchown(root.c_str(), first, first);  // a failure shows in the test that needs it
    for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
        (void)::lchown(entry.path().c_str(), first, first);  // likewise
    }
    return *this;
}

Bundle& Bundle::hook(const std::string& kind, const std::string& script) {
    config_["hooks"][kind].push_back({{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}});
    return *this;
}

Bundle& Bundle::file(const std::string& path, std::string_view text, unsigned mode) {
    fs::create_directories(fs::path(in_rootfs(path)).parent_path());
    write_text(in_rootfs(path), text, mode);
    return *this;
}

Bundle& Bundle::directory(const std::string& path) {
    fs::create_directories(in_rootfs(path));
    return *this;
}

Bundle& Bundle::symlink(const std::string& path, const std::string& target) {
    fs::create_directories(fs::path(in_rootfs(path)).parent_path());
    fs::create_symlink(target, in_rootfs(path));
    return *this;
}

std::string Bundle::path(std::string_view name) const {
    return name.empty() ? directory_.path() : directory_ / name;
}

std::string Bundle::in_rootfs(std::string_view name) const {
    const std::string_view relative = !name.empty() && name[0] == '/' ? name.substr(1) : name;
    return concat(directory_.path(), "/rootfs", relative.empty() ? "" : "/", relative);
}

const std::string& Bundle::write() const {
    write_text(path("config.json"), config_.dump(2));
    return directory_.path();
}

}  // namespace corun::test
