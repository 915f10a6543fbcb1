// The keeper's process: root or whoever runs the supervisor, in the supervisor's cgroup, one
// thread. Only the state root's owner can reach its socket. It must not block on a client.
#include "corun/supervise/keeper.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/signals.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/children.hpp"
#include "corun/supervise/keeper_messages.hpp"
#include "corun/supervise/keeper_state.hpp"
#include "corun/supervise/worker.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/message.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace corun::supervise {

namespace {

/// So that a reply fits a message, with much to spare.
constexpr std::size_t kMaxNamesBytes = 16384;

constexpr std::chrono::milliseconds kPauseAfterError{100};

std::vector<sys::FdRef> refs_of(const Fds& fds) {
    return {fds.begin(), fds.end()};
}

class Keeper : NonCopyable {
public:
    Keeper(sys::UniqueFd listener, KeeperState state);

    static async::Task<> run(async::Group& group, Keeper* self);

    /// The program to go on with; empty: none, this is the end.
    [[nodiscard]] const std::string& successor() const { return successor_; }

    [[nodiscard]] KeeperState take_state();

private:
    static async::Task<> reap(Keeper* self);
    static async::Task<> serve(async::Group* group, Keeper* self, sys::UniqueFd client);
    [[nodiscard]] bool accept_client(async::Group& group);
    void handle(async::Group& group, sys::FdMessage message);
    [[nodiscard]] KeeperReply answer_to(const KeeperRequest& request);
    [[nodiscard]] std::vector<sys::FdRef> kept_for(const KeeperRequest& request) const;
    [[nodiscard]] KeeperReply names_after(const std::string& name) const;
    void keep(const std::string& name, const Fds& fds);
    void start_work(const KeeperRequest& request, const Fds& fds);
    void answer_settled();
    void answer_questions();

    /// How it ended, asked for by `status`.
    struct Question {
        sys::ProcessIdentity process;
        sys::UniqueFd socket;
    };

    [[nodiscard]] bool is_needed() const { return clients_ != 0 || !kept_.empty(); }

    sys::UniqueFd listener_;
    async::SignalStream signals_;
    Children children_;
    KeptFds kept_;
    Fds waiting_for_settled_;
    std::vector<Question> questions_;
    std::size_t clients_ = 0;
    std::string successor_;
};

Keeper::Keeper(sys::UniqueFd listener, KeeperState state)
    : listener_(sys::duplicate(listener, kKeptFrom)),
      signals_({SIGCHLD}),
      kept_(std::move(state.kept)) {
    for (const EndedProcess& ended : state.ended) {
        children_.remember(ended);
    }
    children_.reap();  // what has ended in between
}

KeeperState Keeper::take_state() {
    return {
        .kept = std::move(kept_),
        .ended = {children_.ended().begin(), children_.ended().end()},
    };
}

/// Who does not read the answer need not have it.
void answer(
    const sys::UniqueFd& socket, const KeeperReply& reply, const std::vector<sys::FdRef>& fds = {}
) {
    try {
        (void)sys::try_send_message(socket, to_json(reply), fds);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): it is gone
    }
}

/// The child shares the table of descriptors until it has said that it no longer does: the kernel
/// would else copy an entry for each that is kept, only for the child to close it.
[[noreturn]] void become_worker(
    const Work& work, std::span<const sys::FdRef> fds, const sys::Pipe& own
) noexcept {
    try {
        sys::unshare_descriptors_below(kKeptFrom);
        sys::write_all(own.write_end, "1");
    } catch (const Error&) {
        ::_exit(EXIT_FAILURE);
    }
    run_worker(work, fds);
}

void Keeper::start_work(const KeeperRequest& request, const Fds& fds) {
    const sys::Pipe own = sys::make_pipe();
    std::vector<sys::FdRef> refs = refs_of(fds);
    for (const sys::FdRef fd : refs) {
        if (fd.number() >= kKeptFrom) {
            throw Error("too many descriptors in the keeper", EMFILE);
        }
    }
    sys::Cloned child = sys::clone3(CLONE_FILES);
    if (child.in_child()) {
        become_worker(request.work, refs, own);
    }
    // Its pidfd is readable should it die before it can say so.
    sys::wait_for_any({own.read_end.ref(), child.process.fd()});
    children_.add_worker(child.process.pid(), request.work.kind);
}

KeeperReply Keeper::names_after(const std::string& name) const {
    KeeperReply reply;
    std::size_t bytes = 0;
    for (auto entry = kept_.upper_bound(name); entry != kept_.end(); ++entry) {
        bytes += entry->first.size() + 3;
        if (bytes > kMaxNamesBytes) {
            break;
        }
        reply.names.push_back(entry->first);
    }
    return reply;
}

std::vector<sys::FdRef> Keeper::kept_for(const KeeperRequest& request) const {
    const auto kept = kept_.find(request.name);
    const bool has_some = request.verb == KeeperVerb::take && kept != kept_.end();
    return has_some ? refs_of(kept->second) : std::vector<sys::FdRef>();
}

