#include "corun/supervise/varlink.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::supervise;

TEST_CASE("varlink: a call says its method, its parameters and its kind") {
    const VarlinkCall call{
        .method = supervisor_name("Start"),
        .parameters = one_parameter("id", "a\"b"),
        .kind = CallKind::more,
    };

    const std::string text = message_of(call);
    const ReceivedCall received(text);

    CHECK(
        text == R"({"method":"org.corun.Supervisor.Start","parameters":{"id":"a\"b"},"more":true})"
    );
    CHECK(received.method() == "org.corun.Supervisor.Start");
    CHECK(received.kind() == CallKind::more);
    CHECK(received.parameters()->require("id").string() == "a\"b");
}

TEST_CASE("varlink: parameters may be missing") {
    const ReceivedCall call(R"({"method":"a.b.C"})");

    CHECK(call.kind() == CallKind::simple);
    CHECK_FALSE(call.parameters().has_value());
}

TEST_CASE("varlink: what is no call is refused") {
    CHECK_THROWS_AS(ReceivedCall("hello"), Error);
    CHECK_THROWS_AS(ReceivedCall("[]"), Error);
    CHECK_THROWS_AS(ReceivedCall("{}"), Error);
    CHECK_THROWS_AS(ReceivedCall(R"({"method":7})"), Error);
    CHECK_THROWS_AS(ReceivedCall(R"({"method":"a.b.C","parameters":[]})"), Error);
    CHECK_THROWS_AS(ReceivedCall(R"({"method":"a.b.C","more":1})"), Error);
    CHECK_THROWS_AS(ReceivedCall(R"({"method":"a.b.C","more":true,"oneway":true})"), Error);
}

TEST_CASE("varlink: a reply says its error, its parameters and whether more follow") {
    const std::string text =
        message_of({.parameters = one_parameter("id", "x"), .error = "a.b.E", .continues = true});
    const ReceivedReply reply(text);

    CHECK(text == R"({"error":"a.b.E","parameters":{"id":"x"},"continues":true})");
    CHECK(reply.error() == "a.b.E");
    CHECK(reply.continues());
    CHECK(reply.text("id") == "x");
    CHECK(reply.text("other").empty());
    CHECK(message_of(VarlinkReply()) == R"({"parameters":{}})");
}

TEST_CASE("varlink: a damaged message is a call or an error, nothing else") {
    const std::string good = message_of(VarlinkCall{
        .method = "a.b.C", .parameters = one_parameter("id", "web"), .kind = CallKind::more});
    std::size_t refused = 0;
    for (std::size_t place = 0; place < good.size(); ++place) {
        for (const char replacement : {'\0', '"', '{', '}', '\\', '7', '\xff'}) {
            std::string damaged = good;
            damaged[place] = replacement;
            try {
                const ReceivedCall call(damaged);
                CHECK_FALSE(call.method().empty());
            } catch (const Error&) {
                ++refused;
            }
        }
        CHECK_THROWS_AS(ReceivedCall(good.substr(0, place)), Error);
    }
    CHECK(refused > 100);
}
