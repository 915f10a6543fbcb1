// The options of `checkpoint` and `restore` become requests.
#include "corun/cli/criu_options.hpp"

#include "corun/base/error.hpp"
#include "corun/cli/commands.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::cli;

namespace {

using Mode = container::CriuCgroupMode;

const Log kSilent(LogLevel::error, LogFormat::plain, [](std::string_view) {});

container::CheckpointRequest checkpoint_of(const std::vector<std::string>& words) {
    const Command& command = *find_command("checkpoint");
    const Arguments arguments = parse_arguments({.options = command.options}, words);
    const GlobalOptions globals;
    return checkpoint_request({.globals = globals, .log = kSilent, .arguments = arguments});
}

container::RestoreRequest restore_of(const std::vector<std::string>& words) {
    const Command& command = *find_command("restore");
    const Arguments arguments = parse_arguments({.options = command.options}, words);
    const GlobalOptions globals;
    return restore_request({.globals = globals, .log = kSilent, .arguments = arguments}, "/run/n");
}

}  // namespace

TEST_CASE("checkpoint: every option has its place in the request") {
    const container::CheckpointRequest request = checkpoint_of(
        {"--image-path",
         "/i",
         "--work-path",
         "/w",
         "--parent-path",
         "../p",
         "--leave-running",
         "--tcp-established",
         "--tcp-skip-in-flight",
         "--link-remap",
         "--ext-unix-sk",
         "--shell-job",
         "--lazy-pages",
         "--status-fd",
         "7",
         "--page-server",
         "h:9",
         "--file-locks",
         "--pre-dump",
         "--manage-cgroups-mode",
         "full",
         "--empty-ns",
         "network",
         "--auto-dedup",
         "--network-lock",
         "nftables",
         "web"}
    );

    CHECK(request.id.text() == "web");
    CHECK(request.flags.image_path == "/i");
    CHECK(request.flags.work_path == "/w");
    CHECK(request.parent_path == "../p");
    CHECK(request.leave_running);
    CHECK(request.flags.tcp_established);
    CHECK(request.tcp_skip_in_flight);
    CHECK(request.link_remap);
    CHECK(request.flags.ext_unix_sk);
    CHECK(request.flags.shell_job);
    CHECK(request.flags.lazy_pages);
    CHECK(request.status_fd == 7);
    CHECK(request.page_server == container::CriuPageServer{.address = "h", .port = 9});
    CHECK(request.flags.file_locks);
    CHECK(request.pre_dump);
    CHECK(request.flags.cgroup_mode == Mode::full);
    CHECK(request.flags.auto_dedup);
    CHECK(request.flags.network_lock == container::CriuNetworkLock::nftables);
}

TEST_CASE("checkpoint: nothing is on by itself") {
    const container::CheckpointRequest request = checkpoint_of({"--status-fd", "-1", "web"});

    CHECK_FALSE(request.leave_running);
    CHECK_FALSE(request.pre_dump);
    CHECK_FALSE(request.status_fd);
    CHECK_FALSE(request.page_server);
    CHECK(request.flags.cgroup_mode == Mode::automatic);
}

TEST_CASE("restore: every option has its place in the request") {
    const container::RestoreRequest request = restore_of(
        {"-b",
         "/b",
         "--image-path",
         "/i",
         "--console-socket",
         "/c",
         "-d",
         "--pid-file",
         "/p",
         "--no-subreaper",
         "--no-pivot",
         "--tcp-close",
         "--lsm-profile",
         "apparmor:x",
         "--lsm-mount-context",
         "ctx",
         "--manage-cgroups-mode=ignore",
         "web"}
    );

    CHECK(request.run.create.id.text() == "web");
    CHECK(request.run.create.bundle == "/b");
    CHECK(request.run.create.console_socket == "/c");
    CHECK(request.run.create.pid_file == "/p");
    CHECK(request.run.create.no_pivot);
    CHECK(request.run.create.notify_socket == "/run/n");
    CHECK(request.run.detach);
    CHECK(request.flags.image_path == "/i");
    CHECK(request.tcp_close);
    CHECK(request.lsm_profile == "apparmor:x");
    CHECK(request.lsm_mount_context == "ctx");
    CHECK(request.flags.cgroup_mode == Mode::ignore);
}

TEST_CASE("page server: an address and a port, brackets around what has colons") {
    using Server = container::CriuPageServer;
    CHECK(parse_page_server("10.0.0.1:27") == Server{.address = "10.0.0.1", .port = 27});
    CHECK(parse_page_server("[::1]:27") == Server{.address = "::1", .port = 27});

    for (const char* wrong : {"", "host", ":1", "host:", "host:0", "host:65536", "::1:27", "h:x"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS((void)parse_page_server(wrong), Error);
    }
}

TEST_CASE("criu options: an unknown mode, method or namespace is refused") {
    CHECK_THROWS_AS((void)checkpoint_of({"--manage-cgroups-mode", "hard", "web"}), Error);
    CHECK_THROWS_AS((void)checkpoint_of({"--network-lock", "ipfw", "web"}), Error);
    CHECK_THROWS_AS((void)checkpoint_of({"--empty-ns", "pid", "web"}), Error);
    CHECK_THROWS_AS((void)checkpoint_of({"--status-fd", "x", "web"}), Error);
    CHECK_THROWS_AS((void)checkpoint_of({"--status-fd", "4294967295", "web"}), Error);
}
