// From pipes to logs. In the supervisor. The order of a batch is LogStage's, for its reasons.
#include "corun/supervise/log_pump.hpp"

#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace corun::supervise {

namespace {

using std::chrono::milliseconds;

// Between two attempts to write where it is not possible.
constexpr milliseconds kFirstRetry{50};
constexpr milliseconds kLastRetry{2000};

/// For the rest of a character that was written in two parts.
constexpr milliseconds kTornPatience{20};

std::string path_for(const LogPolicy& policy, std::string path) {
    const bool writes_file =
        policy.driver == LogDriver::k8s_file || policy.driver == LogDriver::json_file;
    return writes_file ? std::move(path) : std::string();
}

}  // namespace

UnitLog::UnitLog(std::string id, LogPolicy policy, std::string path, LogStage& stage)
    : id_(std::move(id)),
      policy_(policy),
      file_(path_for(policy, std::move(path)), policy_),
      journal_(id_),
      stage_(stage) {}

void UnitLog::add_stream(sys::UniqueFd pipe, LogStream stream) {
    pipe_of(stream) = std::move(pipe);
}

std::vector<sys::FdRef> UnitLog::streams() const {
    std::vector<sys::FdRef> refs;
    for (const sys::UniqueFd& pipe : pipes_) {
        if (pipe) {
            refs.push_back(pipe.ref());
        }
    }
    return refs;
}

int UnitLog::write_file(LogStream stream, std::string_view bytes) {
    if (file_.rotate_if_due()) {
        ++counters_.rotations;
    }
    if (const int error_number = file_.open_errno(); error_number != 0) {
        return error_number;
    }
    const std::string time = log_time(std::chrono::system_clock::now());
    std::string& records = stage_.records();
    const std::size_t lines = append_records(records, policy_.driver, stream, time, bytes);
    stage_.intend(file_.place());
    const int error_number = file_.append_errno(records);
    if (error_number != 0) {
        stage_.forget();
        return error_number;
    }
    counters_.lines += lines;
    return 0;
}

/// Killed within a batch, the journal has some of it twice: it cannot be taken back there.
int UnitLog::write_journal(LogStream stream, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t newline = bytes.find('\n');
        const bool ends = newline != std::string_view::npos;
        const int error_number = journal_.send_errno(stream, bytes.substr(0, newline), ends);
        if (error_number != 0) {
            return error_number;
        }
        counters_.lines += ends ? 1 : 0;
        bytes.remove_prefix(ends ? newline + 1 : bytes.size());
    }
    return 0;
}

int UnitLog::write(LogStream stream, std::string_view bytes) {
    switch (policy_.driver) {
        case LogDriver::k8s_file:
        case LogDriver::json_file:
            return write_file(stream, bytes);
        case LogDriver::journald:
            return write_journal(stream, bytes);
        case LogDriver::none:
            return 0;
    }
    return 0;
}

void UnitLog::pass_to_followers(std::string_view bytes) {
    std::erase_if(followers_, [&](const sys::UniqueFd& follower) {
        return sys::try_write(follower, bytes).error_number == EPIPE;
    });
}

/// For the reader of the log, in the log.
void UnitLog::tell_dropped(LogStream stream) {
    const std::string text = concat(
        "corun: ",
        untold_bytes_,
        " bytes of output were dropped here: ",
        errno_text(last_error_),
        "\n"
    );
    if (write(stream, text) == 0) {
        stage_.forget();
        untold_bytes_ = 0;
    }
}

void UnitLog::drop(LogStream stream, std::size_t size) {
    stage_.commit(pipe_of(stream), size);
    counters_.dropped_bytes += size;
    untold_bytes_ += size;
}

UnitLog::Outcome UnitLog::take_batch(LogStream stream, Torn torn) {
    const sys::UniqueFd& pipe = pipe_of(stream);
    std::optional<std::string_view> bytes = stage_.peek(pipe);
    if (!bytes) {
        return Outcome::empty;
    }
    if (bytes->empty()) {
        return Outcome::ended;
    }
    if (torn == Torn::left && policy_.driver == LogDriver::json_file) {
        bytes->remove_suffix(torn_character_bytes(*bytes));
        if (bytes->empty()) {
            return Outcome::torn;
        }
    }
    if (untold_bytes_ != 0) {
        tell_dropped(stream);
    }
    const int error_number = untold_bytes_ != 0 ? last_error_ : write(stream, *bytes);
    if (error_number != 0) {
        ++counters_.errors;
        last_error_ = error_number;
        if (policy_.when_full == LogFull::block) {
            return Outcome::refused;
        }
        drop(stream, bytes->size());
        return Outcome::done;
    }
    pass_to_followers(*bytes);
    counters_.bytes += bytes->size();
    stage_.commit(pipe, bytes->size());
    return Outcome::done;
}

async::Task<> UnitLog::pump(LogStream stream) {
    milliseconds retry = kFirstRetry;
    Torn torn = Torn::left;
    while (pipe_of(stream)) {
        const bool is_readable = co_await async::readable_or_cancelled(pipe_of(stream));
        if (!is_readable) {
            co_return;
        }
        const Outcome outcome = take_batch(stream, torn);
        torn = Torn::left;
        if (outcome == Outcome::ended) {
            pipe_of(stream).reset();
        } else if (outcome == Outcome::refused) {
            co_await async::sleep_for(retry);
            retry = std::min(retry * 2, kLastRetry);
        } else if (outcome == Outcome::torn) {
            co_await async::sleep_for(kTornPatience);
            torn = Torn::taken;
        } else {
            retry = kFirstRetry;
            co_await async::yield();
        }
    }
}

void UnitLog::drain_pipe(LogStream stream) {
    while (pipe_of(stream)) {
        const Outcome outcome = take_batch(stream, Torn::taken);
        if (outcome == Outcome::refused) {
            drop(stream, stage_.peek(pipe_of(stream)).value_or("").size());
        } else if (outcome != Outcome::done) {
            return;
        }
    }
}

void UnitLog::take_what_is_there() {
    for (const LogStream stream : {LogStream::out, LogStream::error}) {
        drain_pipe(stream);
    }
}

void UnitLog::drain() {
    take_what_is_there();
    for (sys::UniqueFd& pipe : pipes_) {
        pipe.reset();
    }
    followers_.clear();  // their readers come to the end
}

sys::UniqueFd UnitLog::follow() {
    sys::Pipe pipe = sys::make_pipe(O_NONBLOCK);
    followers_.push_back(std::move(pipe.write_end));
    return std::move(pipe.read_end);
}

}  // namespace corun::supervise
