// Runs in the supervisor and in workers. Each question brings the socket for its answer, so that
// answers need no numbers and cannot be mixed up.
#include "corun/supervise/keeper_client.hpp"

#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/message.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/spawn.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace corun::supervise {

namespace {

sys::UniqueFd open_directory(std::string_view root) {
    return sys::open(supervisor_directory(root), O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

}  // namespace

std::string supervisor_directory(std::string_view root) {
    return concat(root, "/@supervise");
}

std::string output_name(std::string_view id) {
    return concat("output:", id);
}

std::string notify_name(std::string_view id) {
    return concat("notify:", id);
}

std::optional<KeeperClient> KeeperClient::try_connect(std::string_view root) {
    std::optional<sys::UniqueFd> socket =
        sys::try_connect_seqpacket(open_directory(root), kKeeperSocket);
    if (!socket) {
        return std::nullopt;
    }
    return KeeperClient(*std::move(socket));
}

KeeperClient KeeperClient::connect(std::string_view root) {
    std::optional<KeeperClient> client = try_connect(root);
    if (!client) {
        throw Error("the supervisor's keeper does not run", ECONNREFUSED);
    }
    return *std::move(client);
}

void KeeperClient::keep(std::string name, std::span<const sys::FdRef> fds) const {
    tell({.verb = KeeperVerb::keep, .name = std::move(name)}, fds);
}

void KeeperClient::drop(std::string name) const {
    tell({.verb = KeeperVerb::drop, .name = std::move(name)}, {});
}

/// One that has ended is replaced, and its successor is told all anew.
void KeeperClient::tell(const KeeperRequest& request, std::span<const sys::FdRef> fds) const {
    try {
        sys::send_message(socket_, to_json(request), fds);
    } catch (const Error& error) {
        if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) {
            throw;
        }
    }
}

async::Task<KeeperAnswer> KeeperClient::ask(KeeperRequest request, std::vector<sys::FdRef> fds)
    const {
    KeeperAnswer answer = co_await exchange(std::move(request), std::move(fds));
    answer.reply.throw_if_failed();
    co_return answer;
}

async::Task<KeeperAnswer> KeeperClient::exchange(KeeperRequest request, std::vector<sys::FdRef> fds)
    const {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    fds.push_back(pair.second.ref());
    sys::send_message(socket_, to_json(request), fds);
    pair.second.reset();
    co_await async::readable(pair.first);
    std::optional<sys::FdMessage> message = sys::receive_message(pair.first);
    if (!message) {
        throw Error("the supervisor's keeper gave no answer", EPIPE);
    }
    KeeperAnswer answer{.reply = reply_from_json(message->text), .fds = std::move(message->fds)};
    co_return answer;
}

async::Task<> KeeperClient::flush() const {
    KeeperRequest nothing;
    nothing.verb = KeeperVerb::status;
    (void)co_await ask(std::move(nothing));
}

async::Task<std::vector<std::string>> KeeperClient::names() const {
    std::vector<std::string> all;
    while (true) {
        KeeperRequest request;
        request.name = all.empty() ? std::string() : all.back();
        const KeeperAnswer answer = co_await ask(std::move(request));
        if (answer.reply.names.empty()) {
            co_return all;
        }
        all.insert(all.end(), answer.reply.names.begin(), answer.reply.names.end());
    }
}

sys::Pidfd start_keeper(std::string_view root) {
    const sys::UniqueFd directory = open_directory(root);
    (void)sys::try_unlinkat(directory, kKeeperSocket);  // of one that was killed
    const sys::UniqueFd listener = sys::listen_seqpacket(directory, kKeeperSocket);
    // The listener is its standard input, as inetd(8) hands one over. Its parent need not wait for
    // it: connections wait in the listener's queue.
    return sys::spawn({
        .path = "/proc/self/exe",
        .arguments = {"corun", "--root", std::string(root), "supervise", "--keeper"},
        .environment = sys::current_environment(),
        .directory = "/",
        .standard_input = listener.ref(),
        .session = sys::Session::own,
    });
}

}  // namespace corun::supervise
