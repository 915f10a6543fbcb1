// What the end of a container's process means to one who has just told it to start.
#include "corun/container/launch.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/setup/handshake.hpp"
#include "corun/setup/wanted.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <cerrno>
#include <span>
#include <string>
#include <vector>

using namespace corun;
using namespace corun::container;
using container::testing::TemporaryRoot;

namespace {

constexpr const char* kEnded = "the container's process ended before it was started";

std::string outcome(sys::FdRef socket) {
    async::Loop loop;
    std::vector<std::string> warnings;
    try {
        loop.run(await_exec(socket, &warnings));
    } catch (const Error& error) {
        return error.what();
    }
    return "started";
}

void read_proceed(sys::FdRef socket) {
    setup::Message message;
    (void)sys::receive_record(socket, std::as_writable_bytes(std::span(&message, 1)));
    REQUIRE(message.kind == setup::MessageKind::proceed);
}

}  // namespace

TEST_CASE("launch: a child that reads Proceed and closes its end has started") {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    proceed(pair.first);
    read_proceed(pair.second);
    pair.second.reset();

    CHECK(outcome(pair.first) == "started");
}

TEST_CASE("launch: a child that dies before it reads Proceed has not started") {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    proceed(pair.first);
    pair.second.reset();

    CHECK(outcome(pair.first) == kEnded);
}

TEST_CASE("launch: a gate whose process dies before it accepts has not let anybody pass") {
    const TemporaryRoot root;
    const sys::UniqueFd directory = sys::open(root.path(), O_RDONLY | O_DIRECTORY);
    sys::UniqueFd listener = sys::listen_seqpacket(directory, "gate");
    const std::optional<sys::UniqueFd> gate = sys::try_connect_seqpacket(directory, "gate");
    REQUIRE(gate);

    SUBCASE("after Proceed") {
        proceed(*gate);
        listener.reset();
        CHECK(outcome(*gate) == kEnded);
    }
    SUBCASE("before Proceed") {
        listener.reset();
        CHECK_FALSE(try_proceed(*gate));
        CHECK_THROWS_WITH(proceed(*gate), kEnded);
    }
}

TEST_CASE("launch: the report of a child that has not read Proceed says why") {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    setup::Message report;
    report.kind = setup::MessageKind::report;
    report.set_text("step 'exec': no such thing");
    setup::send_message(pair.second, report);
    proceed(pair.first);
    pair.second.reset();

    CHECK(outcome(pair.first) == "step 'exec': no such thing");
}

TEST_CASE("launch: that nobody was born is told apart from the failure of a step") {
    setup::Plan plan;
    const sys::UniqueFd no_cgroup = sys::open("/", O_PATH | O_DIRECTORY);
    async::Loop loop;

    CHECK_THROWS_AS(
        loop.run(launch({.plan = &plan, .cgroup = no_cgroup.ref()})), container::BirthRefused
    );

    const setup::Step step{"fails", "", setup::always, [](setup::ChildContext&) {
                               throw Error("no such luck", EACCES);
                           }};
    try {
        (void)loop.run(launch({.plan = &plan, .steps = {&step, 1}}));
        FAIL("it has started");
    } catch (const container::BirthRefused&) {
        FAIL("somebody was born");
    } catch (const Error& error) {
        CHECK(std::string(error.what()).starts_with("step 'fails': no such luck: "));
    }
}
