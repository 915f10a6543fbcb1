// What we say to criu arrives as libcriu's message types, and what it says is understood.
#include "corun/container/criu_messages.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <criu/rpc.pb-c.h>
#include <memory>

using namespace corun;
using namespace corun::container;

namespace {

struct FreeRequest {
    void operator()(CriuReq* message) const { criu_req__free_unpacked(message, nullptr); }
};

std::unique_ptr<CriuReq, FreeRequest> as_criu_reads(const CriuRequest& request) {
    const std::string bytes = encode(request);
    std::unique_ptr<CriuReq, FreeRequest> message(
        criu_req__unpack(nullptr, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()))
    );
    REQUIRE(message != nullptr);
    return message;
}

std::string packed(const CriuResp& message) {
    std::string bytes(criu_resp__get_packed_size(&message), '\0');
    criu_resp__pack(&message, reinterpret_cast<std::uint8_t*>(bytes.data()));
    return bytes;
}

}  // namespace

TEST_CASE("criu messages: a dump carries its options") {
    CriuOptions options;
    options.images_directory = 7;
    options.work_directory = 8;
    options.pid = 42;
    options.leave_running = true;
    options.cgroup_mode = CriuCgroupMode::strict;
    options.external_mounts = {{"/mnt", "/data"}, {"/proc/keys", "/dev/null"}};
    options.external = {"net[5]:extRootNetNS"};
    options.page_server = CriuPageServer{.address = "::1", .port = 99};
    options.parent_images = "../parent";

    const auto message = as_criu_reads({.kind = CriuRequestKind::dump, .options = &options});

    CHECK(message->type == CRIU_REQ_TYPE__DUMP);
    REQUIRE(message->opts != nullptr);
    const CriuOpts& got = *message->opts;
    CHECK(got.images_dir_fd == 7);
    CHECK(got.work_dir_fd == 8);
    CHECK(got.pid == 42);
    CHECK(got.leave_running);
    CHECK_FALSE(got.has_tcp_established);
    CHECK_FALSE(got.has_rst_sibling);
    CHECK(got.orphan_pts_master);
    CHECK(got.notify_scripts);
    CHECK(got.manage_cgroups_mode == CRIU_CG_MODE__STRICT);
    REQUIRE(got.n_ext_mnt == 2);
    CHECK(std::string(got.ext_mnt[0]->key) == "/mnt");
    CHECK(std::string(got.ext_mnt[0]->val) == "/data");
    CHECK(std::string(got.ext_mnt[1]->key) == "/proc/keys");
    REQUIRE(got.n_external == 1);
    CHECK(std::string(got.external[0]) == "net[5]:extRootNetNS");
    CHECK(std::string(got.ps->address) == "::1");
    CHECK(got.ps->port == 99);
    CHECK(std::string(got.parent_img) == "../parent");
    CHECK(got.root == nullptr);
    CHECK(got.lsm_profile == nullptr);
}

TEST_CASE("criu messages: a restore makes the process our child and puts descriptors in place") {
    CriuOptions options;
    options.images_directory = 7;
    options.root = "/run/corun/web/criu/root";
    options.inherited_fds = {{"pipe:[5]", 0}, {"extRootNetNS", 4}};
    options.joined_namespaces = {{"ipc", "/proc/1/fd/9"}};
    options.cgroup_root = "/machine/web";
    options.network_lock = CriuNetworkLock::nftables;

    const auto message = as_criu_reads({.kind = CriuRequestKind::restore, .options = &options});

    const CriuOpts& got = *message->opts;
    CHECK(message->type == CRIU_REQ_TYPE__RESTORE);
    CHECK(got.rst_sibling);
    CHECK_FALSE(got.has_pid);
    CHECK(std::string(got.root) == "/run/corun/web/criu/root");
    REQUIRE(got.n_inherit_fd == 2);
    CHECK(std::string(got.inherit_fd[1]->key) == "extRootNetNS");
    CHECK(got.inherit_fd[1]->fd == 4);
    REQUIRE(got.n_join_ns == 1);
    CHECK(std::string(got.join_ns[0]->ns_file) == "/proc/1/fd/9");
    REQUIRE(got.n_cg_root == 1);
    CHECK(std::string(got.cg_root[0]->ctrl).empty());
    CHECK(std::string(got.cg_root[0]->path) == "/machine/web");
    CHECK(got.network_lock == CRIU_NETWORK_LOCK_METHOD__NFTABLES);
}

TEST_CASE("criu messages: a notification is answered with yes or no") {
    const auto yes = as_criu_reads({.kind = CriuRequestKind::notify});
    const auto no = as_criu_reads({.kind = CriuRequestKind::notify, .notify_success = false});

    CHECK(yes->notify_success);
    CHECK(no->has_notify_success);
    CHECK_FALSE(no->notify_success);
}

TEST_CASE("criu messages: a notification is read with its script and pid") {
    CriuNotify notify = {};
    criu_notify__init(&notify);
    std::string script = "post-restore";
    notify.script = script.data();
    notify.has_pid = 1;
    notify.pid = 77;
    CriuResp response = {};
    criu_resp__init(&response);
    response.type = CRIU_REQ_TYPE__NOTIFY;
    response.success = 1;
    response.notify = &notify;

    const CriuReply reply = decode_criu_reply(packed(response));

    CHECK(reply.kind == CriuRequestKind::notify);
    CHECK(reply.success);
    CHECK(reply.notification == "post-restore");
    CHECK(reply.pid == 77);
}

TEST_CASE("criu messages: a version is one number") {
    CriuVersion version = {};
    criu_version__init(&version);
    version.major_number = 3;
    version.minor_number = 17;
    version.has_sublevel = 1;
    version.sublevel = 1;
    CriuResp response = {};
    criu_resp__init(&response);
    response.type = CRIU_REQ_TYPE__VERSION;
    response.success = 1;
    response.version = &version;

    CHECK(decode_criu_reply(packed(response)).version == 31701);
}

TEST_CASE("criu messages: what is no reply is refused") {
    CHECK_THROWS_AS((void)decode_criu_reply("\xff\xff\xff"), Error);
    CHECK_THROWS_AS((void)decode_criu_reply(""), Error);
}
