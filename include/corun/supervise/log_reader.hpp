// LogReader: the records of a container's log files, oldest first, while they may be written to and
// rotated. In commands, which need no supervisor for it.
#pragma once

#include "corun/base/scope.hpp"
#include "corun/supervise/log_parse.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/sys/fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

/// Which lines of a log are wanted. Times are as log_time() writes them, so that they compare as
/// text; empty: no bound.
struct LogSelection {
    std::string since;
    std::string until;                  // not included
    std::optional<std::uint64_t> tail;  // of those between the times, only so many, the last
};

class LogReader : NonCopyable {
public:
    /// Is given each record of the lines that are wanted. `begins`: with this one a line does.
    using Sink = std::function<void(const LogRecord& record, bool begins)>;

    /// Nothing is opened yet. `path` is absolute.
    LogReader(std::string path, LogDriver driver, LogSelection selection, Sink sink);

    /// What there is, at the first call; then what has come since. Finds what was moved on by a
    /// rotation; a record that is not complete yet is left for the next call.
    void read();

private:
    struct File {
        sys::UniqueFd fd;
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::size_t offset = 0;  // read up to here

        [[nodiscard]] bool is_same(const File& other) const {
            return device == other.device && inode == other.inode;
        }
    };

    [[nodiscard]] static std::optional<File> try_open(const std::string& path);
    [[nodiscard]] std::vector<File> files_since_current() const;
    [[nodiscard]] unsigned highest_number() const;
    void skip_to_tail(std::vector<File>& files);
    [[nodiscard]] bool find_tail(File& file, std::uint64_t& left, bool is_last);
    void read_file(File& file);
    void take_line(std::string_view line);

    std::string path_;
    LogDriver driver_;
    LogSelection selection_;
    Sink sink_;
    std::optional<File> current_;
    bool has_begun_ = false;
    std::string scratch_;
    std::array<bool, 2> in_line_{};    // by stream
    std::array<bool, 2> is_wanted_{};  // the line that it is in
};

}  // namespace corun::supervise
