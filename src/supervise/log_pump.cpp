// From pipes to logs. In the supervisor. The order of a batch is LogStage's, for its reasons.
#include "corun/supervise/log_pump.hpp"

#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/splice.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace corun::supervise {

namespace {

using std::chrono::milliseconds;

// Between two attempts to write where it is not possible. The first come soon: a journal whose
// queue is full (10 entries, where nobody has raised net.unix.max_dgram_qlen) has room again at
// once.
constexpr milliseconds kFirstRetry{1};
constexpr milliseconds kLastRetry{2000};

// For the rest of a character that was written in two parts. A pipe that holds a beginning is
// readable all the time, so it has to be looked at again and again.
constexpr milliseconds kFirstTornWait{10};
constexpr milliseconds kLastTornWait{1000};

// A disk that is slower than a flood makes its writers wait (vm.dirty_ratio), and all that is in
// this process with them. After a batch that took so long, its container waits many times as long.
constexpr milliseconds kSlowBatch{8};
constexpr int kPausePerBatch = 20;

/// None still lets all others run once.
async::Clock::duration pause_after(async::Clock::duration took) {
    return took > kSlowBatch ? took * kPausePerBatch : async::Clock::duration(0);
}

/// Of a batch, though its lines may be so short that their frames are many times as large.
constexpr std::size_t kMaxRecords = std::size_t{256} << 10;

std::string path_for(const LogPolicy& policy, std::string path) {
    const bool writes_file =
        policy.driver == LogDriver::k8s_file || policy.driver == LogDriver::json_file;
    return writes_file ? std::move(path) : std::string();
}

static_assert(sizeof(UnitLog) <= 1024, "there are thousands, most of them idle");

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

/// Makes the file one that takes `size` more bytes.
int UnitLog::open_file(std::size_t size) {
    if (file_.is_due(size)) {
        const bool has_rotated = file_.rotate_errno() == 0;
        counters_.rotations += has_rotated ? 1 : 0;
        counters_.errors += has_rotated ? 0 : 1;  // it goes on in the file there is
    }
    const int error_number = file_.open_errno();
    if (error_number == 0 && file_.make_room_errno(size) != 0) {
        ++counters_.errors;  // more is kept than is allowed, nothing is lost
    }
    return error_number;
}

UnitLog::Written UnitLog::write_file(LogStream stream, std::string_view bytes) {
    Written written{.part = {}, .error_number = file_.open_errno()};
    if (written.error_number != 0) {
        return written;
    }
    const std::string time = log_time(std::chrono::system_clock::now());
    std::string& records = stage_.records();
    const LogForm form{.driver = policy_.driver, .stream = stream, .time = time};
    const LogPart part = append_records(records, form, bytes, std::min(file_.room(), kMaxRecords));
    written.error_number = open_file(records.size());
    if (written.error_number != 0) {
        return written;
    }
    stage_.intend(file_.place());
    written.error_number = file_.append_errno(records, stream, part.in_line);
    if (written.error_number != 0) {
        stage_.forget();
        return written;
    }
    written.part = part;
    return written;
}

UnitLog::Written UnitLog::write(LogStream stream, std::string_view bytes) {
    switch (policy_.driver) {
        case LogDriver::k8s_file:
        case LogDriver::json_file:
            return write_file(stream, bytes);
        case LogDriver::journald: {
            // Killed within a batch, the journal has some of it twice: it cannot be taken back.
            const Journal::Sent sent = journal_.send(stream, bytes);
            return {.part = sent.part, .error_number = sent.error_number};
        }
        case LogDriver::none:
            break;
    }
    const auto lines = std::count(bytes.begin(), bytes.end(), '\n');
    return {.part = {.bytes = bytes.size(), .lines = static_cast<std::size_t>(lines)}};
}

void UnitLog::pass_to_followers(std::string_view bytes) {
    std::erase_if(followers_, [&](const sys::UniqueFd& follower) {
        return sys::try_write(follower, bytes).error_number == EPIPE;
    });
}

/// For the reader of the log, in the log. 0, or an errno.
int UnitLog::tell_dropped(LogStream stream) {
    const std::string text = concat(
        "corun: ",
        untold_bytes_,
        " bytes of output were dropped here: ",
        errno_text(last_error_),
        "\n"
    );
    const int error_number = write(stream, text).error_number;
    if (error_number == 0) {
        stage_.forget();
        untold_bytes_ = 0;
    }
    return error_number;
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
    if (policy_.driver == LogDriver::json_file) {  // the one that writes text
        const std::size_t torn_bytes = torn_character_bytes(*bytes);
        if (torn_bytes < bytes->size()) {
            bytes->remove_suffix(torn_bytes);
        } else if (torn == Torn::left && sys::has_writer(pipe)) {
            return Outcome::torn;
        }
    }
    Written written;
    if (untold_bytes_ != 0) {
        written.error_number = tell_dropped(stream);
    }
    if (written.error_number == 0) {
        written = write(stream, *bytes);
    }
    if (written.part.bytes > 0) {
        counters_.lines += written.part.lines;
        counters_.bytes += written.part.bytes;
        pass_to_followers(bytes->substr(0, written.part.bytes));
        stage_.commit(pipe, written.part.bytes);
        return Outcome::done;  // an error will be met by the rest, too
    }
    ++counters_.errors;
    last_error_ = written.error_number;
    if (policy_.when_full == LogFull::block) {
        return Outcome::refused;
    }
    drop(stream, bytes->size());
    return Outcome::done;
}

async::Task<> UnitLog::pump(LogStream stream) {
    milliseconds retry = kFirstRetry;
    milliseconds torn_wait = kFirstTornWait;
    while (pipe_of(stream)) {
        const bool is_readable = co_await async::readable_or_cancelled(pipe_of(stream));
        if (!is_readable) {
            co_return;
        }
        const async::Clock::time_point start = async::Clock::now();
        const Outcome outcome = take_batch(stream, Torn::left);
        const async::Clock::duration took = async::Clock::now() - start;
        if (outcome == Outcome::ended) {
            pipe_of(stream).reset();
        } else if (outcome == Outcome::refused) {
            co_await async::sleep_for(retry);
            retry = std::min(retry * 2, kLastRetry);
        } else if (outcome == Outcome::torn) {
            co_await async::sleep_for(torn_wait);
            torn_wait = std::min(torn_wait * 2, kLastTornWait);
        } else {
            retry = kFirstRetry;
            torn_wait = kFirstTornWait;
            const async::Clock::duration pause = pause_after(took);
            co_await async::sleep_for(pause);
        }
    }
}

/// A process that outlived the container may go on writing for ever: only what is there now counts.
void UnitLog::drain_pipe(LogStream stream) {
    const sys::UniqueFd& pipe = pipe_of(stream);
    if (!pipe) {
        return;
    }
    const std::uint64_t end = counters_.bytes + counters_.dropped_bytes + sys::readable_bytes(pipe);
    while (counters_.bytes + counters_.dropped_bytes < end) {
        const Outcome outcome = take_batch(stream, Torn::taken);
        if (outcome == Outcome::refused) {
            drop(stream, stage_.peek(pipe).value_or("").size());
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
