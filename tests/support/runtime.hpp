// The runtime under test as a person at a shell uses it, with a state directory of its own, and a
// check that nothing of a test is left behind. $CORUN names another binary (crun, runc) to compare.
#pragma once

#include "bundle.hpp"
#include "proc.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace corun::test {

class Runtime;

/// A container that `create` or `run --detach` made, together with the pipes it writes to.
class Container {
public:
    Container(Runtime& runtime, std::string id, Process creator, sys::Pidfd init);

    [[nodiscard]] const std::string& id() const { return id_; }

    [[nodiscard]] pid_t pid() const { return init_.pid(); }

    /// Each is the command of that name; throws HarnessError if it fails.
    void start();
    void kill(const std::string& signal);
    void remove();

    [[nodiscard]] Json state();
    [[nodiscard]] std::string status();

    /// Waits for the first process to end.
    void wait();

    void wait_for_output(std::string_view text) { creator_.wait_for_output(text); }

    /// All that the container wrote; waits until none of it can write any more.
    [[nodiscard]] std::string output() { return creator_.output_until_closed(); }

    [[nodiscard]] Result exec(const std::vector<std::string>& command);
    [[nodiscard]] Result exec(
        const std::vector<std::string>& options, const std::vector<std::string>& command
    );

private:
    Runtime& runtime_;
    std::string id_;
    Process creator_;
    sys::Pidfd init_;
};

class Runtime {
public:
    Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    Runtime(Runtime&&) = delete;
    Runtime& operator=(Runtime&&) = delete;

    /// Reports what is left of the test as a failure, then removes it.
    ~Runtime();

    /// Any command: `runtime({"state", id})`.
    [[nodiscard]] Result operator()(
        const std::vector<std::string>& words, const SpawnOptions& options = {}
    );
    [[nodiscard]] Process spawn(
        const std::vector<std::string>& words, const SpawnOptions& options = {}
    );

    /// As operator(); throws HarnessError with the program's words if it fails.
    Result expect_success(const std::vector<std::string>& words, const SpawnOptions& options = {});

    /// `run` in the foreground, with a new id.
    [[nodiscard]] Result run(
        const Bundle& bundle,
        const std::vector<std::string>& options = {},
        const SpawnOptions& spawn_options = {}
    );

    /// Made, not started. Throws HarnessError if that fails.
    [[nodiscard]] Container create(
        const Bundle& bundle,
        const std::vector<std::string>& options = {},
        const SpawnOptions& spawn_options = {}
    );

    /// Made and started by `run --detach`.
    [[nodiscard]] Container run_detached(
        const Bundle& bundle,
        const std::vector<std::string>& options = {},
        const SpawnOptions& spawn_options = {}
    );

    /// `create` that is expected to fail, with a new id.
    [[nodiscard]] Result try_create(
        const Bundle& bundle, const std::vector<std::string>& options = {}
    );

    [[nodiscard]] std::string new_id();

    /// The id that new_id() gave last.
    [[nodiscard]] const std::string& last_id() const { return ids_.back(); }

    [[nodiscard]] std::vector<std::string> ids_in_store();

    /// What exists now and did not when this object was made: state directories, cgroups, mounts,
    /// processes. Waits up to `patience` for each process that is just ending.
    [[nodiscard]] std::vector<std::string> leftovers(
        std::chrono::milliseconds patience = std::chrono::seconds(5)
    );

    [[nodiscard]] const std::string& root() const { return root_; }

private:
    Container made(
        const std::string& verb,
        const Bundle& bundle,
        const std::vector<std::string>& options,
        const SpawnOptions& spawn_options
    );
    [[nodiscard]] std::vector<std::string> living_orphans(std::chrono::milliseconds patience) const;
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;

    TempDir directory_;
    std::string root_;
    std::vector<std::string> ids_;
    std::set<std::string> mounts_before_;
    std::set<pid_t> children_before_;
};

/// The binary under test, and whether it is corun itself (else texts and codes may differ).
[[nodiscard]] std::string runtime_binary();
[[nodiscard]] bool is_corun();

/// True when the run failed and, for corun, its error has `text` in it.
[[nodiscard]] bool failed_saying(std::string_view text, const Result& result);

/// The host's path of a cgroup: below the cgroup2 mount at /sys/fs/cgroup.
[[nodiscard]] std::string cgroup_directory(std::string_view cgroup);

}  // namespace corun::test
