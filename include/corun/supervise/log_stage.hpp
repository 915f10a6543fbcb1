// LogStage: how output goes from a container's pipe into a file exactly once, although the
// supervisor may be killed between any two system calls. All that a successor has is what the
// keeper holds: the containers' pipes, and the stage's own pipe and memory.
//
// A batch:
//   1. peek     tee(2) the pipe's first bytes aside and read them: nothing is consumed
//   2. intend   note the file and its size in the stage's memory (shared: it survives)
//   3. write    append the records to the file
//   4. commit   splice(2) the bytes from the container's pipe into the stage's: one system call,
//               all or nothing, as a process is not killed within one that need not wait
//   5. settle   forget the intent, then empty the stage's pipe
//
// Killed before 2: nothing has happened. Between 2 and 4 the intent stands and the stage's pipe is
// empty: what may be in the file is cut off again, the bytes are still in the container's pipe.
// After 4 that pipe is not empty: the file is right. Within 5 it is not empty, too, or there is no
// intent. A write that fails is taken back the same way, and the container's pipe keeps the bytes.
//
// A container can reach both ends of its pipe (/proc/self/fd/1): it may read from it in between, or
// make reads end at each of its writes (O_DIRECT). Both must harm nobody's log but its own.
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/mapping.hpp"
#include "corun/sys/process.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

/// A file that is appended to, as the intent names it.
struct LogPlace {
    std::string path;  // absolute
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size_bytes = 0;  // before the batch
};

/// One for all containers of a supervisor: batches are one after the other.
class LogStage {
public:
    /// As much as a batch can have.
    static constexpr std::size_t kMaxBatch = 65536;

    [[nodiscard]] static LogStage create();

    /// From fds() of a supervisor that is no more, whose last batch is brought to its end. Throws
    /// Error if the file could not be cut; its last batch may then be in it twice.
    [[nodiscard]] static LogStage from(std::vector<sys::UniqueFd> fds);

    /// For the keeper.
    [[nodiscard]] std::vector<sys::FdRef> fds() const;

    /// What is at the beginning of `pipe`, up to a batch; valid until the next call. Nothing if it
    /// is empty for now, and an empty text at its end.
    [[nodiscard]] std::optional<std::string_view> peek(sys::FdRef pipe);

    /// Step 2, before the file is written to.
    void intend(const LogPlace& place);

    /// Steps 4 and 5 for the first `size` bytes of what was peeked at.
    void commit(sys::FdRef pipe, std::size_t size);

    /// There was nothing written, or it was taken back.
    void forget();

    /// For the records of a batch: empty, with room from the batches before.
    [[nodiscard]] std::string& records();

private:
    LogStage(sys::UniqueFd read_end, sys::UniqueFd write_end, sys::UniqueFd memory);

    void recover();
    [[nodiscard]] std::string_view take(sys::FdRef read_end, std::size_t size);
    [[nodiscard]] std::size_t committed_bytes() const;

    sys::Pipe stage_;
    sys::UniqueFd memory_;
    sys::Mapping intent_;
    sys::Pipe aside_;
    std::vector<char> buffer_;
    std::string records_;
};

}  // namespace corun::supervise
