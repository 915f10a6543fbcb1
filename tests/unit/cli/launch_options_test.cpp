// The command lines that podman, conmon, containerd and buildah really use, as requests.
#include "corun/cli/launch_options.hpp"

#include "corun/base/error.hpp"
#include "corun/cli/global_options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::cli;
using container::ExecUser;

namespace {

using Words = std::vector<std::string>;

const Log kSilent(LogLevel::error, LogFormat::plain, [](std::string_view) {});

template <class Request>
Request request_of(
    Request (*make)(const Invocation&, const CallerEnvironment&),
    const Syntax& syntax,
    const Words& words
) {
    const Arguments arguments = parse_arguments(syntax, words);
    const GlobalOptions globals;
    return make({.globals = globals, .log = kSilent, .arguments = arguments}, {});
}

container::CreateRequest create_of(const Words& words) {
    return request_of(create_request, {.options = kCreateOptions}, words);
}

container::RunRequest run_of(const Words& words) {
    return request_of(run_request, {.options = kRunOptions}, words);
}

container::ExecRequest exec_of(const Words& words) {
    const Syntax syntax{.options = kExecOptions, .place = OptionPlace::before_operands};
    return request_of(exec_request, syntax, words);
}

std::string refusal_of(const auto& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("launch options: conmon's create") {
    const container::CreateRequest request = create_of(
        {"--bundle",
         "/b",
         "--pid-file",
         "/b/pidfile",
         "--no-new-keyring",
         "--preserve-fds",
         "2",
         "--console-socket",
         "/tmp/conmon-term.X",
         "0123abc"}
    );

    CHECK(request.id.text() == "0123abc");
    CHECK(request.bundle == "/b");
    CHECK(request.pid_file == "/b/pidfile");
    CHECK(request.console_socket == "/tmp/conmon-term.X");
    CHECK(request.no_new_keyring);
    CHECK_FALSE(request.no_pivot);
    CHECK(request.preserve_fds == 2);
}

TEST_CASE("launch options: containerd's create and exec") {
    const container::CreateRequest create =
        create_of({"--bundle", "/b", "--pid-file", "/b/init.pid", "--no-pivot", "redis"});
    CHECK(create.no_pivot);
    CHECK(create.pid_file == "/b/init.pid");

    const container::ExecRequest exec =
        exec_of({"--process", "/tmp/runc-process1", "--detach", "--pid-file", "/b/e.pid", "redis"});
    CHECK(exec.process_file == "/tmp/runc-process1");
    CHECK(exec.detach);
    CHECK(exec.pid_file == "/b/e.pid");
    CHECK(exec.args.empty());
}

TEST_CASE("launch options: buildah's create and BuildKit's run") {
    CHECK(
        create_of({"--bundle",
                   "/b",
                   "--pid-file",
                   "/b/pid",
                   "--console-socket",
                   "/b/console.sock",
                   "buildah-buildah1"})
            .console_socket == "/b/console.sock"
    );

    const container::RunRequest run = run_of({"--bundle", "/b", "--keep", "xyz"});
    CHECK(run.keep);
    CHECK_FALSE(run.detach);
    CHECK(run.create.id.text() == "xyz");
}

TEST_CASE("launch options: without any, the bundle is the working directory") {
    const container::CreateRequest request = create_of({"web"});

    CHECK(request.bundle == ".");
    CHECK(request.config_file.empty());
    CHECK(request.console_socket.empty());
    CHECK(request.preserve_fds == 0);
}

TEST_CASE("launch options: exec's own options end where the command begins") {
    const container::ExecRequest request = exec_of(
        {"-t",
         "-u",
         "1000:100",
         "-g",
         "5",
         "-g",
         "6",
         "-e",
         "A=1",
         "--cwd=/x",
         "-c",
         "CAP_KILL",
         "--no-new-privs",
         "--ignore-paused",
         "web",
         "sh",
         "-c",
         "echo -u"}
    );

    CHECK(request.id.text() == "web");
    CHECK(request.args == Words{"sh", "-c", "echo -u"});
    CHECK(request.tty);
    CHECK(request.user == ExecUser{.uid = 1000, .gid = 100});
    CHECK(request.additional_gids == std::vector<gid_t>{5, 6});
    CHECK(request.env == Words{"A=1"});
    CHECK(request.cwd == "/x");
    CHECK(request.capabilities == Words{"CAP_KILL"});
    CHECK(request.no_new_privileges);
    CHECK(request.ignore_paused);
}

TEST_CASE("launch options: exec needs a command or a process file, not both") {
    CHECK(refusal_of([] { (void)exec_of({"web"}); }) == "process args cannot be empty");
    CHECK(refusal_of([] { (void)exec_of({"-p", "f", "web", "sh"}); }).starts_with("--process: "));
}

TEST_CASE("launch options: a user without a group leaves the group alone (CVE-2026-30892)") {
    CHECK(parse_exec_user("1") == ExecUser{.uid = 1, .gid = std::nullopt});
    CHECK(parse_exec_user("0") == ExecUser{.uid = 0, .gid = std::nullopt});
    CHECK(parse_exec_user("1:0") == ExecUser{.uid = 1, .gid = 0});
    CHECK(parse_exec_user("4294967294:7") == ExecUser{.uid = 4294967294U, .gid = 7});
}

TEST_CASE("launch options: a user that is not numbers is refused, never taken for root") {
    for (const char* text :
         {"", ":", "1:", ":1", "root", "1:2:3", "-1", "1 ", "+1", "0x0", "4294967295", "1:-1"}) {
        CAPTURE(text);
        CHECK(refusal_of([&] { (void)parse_exec_user(text); }).starts_with("--user: expected"));
    }
    CHECK(refusal_of([] { (void)exec_of({"-u", "", "web", "sh"}); }).starts_with("--user: "));
}

TEST_CASE("launch options: environment entries have a name, cgroups one path") {
    CHECK(refusal_of([] { (void)exec_of({"-e", "A", "web", "sh"}); }).starts_with("--env: "));
    CHECK(refusal_of([] { (void)exec_of({"-e", "=A", "web", "sh"}); }).starts_with("--env: "));
    CHECK(exec_of({"--cgroup", "sub", "web", "sh"}).cgroup == "sub");
    CHECK(refusal_of([] {
              (void)exec_of({"--cgroup", "cpu:/x", "web", "sh"});
          }).starts_with("--cgroup: "));
}
