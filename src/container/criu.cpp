// The criu process and the conversation with it. Parent side, but for become_criu().
#include "corun/container/criu.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/child_exit.hpp"
#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup_hierarchy.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/spawn.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <span>
#include <utility>

namespace corun::container {

namespace {

/// The features asked for are all in it: external pid namespaces (3.15), the freezer of cgroup v2
/// (3.14), LSM mount contexts (3.16).
constexpr int kOldestVersion = 31600;
constexpr std::size_t kReplyLimit = 64 * 1024;

// What criu has open, behind stdio.
constexpr int kSocketNumber = 3;  // `criu swrk 3`
constexpr int kImagesNumber = 4;
constexpr int kWorkNumber = 5;

std::string version_text(int version) {
    return concat(version / 10000, ".", version / 100 % 100);
}

// ------------------------------------------------------------------ the child

/// All that the child needs, made before it is born.
struct CriuExec {
    std::string program;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    const CriuStage* stage = nullptr;
    std::string images_path;
    std::string work_path;
    std::vector<sys::FdRef> extra_fds;
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const std::string& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));  // execve(2) does not write to them
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// criu runs tar, ip and iptables by name.
std::vector<std::string> criu_environment() {
    std::vector<std::string> variables = sys::current_environment();
    for (const std::string& variable : variables) {
        if (variable.starts_with("PATH=")) {
            return variables;
        }
    }
    variables.emplace_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    return variables;
}

/// Standard streams stay the caller's; `fds` follow; the rest is closed.
void place_descriptors(const std::vector<sys::FdRef>& fds) {
    const int end = kSocketNumber + static_cast<int>(fds.size());
    std::vector<sys::UniqueFd> copies;  // out of the way of their targets
    for (const sys::FdRef fd : fds) {
        copies.push_back(sys::duplicate(fd, end));
    }
    for (std::size_t i = 0; i < copies.size(); ++i) {
        sys::dup2(copies[i], kSocketNumber + static_cast<int>(i));
    }
    sys::mark_close_on_exec_from(static_cast<unsigned>(end));
}

/// Sends the other end of a new conversation to the parent, then executes criu. Returns only by
/// throwing. criu opens its directories by way of the process that made the socket: that is criu
/// itself here, as it must be, since what it mounts below them must be of its own mount namespace.
[[noreturn]] void execute_criu(const CriuExec& exec, sys::FdRef parent) {
    sys::reset_signals();
    if (exec.stage != nullptr) {
        in_context([] { return "criu's mounts"; }, [&] { build_stage(*exec.stage); });
    }
    const sys::UniqueFd images = sys::open(exec.images_path, O_RDONLY | O_DIRECTORY);
    const sys::UniqueFd work = sys::open(exec.work_path, O_RDONLY | O_DIRECTORY);
    const sys::SocketPair pair = sys::make_seqpacket_pair();
    constexpr std::byte kHere{0};
    sys::send_record(parent, std::span(&kHere, 1), pair.first.ref());
    std::vector<sys::FdRef> fds = {pair.second, images, work};
    fds.insert(fds.end(), exec.extra_fds.begin(), exec.extra_fds.end());
    place_descriptors(fds);
    const std::vector<char*> arguments = pointers_to(exec.arguments);
    const std::vector<char*> environment = pointers_to(exec.environment);
    const int error_number =
        sys::execve_errno(exec.program.c_str(), arguments.data(), environment.data());
    throw_errno_value(error_number, "exec", exec.program);
}

/// Never returns into the parent's code; what fails is sent to the parent.
[[noreturn]] void become_criu(const CriuExec& exec, sys::UniqueFd parent) noexcept {
    constexpr int kNotExecuted = 127;
    try {
        // Out of the way of criu's descriptors.
        const int lowest = kFirstExtraFd + static_cast<int>(exec.extra_fds.size());
        const sys::UniqueFd safe = sys::duplicate(parent, lowest);
        parent.reset();
        try {
            execute_criu(exec, safe);
        } catch (const Error& error) {
            const std::string_view text = error.what();
            sys::send_record(safe, std::as_bytes(std::span(text.data(), text.size())));
        }
    } catch (...) {  // NOLINT(bugprone-empty-catch): the parent is gone
    }
    ::_exit(kNotExecuted);
}

// ------------------------------------------------------------------ the process

struct StartedCriu {
    sys::ChildGuard child;
    sys::UniqueFd socket;
};

/// Waits for the child's socket, then for the end of file that exec makes.
sys::UniqueFd receive_socket(sys::FdRef child) {
    sys::UniqueFd socket;
    std::array<std::byte, 4096> buffer = {};
    while (true) {
        sys::Received received = sys::receive_record(child, buffer);
        if (received.closed()) {
            break;
        }
        if (!received.fd) {
            throw Error(std::string(reinterpret_cast<const char*>(buffer.data()), received.size));
        }
        socket = std::move(received.fd);
    }
    if (!socket) {
        throw Error("criu's process ended before it became criu");
    }
    return socket;
}

/// clone3 and nothing else around it: a plain function, so that the child leaves no coroutine
/// behind.
StartedCriu start_criu(const CriuJob& job) {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    const CriuExec exec{
        .program = job.program,
        .arguments = {job.program, "swrk", concat(kSocketNumber)},
        .environment = criu_environment(),
        .stage = job.stage,
        .images_path = job.images_path,
        .work_path = job.work_path,
        .extra_fds = job.extra_fds,
    };
    sys::Cloned cloned = sys::clone3(job.stage != nullptr ? CLONE_NEWNS : 0, job.cgroup);
    if (cloned.in_child()) {
        pair.first.reset();
        become_criu(exec, std::move(pair.second));
    }
    sys::ChildGuard child(std::move(cloned.process));
    pair.second.reset();
    sys::UniqueFd socket = receive_socket(pair.first);
    return {.child = std::move(child), .socket = std::move(socket)};
}

/// With criu's own words, if it has written any.
Error failure_of(const CriuJob& job, std::string_view otherwise) {
    constexpr std::size_t kLogLimit = 64U << 20U;
    const std::string path = concat(job.work_path, "/", job.options.log_file);
    std::optional<std::string> log;
    try {
        log = sys::try_read_file(sys::FdRef::cwd(), path, kLogLimit);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a log is no condition for an error
    }
    const std::string cause = log ? first_criu_error(*log) : std::string();
    const std::string_view text = cause.empty() ? otherwise : std::string_view(cause);
    const std::string hint = log ? concat(" (see ", quote(path), ")") : std::string();
    return Error(concat("criu ", name_of(job.kind), ": ", text, hint));
}

// ------------------------------------------------------------------ the conversation

class Conversation : NonCopyable {
public:
    explicit Conversation(CriuJob& job) : job_(job), started_(start_criu(job)) {}

