// The control socket with real clients: good ones, bad ones, and many; and across an upgrade.
#include "corun/supervise/varlink_server.hpp"

#include "../async/support.hpp"
#include "control_support.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/message_stream.hpp"
#include "corun/supervise/varlink.hpp"
#include "corun/supervise/varlink_client.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/stream_socket.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <memory>
#include <optional>

using namespace corun;
using namespace corun::supervise;
using namespace std::chrono_literals;
using supervise::testing::MadeUpControl;
using supervise::testing::ScratchDirectory;

namespace {

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

async::Task<> scene(async::Group& group, Setting* setting, Scenario scenario) {
    group.spawn(setting->server.serve());
    co_await scenario(*setting);
    group.cancel();
}

/// Runs `scenario` while the server serves; fails if it takes longer than any test may.
void play(Setting& setting, Scenario scenario) {
    async::Loop loop;
    loop.run(async::with_deadline(20s, async::with_group(scene, &setting, scenario)));
}

/// Until `condition` holds, which `control.changed` tells.
async::Task<> until(MadeUpControl& control, bool (*condition)(const MadeUpControl& control)) {
    while (!condition(control)) {
        co_await control.changed.changed();
    }
}

/// The other end has closed the connection, with or without words.
async::Task<std::string> read_to_end(sys::FdRef socket) {
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

async::Task<> until_gone(Setting& setting, std::size_t left) {
    while (setting.server.connections() > left) {
        co_await async::sleep_for(1ms);
    }
}

async::Task<VarlinkReply> text_reply(VarlinkClient* client) {
    const ReceivedReply reply = co_await client->next_reply();
    co_return VarlinkReply{.error = reply.error(), .continues = reply.continues()};
}

VarlinkCall call_of(std::string_view method, CallKind kind = CallKind::simple) {
    return {
        .method = supervisor_name(method),
        .parameters = one_parameter("id", "web"),
        .kind = kind,
    };
}

}  // namespace

TEST_CASE("control server: its directory is private, even if it was not") {
    const ScratchDirectory directory;
    REQUIRE(::mkdir((directory.path + "/@supervise").c_str(), 0755) == 0);

    const sys::UniqueFd listener = listen_control(directory.path);
    const sys::UniqueFd again = listen_control(directory.path);

    struct stat status = {};
    REQUIRE(::stat((directory.path + "/@supervise").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    REQUIRE(::stat(control_socket_path(directory.path).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("control server: answers calls, one after the other on a connection") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        ControlClient client(here.connect());
        const std::vector<UnitStatus> units = co_await client.list();
        co_await client.start("web");
        co_await client.restart("web");
        const SupervisorStatus supervisor = co_await client.supervisor();
        CHECK(units.size() == 1);
        CHECK(supervisor.version == "1.2");
    });

    CHECK(setting.control.actions == std::vector<std::string>{"start web", "restart web"});
    CHECK(setting.server.connections() == 0);
}

TEST_CASE("control server: calls sent together are answered in order, oneway ones are not") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        VarlinkClient client(here.connect());
        co_await client.send(call_of("Start"));
        co_await client.send(call_of("Stop", CallKind::oneway));
        co_await client.send(call_of("Dance"));
        const VarlinkReply first = co_await text_reply(&client);
        const VarlinkReply second = co_await text_reply(&client);
        CHECK(first.error.empty());
        CHECK(second.error == "org.varlink.service.MethodNotFound");
    });

    CHECK(setting.control.actions == std::vector<std::string>{"start web", "stop web"});
}

TEST_CASE("control server: what the supervisor says is thrown by the client") {
    Setting setting;
    setting.control.refusal = "config.json: no";

    play(setting, [](Setting& here) -> async::Task<> {
        ControlClient client(here.connect());
        std::string message;
        try {
            co_await client.start("web");
        } catch (const Error& error) {
            message = error.what();
        }
        CHECK(message == "config.json: no");
        try {
            (void)co_await client.status("db");
        } catch (const Error& error) {
            message = error.what();
        }
        CHECK(message == "container does not exist");
    });
}