void Keeper::keep(const std::string& name, const Fds& fds) {
    Fds high;
    for (const sys::UniqueFd& fd : fds) {
        high.push_back(sys::duplicate(fd, kKeptFrom));
    }
    kept_[name] = std::move(high);
}

KeeperReply Keeper::answer_to(const KeeperRequest& request) {
    KeeperReply reply;
    switch (request.verb) {
        case KeeperVerb::list:
            return names_after(request.name);
        case KeeperVerb::renew:
            if (children_.is_starting()) {
                throw Error("a container is being started", EBUSY);
            }
            return reply;
        default:
            return reply;
    }
}

/// Also as a zombie.
bool is_there(const sys::ProcessIdentity& process) {
    const std::optional<sys::ProcessStat> stat =
        process.pid > 0 ? sys::try_process_stat(process.pid) : std::nullopt;
    return stat && stat->start_time == process.start_time;
}

/// A container that ended before its worker did is the worker's child, not yet the keeper's: who
/// asks for it waits for that.
void Keeper::answer_questions() {
    children_.reap();
    std::erase_if(questions_, [&](const Question& question) {
        const EndedProcess* const ended = children_.find(question.process);
        if (ended == nullptr && is_there(question.process)) {
            return false;
        }
        KeeperReply reply;
        if (ended != nullptr) {
            reply.ended.push_back(*ended);
        }
        answer(question.socket, reply);
        return true;
    });
}

KeeperReply own_reply() {
    KeeperReply reply;
    reply.process.pid = ::getpid();
    return reply;
}

void Keeper::answer_settled() {
    if (!children_.is_starting()) {
        for (const sys::UniqueFd& socket : std::exchange(waiting_for_settled_, {})) {
            answer(socket, own_reply());
        }
    }
}

void Keeper::handle(async::Group& group, sys::FdMessage message) {
    const KeeperRequest request = request_from_json(message.text);
    if (request.verb == KeeperVerb::keep) {
        keep(request.name, message.fds);
        return;
    }
    if (request.verb == KeeperVerb::drop) {
        kept_.erase(request.name);
        return;
    }
    if (message.fds.empty()) {
        throw Error("a question without a socket for its answer");
    }
    if (request.verb == KeeperVerb::status) {
        questions_.push_back({.process = request.process, .socket = std::move(message.fds.back())});
        answer_questions();
        return;
    }
    if (request.verb == KeeperVerb::settle) {
        waiting_for_settled_.push_back(std::move(message.fds.back()));
        answer_settled();
        return;
    }
    try {
        if (request.verb == KeeperVerb::work) {
            start_work(request, message.fds);
            return;
        }
        answer(message.fds.back(), answer_to(request), kept_for(request));
    } catch (const Error& error) {
        KeeperReply reply;
        reply.error = error.message();
        reply.error_number = error.error_number();
        answer(message.fds.back(), reply);
    }
    if (request.verb == KeeperVerb::renew) {
        successor_ = request.name;
        group.cancel();
    }
}

async::Task<> Keeper::serve(async::Group* group, Keeper* self, sys::UniqueFd client) {
    ++self->clients_;
    try {
        while (true) {
            co_await async::readable(client);
            std::optional<sys::FdMessage> message = sys::receive_message(client);
            if (!message) {
                break;
            }
            self->handle(*group, *std::move(message));
        }
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): such a client is left
    }
    --self->clients_;
    if (!self->is_needed()) {
        group->cancel();
    }
}

/// False if it could not: descriptors have run out, and what is kept is worth more than a client.
bool Keeper::accept_client(async::Group& group) {
    try {
        const sys::UniqueFd client = sys::accept(listener_);
        if (sys::peer_uid(client) == ::geteuid()) {
            group.spawn(serve(&group, this, sys::duplicate(client, kKeptFrom)));
        }
        return true;
    } catch (const Error&) {
        return false;
    }
}

async::Task<> Keeper::reap(Keeper* self) {
    while (true) {
        (void)co_await self->signals_.next();
        self->answer_questions();
        self->answer_settled();
    }
}

async::Task<> Keeper::run(async::Group& group, Keeper* self) {
    group.spawn(reap(self));
    while (true) {
        co_await async::readable(self->listener_);
        const bool accepted = self->accept_client(group);
        if (!accepted) {
            co_await async::sleep_for(kPauseAfterError);
        }
    }
}

}  // namespace

void run_keeper(sys::UniqueFd listener) {
    sys::set_child_subreaper();
    sys::set_process_name("corun-keeper");
    Keeper keeper(std::move(listener), take_keeper_state());
    async::Loop loop;
    loop.run(async::with_group(Keeper::run, &keeper));
    if (!keeper.successor().empty()) {
        execute_keeper(keeper.successor(), keeper.take_state());
    }
}

}  // namespace corun::supervise
