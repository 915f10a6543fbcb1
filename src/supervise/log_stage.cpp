// The stage of the logs. In the supervisor; nothing here waits.
#include "corun/supervise/log_stage.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/splice.hpp"

#include <fcntl.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace corun::supervise {

namespace {

/// The memory's content. `valid` is written last and cleared first.
struct Intent {
    std::atomic<std::uint32_t> valid;
    std::uint64_t device;
    std::uint64_t inode;
    std::uint64_t size_bytes;
    std::array<char, 4096> path;
};

/// More than a batch of short lines needs is given back.
constexpr std::size_t kMaxKeptRecords = std::size_t{1} << 20;

static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "shared with another process");

Intent& intent_of(const sys::Mapping& memory) {
    return *static_cast<Intent*>(memory.address());
}

sys::UniqueFd make_memory() {
    sys::UniqueFd memory = sys::memfd_create("corun-log-intent");
    sys::truncate(memory, sizeof(Intent));
    return memory;
}

/// A rotation or an administrator may have put another file in its place since.
bool is_same_file(sys::FdRef file, const Intent& intent) {
    const struct stat status = sys::fstat(file);
    return status.st_dev == intent.device && status.st_ino == intent.inode &&
           static_cast<std::uint64_t>(status.st_size) >= intent.size_bytes;
}

}  // namespace

LogStage::LogStage(sys::UniqueFd read_end, sys::UniqueFd write_end, sys::UniqueFd memory)
    : stage_{.read_end = std::move(read_end), .write_end = std::move(write_end)},
      memory_(std::move(memory)),
      intent_(memory_, sizeof(Intent)),
      aside_(sys::make_pipe()),
      buffer_(kMaxBatch) {
    // What was copied aside must fit into the stage in one step; a user over the limit for pipes
    // is given smaller ones. (pipe(7), pipe-user-pages-soft)
    sys::limit_capacity(aside_.write_end, stage_.write_end);
}

LogStage LogStage::create() {
    sys::Pipe pipe = sys::make_pipe();
    return {std::move(pipe.read_end), std::move(pipe.write_end), make_memory()};
}

LogStage LogStage::from(std::vector<sys::UniqueFd> fds) {
    constexpr std::size_t kFds = 3;
    if (fds.size() != kFds) {
        throw Error("the keeper has another number of descriptors for the stage of the logs");
    }
    LogStage stage(std::move(fds[0]), std::move(fds[1]), std::move(fds[2]));
    stage.recover();
    return stage;
}

std::vector<sys::FdRef> LogStage::fds() const {
    return {stage_.read_end.ref(), stage_.write_end.ref(), memory_.ref()};
}

std::size_t LogStage::committed_bytes() const {
    return sys::readable_bytes(stage_.read_end);
}

void LogStage::recover() {
    Intent& intent = intent_of(intent_);
    const bool is_open = intent.valid.load(std::memory_order_acquire) != 0;
    if (is_open && committed_bytes() == 0) {
        const std::string path(intent.path.data());
        const std::optional<sys::UniqueFd> file =
            sys::try_open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
        if (file && is_same_file(*file, intent)) {
            sys::cut(*file, intent.size_bytes);
        }
    }
    forget();
    (void)take(stage_.read_end, committed_bytes());  // they are in their file
}

std::optional<std::string_view> LogStage::peek(sys::FdRef pipe) {
    const sys::Transferred copied = sys::try_tee(pipe, aside_.write_end, kMaxBatch);
    if (copied.error_number == EAGAIN) {
        return std::nullopt;
    }
    if (copied.error_number != 0) {
        throw_errno_value(copied.error_number, "tee");
    }
    return take(aside_.read_end, copied.size);
}

/// Reads what is known to be there: in one read(2), unless the container has made its pipe one of
/// packets, each of which ends a read.
std::string_view LogStage::take(sys::FdRef read_end, std::size_t size) {
    std::size_t taken = 0;
    while (taken < size) {
        taken += sys::read_some(read_end, buffer_.data() + taken, size - taken);
    }
    return {buffer_.data(), size};
}

void LogStage::intend(const LogPlace& place) {
    Intent& intent = intent_of(intent_);
    if (place.path.size() >= intent.path.size()) {
        throw_errno_value(ENAMETOOLONG, "log", place.path);
    }
    intent.device = place.device;
    intent.inode = place.inode;
    intent.size_bytes = place.size_bytes;
    std::memcpy(intent.path.data(), place.path.c_str(), place.path.size() + 1);
    intent.valid.store(1, std::memory_order_release);
}

void LogStage::commit(sys::FdRef pipe, std::size_t size) {
    // As many buffers as were copied aside, so they all fit: the stage's pipe is empty and as
    // large. Fewer bytes, or none (EAGAIN), are there only if the container has read its own
    // output meanwhile.
    const sys::Transferred moved = sys::try_splice(pipe, stage_.write_end, size);
    if (moved.error_number != 0 && moved.error_number != EAGAIN) {
        throw_errno_value(moved.error_number, "splice");
    }
    forget();
    (void)take(stage_.read_end, moved.size);
}

std::string& LogStage::records() {
    if (records_.capacity() > kMaxKeptRecords) {
        records_ = std::string();
    }
    records_.clear();
    return records_;
}

void LogStage::forget() {
    intent_of(intent_).valid.store(0, std::memory_order_release);
}

}  // namespace corun::supervise
