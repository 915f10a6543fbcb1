// What is left when corun itself is killed, and when two of them want the same: the record on disk
// precedes every resource, so `list` tells the truth and `delete` reclaims all of it.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/pidfd.hpp"
#include "dying.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

using namespace corun::test;

namespace {

using corun::concat;

// More system calls than any command makes: a walk that gets here does not end by itself.
constexpr unsigned kTooManyCalls = 5000;

Bundle waiting() {
    Bundle bundle;
    bundle.args({"probe", "wait"});
    return bundle;
}

/// One that writes nothing: its output has no reader once the command that made it has ended.
Bundle sleeping() {
    Bundle bundle;
    bundle.args({"sleep", "1000"});
    return bundle;
}

std::vector<std::string> command(const Runtime& runtime, std::vector<std::string> words) {
    words.insert(words.begin(), {runtime_binary(), "--root", runtime.root()});
    return words;
}

/// As after a first container: `list` of a root that was given and is absent is an error.
void make_root(const Runtime& runtime) {
    REQUIRE(::mkdir(runtime.root().c_str(), 0700) == 0);
}

/// "" for a container that is not there.
std::string listed_status(Runtime& runtime, const std::string& id) {
    for (const Json& entry :
         Json::parse(runtime.expect_success({"list", "--format", "json"}).out)) {
        if (entry.at("id") == id) {
            return entry.at("status");
        }
    }
    return "";
}

/// After the last process that makes it has gone. The child of a killed corun dies a moment later.
std::string settled_status(Runtime& runtime, const std::string& id) {
    const std::string directory = concat(runtime.root(), "/", id);
    const corun::sys::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd && ::flock(fd.ref().number(), LOCK_EX) == 0) {  // waits; released with the descriptor
        ::flock(fd.ref().number(), LOCK_UN);
    }
    return listed_status(runtime, id);
}

bool has_live_process(Runtime& runtime, const std::string& id) {
    const Result state = runtime({"state", id});
    return state.exit_code == 0 && Json::parse(state.out).at("pid") != 0;
}

/// The container is in a state that is true, and `delete` takes all of it away.
void check_reclaimed(Runtime& runtime, const std::string& id, unsigned call) {
    CAPTURE(call);
    const std::string status = settled_status(runtime, id);
    CAPTURE(status);
    if (status.empty()) {
        CHECK(failed_saying("does not exist", runtime({"state", id})));
    } else {
        const bool lives = status == "created" || status == "running";
        CHECK((lives || status == "stopped"));
        // A child that learns of its parent's end only now may be gone at the second look, but none
        // comes back to life.
        CHECK((lives || !has_live_process(runtime, id)));
        const Result plain = runtime({"delete", id});
        // One that is killed may be running a moment longer: then either answer is right.
        CHECK((plain.exit_code == 0 || status == "running"));
    }
    CHECK(runtime({"delete", "--force", id}).exit_code == 0);
    const std::vector<std::string> left = runtime.leftovers();
    CHECK_MESSAGE(left.empty(), corun::join(left, "; "));
}

/// Kills the command that `prepare` names before each of its system calls in turn.
template <class Prepare, class Check>
void at_every_call(Prepare prepare, Check check) {
    for (unsigned call = 0; call < kTooManyCalls; ++call) {
        const std::vector<std::string> words = prepare();
        const Death death = run_until_call(words, call);
        check(call);
        if (death == Death::ended) {
            MESSAGE("died at each of " << call << " system calls");
            return;
        }
    }
    FAIL("the command does not end");
}

/// What its cgroup is told to do, which it may be about to.
bool is_frozen(pid_t pid) {
    const std::string membership = read_text(concat("/proc/", pid, "/cgroup"));
    const std::size_t line = membership.rfind("0::");
    std::string path = membership.substr(line + 3);
    path.resize(path.find('\n'));
    return read_text(concat("/sys/fs/cgroup", path, "/cgroup.freeze")) == "1\n";
}

Json record_of(const Runtime& runtime, const std::string& id) {
    const std::string text = read_text(concat(runtime.root(), "/", id, "/state.json"));
    return Json::parse(corun::split(corun::trim(text), '\n').back());
}

