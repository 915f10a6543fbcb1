// What the commands see of the supervisor, and of none.
#include "corun/supervise/varlink_client.hpp"

#include "control_server_support.hpp"
#include "corun/base/text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

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
