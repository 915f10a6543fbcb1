// runtime-spec runtime#lifecycle and the commands a person types: states, errors, exit statuses.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

using namespace corun::test;

namespace {

/// A container that waits for a signal, as most tests here want one.
Bundle waiting() {
    Bundle bundle;
    bundle.args({"probe", "wait"});
    return bundle;
}

void end(Container& container) {
    container.kill("KILL");
    container.wait();
    container.remove();
}

}  // namespace

TEST_CASE("lifecycle: created, running, stopped, gone") {
    Runtime runtime;
    const Bundle bundle = waiting();

    Container container = runtime.create(bundle);
    CHECK(container.status() == "created");
    container.start();
    container.wait_for_output("ready\n");
    CHECK(container.status() == "running");
    container.kill("TERM");
    container.wait();
    CHECK(container.status() == "stopped");
    CHECK(container.output() == "ready\ngot SIGTERM\n");
    container.remove();

    CHECK(runtime({"state", container.id()}).exit_code != 0);
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("lifecycle: the payload does not run before start") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "try-write", "/shared/ran"});
    std::filesystem::create_directory(bundle.path("shared"));
    bundle.mount({"/shared", "bind", "shared", {"bind"}});

    Container container = runtime.create(bundle);
    CHECK_FALSE(std::filesystem::exists(bundle.path("shared/ran")));
    container.start();
    container.wait();
    CHECK(std::filesystem::exists(bundle.path("shared/ran")));
    container.remove();
}

TEST_CASE("lifecycle: what config.json says after create makes no difference") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "args", "before"});
    Container container = runtime.create(bundle);
    bundle.args({"probe", "args", "after"}).write();

    container.start();
    container.wait();

    CHECK(container.output() == "arg[0]=before\n");
    container.remove();
}

TEST_CASE("state: it tells what the document and the kernel know") {
    Runtime runtime;
    Bundle bundle = waiting();
    bundle.annotation("org.example.colour", "blue");
    Container container = runtime.create(bundle);

    const Json state = container.state();

    CHECK(state.at("id") == container.id());
    CHECK(state.at("pid").get<pid_t>() == container.pid());
    CHECK(state.at("bundle") == bundle.path());
    CHECK(state.at("rootfs") == bundle.in_rootfs(""));
    CHECK(state.at("annotations").at("org.example.colour") == "blue");
    CHECK(state.contains("ociVersion"));
    CHECK(state.at("created").get<std::string>().starts_with("20"));
    end(container);
}

TEST_CASE("state: a stopped container has pid 0") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.kill("KILL");
    container.wait();

    CHECK(container.state().at("pid") == 0);
    container.remove();
}

TEST_CASE("create: an id that is taken is an error, and the first container lives on") {
    Runtime runtime;
    const Bundle bundle = waiting();
    const Bundle other = waiting();
    Container first = runtime.create(bundle);

    const Result second = runtime({"create", "--bundle", other.write(), first.id()});

    CHECK(failed_saying("already exists", second));
    CHECK(first.status() == "created");
    end(first);
}