TEST_CASE("control server: a wait ends with the container") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        VarlinkClient client(here.connect());
        co_await client.send(call_of("Wait"));
        co_await until(here.control, [](const MadeUpControl& control) {
            return control.waiting == 1;
        });
        here.control.ended = true;
        here.control.changed.notify_all();
        const ReceivedReply reply = co_await client.next_reply();
        CHECK(reply.parameters()->require("exit").require("status").whole_number(0, 9) == 3);
    });
}

TEST_CASE("control server: a client that goes away in the middle of a call leaves nothing") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        std::optional<VarlinkClient> client;
        client.emplace(here.connect());
        co_await client->send(call_of("Wait"));
        co_await until(here.control, [](const MadeUpControl& control) {
            return control.waiting == 1;
        });
        client.reset();
        co_await until_gone(here, 0);
    });

    CHECK(setting.control.waiting == 0);
}

TEST_CASE("control server: a client that has ended only its sending gets its answer") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        const sys::UniqueFd socket = here.connect();
        sys::write_all(socket, message_of(call_of("Wait")) + '\0');
        CHECK(sys::shutdown_sending(socket) == 0);
        co_await until(here.control, [](const MadeUpControl& control) {
            return control.waiting == 1;
        });
        here.control.ended = true;
        here.control.changed.notify_all();
        const std::string answer = co_await read_to_end(socket);
        CHECK(answer.starts_with(R"({"parameters":{"exit":{)"));
    });
}

TEST_CASE("control server: who sends garbage is closed, also when it is without end") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        const sys::UniqueFd rude = here.connect();
        sys::write_all(rude, std::string("GET / HTTP/1.1\r\n\r\n\0", 19));
        const std::string answer = co_await read_to_end(rude);
        CHECK(answer.empty());

        const sys::UniqueFd endless = here.connect();
        const std::string piece(65536, 'x');
        bool taken = true;
        while (taken) {
            co_await async::writable(endless);
            const sys::Transferred sent = sys::try_write(endless, piece);
            taken = sent.error_number == 0 || sent.error_number == EAGAIN;
        }
        co_await until_gone(here, 0);

        ControlClient client(here.connect());
        const std::vector<UnitStatus> units = co_await client.list();
        CHECK(units.size() == 1);
    });
}

TEST_CASE("control server: a client that never reads costs one reply, and is closed in the end") {
    Setting setting({.write_limit = 50ms});
    setting.control.units.front().problem = std::string(1 << 20, 'x');

    play(setting, [](Setting& here) -> async::Task<> {
        const sys::UniqueFd deaf = here.connect();
        sys::write_all(
            deaf, message_of(call_of("List")) + '\0' + message_of(call_of("List")) + '\0'
        );
        ControlClient other(here.connect());
        co_await other.start("web");
        co_await until_gone(here, 1);
    });

    CHECK(setting.control.actions == std::vector<std::string>{"start web"});
}

TEST_CASE("control server: a slow follower of events misses some and sees the gap") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        ControlClient client(here.connect());
        co_await client.follow_events();
        co_await until(here.control, [](const MadeUpControl& control) {
            return control.following == 1;
        });
        // More than the socket holds, and than is kept.
        for (int i = 0; i < 100; ++i) {
            here.control.tell(std::string(32768, 'x'));
            co_await async::yield();
        }
        std::uint64_t expected = 1;
        std::uint64_t gaps = 0;
        while (expected <= 100) {
            const Event event = co_await client.next_event();
            gaps += event.sequence > expected ? 1 : 0;
            CHECK(event.sequence >= expected);
            expected = event.sequence + 1;
        }
        CHECK(gaps == 1);
    });

    CHECK(setting.control.following == 0);
}

TEST_CASE("control server: of too many clients those that ask nothing make room") {
    Setting setting({.most_connections = 8});

    play(setting, [](Setting& here) -> async::Task<> {
        std::vector<sys::UniqueFd> silent;
        for (int i = 0; i < 200; ++i) {
            silent.push_back(here.connect());
            ControlClient client(here.connect());
            const UnitStatus unit = co_await client.status("web");
            CHECK(unit.id == "web");
        }
        const std::string words = co_await read_to_end(silent.front());
        CHECK(words.empty());
        CHECK(here.server.connections() <= 9);
    });
}

