// What the supervisor, its keeper and the keeper's workers say to each other: values and their JSON
// texts. Descriptors travel beside the text (sys/message). Pure.
#pragma once

#include "corun/container/engine.hpp"
#include "corun/sys/pidfd.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

enum class WorkKind : std::uint8_t {
    run,    // start the container. With it: its standard output and error, and the write end of the
            // readiness pipe if there is one.
    check,  // run `command` in it
};

/// What a worker is forked for.
struct Work {
    WorkKind kind = WorkKind::run;
    container::EngineOptions engine;
    std::string id;
    std::string bundle;
    std::uint64_t open_files_limit = 0;  // soft; what containers would have without the supervisor
    bool shows_notify_socket = false;
    int readiness_fd = -1;  // the number that the pipe has in the container
    std::vector<std::string> command;
    std::chrono::milliseconds timeout{};
};

enum class KeeperVerb : std::uint8_t {
    list,    // names after `name`, as many as one reply holds
    keep,    // the descriptors that come along, in place of what was kept under `name`
    take,    // copies of what is kept under `name`
    drop,    // what is kept under `name`
    work,    // fork a worker, which answers itself
    status,  // how `process`, once a child of the keeper, ended
    settle,  // answered once no container is being started, with the keeper's pid
    renew,   // execute the program `name` in the keeper's place; the answer comes before
};

/// One socket to answer on comes last among the descriptors, but with keep and drop, which are not
/// answered.
struct KeeperRequest {
    KeeperVerb verb = KeeperVerb::list;
    std::string name;
    sys::ProcessIdentity process;
    Work work;
};

struct EndedProcess {
    sys::ProcessIdentity process;
    sys::ExitStatus status;
};

/// The answer to any of them; what the question was not about is left empty.
struct KeeperReply {
    std::string error;  // without the errno's text; empty: none
    int error_number = 0;
    std::vector<std::string> names;
    std::vector<EndedProcess> ended;
    sys::ProcessIdentity process;       // of run: the container's first; its pidfd comes along
    sys::ExitStatus status;             // of check
    std::string output;                 // of check: how it begins
    std::vector<std::string> warnings;  // of run

    /// Throws the error, if it is one.
    void throw_if_failed() const;
};

[[nodiscard]] std::string to_json(const KeeperRequest& request);
[[nodiscard]] std::string to_json(const KeeperReply& reply);

/// Both throw Error for a text that is not one.
[[nodiscard]] KeeperRequest request_from_json(std::string_view text);
[[nodiscard]] KeeperReply reply_from_json(std::string_view text);

}  // namespace corun::supervise
