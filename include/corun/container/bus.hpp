// A connection to a D-Bus message bus, or straight to one peer, through libdbus, on our loop.
// Parent side. libdbus does the protocol and owns the socket; the waiting is ours: none of its
// calls that block is used, nor its time-outs (with_deadline).
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/container/dbus_value.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct DBusConnection;
struct DBusMessage;
struct DBusWatch;

namespace corun::container {

/// What to call.
struct BusCall {
    std::string destination;  // empty: the peer itself
    std::string path;
    std::string interface;
    std::string method;
    std::vector<DbusValue> arguments;
};

/// A reply or a signal. Arguments of the types that DbusValue has; others are left out.
struct BusMessage {
    std::string path;
    std::string member;                // of a signal
    std::string error_name;            // of a reply that is an error; empty: it succeeded
    std::vector<DbusValue> arguments;  // the content of a variant stands for it

    /// The argument at `index` as a text; empty if it is none.
    [[nodiscard]] std::string text(std::size_t index) const;
};

/// One connection for one coroutine at a time.
class Bus : NonCopyable {
public:
    /// Connects (`unix:path=…`, `unixexec:…`); who we are is told while later calls are on their
    /// way. Throws Error with the errno of a socket that is not there.
    [[nodiscard]] static std::unique_ptr<Bus> open(const std::string& address);

    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;
    Bus(Bus&&) = delete;
    Bus& operator=(Bus&&) = delete;
    ~Bus();

    /// Queues a call; several may be on their way. The number of the reply to wait for.
    [[nodiscard]] std::uint32_t send(const BusCall& call);

    /// The reply, an error too. What else comes before it is kept.
    [[nodiscard]] async::Task<BusMessage> reply(std::uint32_t serial);

    /// The next signal.
    [[nodiscard]] async::Task<BusMessage> signal();

private:
    struct Released {
        void operator()(DBusMessage* message) const noexcept;
    };

    using OwnedMessage = std::unique_ptr<DBusMessage, Released>;

    explicit Bus(std::string address);

    [[nodiscard]] async::Task<OwnedMessage> receive();
    void keep(DBusMessage* message);
    [[nodiscard]] DBusWatch* watch_for(unsigned flag) const;
    [[noreturn]] void throw_closed() const;

    std::string address_;
    DBusConnection* connection_ = nullptr;
    std::array<DBusWatch*, 4> watches_ = {};
    std::deque<BusMessage> signals_;
    std::map<std::uint32_t, BusMessage> replies_;
};

}  // namespace corun::container
