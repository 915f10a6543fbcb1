// Id maps of real user namespaces, written with and without privileges.
#include "corun/container/id_maps.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

using namespace corun;
using container::write_id_maps;

namespace {

/// A child in a user namespace of its own that waits to be killed.
class InUserNamespace {
public:
    InUserNamespace() : guard_(start()) {}

    [[nodiscard]] pid_t pid() const { return guard_.child().pid(); }

    [[nodiscard]] std::string read(const std::string& name) const {
        return sys::read_file(sys::FdRef::cwd(), concat("/proc/", pid(), "/", name));
    }

private:
    static sys::Pidfd start() {
        sys::Cloned cloned = sys::clone3(CLONE_NEWUSER);
        if (cloned.in_child()) {
            for (;;) {
                ::pause();
            }
        }
        return std::move(cloned.process);
    }

    sys::ChildGuard guard_;
};

/// Runs `body` in a child that has become `id` and has no privileges; what it printed.
template <class Body>
std::string as_user(unsigned id, Body body) {
    sys::Pipe pipe = sys::make_pipe();
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 ||
            ::setresuid(id, id, id) != 0 || ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
            ::_exit(1);
        }
        sys::write_all(pipe.write_end, body());
        ::_exit(0);
    }
    pipe.write_end.reset();
    std::string text = sys::read_all(pipe.read_end, 1 << 16);
    (void)sys::Pidfd::try_open(pid).value().wait();
    return text;
}

std::string failure_of(async::Task<> task) {
    async::Loop loop;
    try {
        loop.run(std::move(task));
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

constexpr unsigned kSomeone = 54321;

}  // namespace

TEST_CASE("id maps: the text has one row a mapping") {
    CHECK(
        container::id_map_text({{0, 100000, 65536}, {65536, 7, 1}}) == "0 100000 65536\n65536 7 1\n"
    );
}

TEST_CASE("time offsets: the text has a row for each clock that has one") {
    CHECK(container::time_offsets_text({}).empty());
    CHECK(
        container::time_offsets_text(
            {.monotonic = oci::TimeOffset{-5, 0}, .boottime = oci::TimeOffset{86400, 500}}
        ) == "monotonic -5 0\nboottime 86400 500\n"
    );
}

TEST_CASE("id maps: with privileges any map is written and setgroups stays allowed") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs root");
        return;
    }
    const InUserNamespace child;

    CHECK(
        failure_of(write_id_maps(child.pid(), {{0, 1000, 10}, {10, 5000, 1}}, {{0, 2000, 3}})) ==
        "none"
    );

    CHECK(
        child.read("uid_map") ==
        "         0       1000         10\n        10       5000          1\n"
    );
    CHECK(child.read("gid_map") == "         0       2000          3\n");
    CHECK(child.read("setgroups") == "allow\n");
}

TEST_CASE("id maps: setgroups is denied on request") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs root");
        return;
    }
    const InUserNamespace child;

    CHECK(
        failure_of(write_id_maps(
            child.pid(), {{0, 1000, 1}}, {{0, 1000, 1}}, container::SetgroupsPolicy::deny
        )) == "none"
    );
    CHECK(child.read("setgroups") == "deny\n");
}

TEST_CASE("id maps: without privileges one's own ids are mapped and setgroups is denied") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs root, to become somebody else");
        return;
    }
    const std::string seen = as_user(kSomeone, [] {
        const InUserNamespace child;
        const std::string failure =
            failure_of(write_id_maps(child.pid(), {{0, kSomeone, 1}}, {{0, kSomeone, 1}}));
        return failure + "\n" + child.read("uid_map") + child.read("gid_map") +
               child.read("setgroups");
    });

    CHECK(
        seen == "none\n         0      54321          1\n         0      54321          1\ndeny\n"
    );
}

TEST_CASE("id maps: without privileges other ids need the helper, whose refusal is told") {
    if (::geteuid() != 0 || ::access("/usr/bin/newuidmap", X_OK) != 0) {
        MESSAGE("skipped: needs root, to become somebody else, and newuidmap");
        return;
    }
    const std::string failure = as_user(kSomeone, [] {
        const InUserNamespace child;
        return failure_of(write_id_maps(child.pid(), {{0, 100000, 65536}}, {{0, 100000, 65536}}));
    });

    CAPTURE(failure);
    CHECK(failure.starts_with("newuidmap: exited with status 1: 'newuidmap: "));
}

TEST_CASE("id maps: without privileges and without the helper both ways are named") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs root, to become somebody else");
        return;
    }
    const std::string failure = as_user(kSomeone, [] {
        ::setenv("PATH", "/nonexistent", 1);
        const InUserNamespace child;
        return failure_of(write_id_maps(child.pid(), {{0, 100000, 65536}}, {{0, 100000, 65536}}));
    });

    CHECK(
        failure ==
        "uid_map takes CAP_SETUID and CAP_SETGID, or newuidmap, which is not in $PATH: "
        "Operation not permitted (EPERM)"
    );
}

TEST_CASE("id maps: a map that the kernel does not take is shown") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: needs root");
        return;
    }
    const InUserNamespace child;

    CHECK(
        failure_of(write_id_maps(child.pid(), {{0, 1000, 10}, {5, 5000, 1}}, {})) ==
        "write uid_map(\"0 1000 10,5 5000 1\"): Invalid argument (EINVAL)"
    );
}

TEST_CASE("oom_score_adj: is written, and an impossible value is an error") {
    const InUserNamespace child;
    container::write_oom_score_adj(child.pid(), 321);

    CHECK(child.read("oom_score_adj") == "321\n");
    CHECK_THROWS_AS(container::write_oom_score_adj(child.pid(), 1001), Error);
}
