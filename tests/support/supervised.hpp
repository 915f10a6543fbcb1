// A supervisor as a person runs it: a directory of bundles, `corun supervise`, and what it tells.
#pragma once

#include "bundle.hpp"
#include "proc.hpp"
#include "runtime.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace corun::test {

class Supervised {
public:
    Supervised();
    Supervised(const Supervised&) = delete;
    Supervised& operator=(const Supervised&) = delete;
    Supervised(Supervised&&) = delete;
    Supervised& operator=(Supervised&&) = delete;

    /// Stops it if it runs; else ends what a killed one has left.
    ~Supervised();

    /// Writes the bundle, and lets it be found in the directory under that id.
    void add(const Bundle& bundle, const std::string& id);

    /// Takes it out of the directory again.
    void take_away(const std::string& id);

    /// Renames the directory of bundles, and all in it is gone.
    void lose_directory();

    /// Starts it, with its events on standard output.
    void start(const std::vector<std::string>& options = {});

    /// Until it has told the service manager (sd_notify(3)) that, so many times.
    void wait_until_told(std::string_view line, std::size_t times = 1);

    /// That the first round of starts is over.
    void wait_until_ready() { wait_until_told("READY=1"); }

    /// All that it has told the service manager.
    [[nodiscard]] const std::string& told() const { return told_; }

    /// Until so many such events of the container have been told by the present supervisor.
    void wait_for(const std::string& kind, const std::string& id, std::size_t times = 1);

    /// How many were told so far.
    [[nodiscard]] std::size_t count(const std::string& kind, const std::string& id) const;

    /// Lets time pass, for a moment that is not chosen by what happens.
    void let_run(std::chrono::microseconds time);

    /// SIGTERM; another hastens it.
    void begin_stop();

    /// SIGTERM, unless it was sent, and its end; what it wrote to standard error.
    std::string stop();

    /// SIGKILL.
    void kill();

    /// Somebody else ends it; how it ended, as a shell has it.
    [[nodiscard]] int wait_for_end();

    [[nodiscard]] Process& process() { return *process_; }

    [[nodiscard]] Runtime& runtime() { return runtime_; }

    /// What is in its file.
    [[nodiscard]] Json unit(const std::string& id) const;

    /// Waits until the member of the file has that value.
    void wait_until(const std::string& id, const std::string& member, const Json& value) const;

    /// Asks `ctl status` again and again, until the answer has `text` in it.
    void wait_for_status(const std::string& id, std::string_view text);

    [[nodiscard]] std::string log_path(const std::string& id) const;
    [[nodiscard]] std::string log(const std::string& id) const;

    /// Of the texts of the log's records, one a line, without their framing.
    [[nodiscard]] std::vector<std::string> log_lines(const std::string& id) const;

    /// Waits until the log has `text` in it.
    void wait_for_log(const std::string& id, std::string_view text) const;

    /// Of the keeper that runs.
    [[nodiscard]] pid_t keeper() const;

private:
    Runtime runtime_;
    TempDir bundles_;
    TempDir service_;
    sys::UniqueFd notify_;
    std::string told_;
    std::optional<Process> process_;
    bool left_behind_ = false;
    bool is_stopping_ = false;
};

}  // namespace corun::test
