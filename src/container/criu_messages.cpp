// Between our structs and libcriu's message types (protobuf-c). Of libcriu nothing else is used:
// its functions block, and start criu in ways of their own.
#include "corun/container/criu_messages.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <array>
#include <cerrno>
#include <criu/rpc.pb-c.h>
#include <deque>
#include <memory>
#include <utility>

namespace corun::container {

namespace {

constexpr std::array<std::pair<CriuRequestKind, CriuReqType>, 6> kKinds{{
    {CriuRequestKind::version, CRIU_REQ_TYPE__VERSION},
    {CriuRequestKind::feature_check, CRIU_REQ_TYPE__FEATURE_CHECK},
    {CriuRequestKind::dump, CRIU_REQ_TYPE__DUMP},
    {CriuRequestKind::pre_dump, CRIU_REQ_TYPE__PRE_DUMP},
    {CriuRequestKind::restore, CRIU_REQ_TYPE__RESTORE},
    {CriuRequestKind::notify, CRIU_REQ_TYPE__NOTIFY},
}};

constexpr std::array<std::pair<CriuCgroupMode, CriuCgMode>, 5> kCgroupModes{{
    {CriuCgroupMode::automatic, CRIU_CG_MODE__DEFAULT},
    {CriuCgroupMode::ignore, CRIU_CG_MODE__IGNORE},
    {CriuCgroupMode::soft, CRIU_CG_MODE__SOFT},
    {CriuCgroupMode::full, CRIU_CG_MODE__FULL},
    {CriuCgroupMode::strict, CRIU_CG_MODE__STRICT},
}};

template <class Key, class Value, std::size_t Size>
Value look_up(const std::array<std::pair<Key, Value>, Size>& table, Key key) {
    for (const auto& [candidate, value] : table) {
        if (candidate == key) {
            return value;
        }
    }
    return table.front().second;
}

CriuRequestKind kind_of(CriuReqType type) {
    for (const auto& [kind, value] : kKinds) {
        if (value == type) {
            return kind;
        }
    }
    throw Error(concat("criu sent a reply of the unknown type ", static_cast<int>(type)), EPROTO);
}

/// protobuf-c wants char* although packing only reads.
char* borrowed(const std::string& text) {
    return const_cast<char*>(text.c_str());
}

char* borrowed_or_absent(const std::string& text) {
    return text.empty() ? nullptr : borrowed(text);
}

/// Messages of one type with stable addresses, and the array of pointers that protobuf-c takes.
template <class Message>
class Repeated {
public:
    Message& add(void (*initialize)(Message*)) {
        Message& message = messages_.emplace_back();
        initialize(&message);
        return message;
    }

    [[nodiscard]] std::size_t size() const { return messages_.size(); }

    [[nodiscard]] Message** pointers() {
        pointers_.clear();
        for (Message& message : messages_) {
            pointers_.push_back(&message);
        }
        return pointers_.data();
    }

private:
    std::deque<Message> messages_;
    std::vector<Message*> pointers_;
};

/// A criu_opts with all that it points to; borrows the texts of the CriuOptions.
class PackedOptions {
public:
    explicit PackedOptions(const CriuOptions& options) {
        criu_opts__init(&message_);
        set_places(options);
        set_switches(options);
        set_modes(options);
        set_lists(options);
    }

    [[nodiscard]] CriuOpts* message() { return &message_; }

private:
    void set_places(const CriuOptions& options) {
        constexpr int kLogDebug = 4;
        message_.images_dir_fd = options.images_directory;
        message_.has_work_dir_fd = options.work_directory ? 1 : 0;
        message_.work_dir_fd = options.work_directory.value_or(0);
        message_.has_pid = options.pid ? 1 : 0;
        message_.pid = options.pid.value_or(0);
        message_.root = borrowed_or_absent(options.root);
        message_.has_log_level = 1;
        message_.log_level = kLogDebug;
        message_.log_file = borrowed_or_absent(options.log_file);
        message_.config_file = borrowed_or_absent(options.config_file);
        message_.parent_img = borrowed_or_absent(options.parent_images);
        message_.freeze_cgroup = borrowed_or_absent(options.freezer_cgroup);
        message_.lsm_profile = borrowed_or_absent(options.lsm_profile);
        message_.lsm_mount_context = borrowed_or_absent(options.lsm_mount_context);
        if (options.page_server) {
            criu_page_server_info__init(&page_server_);
            page_server_.address = borrowed(options.page_server->address);
            page_server_.has_port = 1;
            page_server_.port = options.page_server->port;
            message_.ps = &page_server_;
        }
    }

