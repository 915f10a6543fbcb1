// Programs of the host as coroutines. Parent side.
#include "corun/container/program.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <functional>
#include <string_view>

namespace corun::container {

namespace {

/// The end of what a program prints; the rest is let go.
class OutputTail {
public:
    /// Reads what is there. False once there is nothing to wait for any more.
    [[nodiscard]] bool read_available(sys::FdRef pipe) {
        // As much as a pipe holds: a writer that never pauses must not keep us here.
        constexpr int kReads = 16;
        std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
        for (int i = 0; i < kReads; ++i) {
            const sys::Transferred got = sys::try_read(pipe, buffer.data(), buffer.size());
            if (got.error_number == EAGAIN) {
                return true;
            }
            if (got.error_number != 0 || got.size == 0) {
                return false;
            }
            append({buffer.data(), got.size});
        }
        return true;
    }

    [[nodiscard]] std::string last_line() const {
        const std::string_view text = trim(text_);
        const std::size_t newline = text.rfind('\n');
        return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
    }

private:
    void append(std::string_view text) {
        constexpr std::size_t kKept = 1024;
        text_ += text;
        if (text_.size() > kKept) {
            text_.erase(0, text_.size() - kKept);
        }
    }

    std::string text_;
};

struct Running {
    sys::Pidfd child;
    sys::UniqueFd output;  // empty: nothing to read
    OutputTail tail;
    sys::ExitStatus status;
};

sys::Pidfd start(sys::SpawnRequest& request, sys::UniqueFd& output) {
    request.session = sys::Session::own;
    if (request.standard_output && request.standard_error) {
        return sys::spawn(request);
    }
    sys::Pipe pipe = sys::make_pipe();
    sys::set_non_blocking(pipe.read_end);
    if (!request.standard_output) {
        request.standard_output = pipe.write_end.ref();
    }
    if (!request.standard_error) {
        request.standard_error = pipe.write_end.ref();
    }
    output = std::move(pipe.read_end);
    return sys::spawn(request);
}

async::Task<> read_output(std::reference_wrapper<Running> running) {
    Running& program = running.get();
    bool open = true;
    while (open) {
        co_await async::readable(program.output);
        open = program.tail.read_available(program.output);
    }
}

/// Kills it with all of its group, while it is not reaped and its number therefore still its own.
async::Task<> kill_and_reap(std::reference_wrapper<Running> running) {
    constexpr std::chrono::seconds kPatience(10);  // a process in an uninterruptible sleep
    (void)sys::signal_process_group(running.get().child, SIGKILL);  // already gone is fine
    running.get().status =
        co_await async::with_deadline(kPatience, async::exit_of(running.get().child));
}

async::Task<> reap(std::reference_wrapper<Running> running) {
    std::exception_ptr interruption;
    try {
        running.get().status = co_await async::exit_of(running.get().child);
    } catch (...) {
        interruption = std::current_exception();
    }
    if (interruption) {
        co_await async::shielded(kill_and_reap(running));
        std::rethrow_exception(interruption);
    }
}

async::Task<> accompany(async::Group& group, std::reference_wrapper<Running> running) {
    if (running.get().output) {
        group.spawn(read_output(running));
    }
    co_await reap(running);
    group.cancel();  // a grandchild may hold the pipe open
}

async::Task<> run_to_end(std::reference_wrapper<Running> running) {
    co_await async::with_group(accompany, running);
    if (running.get().output) {
        (void)running.get().tail.read_available(running.get().output);  // what came last
    }
}

}  // namespace

std::string ProgramEnd::text() const {
    const std::string how = exceeded ? concat("timed out after ", exceeded->count(), " s")
                            : status.signal != 0 ? concat("killed by signal ", status.signal)
                                                 : concat("exited with status ", status.code);
    return last_line.empty() ? how : concat(how, ": ", quote(last_line));
}

async::Task<ProgramEnd> run_program(
    sys::SpawnRequest request, std::optional<std::chrono::seconds> limit
) {
    Running running;
    running.child = start(request, running.output);
    ProgramEnd end;
    if (limit) {
        const bool in_time = co_await async::ended_within(*limit, run_to_end(std::ref(running)));
        if (!in_time) {
            end.exceeded = limit;
        }
    } else {
        co_await run_to_end(std::ref(running));
    }
    end.status = running.status;
    end.last_line = running.tail.last_line();
    co_return end;
}

}  // namespace corun::container
