// A made-up supervisor with its control socket, and what clients of it do in tests.
#pragma once

#include "../async/support.hpp"
#include "control_support.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/supervise/varlink.hpp"
#include "corun/supervise/varlink_client.hpp"
#include "corun/supervise/varlink_server.hpp"
#include "corun/sys/file.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace corun::supervise::testing {

using namespace std::chrono_literals;

/// A supervisor with its control socket.
struct Setting {
    ScratchDirectory directory;
    MadeUpControl control;
    ControlServer server;

    explicit Setting(ControlServerOptions options = {})
        : server(
              control, {.listener = listen_control(directory.path), .connections = {}}, options
          ) {
        control.add("web");
    }

    /// The container's ends of what a client is attached to.
    sys::UniqueFd stdin_of_container;
    sys::UniqueFd stdout_of_container;

    void use_pipes() {
        control.make_attachment = [this] {
            async::testing::Pipe input = async::testing::make_pipe();
            async::testing::Pipe output = async::testing::make_pipe();
            stdin_of_container = std::move(input.reader);
            stdout_of_container = std::move(output.writer);
            return Attachment{.output = std::move(output.reader), .input = std::move(input.writer)};
        };
    }

    [[nodiscard]] sys::UniqueFd connect() const { return ControlClient::connect(directory.path); }
};

using Scenario = async::Task<> (*)(Setting& setting);

inline async::Task<> scene(async::Group& group, Setting* setting, Scenario scenario) {
    group.spawn(setting->server.serve());
    co_await scenario(*setting);
    group.cancel();
}

/// Runs `scenario` while the server serves; fails if it takes longer than any test may.
inline void play(Setting& setting, Scenario scenario) {
    async::Loop loop;
    loop.run(async::with_deadline(20s, async::with_group(scene, &setting, scenario)));
}

/// Until `condition` holds, which `control.changed` tells.
inline async::Task<> until(
    MadeUpControl& control, bool (*condition)(const MadeUpControl& control)
) {
    while (!condition(control)) {
        co_await control.changed.changed();
    }
}

/// The other end has closed the connection, with or without words.
inline async::Task<std::string> read_to_end(sys::FdRef socket) {
    std::string all;
    while (true) {
        co_await async::readable(socket);
        std::string data(4096, '\0');
        const sys::Transferred got = sys::try_read(socket, data.data(), data.size());
        if (got.size == 0 && got.error_number != EAGAIN) {
            co_return all;
        }
        all += data.substr(0, got.size);
    }
}

inline async::Task<> until_gone(Setting& setting, std::size_t left) {
    while (setting.server.connections() > left) {
        co_await async::sleep_for(1ms);
    }
}

inline async::Task<VarlinkReply> text_reply(VarlinkClient* client) {
    const ReceivedReply reply = co_await client->next_reply();
    co_return VarlinkReply{.error = reply.error(), .continues = reply.continues()};
}

inline VarlinkCall call_of(std::string_view method, CallKind kind = CallKind::simple) {
    return {
        .method = supervisor_name(method),
        .parameters = one_parameter("id", "web"),
        .kind = kind,
    };
}

}  // namespace corun::supervise::testing