TEST_CASE("create: an id that could be a path is refused") {
    Runtime runtime;
    const Bundle bundle = waiting();
    for (const std::string id : {"../escape", "a/b", "..", ".", "", "with space", "ünï"}) {
        INFO(id);
        const Result result = runtime({"create", "--bundle", bundle.write(), id});

        CHECK(result.exit_code != 0);
        CHECK(result.err != "");
    }
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("create: ids with every allowed character are accepted") {
    Runtime runtime;
    const Bundle bundle = waiting();
    const std::string id = "aZ09_+.-b";

    runtime.expect_success({"create", "--bundle", bundle.write(), id});
    CHECK(Json::parse(runtime.expect_success({"state", id}).out).at("id") == id);
    runtime.expect_success({"delete", "--force", id});
}

TEST_CASE("create: a bundle without config.json is an error that names it") {
    Runtime runtime;
    const TempDir empty;

    const Result result = runtime({"create", "--bundle", empty.path(), runtime.new_id()});

    CHECK(failed_saying("config.json", result));
}

TEST_CASE("create: a config.json that is no JSON is an error that tells where") {
    Runtime runtime;
    const Bundle bundle;
    bundle.write();
    write_text(bundle.path("config.json"), "{\n  \"ociVersion\": }\n");

    CHECK(failed_saying("line 2", runtime({"create", "--bundle", bundle.path(), runtime.new_id()}))
    );
}

TEST_CASE("create: the pid file holds the pid and nothing else") {
    Runtime runtime;
    const Bundle bundle = waiting();
    const std::string file = bundle.path("pid");
    const std::string id = runtime.new_id();

    runtime.expect_success({"create", "--bundle", bundle.write(), "--pid-file", file, id});

    const Json state = Json::parse(runtime.expect_success({"state", id}).out);
    CHECK(read_text(file) == std::to_string(state.at("pid").get<pid_t>()));
    runtime.expect_success({"delete", "--force", id});
}

TEST_CASE("create: the bundle is the working directory unless given") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "exit", "5"}).write();

    const Result result =
        runtime({"run", runtime.new_id()}, SpawnOptions{.directory = bundle.path()});

    CHECK(result.exit_code == 5);
}

TEST_CASE("unknown id: each command says that the container does not exist") {
    Runtime runtime;
    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
             {"state", "no-such"},
             {"start", "no-such"},
             {"kill", "no-such", "TERM"},
             {"delete", "no-such"},
             {"pause", "no-such"},
             {"resume", "no-such"},
             {"ps", "no-such"},
             {"exec", "no-such", "true"},
         }) {
        INFO(command[0]);
        const Result result = runtime(command);

        CHECK(failed_saying("container does not exist", result));
        CHECK(result.out == "");
    }
}

TEST_CASE("delete --force: an unknown id is no error") {
    Runtime runtime;

    const Result result = runtime({"delete", "--force", "no-such"});

    CHECK(result.exit_code == 0);
    CHECK(result.err == "");
}

TEST_CASE("delete: a running container is refused, with --force it is killed") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    const Result refused = runtime({"delete", container.id()});
    CHECK(failed_saying("that is not stopped", refused));
    CHECK(container.status() == "running");
    runtime.expect_success({"delete", "--force", container.id()});

    container.wait();
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("delete: one that has been killed is waited for, however long its end takes") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"sh", "-c", "sleep 1000 & echo ready; wait"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");
    const Json pids = Json::parse(runtime({"ps", "--format", "json", container.id()}).out);
    REQUIRE(pids.size() == 2);
    // The first process of a pid namespace ends after the others, and those wait for their tracer.
    const pid_t other = pids[0] == container.pid() ? pids[1] : pids[0];
    REQUIRE(::ptrace(PTRACE_SEIZE, other, nullptr, nullptr) == 0);
    container.kill("KILL");

    Result result;
    std::thread remover([&] { result = runtime({"delete", container.id()}); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    CHECK(container.status() == "running");
    ::waitpid(other, nullptr, __WALL);
    remover.join();

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    container.wait();
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("delete: a created container that never started can be removed") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.create(bundle);

    const Result result = runtime({"delete", "--force", container.id()});

    CHECK(result.exit_code == 0);
    container.wait();
    CHECK(runtime.leftovers().empty());
}

TEST_CASE(
    "delete --regex: all containers that match are deleted, no other" *
    needs(Capability::corun_itself)
) {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container first = runtime.create(bundle);
    const Bundle second_bundle = waiting();
    Container second = runtime.create(second_bundle);
    const Bundle other_bundle = waiting();
    Container other = runtime.create(other_bundle);
    const std::string pattern = "^(" + first.id() + "|" + second.id() + ")$";

    const Result result = runtime({"delete", "--regex", pattern});

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    first.wait();
    second.wait();
    CHECK(runtime({"state", first.id()}).exit_code != 0);
    CHECK(runtime({"state", second.id()}).exit_code != 0);
    CHECK(other.status() == "created");
    runtime.expect_success({"delete", "--force", other.id()});
    other.wait();
}

TEST_CASE(
    "delete --regex: one that is refused keeps no other from being deleted" *
    needs(Capability::corun_itself)
) {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container running = runtime.run_detached(bundle);
    running.wait_for_output("ready");
    const Bundle created_bundle = waiting();
    Container created = runtime.create(created_bundle);

    const Result result = runtime({"delete", "--regex", "."});

    CHECK(result.exit_code == 1);
    CHECK(contains(result.err, "warning: '" + running.id() + "': "));
    created.wait();
    CHECK(runtime({"state", created.id()}).exit_code != 0);
    CHECK(running.status() == "running");
    runtime.expect_success({"delete", "--force", running.id()});
    running.wait();
}

TEST_CASE(
    "kill --regex: all containers that match get the signal" * needs(Capability::corun_itself)
) {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container first = runtime.run_detached(bundle);
    const Bundle second_bundle = waiting();
    Container second = runtime.run_detached(second_bundle);
    first.wait_for_output("ready");
    second.wait_for_output("ready");

    runtime.expect_success({"kill", "--regex", ".", "KILL"});

    first.wait();
    second.wait();
    CHECK(first.status() == "stopped");
    CHECK(second.status() == "stopped");
    first.remove();
    second.remove();
}

TEST_CASE("start: a second time is an error that says so") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    CHECK(failed_saying("already running", runtime({"start", container.id()})));
    container.kill("KILL");
    container.wait();
    CHECK(failed_saying("stopped", runtime({"start", container.id()})));
    container.remove();
}

