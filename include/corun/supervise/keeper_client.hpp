// The supervisor's side, and a worker's, of the conversation with the keeper.
#pragma once

#include "corun/async/task.hpp"
#include "corun/supervise/keeper_messages.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

/// `<root>/@supervise`: the supervisor's own directory in the state root; no container's name.
[[nodiscard]] std::string supervisor_directory(std::string_view root);

/// Of the keeper's listening socket in it.
inline constexpr const char* kKeeperSocket = "keeper";

// What things are kept under.
inline constexpr std::string_view kStageName = "stage";
[[nodiscard]] std::string output_name(std::string_view id);
[[nodiscard]] std::string notify_name(std::string_view id);

/// An answer with the descriptors that came along.
struct KeeperAnswer {
    KeeperReply reply;
    std::vector<sys::UniqueFd> fds;
};

/// A connection to the keeper. What is asked of it meets EPIPE once the keeper has ended.
class KeeperClient {
public:
    /// Nothing if none runs.
    [[nodiscard]] static std::optional<KeeperClient> try_connect(std::string_view root);

    /// Throws if none runs.
    [[nodiscard]] static KeeperClient connect(std::string_view root);

    /// Readable only at the keeper's end.
    [[nodiscard]] sys::FdRef socket() const { return socket_; }

    /// Of no effect if the keeper has ended.
    void keep(std::string name, std::span<const sys::FdRef> fds) const;
    void drop(std::string name) const;

    /// Returns once the keeper has done all that was asked of it before on this connection.
    [[nodiscard]] async::Task<> flush() const;

    /// As ask(), but an answer that is an error is given back, too: an Error that is thrown means
    /// that there is no answer.
    [[nodiscard]] async::Task<KeeperAnswer> exchange(
        KeeperRequest request, std::vector<sys::FdRef> fds
    ) const;

    /// Throws Error where the answer is one. This object must outlive the task; `fds` may be closed
    /// once the task has been started.
    [[nodiscard]] async::Task<KeeperAnswer> ask(
        KeeperRequest request, std::vector<sys::FdRef> fds = {}
    ) const;

    /// All names that something is kept under, sorted.
    [[nodiscard]] async::Task<std::vector<std::string>> names() const;

private:
    explicit KeeperClient(sys::UniqueFd socket) : socket_(std::move(socket)) {}

    void tell(const KeeperRequest& request, std::span<const sys::FdRef> fds) const;

    sys::UniqueFd socket_;
};

/// Starts a keeper for the state root, in a session of its own, from this program's own binary. It
/// listens when this returns. No other may be running. It is this process' child, to be reaped.
[[nodiscard]] sys::Pidfd start_keeper(std::string_view root);

}  // namespace corun::supervise
