// Programs that a test starts: their output, their end, and waiting for either with a deadline.
// Nothing here sleeps; what does not happen within the deadline is an exception with the facts.
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corun::test {

/// Longer than anything should take, in the slow guest too.
constexpr std::chrono::seconds kPatience{60};

/// The test cannot go on: a helper's precondition failed or a deadline passed.
class HarnessError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// How a program ended and what it wrote.
struct Result {
    int exit_code = 0;  // as a shell reports it: 128 + signal for a killed one
    std::string out;
    std::string err;
};

/// A descriptor that the program gets under a number of the test's choice.
struct PassedFd {
    sys::FdRef source;
    int number;
};

struct SpawnOptions {
    std::string directory;                 // empty: the test's own
    std::vector<std::string> environment;  // NAME=value, added to the test's own
    std::string input;                     // its standard input
    std::vector<PassedFd> fds;
};

/// A started program with its output in pipes. Killed at the end of the scope if still running.
class Process {
public:
    Process(const std::vector<std::string>& command, const SpawnOptions& options = {});
    Process(Process&&) = default;
    Process& operator=(Process&&) = delete;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    /// Waits for the program itself; others may still hold its output open.
    [[nodiscard]] Result wait();

    /// Reads standard output until `text` has been seen there, so many times.
    void wait_for_output(std::string_view text, std::size_t times = 1);

    /// All of standard output that has been read.
    [[nodiscard]] const std::string& output() const { return out_; }

    /// Reads until nobody holds the output open any more; gives all of standard output so far.
    [[nodiscard]] std::string output_until_closed();

    [[nodiscard]] const sys::Pidfd& pidfd() const { return pidfd_; }

    void signal(int number) const { (void)pidfd_.send_signal(number); }

private:
    /// Waits for output or the end and reads what there is; false when both pipes are closed.
    bool read_more(std::chrono::steady_clock::time_point deadline, bool& exited);
    void read_available();

    std::string name_;
    sys::Pidfd pidfd_;
    sys::UniqueFd out_pipe_;
    sys::UniqueFd err_pipe_;
    std::string out_;
    std::string err_;
    bool waited_ = false;
};

/// Starts the program and waits for its end.
[[nodiscard]] Result run(const std::vector<std::string>& command, const SpawnOptions& options = {});

/// Waits until the process has ended, whoever its parent is; false when the deadline passes.
[[nodiscard]] bool wait_for_exit(
    const sys::Pidfd& process, std::chrono::milliseconds patience = kPatience
);

/// The value of the line `key=value`; throws HarnessError with the whole text if there is none.
[[nodiscard]] std::string value_of(std::string_view key, std::string_view text);

/// True when one of the lines of `text` is `line`.
[[nodiscard]] bool has_line(std::string_view line, std::string_view text);

[[nodiscard]] bool contains(std::string_view text, std::string_view part);

[[nodiscard]] std::size_t occurrences(std::string_view text, std::string_view part);

/// A directory that is removed, with all that is in it, at the end of the scope.
class TempDir {
public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

    TempDir& operator=(TempDir&&) = delete;
    ~TempDir();

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::string operator/(std::string_view name) const;

private:
    std::string path_;
};

void write_text(const std::string& path, std::string_view text, unsigned mode = 0644);
[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace corun::test