    async::Task<CriuReply> run();

private:
    struct Incoming {
        CriuReply reply;
        sys::UniqueFd fd;
    };

    void send(const CriuRequest& request) const;
    async::Task<Incoming> receive();
    async::Task<CriuReply> ask(CriuRequest request);
    async::Task<> check_abilities();
    async::Task<bool> answer(Incoming incoming);
    async::Task<CriuReply> work();
    async::Task<> end();

    CriuJob& job_;
    StartedCriu started_;
    std::exception_ptr refusal_;  // what the listener threw
};

void Conversation::send(const CriuRequest& request) const {
    const std::string bytes = encode(request);
    try {
        sys::send_record(started_.socket, std::as_bytes(std::span(bytes.data(), bytes.size())));
    } catch (const Error& error) {
        if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) {
            throw;
        }
        throw failure_of(job_, "it has ended");
    }
}

async::Task<Conversation::Incoming> Conversation::receive() {
    co_await async::readable(started_.socket);
    std::vector<std::byte> buffer(kReplyLimit);
    sys::Received received = sys::receive_record(started_.socket, buffer);
    if (received.closed()) {
        throw failure_of(job_, "it ended without a reply");
    }
    const std::string_view bytes(reinterpret_cast<const char*>(buffer.data()), received.size);
    Incoming incoming;
    incoming.reply = decode_criu_reply(bytes);
    incoming.fd = std::move(received.fd);
    co_return incoming;
}

async::Task<CriuReply> Conversation::ask(CriuRequest request) {
    send(request);
    Incoming incoming = co_await receive();
    if (incoming.reply.kind != request.kind || !incoming.reply.success) {
        throw Error(concat("criu ", name_of(request.kind), ": refused"));
    }
    co_return std::move(incoming.reply);
}

