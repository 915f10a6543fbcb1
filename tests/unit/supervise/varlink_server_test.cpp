// The control socket with real clients: good ones, bad ones, and many.
#include "corun/supervise/varlink_server.hpp"

#include "control_server_support.hpp"
#include "corun/sys/stream_socket.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

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