TEST_CASE("start: a program that cannot be executed is an error of start or create") {
    Runtime runtime;
    Bundle bundle;
    bundle.file("/garbage", "\177ELF nonsense", 0755).args({"/garbage"});
    const Result created = runtime.try_create(bundle);

    const Result started = created.exit_code == 0 ? runtime({"start", runtime.last_id()}) : created;

    if (is_corun()) {
        CHECK(started.exit_code != 0);
        CHECK(contains(started.err, "/garbage"));
    }
    (void)runtime({"delete", "--force", runtime.last_id()});  // gone already if create failed
}

TEST_CASE("kill: names, numbers and the prefix SIG mean the same") {
    for (const std::string signal : {"TERM", "SIGTERM", "15", "term"}) {
        INFO(signal);
        Runtime runtime;
        const Bundle bundle = waiting();
        Container container = runtime.run_detached(bundle);
        container.wait_for_output("ready");

        container.kill(signal);
        container.wait();

        CHECK(container.output() == "ready\ngot SIGTERM\n");
        container.remove();
    }
}

TEST_CASE("kill: TERM is the default") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    runtime.expect_success({"kill", container.id()});
    container.wait();

    CHECK(container.output() == "ready\ngot SIGTERM\n");
    container.remove();
}

TEST_CASE("kill: a created container can be killed before it starts") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.create(bundle);

    container.kill("KILL");
    container.wait();

    CHECK(container.status() == "stopped");
    container.remove();
}

TEST_CASE("kill: what asks a process to end does end a created container") {
    Runtime runtime;
    Bundle bundle;
    for (const char* signal : {"TERM", "INT", "HUP", "QUIT"}) {
        INFO(signal);
        Container container = runtime.create(bundle.args({"sleep", "1000"}));

        container.kill(signal);
        container.wait();

        CHECK(container.status() == "stopped");
        container.remove();
    }
}

TEST_CASE("kill: a payload without a handler for TERM ignores it, as the first process") {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.create(bundle.args({"sleep", "1000"}));
    container.start();

    container.kill("TERM");

    CHECK(container.status() == "running");
    container.kill("KILL");
    container.wait();
    container.remove();
}

TEST_CASE("kill: a stopped container is an error in the words that callers look for") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.kill("KILL");
    container.wait();

    CHECK(failed_saying("container not running", runtime({"kill", container.id(), "TERM"})));
    container.remove();
}

