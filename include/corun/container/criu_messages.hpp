// The messages of CRIU's RPC as plain structs, and their encoding (protobuf). Pure.
// Built without libcriu's message types, encode() refuses (meson option `criu`).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// Whether this build can talk to CRIU.
[[nodiscard]] bool knows_criu() noexcept;

enum class CriuRequestKind { version, feature_check, dump, pre_dump, restore, notify };

/// `--manage-cgroups-mode`.
enum class CriuCgroupMode { automatic, ignore, soft, full, strict };

/// `--network-lock` (crun's): how connections are held while they are dumped.
enum class CriuNetworkLock { automatic, iptables, nftables };

/// A name in the images, and what it stands for on this side of them.
struct CriuName {
    std::string key;
    std::string value;

    bool operator==(const CriuName&) const = default;
};

/// A descriptor of the criu process that takes the place of one named in the images.
struct CriuInheritedFd {
    std::string key;
    int number = -1;

    bool operator==(const CriuInheritedFd&) const = default;
};

struct CriuPageServer {
    std::string address;
    int port = 0;

    bool operator==(const CriuPageServer&) const = default;
};

/// What a dump or a restore is asked to do. Empty texts and absent numbers are left to CRIU.
struct CriuOptions {
    // Descriptors of the process that made the socket: criu opens /proc/<peer>/fd/N.
    int images_directory = -1;
    std::optional<int> work_directory;

    std::optional<pid_t> pid;  // of a dump: root of the tree
    std::string root;          // of a restore: a mount point
    std::string log_file;
    std::string config_file;  // settings there win over these
    std::string parent_images;
    std::string freezer_cgroup;
    std::string lsm_profile;
    std::string lsm_mount_context;
    std::optional<CriuPageServer> page_server;
    CriuCgroupMode cgroup_mode = CriuCgroupMode::automatic;
    CriuNetworkLock network_lock = CriuNetworkLock::automatic;
    std::uint32_t empty_namespaces = 0;  // CLONE_NEW*
    bool leave_running = false;
    bool tcp_established = false;
    bool tcp_close = false;
    bool tcp_skip_in_flight = false;
    bool link_remap = false;
    bool external_unix_sockets = false;
    bool shell_job = false;
    bool file_locks = false;
    bool lazy_pages = false;
    bool auto_dedup = false;
    bool track_memory = false;
    std::vector<CriuName> external_mounts;  // dump: mount point → name; restore: name → source
    std::vector<std::string> external;      // `net[4026531840]:extRootNetNS`
    std::vector<CriuInheritedFd> inherited_fds;
    std::vector<CriuName> joined_namespaces;  // kind → file
    std::optional<std::string> cgroup_root;   // of a restore: below the cgroup2 mount
};

/// What feature_check asks for, and what its answer has.
struct CriuFeatures {
    bool memory_tracking = false;
    bool lazy_pages = false;
};

struct CriuRequest {
    CriuRequestKind kind = CriuRequestKind::version;
    const CriuOptions* options = nullptr;
    CriuFeatures features;       // of feature_check
    bool notify_success = true;  // of notify
    bool keeps_open = false;     // another request follows
};

struct CriuReply {
    CriuRequestKind kind = CriuRequestKind::version;
    bool success = false;
    int error_number = 0;
    std::string error_message;
    int version = 0;  // 31701 is 3.17.1
    CriuFeatures features;
    std::string notification;  // of notify: `setup-namespaces`, `post-restore`, …
    pid_t pid = 0;             // of notify and restore: the restored process
};

/// Throws Error where this build cannot.
[[nodiscard]] std::string encode(const CriuRequest& request);

/// Throws Error (EPROTO) for what is no reply.
[[nodiscard]] CriuReply decode_criu_reply(std::string_view bytes);

/// `dump`, `restore`, … for messages.
[[nodiscard]] std::string_view name_of(CriuRequestKind kind) noexcept;

}  // namespace corun::container
