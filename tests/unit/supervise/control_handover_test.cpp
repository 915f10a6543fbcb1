// From one supervisor to the next in the same process: no connection is lost without a word.
#include "control_server_support.hpp"
#include "corun/supervise/varlink_server.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

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
