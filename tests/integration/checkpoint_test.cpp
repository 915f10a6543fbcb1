// `checkpoint` and `restore` through criu. What needs criu to work runs where it does; how corun
// bears a criu that is missing or fails is tested everywhere.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace corun::test;
using corun::concat;

namespace {

namespace fs = std::filesystem;

constexpr const char* kCount =
    "i=0; echo ready; while read x; do i=$((i+1)); echo \"at $i\"; done; exit 7";

/// Counts the lines that it reads.
Bundle counting() {
    Bundle bundle;
    bundle.args({"sh", "-c", kCount});
    return bundle;
}

/// A container's standard input, and the test's end of it.
class Input {
public:
    void line() const { corun::sys::write_all(pipe_.write_end, "x\n"); }

    void close() { pipe_.write_end.reset(); }

    [[nodiscard]] SpawnOptions options() const { return {.fds = {{pipe_.read_end, 0}}}; }

private:
    corun::sys::Pipe pipe_ = corun::sys::make_pipe();
};

/// A program that stands for criu in $PATH.
SpawnOptions with_criu(const TempDir& directory, std::string_view script) {
    write_text(directory / "criu", concat("#!/bin/sh\n", script, "\n"), 0755);
    return {.environment = {concat("PATH=", directory.path())}};
}

std::vector<std::string> restore_words(
    const Bundle& bundle, const std::string& images, const std::string& id, bool detach
) {
    std::vector<std::string> words = {
        "restore", "--bundle", bundle.write(), "--image-path", images};
    if (detach) {
        words.emplace_back("--detach");
    }
    words.push_back(id);
    return words;
}

/// Checkpointed once it has counted to one.
void dump_at_one(Runtime& runtime, const Bundle& bundle, const std::string& images) {
    const Input input;
    Container container = runtime.run_detached(bundle, {}, input.options());
    input.line();
    container.wait_for_output("at 1\n");
    runtime.expect_success({"checkpoint", "--image-path", images, container.id()});
    container.wait();
}

/// Restored in the background; what it writes is the result's output.
Process restore_detached(
    Runtime& runtime, const Bundle& bundle, const std::string& images, const SpawnOptions& options
) {
    Process creator =
        runtime.spawn(restore_words(bundle, images, runtime.last_id(), true), options);
    const Result result = creator.wait();
    if (result.exit_code != 0) {
        throw HarnessError(concat("restore: ", result.err));
    }
    return creator;
}

void end(Container& container) {
    container.kill("KILL");
    container.wait();
    container.remove();
}

}  // namespace

TEST_CASE("checkpoint: a container that is created or has stopped is refused") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "wait"});
    const TempDir images;
    Container container = runtime.create(bundle);

    const Result created = runtime({"checkpoint", "--image-path", images.path(), container.id()});
    CHECK(failed_saying("container cannot be checkpointed in created state", created));
    container.kill("KILL");
    container.wait();
    const Result stopped = runtime({"checkpoint", "--image-path", images.path(), container.id()});
    CHECK(failed_saying("container cannot be checkpointed in stopped state", stopped));

    container.remove();
}

TEST_CASE("checkpoint: without criu there is a clear error, and the container goes on") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "wait"});
    const TempDir empty;
    Container container = runtime.run_detached(bundle);

    const Result result = runtime(
        {"checkpoint", "--image-path", empty / "images", container.id()},
        {.environment = {concat("PATH=", empty.path())}}
    );

    CHECK(failed_saying("criu", result));
    CHECK_FALSE(fs::exists(empty / "images"));
    CHECK(container.status() == "running");
    end(container);
}

TEST_CASE("checkpoint: a criu that fails leaves the container running") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "wait"});
    const TempDir directory;
    Container container = runtime.run_detached(bundle);

    const Result result = runtime(
        {"checkpoint", "--image-path", directory / "images", container.id()},
        with_criu(directory, "exit 3")
    );

    CHECK(failed_saying("criu", result));
    CHECK(container.status() == "running");
    end(container);
}

