// What the tests of the logs share: pipes that hold what a container wrote, logs read back, and
// a disk that is full.
#pragma once

#include "control_support.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/log_pump.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "forked.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise::testing {

inline constexpr std::size_t kReadLimit = std::size_t{1} << 30;

inline std::string file_text(const std::string& path) {
    return sys::try_read_file(sys::FdRef::cwd(), path, kReadLimit).value_or("");
}

/// A pipe in which `bytes` wait; whoever wrote them has gone.
inline sys::UniqueFd pipe_with(std::string_view bytes, int flags = 0) {
    sys::Pipe pipe = sys::make_pipe(flags);
    (void)::fcntl(pipe.write_end.ref().number(), F_SETPIPE_SZ, 1 << 20);
    sys::write_all(pipe.write_end, bytes);
    return std::move(pipe.read_end);
}

/// What a container wrote to `stream`, from the records of a k8s-file.
inline std::string k8s_text(std::string_view log, std::string_view stream = "stdout") {
    std::string text;
    while (!log.empty()) {
        const std::size_t end = log.find('\n');
        const std::string_view record = log.substr(0, end);
        log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
        const std::size_t first = record.find(' ');
        const std::size_t second = record.find(' ', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) {
            return concat("no record: ", quote(record));
        }
        if (record.substr(first + 1, second - first - 1) != stream) {
            continue;
        }
        text += record.substr(second + 3);
        if (record[second + 1] == 'F') {
            text += '\n';
        }
    }
    return text;
}

/// `count` lines of different lengths, numbered from `first`.
inline std::string numbered_lines(unsigned count, unsigned first = 0) {
    std::string text;
    for (unsigned i = first; i < first + count; ++i) {
        text += concat("line ", i, " ", std::string(i * 7 % 113, 'x'), "\n");
    }
    return text;
}

/// Fills what is left of the file system.
inline void fill_disk(const std::string& path) {
    const sys::UniqueFd file = sys::open(path, O_WRONLY | O_CREAT, 0600);
    const std::string page(4096, 'f');
    while (sys::try_write(file, page).error_number == 0) {
    }
}

inline void mount_small_disk(const std::string& at) {
    corun::test::expect(::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=1m") == 0, "a tmpfs");
}

}  // namespace corun::supervise::testing
