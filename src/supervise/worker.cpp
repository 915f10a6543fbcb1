// Runs in a child of the keeper, with the keeper's privileges, single-threaded. What the keeper
// left in memory (its loop, its coroutines) is not touched.
#include "corun/supervise/worker.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/engine.hpp"
#include "corun/container/exec.hpp"
#include "corun/container/run.hpp"
#include "corun/supervise/keeper_client.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/message.hpp"
#include "corun/sys/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corun::supervise {

namespace {

constexpr unsigned kStandardFds = 3;

/// What LogFormat::plain puts in front.
constexpr std::string_view kWarningPrefix = "corun: warning: ";

/// What a check prints is told up to here, and read on, so that it never waits for a reader.
constexpr std::size_t kMaxOutputBytes = 1024;

/// A worker's descriptors where `container::run` expects them, and nothing else open.
/// Numbers: 0 to 2 standard, 3 to readiness_fd the container's, the next the answer's.
sys::FdRef settle_descriptors(const Work& work, std::span<const sys::FdRef> fds) {
    std::vector<sys::UniqueFd> high;
    high.reserve(fds.size());
    for (const sys::FdRef fd : fds) {
        high.push_back(sys::duplicate(fd, kKeptFrom));
    }
    const sys::UniqueFd null = sys::duplicate(sys::open("/dev/null", O_RDWR), kKeptFrom);
    sys::close_range(kStandardFds, kKeptFrom - 1);
    for (int target = STDIN_FILENO; target <= std::max(STDERR_FILENO, work.readiness_fd);
         ++target) {
        sys::dup2(null, target);
    }
    const std::span<const sys::UniqueFd> given(high.data(), high.size() - 1);
    for (std::size_t i = 0; i < given.size(); ++i) {
        const bool is_standard = i < 2;
        sys::dup2(given[i], is_standard ? static_cast<int>(i) + 1 : work.readiness_fd);
    }
    const int answer = std::max(STDERR_FILENO, work.readiness_fd) + 1;
    sys::dup2(high.back(), answer);
    sys::set_close_on_exec(sys::FdRef(answer), true);
    return sys::FdRef(answer);
}

/// As main does it, and as containers would have it without the supervisor.
void settle_process(const Work& work) {
    sys::reset_signals();
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)sys::set_open_files_limit(work.open_files_limit);
    sys::set_process_name("corun");
}

/// The terminal and the notify socket go to the keeper first: from now on they outlive whoever is
/// to be answered.
async::Task<> hand_over(const Work* work, const container::Running* running) {
    if (!running->console && !running->notify) {
        co_return;
    }
    const KeeperClient keeper = KeeperClient::connect(work->engine.root);
    if (running->console) {
        keeper.keep(output_name(work->id), std::array{running->console.ref()});
    }
    if (running->notify) {
        keeper.keep(notify_name(work->id), std::array{running->notify.ref()});
    }
    co_await keeper.flush();  // whoever is answered may ask for them at once
}

/// What a worker answers, and the container's first process with it.
struct Answer {
    KeeperReply reply;
    sys::Pidfd process;
};

async::Task<Answer> start_container(container::Engine* engine, const Work* work) {
    container::CreateRequest request{
        .id = container::ContainerId(work->id),
        .bundle = work->bundle,
        .shows_notify_socket = work->shows_notify_socket,
    };
    if (work->readiness_fd >= 0) {
        request.preserve_fds = static_cast<unsigned>(work->readiness_fd) - STDERR_FILENO;
    }
    container::Running running = co_await container::run_and_hand_over(*engine, std::move(request));
    co_await hand_over(work, &running);
    Answer answer{.process = std::move(running.process)};
    answer.reply.process = running.identity;
    co_return answer;
}

/// Until nobody holds the other end any more, or the check is over.
async::Task<> collect(sys::FdRef pipe, std::string* output) {
    std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    while (true) {
        const bool is_readable = co_await async::readable_or_cancelled(pipe);
        if (!is_readable) {
            co_return;
        }
        const std::size_t got = sys::read_some(pipe, buffer.data(), buffer.size());
        if (got == 0) {
            co_return;
        }
        const std::size_t room = kMaxOutputBytes - output->size();
        output->append(buffer.data(), std::min(room, got));
    }
}

struct Check {
    sys::UniqueFd pipe;
    sys::ExitStatus status;
    std::string output;
};

async::Task<> check_body(
    async::Group& group, container::Engine* engine, const Work* work, Check* check
) {
    group.spawn(collect(check->pipe, &check->output));
    container::ExecRequest request{.id = container::ContainerId(work->id), .args = work->command};
    check->status = co_await container::exec(*engine, std::move(request));
    group.cancel();
}

async::Task<Answer> run_check(container::Engine* engine, const Work* work) {
    Check check;
    sys::Pipe pipe = sys::make_pipe();
    sys::dup2(pipe.write_end, STDOUT_FILENO);
    sys::dup2(pipe.write_end, STDERR_FILENO);
    pipe.write_end.reset();
    check.pipe = std::move(pipe.read_end);
    co_await async::with_deadline(
        work->timeout, async::with_group(check_body, engine, work, &check)
    );
    Answer answer;
    answer.reply.status = check.status;
    answer.reply.output = std::move(check.output);
    std::replace(answer.reply.output.begin(), answer.reply.output.end(), '\0', ' ');
    co_return answer;
}

Answer do_work(const Work& work) {
    std::vector<std::string> warnings;
    Answer answer;
    try {
        const Log log(LogLevel::warning, LogFormat::plain, [&](std::string_view line) {
            warnings.emplace_back(trim(line.substr(kWarningPrefix.size())));
        });
        container::Engine engine(work.engine, log);
        async::Loop loop;
        answer = loop.run(
            work.kind == WorkKind::run ? start_container(&engine, &work) : run_check(&engine, &work)
        );
    } catch (const Error& error) {
        answer.reply.error = error.message();
        answer.reply.error_number = error.error_number();
    } catch (const std::exception& error) {  // no memory
        answer.reply.error = error.what();
    }
    answer.reply.warnings = std::move(warnings);
    return answer;
}

}  // namespace

void run_worker(const Work& work, std::span<const sys::FdRef> fds) noexcept {
    try {
        const sys::FdRef socket = settle_descriptors(work, fds);
        settle_process(work);
        const Answer answer = do_work(work);
        std::vector<sys::FdRef> along;
        if (answer.process) {
            along.push_back(answer.process.fd());
        }
        sys::send_message(socket, to_json(answer.reply), along);
    } catch (const std::exception&) {
        // Who asked is gone, or hears of it by the end of the socket.
        ::_exit(EXIT_FAILURE);
    }
    ::_exit(EXIT_SUCCESS);
}

}  // namespace corun::supervise
