// Containers of a user who is not root, and of a root who is none outside.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "ordinary_user.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

using namespace corun::test;

namespace {

using corun::concat;

/// A bundle that an ordinary user can run: no cgroup of a test's, no ids that one mapping lacks.
Bundle plain() {
    Bundle bundle;
    bundle.linux_section().erase("cgroupsPath");
    for (Json& mount : bundle.json()["mounts"]) {
        if (mount["destination"] == "/dev/pts") {
            mount["options"] = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
        }
    }
    return bundle;
}

Bundle& shell(Bundle& bundle, const std::string& script) {
    return bundle.args({"sh", "-c", script});
}

Result run_as(const OrdinaryUser& user, const Bundle& bundle) {
    return user.corun({"run", "--bundle", user.own(bundle), "one"});
}

std::string told_by(const OrdinaryUser& user, const Bundle& bundle) {
    const Result result = run_as(user, bundle);
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return result.out;
}

/// A cgroup that belongs to the user, as a login has one, with the command in a child of it.
class OwnCgroup {
public:
    OwnCgroup() : path_(cgroup_directory(concat(cgroup_parent(), ".user"))) {
        std::filesystem::create_directories(path_ + "/main");
        for (const std::string& directory : {path_, path_ + "/main"}) {
            for (const char* file :
                 {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"}) {
                REQUIRE(
                    ::chown((directory + file).c_str(), OrdinaryUser::kId, OrdinaryUser::kId) == 0
                );
            }
        }
    }

    OwnCgroup(const OwnCgroup&) = delete;
    OwnCgroup& operator=(const OwnCgroup&) = delete;
    OwnCgroup(OwnCgroup&&) = delete;
    OwnCgroup& operator=(OwnCgroup&&) = delete;

    ~OwnCgroup() {
        CHECK(::rmdir((path_ + "/main").c_str()) == 0);
        CHECK(::rmdir(path_.c_str()) == 0);
    }

    /// `corun WORDS` by the user, run in it.
    [[nodiscard]] Result corun(const OrdinaryUser& user, const std::vector<std::string>& words)
        const {
        // The whole of it, from root's shell on, moves in.
        write_text(path_ + "/main/cgroup.procs", concat(::getpid()));
        const Result result = user.corun(words);
        write_text(cgroup_directory("/cgroup.procs"), concat(::getpid()));
        return result;
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace

TEST_CASE("rootless: what spec --rootless writes runs" * needs(Capability::subordinate_ids)) {
    const OrdinaryUser user;
    Bundle bundle;
    const Result made = user.corun({"spec", "--rootless", "--bundle", user.own(bundle)});
    CHECK(contains(made.err, "File config.json exists"));
    REQUIRE(::unlink(bundle.path("config.json").c_str()) == 0);
    REQUIRE(user.corun({"spec", "--rootless", "--bundle", bundle.path()}).exit_code == 0);
    Json config = Json::parse(read_text(bundle.path("config.json")));
    config["process"]["terminal"] = false;
    config["process"]["args"] = {
        "sh", "-c", "id -u; id -g; cat /proc/self/uid_map; echo x >/dev/null"};
    bundle.json() = config;

    const std::string out = told_by(user, bundle);

    CHECK(out.starts_with("0\n0\n"));
    CHECK(contains(out, concat(" ", OrdinaryUser::kId, " ")));
}

TEST_CASE(
    "rootless: the state is kept in $XDG_RUNTIME_DIR, and every command finds it there" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_only(bundle);
    bundle.args({"sleep", "1000"});

    // In one session: a process in a pid namespace of its own outlives its mount namespace's
    // user.
    const Result created = user.run(
        {"sh",
         "-ec",
         "c=$1; $c create --bundle $2 one </dev/null >/dev/null 2>&1; $c state one; "
         "$c start one; $c list -q; $c exec one id -u; $c kill one KILL; "
         "while $c state one | grep -q running; do :; done; $c delete one; $c list -q; "
         "ls $XDG_RUNTIME_DIR/corun",
         "session",
         user.binary(),
         user.own(bundle)}
    );

    CHECK_MESSAGE(created.exit_code == 0, created.err);
    CHECK(contains(created.out, "\"status\": \"created\""));
    CHECK(has_line("one", created.out));
    CHECK(has_line("0", created.out));
    struct stat status = {};
    REQUIRE(::stat((user.runtime_directory() + "/corun").c_str(), &status) == 0);
    CHECK(status.st_uid == OrdinaryUser::kId);
    CHECK((status.st_mode & 0777U) == 0700);
}

TEST_CASE(
    "rootless: subordinate ids are mapped by newuidmap, and the caller's groups are given up" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_all(bundle);
    bundle.process()["user"] = {{"uid", 1000}, {"gid", 1001}, {"additionalGids", {7}}};
    shell(
        bundle.writable_root(),
        "id -u; id -g; id -G; touch /tmp/mine; cat /proc/self/uid_map /proc/self/setgroups"
    );

    const std::string out = told_by(user, bundle);

    CHECK(out.starts_with("1000\n1001\n1001 7\n"));
    CHECK(contains(out, "allow"));
    struct stat status = {};
    REQUIRE(::stat(bundle.in_rootfs("/tmp/mine").c_str(), &status) == 0);
    CHECK(status.st_uid == OrdinaryUser::kFirstSubId + 999);
    CHECK(status.st_gid == OrdinaryUser::kFirstSubId + 1000);
}

TEST_CASE(
    "rootless: ids that are not the user's are refused by newuidmap, in its words" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    bundle.map_ids(300000, 10).args({"true"});

    CHECK(failed_saying("step 'map-ids': newuidmap: ", run_as(user, bundle)));
}

TEST_CASE(
    "rootless: with a single group others stay, and none can be added" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_only(bundle);
    shell(bundle, "grep ^Groups: /proc/self/status");
    CHECK(contains(told_by(user, bundle), "65534"));

    bundle.process()["user"]["additionalGids"] = {0};
    CHECK(failed_saying("step 'ids': /process/user/additionalGids: ", run_as(user, bundle)));
}

TEST_CASE(
    "rootless: run.oci.keep_original_groups keeps the caller's groups, also in exec" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_all(bundle);
    shell(bundle, "grep ^Groups: /proc/self/status");
    CHECK_FALSE(contains(told_by(user, bundle), "65534"));

    bundle.annotation("run.oci.keep_original_groups", "1");
    CHECK(contains(told_by(user, bundle), "65534"));
}

TEST_CASE("rootless: devices are the host's, bound" * needs(Capability::subordinate_ids)) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_all(bundle);
    shell(
        bundle, "echo lost > /dev/null && [ -c /dev/null ] && grep -c ' /dev/[nzfrut]' /proc/mounts"
    );

    CHECK(told_by(user, bundle) == "6\n");
}

TEST_CASE(
    "rootless: without access to cgroups a container runs, but not one with limits" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_only(bundle);
    bundle.args({"true"});
    CHECK(told_by(user, bundle) == "");
    CHECK(failed_saying(
        "Delegate=yes",
        user.corun({"--rootless", "false", "run", "--bundle", user.own(bundle), "one"})
    ));

    bundle.resources()["memory"]["limit"] = 64 << 20;
    CHECK(failed_saying("Delegate=yes", run_as(user, bundle)));
}

TEST_CASE(
    "rootless: a cgroup of the user's is used, and only its own is the container's to write" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    const OwnCgroup cgroup;
    Bundle bundle = plain();
    map_all(bundle);
    bundle.without_mount("/sys/fs/cgroup");
    bundle.mount({"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev"}});
    shell(
        bundle,
        "cat /proc/self/cgroup; mkdir /sys/fs/cgroup/mine && echo made && rmdir "
        "/sys/fs/cgroup/mine"
    );

    const auto with_bundle = [&](std::vector<std::string> words) {
        words.insert(words.end(), {"run", "--bundle", user.own(bundle), "one"});
        return words;
    };
    Result result = cgroup.corun(user, with_bundle({}));
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(has_line("0::/", result.out));
    CHECK(has_line("made", result.out));

    // Without a cgroup namespace, and without a cgroup: what is shown is not its own.
    bundle.without_namespace("cgroup");
    result = cgroup.corun(user, with_bundle({}));
    CHECK(contains(result.err, "Read-only file system"));
    CHECK_FALSE(has_line("made", result.out));

    bundle.add_namespace("cgroup");
    result = cgroup.corun(user, with_bundle({"--cgroup-manager", "disabled"}));
    CHECK(contains(result.err, "Read-only file system"));
    CHECK_FALSE(has_line("made", result.out));
}

TEST_CASE(
    "rootless: exec from outside the user's part of the hierarchy goes on with a warning" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_all(bundle);
    bundle.args({"sleep", "1000"});
    const OwnCgroup cgroup;
    const Result made =
        cgroup.corun(user, {"run", "--detach", "--bundle", user.own(bundle), "one"});
    CHECK_MESSAGE(made.exit_code == 0, made.err);

    const Result exec = user.corun({"exec", "one", "id", "-u"});

    CHECK(exec.out == "0\n");
    CHECK(contains(exec.err, "not in the container's cgroup"));
    CHECK(cgroup.corun(user, {"delete", "--force", "one"}).exit_code == 0);
}

TEST_CASE(
    "rootless: with the host's network /sys is the host's, read-only with all that is below" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_all(bundle);
    bundle.without_namespace("network").without_mount("/sys/fs/cgroup");
    shell(bundle, "[ -d /sys/kernel ] && grep ' /sys' /proc/mounts | grep -vc ' ro[ ,]'");

    const Result result = run_as(user, bundle);

    CHECK_MESSAGE(result.out == "0\n", result.err);
}

TEST_CASE(
    "rootless: root of a user namespace runs containers without and with one of their own" *
    needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    shell(bundle, "id -u; cat /proc/self/uid_map; echo x > /dev/null");
    const std::vector<std::string> as_root = {"--user", "--map-root-user", "--mount"};

    Result result = user.run_in_namespaces(as_root, user.own(bundle));
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(result.out.starts_with("0\n"));
    CHECK(contains(result.out, concat(" ", OrdinaryUser::kId, " ")));

    bundle.map_ids(0, 1);
    result = user.run_in_namespaces(as_root, user.own(bundle));
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(result.out.starts_with("0\n"));
}

TEST_CASE(
    "rootless: an idmapped mount is refused with what it takes" * needs(Capability::subordinate_ids)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    map_all(bundle);
    std::filesystem::create_directories(bundle.path("data"));
    bundle.args({"true"}).mount({"/data", "", bundle.path("data"), {"rbind", "ridmap"}});

    CHECK(failed_saying(
        "/mounts/7: mount '/data': idmapped mount (takes CAP_SYS_ADMIN", run_as(user, bundle)
    ));
    const Result result = user.run_in_namespaces(
        {"--user", "--map-root-user", "--mount"},
        user.own(bundle.map_ids(0, 1).without_namespace("user").add_namespace("user"))
    );
    CHECK(failed_saying("mount '/data': idmapped mount (takes", result));
    CHECK(failed_saying("Operation not permitted (EPERM)", result));
}

TEST_CASE(
    "rootless: root of a user namespace idmaps what was mounted in it" *
    needs(Capability::subordinate_ids) * needs(Capability::idmapped_mounts)
) {
    const OrdinaryUser user;
    Bundle bundle = plain();
    std::filesystem::create_directories(bundle.path("data"));
    bundle.mount({"/data", "", bundle.path("data"), {"rbind"}});
    Json& mount = bundle.json()["mounts"].back();
    shell(bundle, "ls -n /data");
    const auto listed = [&] {
        const Result result = user.run(
            {"unshare",
             "--user",
             "--map-root-user",
             "--mount",
             "sh",
             "-ec",
             "mount -t tmpfs none $2/data; : > $2/data/mine; exec $1 run --bundle $2 inner",
             "sh",
             user.binary(),
             user.own(bundle)}
        );
        CHECK_MESSAGE(result.exit_code == 0, result.err);
        return result.out;
    };
    CHECK_FALSE(contains(listed(), "65534"));

    // On the file system 5 would be root; its 0 is nobody.
    mount["uidMappings"] = {{{"containerID", 5}, {"hostID", 0}, {"size", 1}}};
    mount["gidMappings"] = mount["uidMappings"];
    CHECK(contains(listed(), "65534"));
}