TEST_CASE("checkpoint: a parent path must be relative, and a status descriptor writable") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "wait"});
    const TempDir directory;
    Container container = runtime.run_detached(bundle);
    const auto refusal = [&](const std::string& option, const std::string& value) {
        return runtime(
            {"checkpoint", "--image-path", directory / "images", option, value, container.id()},
            with_criu(directory, "exit 3")
        );
    };

    CHECK(failed_saying("must be relative", refusal("--parent-path", directory.path())));
    CHECK(failed_saying("invalid --parent-path", refusal("--parent-path", "../nosuch")));
    CHECK(failed_saying("invalid --status-fd argument 77", refusal("--status-fd", "77")));
    CHECK(failed_saying("not writable", refusal("--status-fd", "0")));
    CHECK(container.status() == "running");

    end(container);
}

TEST_CASE("restore: a criu that fails, or none, leaves nothing behind") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "wait"});
    const TempDir directory;
    fs::create_directory(directory / "images");
    write_text(directory / "images/descriptors.json", R"(["/dev/null","pipe:[1]","pipe:[1]"])");

    const auto words = restore_words(bundle, directory / "images", runtime.new_id(), true);
    const Result failed = runtime(words, with_criu(directory, "exit 3"));
    fs::remove(directory / "criu");
    const Result absent = runtime(words, {.environment = {concat("PATH=", directory.path())}});

    CHECK(failed_saying("criu", failed));
    CHECK(failed_saying("criu", absent));
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("restore: criu sees the bundle's mounts in a namespace of its own, read-only as asked") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "wait"});
    fs::create_directory(bundle.path("volume"));
    write_text(bundle.path("volume/file"), "of the volume");
    bundle.mount({"/volume", "bind", "volume", {"bind", "ro"}});
    const TempDir directory;
    fs::create_directory(directory / "images");
    write_text(directory / "images/descriptors.json", "[]");
    const std::string id = runtime.new_id();
    const std::string stage = concat(runtime.root(), "/", id, "/criu");

    const Result result = runtime(
        restore_words(bundle, directory / "images", id, true),
        with_criu(
            directory,
            concat(
                "PATH=/bin:/usr/bin; cat ",
                stage,
                "/mount-0/file > ",
                directory.path(),
                "/seen; touch ",
                stage,
                "/mount-0/new 2>> ",
                directory.path(),
                "/seen; ls ",
                stage,
                "/root >> ",
                directory.path(),
                "/seen; exit 3"
            )
        )
    );

    CHECK(result.exit_code != 0);
    const std::string seen = read_text(directory / "seen");
    CHECK(contains(seen, "of the volume"));
    CHECK(contains(seen, "Read-only file system"));
    CHECK(contains(seen, "proc"));
    CHECK_FALSE(fs::exists(bundle.path("volume/new")));
    CHECK(fs::is_directory(bundle.in_rootfs("volume")));
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("restore: a container goes on where it was, with new streams" * needs(Capability::criu)) {
    Runtime runtime;
    const Bundle bundle = counting();
    const TempDir directory;
    dump_at_one(runtime, bundle, directory / "images");
    const std::string id = runtime.last_id();
    CHECK(runtime({"state", id}).exit_code != 0);

    const Input input;
    Process creator = restore_detached(runtime, bundle, directory / "images", input.options());
    input.line();
    creator.wait_for_output("at 2\n");

    const Json state = Json::parse(runtime.expect_success({"state", id}).out);
    CHECK(state.at("status") == "running");
    CHECK(runtime.expect_success({"exec", id, "sh", "-c", "echo inside"}).out == "inside\n");
    CHECK(runtime.expect_success({"list", "-q"}).out == id + "\n");
    runtime.expect_success({"delete", "--force", id});
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("restore: in the foreground it ends as the container does" * needs(Capability::criu)) {
    Runtime runtime;
    const Bundle bundle = counting();
    const TempDir directory;
    dump_at_one(runtime, bundle, directory / "images");

    Input input;
    Process restored = runtime.spawn(
        restore_words(bundle, directory / "images", runtime.last_id(), false), input.options()
    );
    input.line();
    restored.wait_for_output("at 2\n");
    input.close();

    CHECK(restored.wait().exit_code == 7);
    CHECK(runtime.leftovers().empty());
}

TEST_CASE(
    "restore: prestart, createRuntime and poststart hooks run, none at a checkpoint" *
    needs(Capability::criu)
) {
    Runtime runtime;
    Bundle bundle = counting();
    const std::string log = bundle.path("log");
    const TempDir directory;
    dump_at_one(runtime, bundle, directory / "images");
    for (const char* kind : {"prestart", "createRuntime", "createContainer", "poststart"}) {
        bundle.hook(kind, concat("echo ", kind, " >> ", log));
    }

    const Input input;
    const std::string id = runtime.last_id();
    Process creator = restore_detached(runtime, bundle, directory / "images", input.options());

    CHECK(read_text(log) == "prestart\ncreateRuntime\npoststart\n");
    runtime.expect_success({"delete", "--force", id});
}

TEST_CASE("checkpoint: it can leave the container running" * needs(Capability::criu)) {
    Runtime runtime;
    const Bundle bundle = counting();
    const TempDir directory;
    const Input input;
    Container container = runtime.run_detached(bundle, {}, input.options());
    container.wait_for_output("ready\n");

    runtime.expect_success(
        {"checkpoint", "--pre-dump", "--image-path", directory / "first", container.id()}
    );
    input.line();
    container.wait_for_output("at 1\n");
    runtime.expect_success(
        {"checkpoint",
         "--leave-running",
         "--parent-path",
         "../first",
         "--image-path",
         directory / "second",
         container.id()}
    );
    input.line();
    container.wait_for_output("at 2\n");

    CHECK(container.status() == "running");
    CHECK(fs::is_symlink(directory / "second/parent"));
    end(container);
}

TEST_CASE("restore: bind mounts come back, read-only ones read-only" * needs(Capability::criu)) {
    Runtime runtime;
    Bundle bundle = counting();
    for (const char* name : {"open", "shut"}) {
        fs::create_directory(bundle.path(name));
        write_text(concat(bundle.path(name), "/name"), name);
    }
    bundle.mount({"/open", "bind", "open", {"rbind"}});
    bundle.mount({"/shut", "bind", "shut", {"rbind", "ro"}});
    const TempDir directory;
    dump_at_one(runtime, bundle, directory / "images");
    const std::string id = runtime.last_id();

    const Input input;
    Process creator = restore_detached(runtime, bundle, directory / "images", input.options());

    CHECK(
        runtime.expect_success({"exec", id, "cat", "/open/name", "/shut/name"}).out == "openshut"
    );
    CHECK(runtime({"exec", id, "touch", "/open/new"}).exit_code == 0);
    CHECK(runtime({"exec", id, "touch", "/shut/new"}).exit_code != 0);
    CHECK(runtime({"exec", id, "cat", "/proc/keys"}).out.empty());
    runtime.expect_success({"delete", "--force", id});
}

TEST_CASE("restore: a target that a symlink leads elsewhere is refused" * needs(Capability::criu)) {
    Runtime runtime;
    Bundle bundle = counting();
    for (const char* name : {"open", "shut"}) {
        fs::create_directory(bundle.path(name));
    }
    bundle.mount({"/shut", "bind", "shut", {"rbind", "ro"}});
    bundle.mount({"/open", "bind", "open", {"rbind"}});
    const TempDir directory;
    dump_at_one(runtime, bundle, directory / "images");
    fs::remove(bundle.in_rootfs("shut"));
    fs::create_directory_symlink("open", bundle.in_rootfs("shut"));

    const Input input;
    const Result result = runtime(
        restore_words(bundle, directory / "images", runtime.last_id(), true), input.options()
    );

    CHECK(result.exit_code != 0);
    CHECK(runtime.leftovers().empty());
}