TEST_CASE("kill: a signal that does not exist is an error that names it") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.create(bundle);

    CHECK(failed_saying("SIGNONSENSE", runtime({"kill", container.id(), "SIGNONSENSE"})));
    CHECK(failed_saying("999", runtime({"kill", container.id(), "999"})));
    CHECK(container.status() == "created");
    end(container);
}

TEST_CASE("kill: KILL reaches what outlives the first process for want of a pid namespace") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("pid").args({"sh", "-c", "sleep 1000 & echo ready; wait"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");
    ::kill(container.pid(), SIGKILL);
    container.wait();
    const std::string procs = cgroup_directory(bundle.cgroup()) + "/cgroup.procs";
    REQUIRE(read_text(procs) != "");

    runtime.expect_success({"kill", container.id(), "KILL"});

    (void)container.output();  // ends only when the last one is gone
    container.remove();
    CHECK(runtime.leftovers().empty());
    CHECK(failed_saying("does not exist", runtime({"kill", container.id(), "KILL"})));
}

TEST_CASE("kill --all: without a pid namespace every process of the container ends") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("pid").args({"sh", "-c", "probe pause & probe pause & probe wait"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready\nready\nready\n");

    runtime.expect_success({"kill", "--all", container.id(), "KILL"});
    container.wait();

    (void)container.output();  // ends only when the last one is gone
    container.remove();
}

TEST_CASE("delete: without a pid namespace it ends the processes that are left") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("pid").args({"probe", "orphan", ",", "exit", "0"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");
    container.wait();

    runtime.expect_success({"delete", "--force", container.id()});

    (void)container.output();
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("list: all containers with their states, as a table, as JSON, as ids") {
    Runtime runtime;
    const Bundle bundle = waiting();
    const Bundle other = waiting();
    Container created = runtime.create(bundle);
    Container running = runtime.run_detached(other);

    const std::string table = runtime.expect_success({"list"}).out;
    const Json json = Json::parse(runtime.expect_success({"list", "--format", "json"}).out);
    const std::string ids = runtime.expect_success({"list", "--quiet"}).out;

    CHECK(contains(table, "STATUS"));
    CHECK(contains(table, created.id()));
    CHECK(contains(table, "created"));
    CHECK(contains(table, "running"));
    REQUIRE(json.size() == 2);
    CHECK(json[0].contains("bundle"));
    CHECK(has_line(created.id(), ids));
    CHECK(has_line(running.id(), ids));
    end(created);
    end(running);
}

TEST_CASE("list: nothing there is no error") {
    Runtime runtime;
    ::mkdir(runtime.root().c_str(), 0700);

    const Result result = runtime({"list", "--quiet"});

    CHECK(result.exit_code == 0);
    CHECK(result.out == "");
}

TEST_CASE("ps: the container's processes, seen from the host") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "orphan", ",", "wait"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready\nready\n");

    const Json pids =
        Json::parse(runtime.expect_success({"ps", "--format", "json", container.id()}).out);

    REQUIRE(pids.size() == 2);
    CHECK(std::find(pids.begin(), pids.end(), container.pid()) != pids.end());
    end(container);
}

TEST_CASE("pause: the processes stand still until resume") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    runtime.expect_success({"pause", container.id()});
    CHECK(container.status() == "paused");
    CHECK(contains(read_text(cgroup_directory(bundle.cgroup()) + "/cgroup.events"), "frozen 1"));
    container.kill("TERM");
    runtime.expect_success({"resume", container.id()});
    container.wait();

    CHECK(container.output() == "ready\ngot SIGTERM\n");
    container.remove();
}

TEST_CASE("pause: a paused container can be deleted by force") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");
    runtime.expect_success({"pause", container.id()});

    runtime.expect_success({"delete", "--force", container.id()});

    container.wait();
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("resume: a container that is not paused is an error") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);

    if (is_corun()) {
        CHECK(failed_saying("not paused", runtime({"resume", container.id()})));
    }
    end(container);
}

