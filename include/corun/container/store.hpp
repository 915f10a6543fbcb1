// Store: the state root with one directory per container, and the only writer of it.
// Parent side; needs write access to the root. Each operation is one atomic step (mkdir, an
// appended line, rmdir) or repeatable, so that a process killed between two of them leaves what
// `delete` can undo.
#pragma once

#include "corun/base/scope.hpp"
#include "corun/container/id.hpp"
#include "corun/container/record.hpp"
#include "corun/sys/fd.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// The start gate: a listening SEQPACKET socket in a container's directory, inherited by its first
/// process. It is there from `create` until `start` has succeeded.
inline constexpr const char* kStartSocket = "start.sock";

/// One container's directory, 0700: state.json, a copy of config.json, the start gate. The lock is
/// held by whoever makes, starts or deletes the container; readers go without.
class ContainerDirectory {
public:
    ContainerDirectory(ContainerId id, std::string path, sys::UniqueFd fd);
    ContainerDirectory(ContainerDirectory&& other) noexcept;
    ContainerDirectory& operator=(ContainerDirectory&&) = delete;
    ContainerDirectory(const ContainerDirectory&) = delete;
    ContainerDirectory& operator=(const ContainerDirectory&) = delete;

    /// Unlocks, also if a child still has a copy of the descriptor.
    ~ContainerDirectory();

    [[nodiscard]] const ContainerId& id() const { return id_; }

    /// `<root>/<id>`; for messages and for what the container is told. Work goes through fd().
    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] sys::FdRef fd() const { return fd_; }

    /// Adds the record to state.json, where the last whole one counts: a save that is killed half
    /// way leaves the one before.
    void save(const Record& record);

    /// Nobody else has added a record to those that were saved here.
    [[nodiscard]] bool is_as_saved() const;

    /// Nothing if there is no record yet: `create` was killed before its first save, or is about to
    /// do it.
    [[nodiscard]] std::optional<Record> load() const;

    /// As load(); throws if `create` has not come that far.
    [[nodiscard]] Record load_existing() const;

    /// Keeps a copy of the configuration, so that later commands do not depend on the bundle.
    void save_config(std::string_view text) const;

    /// For what has become of the container since.
    void replace_config(std::string_view text) const;
    [[nodiscard]] std::string load_config() const;

    /// Waits for the lock. Throws `container does not exist` if the container was deleted
    /// meanwhile.
    void lock();

    /// As lock(); false if another process has it.
    [[nodiscard]] bool try_lock();

    void unlock() noexcept;

    /// Somebody else has the lock: the container is being made, started or deleted.
    [[nodiscard]] bool is_busy() const;

    /// Another process has deleted it since it was opened.
    [[nodiscard]] bool is_gone() const;

    /// Deletes the directory, once nothing is left that state.json names. The lock must be held.
    void remove();

private:
    void check_still_there();

    ContainerId id_;
    std::string path_;
    sys::UniqueFd fd_;
    bool locked_ = false;
    std::uint64_t saved_bytes_ = 0;
};

/// The state root. Names that are no container ids (such as those with '@') are not containers'.
class Store {
public:
    /// `root` is absolute. It is made, 0700, when the first container is.
    explicit Store(std::string root) : root_(std::move(root)) {}

    [[nodiscard]] const std::string& root() const { return root_; }

    /// Claims the id and returns its directory, empty and locked. Throws `container with
    /// given ID already exists`.
    [[nodiscard]] ContainerDirectory create(const ContainerId& id) const;

    /// Throws `container does not exist`.
    [[nodiscard]] ContainerDirectory open(const ContainerId& id) const;

    [[nodiscard]] std::optional<ContainerDirectory> try_open(const ContainerId& id) const;

    /// All containers, sorted. Empty if the root does not exist.
    [[nodiscard]] std::vector<ContainerId> list() const;

private:
    [[nodiscard]] sys::UniqueFd open_or_make_root() const;

    std::string root_;
};

/// Where the state is kept if nothing else is asked for. (runc's rules)
struct RootChoice {
    uid_t effective_uid = 0;
    bool in_user_namespace = false;
    std::string user;             // $USER
    std::string xdg_runtime_dir;  // $XDG_RUNTIME_DIR
};

/// `/run/corun`, or `$XDG_RUNTIME_DIR/corun` for who is not root outside.
[[nodiscard]] std::string default_root(const RootChoice& choice);

}  // namespace corun::container