async::Task<> Conversation::check_abilities() {
    CriuRequest request{.kind = CriuRequestKind::version, .keeps_open = true};
    const CriuReply version = co_await ask(request);
    if (version.version < kOldestVersion) {
        throw Error(concat(
            "criu ",
            version_text(kOldestVersion),
            " or newer is needed, ",
            quote(job_.program),
            " is ",
            version_text(version.version)
        ));
    }
    const CriuFeatures& needed = job_.needed;
    if (!needed.memory_tracking && !needed.lazy_pages) {
        co_return;
    }
    request.kind = CriuRequestKind::feature_check;
    request.features = needed;
    const CriuReply found = co_await ask(request);
    if (needed.memory_tracking && !found.features.memory_tracking) {
        throw Error("this kernel cannot track changes of memory, which --pre-dump needs", ENOTSUP);
    }
    if (needed.lazy_pages && !found.features.lazy_pages) {
        throw Error("this kernel has no userfaultfd, which --lazy-pages needs", ENOTSUP);
    }
}

/// False at the last reply. After a refusal criu is heard out: it undoes its work, and ends.
async::Task<bool> Conversation::answer(Incoming incoming) {
    if (incoming.reply.kind != CriuRequestKind::notify) {
        co_return false;
    }
    if (!refusal_) {
        CriuNotification notification{
            .name = std::move(incoming.reply.notification),
            .pid = incoming.reply.pid,
            .fd = std::move(incoming.fd),
        };
        try {
            co_await job_.listener(std::move(notification));
        } catch (...) {
            refusal_ = std::current_exception();
        }
    }
    send({.kind = CriuRequestKind::notify, .notify_success = refusal_ == nullptr});
    co_return true;
}

async::Task<CriuReply> Conversation::work() {
    send({.kind = job_.kind, .options = &job_.options});
    while (true) {
        Incoming incoming = co_await receive();
        CriuReply reply = incoming.reply;
        const bool goes_on = co_await answer(std::move(incoming));
        if (goes_on) {
            continue;
        }
        if (!reply.success) {
            const std::string_view word = reply.error_message;
            throw failure_of(job_, word.empty() ? "it gave no reason" : word);
        }
        co_return reply;
    }
}

/// A criu that pre-dumps waits for more until its socket is closed, and calls that a failure.
async::Task<> Conversation::end() {
    started_.socket.reset();
    const sys::ExitStatus status = co_await async::exit_of(started_.child.child());
    (void)started_.child.release();  // reaped
    if (!status.success() && job_.kind != CriuRequestKind::pre_dump) {
        throw failure_of(job_, concat("it exited with status ", status.shell_code()));
    }
}

async::Task<CriuReply> Conversation::run() {
    job_.options.images_directory = kImagesNumber;
    job_.options.work_directory = kWorkNumber;
    const pid_t pid = started_.child.child().pid();
    if (job_.enter_cgroup) {
        job_.cgroup = co_await job_.enter_cgroup(pid);
    }
    if (job_.cgroup) {
        job_.options.cgroup_root = try_cgroup_path_of(pid);
    }
    co_await check_abilities();
    CriuReply reply;
    std::exception_ptr failure;
    try {
        reply = co_await work();
    } catch (...) {
        failure = std::current_exception();
    }
    if (refusal_) {
        failure = refusal_;
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    co_await end();
    co_return reply;
}

}  // namespace

std::string find_criu() {
    if (!knows_criu()) {
        (void)encode({});  // says why
    }
    std::optional<std::string> program = sys::find_program("criu");
    if (!program) {
        throw Error("criu is not installed: no such program in $PATH", ENOENT);
    }
    return *std::move(program);
}

std::string_view name_of(CriuRequestKind kind) noexcept {
    switch (kind) {
        case CriuRequestKind::version:
            return "version";
        case CriuRequestKind::feature_check:
            return "feature check";
        case CriuRequestKind::dump:
            return "dump";
        case CriuRequestKind::pre_dump:
            return "pre-dump";
        case CriuRequestKind::restore:
            return "restore";
        case CriuRequestKind::notify:
            return "notification";
    }
    return "?";
}

std::string first_criu_error(std::string_view log) {
    constexpr std::string_view kMark = "Error (";
    for (const std::string_view line : split(log, '\n')) {
        const std::size_t start = line.find(kMark);
        if (start != std::string_view::npos) {
            return std::string(trim(line.substr(start)));
        }
    }
    return {};
}

async::Task<CriuReply> run_criu(CriuJob job) {
    Conversation conversation(job);
    co_return co_await conversation.run();
}

}  // namespace corun::container