TEST_CASE("control server: more clients with a call than it takes are told so") {
    Setting setting({.most_connections = 8});

    play(setting, [](Setting& here) -> async::Task<> {
        std::vector<std::unique_ptr<VarlinkClient>> clients;
        for (std::size_t i = 0; i < 200; ++i) {
            clients.push_back(std::make_unique<VarlinkClient>(here.connect()));
            co_await clients.back()->send(call_of("Wait"));
            if (i >= 8) {
                const VarlinkReply refused = co_await text_reply(clients.back().get());
                CHECK(refused.error == "org.corun.Supervisor.Busy");
            }
            while (here.control.waiting < std::min<std::size_t>(i + 1, 8)) {
                co_await here.control.changed.changed();
            }
        }
        here.control.ended = true;
        here.control.changed.notify_all();
        for (std::size_t i = 0; i < 8; ++i) {
            const VarlinkReply served = co_await text_reply(clients[i].get());
            CHECK(served.error.empty());
        }
    });
}

TEST_CASE(
    "control server: another user is not served" * doctest::skip(::geteuid() != 0) *
    doctest::description("root")
) {
    Setting setting;
    // As if the directory did not protect it.
    const std::string path = control_socket_path(setting.directory.path);
    REQUIRE(::chmod(setting.directory.path.c_str(), 0755) == 0);
    REQUIRE(::chmod((setting.directory.path + "/@supervise").c_str(), 0755) == 0);
    REQUIRE(::chmod(path.c_str(), 0666) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setresuid(65534, 65534, 65534) != 0) {
            ::_exit(2);
        }
        try {
            const sys::UniqueFd socket = ControlClient::connect(setting.directory.path);
            async::Loop loop;
            ::_exit(loop.run(read_to_end(socket)).empty() ? 0 : 1);
        } catch (const std::exception&) {
            ::_exit(3);
        }
    }

    play(setting, [](Setting& here) -> async::Task<> {
        // The stranger is before us in the queue, or still comes: either way we are served.
        ControlClient client(here.connect());
        co_await client.start("web");
        int status = -1;
        while (::waitpid(-1, &status, WNOHANG) == 0) {
            co_await async::sleep_for(1ms);
        }
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    });
}

TEST_CASE("control server: an attached client gets the output and gives the input") {
    Setting setting;
    setting.use_pipes();

    play(setting, [](Setting& here) -> async::Task<> {
        ControlClient client(here.connect());
        const Attached attached = co_await client.attach("web");
        CHECK_FALSE(attached.terminal);
        sys::write_all(attached.socket, "typed");
        CHECK(sys::shutdown_sending(attached.socket) == 0);
        const std::string typed = co_await read_to_end(here.stdin_of_container);
        CHECK(typed == "typed");

        sys::write_all(here.stdout_of_container, "written");
        here.stdout_of_container.reset();
        const std::string output = co_await read_to_end(attached.socket);
        CHECK(output == "written");
        co_await until_gone(here, 0);
    });
}

TEST_CASE("control server: an attached client that goes away is let go of") {
    Setting setting;
    setting.use_pipes();

    play(setting, [](Setting& here) -> async::Task<> {
        ControlClient client(here.connect());
        { const Attached attached = co_await client.attach("web"); }
        co_await until_gone(here, 0);
    });

    CHECK(sys::try_write(setting.stdout_of_container, "x").error_number == EPIPE);
}