TEST_CASE("run: nothing is left behind when the payload ends") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"});

    const Result result = runtime.run(bundle);

    CHECK(result.exit_code == 0);
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("run --keep: the stopped container stays until it is deleted") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"});

    const Result result = runtime.run(bundle, {"--keep"});

    CHECK(result.exit_code == 0);
    const Json state = Json::parse(runtime.expect_success({"state", runtime.last_id()}).out);
    CHECK(state.at("status") == "stopped");
    runtime.expect_success({"delete", runtime.last_id()});
}

TEST_CASE("run: signals for the runtime reach the payload") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Process process = runtime.spawn({"run", "--bundle", bundle.write(), runtime.new_id()});
    process.wait_for_output("ready\n");

    process.signal(SIGHUP);

    const Result result = process.wait();
    CHECK(result.out == "ready\ngot SIGHUP\n");
    CHECK(result.exit_code == 0);
}

TEST_CASE("run: processes that outlive the payload end with the pid namespace") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "orphan", ",", "exit", "4"});

    CHECK(runtime.run(bundle).exit_code == 4);
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("run --detach: the runtime ends and the container runs on") {
    Runtime runtime;
    const Bundle bundle = waiting();

    Container container = runtime.run_detached(bundle);

    CHECK(container.status() == "running");
    end(container);
}

TEST_CASE("cgroup: without a path the container gets one of its own, gone afterwards") {
    Runtime runtime;
    Bundle bundle;
    bundle.linux_section().erase("cgroupsPath");
    bundle.without_namespace("cgroup").args({"probe", "read", "/proc/self/cgroup"});

    const Result result = runtime.run(bundle);

    CHECK(contains(result.out, runtime.last_id()));
    CHECK_FALSE(
        std::filesystem::exists(cgroup_directory(result.out.substr(3, result.out.find('\n') - 3)))
    );
}

TEST_CASE("cgroup: the container is in the one of the document") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("cgroup").args({"probe", "read", "/proc/self/cgroup"});

    const Result result = runtime.run(bundle);

    CHECK(contains(result.out, bundle.cgroup()));
}

TEST_CASE("log: an error is one JSON record in the file, and a line for the user") {
    Runtime runtime;
    const TempDir directory;
    const std::string log = directory / "log";

    const Result result = runtime({"--log", log, "--log-format", "json", "state", "no-such"});

    CHECK(result.exit_code == 1);
    const Json record = Json::parse(read_text(log));
    CHECK(record.at("level") == "error");
    CHECK(record.contains("time"));
    if (is_corun()) {
        CHECK(contains(record.at("msg").get<std::string>(), "container does not exist"));
        CHECK(contains(result.err, "container does not exist"));
    }
}

TEST_CASE("log: with --debug what is done is told, down to each step of the new process") {
    Runtime runtime;
    Bundle bundle;
    const TempDir directory;
    const std::string log = directory / "log";
    bundle.args({"true"});

    const Result quiet = runtime({"--log", log, "run", "--bundle", bundle.write(), "quiet"});
    CHECK_MESSAGE(quiet.exit_code == 0, quiet.err);
    CHECK(read_text(log) == "");
    const Result told = runtime(
        {"--debug", "--log", log, "--log-format", "json", "run", "--bundle", bundle.write(), "told"}
    );

    CHECK_MESSAGE(told.exit_code == 0, told.err);
    CHECK(told.err == "");
    const std::string text = read_text(log);
    CHECK(contains(text, "\"level\":\"debug\""));
    CHECK(contains(text, "cgroup '" + bundle.cgroup() + "'"));
    CHECK(contains(text, "\"msg\":\"first process "));
    CHECK(contains(text, "\"msg\":\"step 'mounts' took "));
    for (const std::string_view line : corun::split(text, '\n')) {
        CHECK((line.empty() || Json::accept(line)));
    }
}

