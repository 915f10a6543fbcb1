// runtime-spec config#posix-platform-hooks: when they run, where, with what, and what a failure
// does.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace corun::test;

TEST_CASE("hooks: they run in the order of the lifecycle, and in a list one after the other") {
    Runtime runtime;
    Bundle bundle;
    const std::string log = bundle.path("log");
    for (const char* kind :
         {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
        bundle.hook(kind, corun::concat("echo ", kind, " 1 >> ", log));
        bundle.hook(kind, corun::concat("echo ", kind, " 2 >> ", log));
    }
    // The container's root is the hook's: it tells by way of a directory bound into it.
    bundle.mount({"/log", "bind", bundle.path(), {"bind"}});
    bundle.json()["hooks"]["startContainer"] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo startContainer >> /log/log"}}}};
    bundle.args({"sh", "-c", "echo payload >> /log/log; cat"});

    {
        Container container = runtime.create(bundle);
        CHECK(
            read_text(log) ==
            "prestart 1\nprestart 2\ncreateRuntime 1\ncreateRuntime 2\n"
            "createContainer 1\ncreateContainer 2\n"
        );
        container.start();
        container.wait();
        container.remove();
    }

    const std::string all = read_text(log);
    const std::size_t started = all.find("startContainer\n");
    const std::size_t payload = all.find("payload\n");
    // The payload runs beside them: its line may come between.
    const std::size_t poststart = all.find("poststart 1\n");
    const std::size_t poststart_2 = all.find("poststart 2\n");
    REQUIRE(started != std::string::npos);
    REQUIRE(payload != std::string::npos);
    REQUIRE(poststart != std::string::npos);
    REQUIRE(poststart_2 != std::string::npos);
    CHECK(started < payload);
    CHECK(started < poststart);
    CHECK(poststart < poststart_2);
    CHECK(all.ends_with("poststop 1\npoststop 2\n"));
}

TEST_CASE("hooks: each gets the container's state on its standard input") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).annotation("org.example.key", "value");
    for (const char* kind : {"prestart", "createRuntime", "poststop"}) {
        bundle.hook(kind, corun::concat("cat > ", bundle.path(kind)));
    }

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    const Json created = Json::parse(read_text(bundle.path("createRuntime")));
    CHECK(created.at("id") == runtime.last_id());
    CHECK(created.at("bundle") == bundle.path());
    CHECK(created.at("pid").get<int>() > 0);
    CHECK(created.at("annotations").at("org.example.key") == "value");
    if (is_corun()) {
        CHECK(created.at("status") == "creating");
        CHECK(Json::parse(read_text(bundle.path("prestart"))).at("status") == "created");
    }
    const Json stopped = Json::parse(read_text(bundle.path("poststop")));
    CHECK(stopped.at("status") == "stopped");
    CHECK(stopped.at("id") == runtime.last_id());
    CHECK_FALSE(stopped.contains("pid"));
}

TEST_CASE("hooks: arguments and environment are the document's") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"});
    bundle.json()["hooks"]["createRuntime"] = {{
        {"path", "/bin/sh"},
        {"args", {"name", "-c", "echo $0 $1 $GREETING > " + bundle.path("log"), "zero", "one"}},
        {"env", {"GREETING=hello"}},
    }};

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(read_text(bundle.path("log")) == "zero one hello\n");
}

TEST_CASE("hooks: a container hook without an environment has the payload's") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).env("GREETING=hello");
    bundle.mount({"/log", "bind", bundle.path(), {"bind"}});
    bundle.hook("createContainer", "echo created $GREETING >> " + bundle.path("log"));
    bundle.json()["hooks"]["startContainer"] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo started $GREETING $HOME >> /log/log"}}}};

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(read_text(bundle.path("log")) == "created hello\nstarted hello /root\n");
}

TEST_CASE("hooks: createContainer runs in the rootfs, where the mounts are") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "read", "/made"}).writable_root();
    bundle.hook("createContainer", "pwd > made; test -e proc/self/status");

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.out == bundle.in_rootfs("") + "\n", result.err);
}

TEST_CASE("hooks: startContainer runs under the payload's filter") {
    for (const bool no_new_privileges : {true, false}) {
        INFO("noNewPrivileges: ", no_new_privileges);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"true"}).writable_root();
        bundle.process()["noNewPrivileges"] = no_new_privileges;
        bundle.linux_section()["seccomp"] = {
            {"defaultAction", "SCMP_ACT_ALLOW"},
            {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
        bundle.json()["hooks"]["startContainer"] = {
            {{"path", "/bin/sh"}, {"args", {"sh", "-c", "mkdir /made"}}}};

        const Result result = runtime.run(bundle);

        CHECK(failed_saying("error running startContainer hook #0: '/bin/sh': exited", result));
        CHECK(failed_saying("Operation not permitted", result));
    }
}

TEST_CASE("hooks: a runtime hook runs in the host's namespaces, a container hook in the container's"
) {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).hostname("inside");
    bundle.hook("createRuntime", "cat /proc/sys/kernel/hostname > " + bundle.path("runtime"));
    bundle.hook("createContainer", "readlink /proc/self/ns/mnt > " + bundle.path("container"));

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(read_text(bundle.path("runtime")) == read_text("/proc/sys/kernel/hostname"));
    const std::string own = std::filesystem::read_symlink("/proc/self/ns/mnt");
    CHECK(read_text(bundle.path("container")) != own + "\n");
}

TEST_CASE("hooks: one that fails before the start undoes everything and is named") {
    for (const std::string kind :
         {"prestart", "createRuntime", "createContainer", "startContainer"}) {
        INFO(kind);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"sh", "-c", "echo payload ran"});
        bundle.json()["hooks"][kind] = {
            {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo the reason >&2; exit 3"}}}};

        const Result result = runtime.run(bundle);

        CHECK(failed_saying(kind, result));
        CHECK(failed_saying("3", result));
        CHECK_FALSE(contains(result.out, "payload ran"));
        CHECK(runtime.leftovers().empty());
    }
}

TEST_CASE("hooks: one that fails at create leaves no container of that name") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).hook("createRuntime", "exit 1");

    const Result result = runtime.try_create(bundle);

    CHECK(failed_saying("createRuntime", result));
    CHECK(runtime({"state", runtime.last_id()}).exit_code != 0);
}

TEST_CASE("hooks: a poststop hook that fails is a warning, and the others run") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).hook("poststop", "exit 1");
    bundle.hook("poststop", "echo second > " + bundle.path("log"));

    const Result result = runtime.run(bundle);

    CHECK(result.exit_code == 0);
    CHECK(read_text(bundle.path("log")) == "second\n");
}

TEST_CASE("hooks: one that runs longer than its timeout is ended and fails") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"});
    bundle.json()["hooks"]["createRuntime"] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", "exec sleep 1000"}}, {"timeout", 1}}};

    const Result result = runtime.run(bundle);

    CHECK(failed_saying("createRuntime", result));
}

TEST_CASE("hooks: a path that is not absolute is an error that names the property") {
    if (!is_corun()) {
        return;
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).json()["hooks"]["createRuntime"] = {{{"path", "relative"}}};

    CHECK(failed_saying("/hooks/createRuntime/0/path", runtime.run(bundle)));
}

TEST_CASE("hooks: a program that is absent is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).json()["hooks"]["createRuntime"] = {{{"path", "/no/such/hook"}}};

    CHECK(failed_saying("/no/such/hook", runtime.run(bundle)));
}
