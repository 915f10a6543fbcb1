// Control: what the control socket, the metrics and the signals ask of the supervisor.
// An interface, so that the protocol is tested against a made-up supervisor.
#pragma once

#include "corun/async/task.hpp"
#include "corun/supervise/model.hpp"
#include "corun/sys/fd.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace corun::supervise {

/// One follower of the events; leaves when destroyed.
class EventFollower {
public:
    EventFollower() = default;
    EventFollower(const EventFollower&) = delete;
    EventFollower& operator=(const EventFollower&) = delete;
    EventFollower(EventFollower&&) = delete;
    EventFollower& operator=(EventFollower&&) = delete;
    virtual ~EventFollower() = default;

    /// Waits for the next event. One who is too slow misses some: the sequence has a gap then.
    [[nodiscard]] virtual async::Task<Event> next() = 0;
};

/// A container's terminal or output, as attached to.
struct Attachment {
    sys::UniqueFd output;  // read: what the container writes from now on
    sys::UniqueFd input;   // write: the terminal; empty where the container reads nothing
    bool terminal = false;
};

/// Ids that are not supervised: Error `container does not exist` (ENOENT).
class Control {
public:
    Control() = default;
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    Control(Control&&) = delete;
    Control& operator=(Control&&) = delete;
    virtual ~Control() = default;

    [[nodiscard]] virtual SupervisorStatus supervisor() const = 0;
    [[nodiscard]] virtual std::vector<UnitStatus> list() const = 0;
    [[nodiscard]] virtual UnitStatus status(std::string id) const = 0;

    /// Each returns when the container is where it was told to go; throws what stopped it.
    [[nodiscard]] virtual async::Task<> start(std::string id) = 0;
    [[nodiscard]] virtual async::Task<> stop(std::string id) = 0;
    [[nodiscard]] virtual async::Task<> restart(std::string id) = 0;

    /// Waits for the next end of the container; at once if it does not run.
    [[nodiscard]] virtual async::Task<ExitRecord> wait(std::string id) = 0;

    /// Reads the bundles again, as upon SIGHUP.
    [[nodiscard]] virtual async::Task<> reload() = 0;

    /// Executes the program's file anew in this process. Returns before it happens.
    [[nodiscard]] virtual async::Task<> upgrade() = 0;

    [[nodiscard]] virtual std::unique_ptr<EventFollower> follow_events() = 0;

    [[nodiscard]] virtual Attachment attach(std::string id) = 0;
    virtual void resize_terminal(std::string id, unsigned rows, unsigned columns) = 0;
};

}  // namespace corun::supervise
