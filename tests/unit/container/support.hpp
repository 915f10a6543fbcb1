// What the tests of the container layer share: a state root of their own, children, an engine.
#pragma once

#include "corun/base/log.hpp"
#include "corun/container/engine.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/signal.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corun::container::testing {

/// A directory below /tmp that goes with the object. Containers in it must be gone by then, or
/// be only files.
class TemporaryRoot {
public:
    TemporaryRoot() {
        char name[] = "/tmp/corun-unit-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        path_ = name;
    }

    TemporaryRoot(const TemporaryRoot&) = delete;
    TemporaryRoot& operator=(const TemporaryRoot&) = delete;
    TemporaryRoot(TemporaryRoot&&) = delete;
    TemporaryRoot& operator=(TemporaryRoot&&) = delete;

    ~TemporaryRoot() { remove_tree(path_); }

    [[nodiscard]] std::string path() const { return path_; }

private:
    static void remove_tree(const std::string& path) {
        {
            const sys::UniqueFd directory = sys::open(path, O_RDONLY | O_DIRECTORY);
            for (const std::string& name : sys::list_directory(directory)) {
                if (::unlinkat(directory.ref().number(), name.c_str(), 0) != 0) {
                    remove_tree(path + "/" + name);
                }
            }
        }
        CHECK(::rmdir(path.c_str()) == 0);
    }

    std::string path_;
};

/// A child that sleeps until it is killed; reaped with the object.
class Sleeper {
public:
    Sleeper() {
        // Blocked until the child has the default action: the test program's own handler would
        // report a crash.
        const sigset_t before = sys::block_signals(sys::signal_set({SIGTERM}));
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::signal(SIGTERM, SIG_DFL);
            sys::set_signal_mask(before);
            for (;;) {
                ::pause();
            }
        }
        sys::set_signal_mask(before);
        REQUIRE(pid > 0);
        guard_.emplace(sys::Pidfd::try_open(pid).value());
    }

    [[nodiscard]] const sys::Pidfd& process() const { return guard_->child(); }

    [[nodiscard]] sys::ProcessIdentity identity() const {
        const pid_t pid = process().pid();
        return {.pid = pid, .start_time = sys::try_process_stat(pid).value().start_time};
    }

    /// Leaves a zombie.
    void kill() const {
        CHECK(process().send_signal(SIGKILL));
        siginfo_t info = {};
        CHECK(::waitid(P_PID, static_cast<id_t>(process().pid()), &info, WEXITED | WNOWAIT) == 0);
    }

private:
    std::optional<sys::ChildGuard> guard_;
};

/// An engine on a state root of its own whose warnings are kept.
struct TestEngine {
    TemporaryRoot root;
    std::vector<std::string> warnings;
    Log log{LogLevel::warning, LogFormat::plain, [this](std::string_view line) {
                warnings.emplace_back(line);
            }};
    Engine engine{{.root = root.path() + "/state"}, log};
};

/// A container on record, as `create` leaves it, without a cgroup.
inline Record created_record(sys::ProcessIdentity init) {
    return {
        .oci_version = "1.2.0",
        .bundle = "/bundle",
        .rootfs = "/bundle/rootfs",
        .created = "2026-11-23T05:10:43Z",
        .init = init,
        .private_pid_namespace = true,
        .phase = Phase::created,
    };
}

}  // namespace corun::container::testing