void replace_record(const Runtime& runtime, const std::string& id, const Json& record) {
    write_text(concat(runtime.root(), "/", id, "/state.json"), record.dump() + "\n", 0600);
}

}  // namespace

TEST_CASE("crash: create killed before any of its system calls leaves what delete reclaims") {
    Runtime runtime;
    make_root(runtime);
    const Bundle bundle = sleeping();
    bundle.write();
    std::string id;

    at_every_call(
        [&] {
            id = runtime.new_id();
            return command(runtime, {"create", "--bundle", bundle.path(), id});
        },
        [&](unsigned call) { check_reclaimed(runtime, id, call); }
    );
}

TEST_CASE("crash: run killed before any of its system calls leaves what delete reclaims") {
    Runtime runtime;
    make_root(runtime);
    Bundle bundle;
    bundle.args({"true"}).write();
    std::string id;

    at_every_call(
        [&] {
            id = runtime.new_id();
            return command(runtime, {"run", "--bundle", bundle.path(), id});
        },
        [&](unsigned call) { check_reclaimed(runtime, id, call); }
    );
}

TEST_CASE("crash: start killed before any of its system calls has started the container or not") {
    Runtime runtime;
    const Bundle bundle = sleeping();
    std::string id;

    at_every_call(
        [&] {
            id = runtime.new_id();
            runtime.expect_success({"create", "--bundle", bundle.write(), id});
            return command(runtime, {"start", id});
        },
        [&](unsigned call) {
            CAPTURE(call);
            const std::string status = settled_status(runtime, id);
            CAPTURE(status);
            CHECK((status == "created" || status == "running"));
            const Result again = runtime({"start", id});
            // The word to start may be on its way: then it runs before this one is heard.
            CHECK((again.exit_code != 0 || status == "created"));
            CHECK(listed_status(runtime, id) == "running");
            CHECK(runtime({"delete", "--force", id}).exit_code == 0);
            CHECK(runtime.leftovers().empty());
        }
    );
}

TEST_CASE("crash: delete killed before any of its system calls is finished by another") {
    Runtime runtime;
    const Bundle bundle = sleeping();
    std::string id;

    at_every_call(
        [&] {
            id = runtime.new_id();
            runtime.expect_success({"run", "--detach", "--bundle", bundle.write(), id});
            return command(runtime, {"delete", "--force", id});
        },
        [&](unsigned call) { check_reclaimed(runtime, id, call); }
    );
}

TEST_CASE("crash: kill --all killed before any of its system calls leaves nobody frozen") {
    Runtime runtime;
    Container container = runtime.run_detached(sleeping());
    const std::vector<std::string> kill = {"kill", "--all", container.id(), "CONT"};
    bool was_frozen = false;

    at_every_call(
        [&] { return command(runtime, kill); },
        [&](unsigned call) {
            CAPTURE(call);
            was_frozen = was_frozen || is_frozen(container.pid());
            // Whoever comes next finds it: one looks, one lets it go, one signals again.
            const std::vector<std::vector<std::string>> next = {
                {"state", container.id()}, {"resume", container.id()}, kill};
            const Result ran = runtime(next.at(call % next.size()));
            CHECK((ran.exit_code == 0 || failed_saying("not paused: it is running", ran)));
            CHECK_FALSE(is_frozen(container.pid()));
            CHECK(container.status() == "running");
        }
    );
    CHECK(was_frozen);
    CHECK(runtime({"delete", "--force", container.id()}).exit_code == 0);
}

TEST_CASE("crash: create killed while a hook blocks leaves its container to delete") {
    for (const std::string kind : {"createRuntime", "createContainer"}) {
        CAPTURE(kind);
        Runtime runtime;
        Bundle bundle = sleeping();
        bundle.hook(kind, concat("echo $$ > ", bundle.path("fifo"), "; exec sleep 1000"));
        REQUIRE(::mkfifo(bundle.path("fifo").c_str(), 0600) == 0);
        const std::string id = runtime.new_id();
        Process creator = runtime.spawn({"create", "--bundle", bundle.write(), id});
        const std::string hook = read_text(bundle.path("fifo"));  // waits for the hook
        const std::optional<corun::sys::Pidfd> of_host =
            kind == "createRuntime" ? corun::sys::Pidfd::try_open(std::stoi(hook)) : std::nullopt;
        CHECK(listed_status(runtime, id) == "creating");
        CHECK(failed_saying("that is not stopped: creating", runtime({"delete", id})));

        creator.signal(SIGKILL);
        (void)creator.wait();

        CHECK(runtime({"delete", "--force", id}).exit_code == 0);
        // A program of the host, outside the cgroup, goes with the create that started it.
        CHECK((!of_host || wait_for_exit(*of_host)));
        CHECK(runtime.leftovers().empty());
    }
}

