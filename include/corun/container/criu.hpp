// criu(8) at work for us: one process, `criu swrk`, and one conversation with it. Parent side; criu
// runs as root in the host's namespaces and is executed by its absolute path there, found before
// anything of a container is touched.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/criu_messages.hpp"
#include "corun/container/criu_stage.hpp"
#include "corun/sys/fd.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace corun::container {

/// Absolute path of criu on the host. Throws where this build or this host has none.
[[nodiscard]] std::string find_criu();

/// The number that the first of CriuJob::extra_fds has in criu: behind stdio, the socket and two
/// directories.
inline constexpr int kFirstExtraFd = 6;

/// What criu tells on its way; it waits until it is answered.
struct CriuNotification {
    std::string name;  // `setup-namespaces`, `orphan-pts-master`, …
    pid_t pid = 0;     // of the restored process; 0 where there is none
    sys::UniqueFd fd;  // that came along
};

/// Answers a notification; if it throws, criu undoes what it has done.
using CriuListener = std::function<async::Task<>(CriuNotification)>;

/// One dump or restore. What is referenced outlives it.
struct CriuJob {
    std::string program;
    CriuRequestKind kind = CriuRequestKind::dump;
    CriuOptions options;  // but for the directories
    std::string images_path;
    std::string work_path;  // where criu writes options.log_file
    CriuFeatures needed;
    CriuListener listener;
    std::optional<sys::FdRef> cgroup;  // criu and what it restores are born in it
    // Instead: puts criu, before it works, into one.
    std::function<async::Task<sys::FdRef>(pid_t)> enter_cgroup = {};
    const CriuStage* stage = nullptr;        // made in a mount namespace that criu is given
    std::vector<sys::FdRef> extra_fds = {};  // numbered from kFirstExtraFd on
};

/// Runs it to its end; the last reply. No criu is left, whatever happens. Throws what the listener
/// threw, or with criu's own first word of error: `criu dump: Error (criu/…`.
[[nodiscard]] async::Task<CriuReply> run_criu(CriuJob job);

/// Pure: the first error in a log of criu's, without its time; empty if there is none.
[[nodiscard]] std::string first_criu_error(std::string_view log);

}  // namespace corun::container