    void set_switches(const CriuOptions& options) {
        const auto set = [](bool wanted, protobuf_c_boolean& has, protobuf_c_boolean& value) {
            has = wanted ? 1 : 0;
            value = has;
        };
        CriuOpts& out = message_;
        set(options.leave_running, out.has_leave_running, out.leave_running);
        set(options.tcp_established, out.has_tcp_established, out.tcp_established);
        set(options.tcp_close, out.has_tcp_close, out.tcp_close);
        set(options.tcp_skip_in_flight, out.has_tcp_skip_in_flight, out.tcp_skip_in_flight);
        set(options.link_remap, out.has_link_remap, out.link_remap);
        set(options.external_unix_sockets, out.has_ext_unix_sk, out.ext_unix_sk);
        set(options.shell_job, out.has_shell_job, out.shell_job);
        set(options.file_locks, out.has_file_locks, out.file_locks);
        set(options.lazy_pages, out.has_lazy_pages, out.lazy_pages);
        set(options.auto_dedup, out.has_auto_dedup, out.auto_dedup);
        set(options.track_memory, out.has_track_mem, out.track_mem);
        // Always: we are told of each stage, get the masters of terminals whose other end is the
        // container's, and become the parent of what is restored.
        set(true, out.has_notify_scripts, out.notify_scripts);
        set(true, out.has_orphan_pts_master, out.orphan_pts_master);
        const bool restores = !options.pid;
        set(restores, out.has_rst_sibling, out.rst_sibling);
        set(restores, out.has_evasive_devices, out.evasive_devices);
    }

    void set_modes(const CriuOptions& options) {
        message_.has_manage_cgroups = 1;  // for a criu that does not know the modes
        message_.manage_cgroups = 1;
        message_.has_manage_cgroups_mode = 1;
        message_.manage_cgroups_mode = look_up(kCgroupModes, options.cgroup_mode);
        if (options.network_lock != CriuNetworkLock::automatic) {
            message_.has_network_lock = 1;
            message_.network_lock = options.network_lock == CriuNetworkLock::iptables
                                        ? CRIU_NETWORK_LOCK_METHOD__IPTABLES
                                        : CRIU_NETWORK_LOCK_METHOD__NFTABLES;
        }
        message_.has_empty_ns = options.empty_namespaces != 0 ? 1 : 0;
        message_.empty_ns = options.empty_namespaces;
    }

    void set_lists(const CriuOptions& options) {
        for (const CriuName& mount : options.external_mounts) {
            ExtMountMap& entry = mounts_.add(ext_mount_map__init);
            entry.key = borrowed(mount.key);
            entry.val = borrowed(mount.value);
        }
        message_.n_ext_mnt = mounts_.size();
        message_.ext_mnt = mounts_.pointers();

        for (const std::string& text : options.external) {
            external_.push_back(borrowed(text));
        }
        message_.n_external = external_.size();
        message_.external = external_.data();

        for (const CriuInheritedFd& fd : options.inherited_fds) {
            InheritFd& entry = fds_.add(inherit_fd__init);
            entry.key = borrowed(fd.key);
            entry.fd = fd.number;
        }
        message_.n_inherit_fd = fds_.size();
        message_.inherit_fd = fds_.pointers();

        for (const CriuName& joined : options.joined_namespaces) {
            JoinNamespace& entry = namespaces_.add(join_namespace__init);
            entry.ns = borrowed(joined.key);
            entry.ns_file = borrowed(joined.value);
        }
        message_.n_join_ns = namespaces_.size();
        message_.join_ns = namespaces_.pointers();

        if (options.cgroup_root) {
            CgroupRoot& entry = cgroups_.add(cgroup_root__init);
            entry.ctrl = borrowed(no_controller_);
            entry.path = borrowed(*options.cgroup_root);
        }
        message_.n_cg_root = cgroups_.size();
        message_.cg_root = cgroups_.pointers();
    }

