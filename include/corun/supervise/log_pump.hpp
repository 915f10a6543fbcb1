// UnitLog: the log of one container, fed from its pipes. In the supervisor: a coroutine for each
// stream, which takes one batch and then lets others run, so that no flood delays an exit.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/journal.hpp"
#include "corun/supervise/log_file.hpp"
#include "corun/supervise/log_record.hpp"
#include "corun/supervise/log_stage.hpp"
#include "corun/supervise/model.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/sys/fd.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

class UnitLog : NonCopyable {
public:
    /// `path` is absolute, for the drivers that write files. `stage` must outlive it.
    UnitLog(std::string id, LogPolicy policy, std::string path, LogStage& stage);

    /// Takes the read end of a pipe, in place of what the stream had before.
    void add_stream(sys::UniqueFd pipe, LogStream stream);

    /// Those there are, standard output first.
    [[nodiscard]] std::vector<sys::FdRef> streams() const;

    /// Until the end of the stream, or cancelled. At once if there is no such stream.
    [[nodiscard]] async::Task<> pump(LogStream stream);

    /// What is in the pipes now, without waiting, and nothing that comes meanwhile. What cannot be
    /// written now is lost, and counted as dropped.
    void take_what_is_there();

    /// After the container's end: takes what is there, and closes the streams.
    void drain();

    /// The file is opened anew with the next batch.
    void reopen() { file_.close(); }

    [[nodiscard]] const LogCounters& counters() const { return counters_; }

    [[nodiscard]] const LogPolicy& policy() const { return policy_; }

    /// Empty if the driver writes no file.
    [[nodiscard]] const std::string& path() const { return file_.path(); }

    /// The read end of a pipe with what is written from now on, as it is. Who is slow misses some.
    [[nodiscard]] sys::UniqueFd follow();

private:
    enum class Outcome {
        done,
        empty,    // for now
        torn,     // nothing is there but the first bytes of a character
        ended,    // for good
        refused,  // it cannot be written now
    };

    /// The first bytes of a character, alone.
    enum class Torn { left, taken };

    /// What was written of a batch, and the errno for which the rest was not.
    struct Written {
        LogPart part;
        int error_number = 0;
    };

    [[nodiscard]] sys::UniqueFd& pipe_of(LogStream stream) {
        return pipes_[static_cast<std::size_t>(stream)];
    }

    [[nodiscard]] Outcome take_batch(LogStream stream, Torn torn);
    [[nodiscard]] Written write(LogStream stream, std::string_view bytes);
    [[nodiscard]] Written write_file(LogStream stream, std::string_view bytes);
    [[nodiscard]] int open_file(std::size_t size);
    void drop(LogStream stream, std::size_t size);
    void drain_pipe(LogStream stream);
    [[nodiscard]] int tell_dropped(LogStream stream);
    void pass_to_followers(std::string_view bytes);

    std::string id_;
    LogPolicy policy_;
    LogFile file_;
    Journal journal_;
    LogStage& stage_;
    std::array<sys::UniqueFd, 2> pipes_;
    std::vector<sys::UniqueFd> followers_;
    LogCounters counters_;
    std::uint64_t untold_bytes_ = 0;  // dropped, and not told of in the log yet
    int last_error_ = 0;
};

}  // namespace corun::supervise