TEST_CASE("timings: create, start, exec and run print the parts of a start") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"sleep", "1000"});
    runtime.expect_success({"create", "--bundle", bundle.write(), "web"});

    const Result started = runtime({"--timings", "start", "web"});
    const Result executed = runtime({"--timings", "exec", "web", "true"});

    CHECK(contains(started.err, "  look at the container "));
    CHECK(contains(executed.err, "    prepare-exec "));
    CHECK(contains(executed.err, " in all\n"));
    CHECK(executed.out == "");
    runtime.expect_success({"delete", "--force", "web"});
    const Result ran =
        runtime({"--timings", "run", "--bundle", bundle.args({"true"}).write(), "one"});
    CHECK(contains(ran.err, "  read the bundle "));
    CHECK(contains(ran.err, "    mounts "));
}

TEST_CASE("log: an unknown format is an error that names it") {
    Runtime runtime;

    CHECK(failed_saying("xml", runtime({"--log-format", "xml", "list"})));
}

TEST_CASE("command line: the version is the first line, the spec's version is told") {
    Runtime runtime;

    const Result result = runtime({"--version"});

    CHECK(result.exit_code == 0);
    CHECK(contains(result.out, " version "));
    CHECK(contains(result.out, "\nspec: 1."));
}

TEST_CASE("command line: an unknown command or option is an error that names it") {
    Runtime runtime;

    const Result command = runtime({"frobnicate"});
    const Result option = runtime({"state", "--frobnicate", "x"});

    CHECK(command.exit_code != 0);
    CHECK(contains(command.err + command.out, "frobnicate"));
    CHECK(option.exit_code != 0);
    CHECK(contains(option.err + option.out, "frobnicate"));
}

TEST_CASE(
    "features: containerd finds recursive read-only mounts and user namespaces for its pods" *
    needs(Capability::corun_itself)
) {
    Runtime runtime;

    const Json features = Json::parse(runtime.expect_success({"features"}).out);

    const Json& options = features.at("mountOptions");
    CHECK(std::find(options.begin(), options.end(), "rro") != options.end());
    const Json& namespaces = features.at("linux").at("namespaces");
    CHECK(std::find(namespaces.begin(), namespaces.end(), "user") != namespaces.end());
    CHECK(features.at("linux").at("mountExtensions").at("idmap").at("enabled") == true);
}

TEST_CASE(
    "features: the document tells what this binary can do" * needs(Capability::corun_itself)
) {
    Runtime runtime;

    const Json features = Json::parse(runtime.expect_success({"features"}).out);

    CHECK(features.at("ociVersionMin") == "1.0.0");
    CHECK(features.at("linux").at("cgroup").at("v2") == true);
    CHECK(features.at("linux").at("seccomp").at("enabled") == true);
    const Json& options = features.at("mountOptions");
    CHECK(std::find(options.begin(), options.end(), "rro") != options.end());
}

TEST_CASE("spec: the default document runs") {
    Runtime runtime;
    const TempDir directory;
    const Bundle bundle;

    runtime.expect_success({"spec", "--bundle", directory.path()});

    Json config = Json::parse(read_text(directory / "config.json"));
    CHECK(config.at("process").at("args") == Json({"sh"}));
    config["root"]["path"] = bundle.in_rootfs("");
    config["process"]["terminal"] = false;
    config["process"]["args"] = {"probe", "exit", "6"};
    config["linux"]["cgroupsPath"] = bundle.cgroup();
    write_text(directory / "config.json", config.dump());
    CHECK(runtime({"run", "--bundle", directory.path(), runtime.new_id()}).exit_code == 6);
}

TEST_CASE("spec: an existing config.json is not overwritten") {
    Runtime runtime;
    const TempDir directory;
    write_text(directory / "config.json", "mine");

    const Result result = runtime({"spec", "--bundle", directory.path()});

    if (is_corun() || runtime_binary().ends_with("/runc")) {
        CHECK(failed_saying("exists", result));
        CHECK(read_text(directory / "config.json") == "mine");
    }
}