TEST_CASE("crash: of two creates of one id at once one wins, and its container works") {
    constexpr int kRounds = 20;
    Runtime runtime;
    const Bundle bundle = sleeping();
    Bundle other = sleeping();
    other.write();
    for (int round = 0; round < kRounds; ++round) {
        CAPTURE(round);
        const std::string id = runtime.new_id();
        Process first = runtime.spawn({"create", "--bundle", bundle.write(), id});
        Process second = runtime.spawn({"create", "--bundle", other.path(), id});
        const Result one = first.wait();
        const Result two = second.wait();

        CHECK((one.exit_code == 0) != (two.exit_code == 0));
        const Result& loser = one.exit_code == 0 ? two : one;
        CHECK(failed_saying("container with given ID already exists", loser));
        CHECK(listed_status(runtime, id) == "created");
        CHECK(runtime({"start", id}).exit_code == 0);
        CHECK(listed_status(runtime, id) == "running");
        CHECK(runtime({"delete", "--force", id}).exit_code == 0);
    }
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("crash: the container of a killed foreground run lives on, listed, until it is deleted") {
    Runtime runtime;
    const Bundle bundle = waiting();
    const std::string id = runtime.new_id();
    Process foreground = runtime.spawn({"run", "--bundle", bundle.write(), id});
    foreground.wait_for_output("ready");

    foreground.signal(SIGKILL);
    (void)foreground.wait();

    CHECK(listed_status(runtime, id) == "running");
    CHECK(runtime({"delete", "--force", id}).exit_code == 0);
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("crash: a pid that is another process's now fools neither state nor kill nor delete") {
    Runtime runtime;
    const Bundle bundle = waiting();
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");
    container.kill("KILL");
    container.wait();
    const Process innocent({"sleep", "1000"});
    Json record = record_of(runtime, container.id());
    record["pid"] = innocent.pidfd().pid();
    // Both may have started within one clock tick, which no pid that comes round again can.
    record["startTime"] = record["startTime"].get<std::uint64_t>() - 1;
    replace_record(runtime, container.id(), record);

    CHECK(container.status() == "stopped");
    CHECK(listed_status(runtime, container.id()) == "stopped");
    CHECK(failed_saying("container not running", runtime({"kill", container.id(), "KILL"})));
    CHECK(failed_saying("not running", container.exec({"true"})));
    CHECK(runtime({"delete", "--force", container.id()}).exit_code == 0);

    CHECK_FALSE(wait_for_exit(innocent.pidfd(), std::chrono::milliseconds(50)));
}

TEST_CASE("crash: a create into a used cgroup fails and kills nobody who is in it") {
    Runtime runtime;
    Bundle owner = waiting();
    Container container = runtime.run_detached(owner);
    container.wait_for_output("ready");
    Bundle intruder = waiting();
    intruder.linux_section()["cgroupsPath"] = owner.cgroup();

    CHECK(failed_saying("container's cgroup is not empty", runtime.try_create(intruder)));

    CHECK(container.status() == "running");
    CHECK(runtime.ids_in_store().size() == 1);
    CHECK(runtime({"delete", "--force", container.id()}).exit_code == 0);
}

TEST_CASE("crash: a failing poststart hook ends start and run with nothing alive") {
    Runtime runtime;
    Bundle bundle = sleeping();
    bundle.hook("poststart", "exit 3");
    const Result ran = runtime.run(bundle);
    CHECK(failed_saying("error running poststart hook #0: ", ran));
    CHECK(runtime.leftovers().empty());

    Container container = runtime.create(bundle);
    CHECK(failed_saying("error running poststart hook #0: ", runtime({"start", container.id()})));
    container.wait();
    CHECK(container.status() == "stopped");
    container.remove();
}
