// LogFile: the files of one container's log: `web.log`, and older ones as `web.log.1`, `.2`, … In
// the supervisor. A record is in one file, whole; all errors are told by return.
#pragma once

#include "corun/supervise/log_record.hpp"
#include "corun/supervise/log_stage.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/sys/fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corun::supervise {

class LogFile {
public:
    /// Nothing is opened yet: a container that writes nothing needs no file. `path` is absolute.
    LogFile(std::string path, const LogPolicy& policy);

    /// Opens it if it is not open: to be appended to, 0640, through no symlink. A last line without
    /// its end, as a crash of the machine may leave it, is ended. If it is open, looks how large it
    /// is: somebody else may have emptied it (logrotate's copytruncate). 0, or an errno.
    [[nodiscard]] int open_errno();

    /// Where the next append() writes, as open_errno() found it. Only of an open one.
    [[nodiscard]] LogPlace place() const;

    /// All of `records`, or nothing. `in_line`: the line of the last one goes on in `stream`'s next
    /// record. 0, or an errno.
    [[nodiscard]] int append_errno(std::string_view records, LogStream stream, bool in_line);

    /// How much it takes until it is full.
    [[nodiscard]] std::size_t room() const;

    /// Whether a new file is to be begun before `size` bytes are appended. Not between the parts of
    /// a line, unless it is twice as large as it should be or would be all that is allowed, and not
    /// if this one is empty.
    [[nodiscard]] bool is_due(std::size_t size) const;

    /// Removes the oldest files for which there is no room with `size` more bytes in this one: the
    /// parts of a line make it larger than a file should be. 0, or an errno.
    [[nodiscard]] int make_room_errno(std::size_t size) const;

    /// The files move on by one, and the oldest go. 0, or an errno, and then it goes on as it was.
    [[nodiscard]] int rotate_errno();

    /// Opens it anew with the next batch: somebody may have moved it.
    void close() { file_.reset(); }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    [[nodiscard]] int look_errno();
    void take_back();
    [[nodiscard]] std::uint64_t size_limit() const;
    void rotate();
    void remove_beyond_count() const;
    void remove_beyond_total(std::uint64_t current_bytes) const;

    std::string path_;
    const LogPolicy& policy_;
    sys::UniqueFd file_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
    std::uint64_t size_bytes_ = 0;
    std::array<bool, 2> in_line_{};  // by stream: the last record's line goes on
};

}  // namespace corun::supervise