TEST_CASE("control server: an upgrade keeps connections, and answers what is in progress") {
    Setting setting;
    async::Loop loop;
    loop.run(async::with_deadline(
        20s,
        async::with_group(
            [](async::Group& group, Setting* here) -> async::Task<> {
                group.spawn(here->server.serve());
                // An idle client with half a call sent, one that waits, a follower, an attached
                // one.
                const std::string call = message_of(call_of("Start")) + '\0';
                sys::UniqueFd half = here->connect();
                sys::write_all(half, call.substr(0, 10));
                ControlClient follower(here->connect());
                co_await follower.follow_events();
                VarlinkClient waiter(here->connect());
                co_await waiter.send(call_of("Wait"));
                co_await until(here->control, [](const MadeUpControl& control) {
                    return control.waiting == 1 && control.following == 1;
                });

                ControlHandover handover = co_await here->server.release();
                CHECK(handover.connections.size() == 3);
                CHECK(here->control.waiting == 0);
                CHECK(here->control.following == 0);
                const ReceivedReply upgrading = co_await waiter.next_reply();
                CHECK(is_upgrading(upgrading));
                // Between the two: connections wait in the listener's queue.
                ControlClient early(here->connect());

                ControlServer second(here->control, std::move(handover));
                group.spawn(second.serve());
                sys::write_all(half, call.substr(10));
                co_await early.stop("web");
                VarlinkClient half_client(std::move(half));
                const VarlinkReply started = co_await text_reply(&half_client);
                CHECK(started.error.empty());
                co_await waiter.send(call_of("Wait"));
                here->control.ended = true;
                const ReceivedReply exit = co_await waiter.next_reply();
                CHECK(exit.error().empty());
                here->control.tell("hello");
                group.spawn([](MadeUpControl* control) -> async::Task<> {
                    while (control->following == 0) {
                        co_await control->changed.changed();
                    }
                    control->tell("again");
                }(&here->control));
                const Event event = co_await follower.next_event();
                CHECK(event.detail == "again");
                (void)co_await second.release();
            },
            &setting
        )
    ));
}

TEST_CASE("control server: an upgrade does not wait for who does not read, nor for the attached") {
    Setting setting;
    setting.control.units.front().problem = std::string(1 << 20, 'x');
    setting.use_pipes();

    async::Loop loop;
    loop.run(async::with_deadline(
        20s,
        async::with_group(
            [](async::Group& group, Setting* here) -> async::Task<> {
                group.spawn(here->server.serve());
                const sys::UniqueFd deaf = here->connect();
                sys::write_all(deaf, message_of(call_of("List")) + '\0');
                ControlClient client(here->connect());
                const Attached attached = co_await client.attach("web");
                // The deaf one's reply has begun once its first bytes are there.
                co_await async::readable(deaf);

                const ControlHandover handover = co_await here->server.release();
                CHECK(handover.listener);
                CHECK(handover.connections.empty());
                const std::string output = co_await read_to_end(attached.socket);
                CHECK(output.empty());
            },
            &setting
        )
    ));
}

TEST_CASE("control server: many wait for the same container") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        std::vector<std::unique_ptr<VarlinkClient>> clients;
        for (int i = 0; i < 60; ++i) {
            clients.push_back(std::make_unique<VarlinkClient>(here.connect()));
            co_await clients.back()->send(call_of("Wait"));
        }
        co_await until(here.control, [](const MadeUpControl& control) {
            return control.waiting == 60;
        });
        here.control.ended = true;
        here.control.changed.notify_all();
        for (const std::unique_ptr<VarlinkClient>& client : clients) {
            const VarlinkReply reply = co_await text_reply(client.get());
            CHECK(reply.error.empty());
        }
    });
}

TEST_CASE("control client: a list of units comes from a supervisor that answers") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        const auto units = co_await try_list_units(here.directory.path, 5s);
        CHECK(units.has_value());
        CHECK(units.value().front().id == "web");
    });
}

TEST_CASE("control client: no supervisor is one clear error") {
    const ScratchDirectory directory;

    CHECK_THROWS_WITH_AS(
        (void)ControlClient::connect(directory.path),
        concat(
            "no supervisor runs with root '",
            directory.path,
            "': connect '",
            directory.path,
            "/@supervise/control': No such file or directory (ENOENT)"
        )
            .c_str(),
        Error
    );
}

TEST_CASE("control client: a supervisor that is hung does not hold up a list") {
    const ScratchDirectory directory;
    const sys::UniqueFd listener = listen_control(directory.path);  // nobody accepts
    async::Loop loop;

    const auto begun = std::chrono::steady_clock::now();
    const auto units = loop.run(try_list_units(directory.path, 50ms));

    CHECK_FALSE(units.has_value());
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
    CHECK_FALSE(loop.run(try_list_units("/nonexistent", 50ms)).has_value());
}