    CriuOpts message_ = {};
    CriuPageServerInfo page_server_ = {};
    Repeated<ExtMountMap> mounts_;
    Repeated<InheritFd> fds_;
    Repeated<JoinNamespace> namespaces_;
    Repeated<CgroupRoot> cgroups_;
    std::vector<char*> external_;
    std::string no_controller_;  // what the cgroup2 hierarchy is called
};

std::string text_or_empty(const char* text) {
    return text == nullptr ? "" : text;
}

int version_number(const CriuVersion& version) {
    // A build between two releases counts as the one to come, as runc counts.
    const int minor = version.minor_number + (version.gitid != nullptr ? 1 : 0);
    const int sublevel = version.has_sublevel && version.gitid == nullptr ? version.sublevel : 0;
    return version.major_number * 10000 + minor * 100 + sublevel;
}

}  // namespace

bool knows_criu() noexcept {
    return true;
}

std::string encode(const CriuRequest& request) {
    ::CriuReq message = {};
    criu_req__init(&message);
    message.type = look_up(kKinds, request.kind);
    std::optional<PackedOptions> options;
    if (request.options != nullptr) {
        options.emplace(*request.options);
        message.opts = options->message();
    }
    ::CriuFeatures features = {};
    if (request.kind == CriuRequestKind::feature_check) {
        criu_features__init(&features);
        features.has_mem_track = request.features.memory_tracking ? 1 : 0;
        features.mem_track = features.has_mem_track;
        features.has_lazy_pages = request.features.lazy_pages ? 1 : 0;
        features.lazy_pages = features.has_lazy_pages;
        message.features = &features;
    }
    if (request.kind == CriuRequestKind::notify) {
        message.has_notify_success = 1;
        message.notify_success = request.notify_success ? 1 : 0;
    }
    message.has_keep_open = request.keeps_open ? 1 : 0;
    message.keep_open = message.has_keep_open;
    std::string bytes(criu_req__get_packed_size(&message), '\0');
    criu_req__pack(&message, reinterpret_cast<std::uint8_t*>(bytes.data()));
    return bytes;
}

CriuReply decode_criu_reply(std::string_view bytes) {
    const auto free_message = [](CriuResp* message) { criu_resp__free_unpacked(message, nullptr); };
    const std::unique_ptr<CriuResp, decltype(free_message)> message(
        criu_resp__unpack(
            nullptr, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data())
        ),
        free_message
    );
    if (message == nullptr) {
        throw Error(concat("criu sent a reply of ", bytes.size(), " bytes that is none"), EPROTO);
    }
    CriuReply reply;
    reply.kind = kind_of(message->type);
    reply.success = message->success != 0;
    reply.error_number = message->has_cr_errno ? message->cr_errno : 0;
    reply.error_message = text_or_empty(message->cr_errmsg);
    if (message->version != nullptr) {
        reply.version = version_number(*message->version);
    }
    if (message->features != nullptr) {
        reply.features.memory_tracking =
            message->features->has_mem_track && message->features->mem_track;
        reply.features.lazy_pages =
            message->features->has_lazy_pages && message->features->lazy_pages;
    }
    if (message->notify != nullptr) {
        reply.notification = text_or_empty(message->notify->script);
        reply.pid = message->notify->has_pid ? message->notify->pid : 0;
    }
    if (message->restore != nullptr) {
        reply.pid = message->restore->pid;
    }
    return reply;
}

}  // namespace corun::container
