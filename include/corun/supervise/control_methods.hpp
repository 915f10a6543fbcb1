// The methods of the control socket, as a table over the Control interface. They know nothing of
// connections: the server gives them parameters, and takes replies. In the supervisor.
#pragma once

#include "corun/async/task.hpp"
#include "corun/supervise/control.hpp"
#include "corun/supervise/varlink.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace corun::supervise {

/// How a method replies more than once: sends one reply that continues, as fast as the client
/// reads.
using SendReply = std::function<async::Task<>(std::string parameters)>;

/// What a method has to work with.
struct MethodCall {
    Control* control = nullptr;
    const ReceivedCall* call = nullptr;
    SendReply send;
    /// Set by a method that takes the connection over: what is at its other end.
    std::optional<Attachment> attachment = std::nullopt;
};

struct ControlMethod {
    std::string_view name;
    /// Reads the parameters and returns the task that does the work. What it throws is about the
    /// parameters; what the task throws is about the container. Both outlive the task.
    async::Task<VarlinkReply> (*run)(MethodCall& call);
    bool names_container = false;  // has the parameter `id`
    bool needs_more = false;       // makes no sense with one reply
    bool needs_upgrade = false;    // makes no sense without a connection of its own
};

/// Of org.corun.Supervisor, without the interface's name.
[[nodiscard]] std::span<const ControlMethod> control_methods();

/// Calls the method and says what became of it: its reply or an error, never an exception but
/// Cancelled. `call` and what is in it must outlive the task.
[[nodiscard]] async::Task<VarlinkReply> answer(MethodCall& call);

/// The text of an interface; nothing if it is none of ours. It is compiled in from a file.
[[nodiscard]] std::optional<std::string_view> interface_description(std::string_view interface);

}  // namespace corun::supervise
