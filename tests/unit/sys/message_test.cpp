#include "corun/sys/message.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>

using namespace corun;

TEST_CASE("message: a text arrives with its descriptors, in their order") {
    const sys::SocketPair pair = sys::make_seqpacket_pair();
    const sys::Pipe pipe = sys::make_pipe();

    sys::send_message(pair.first, "hello", std::array{pipe.read_end.ref(), pipe.write_end.ref()});
    const std::optional<sys::FdMessage> message = sys::receive_message(pair.second);

    REQUIRE(message);
    CHECK(message->text == "hello");
    REQUIRE(message->fds.size() == 2);
    sys::write_all(message->fds[1], "x");
    std::array<char, 4> buffer{};
    CHECK(sys::read_some(message->fds[0], buffer.data(), buffer.size()) == 1);
}

TEST_CASE("message: the end of the conversation is no message") {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    sys::send_message(pair.second, "unread");
    pair.first.reset();

    CHECK_FALSE(sys::receive_message(pair.second));
    CHECK_THROWS_WITH_AS(
        sys::send_message(pair.second, "x"), "sendmsg: Broken pipe (EPIPE)", Error
    );
}

TEST_CASE("message: more than fits is refused, not cut off") {
    const sys::SocketPair pair = sys::make_seqpacket_pair();
    const std::string text(sys::kMaxMessageBytes + 1, 'x');

    CHECK_THROWS_WITH_AS(
        sys::send_message(pair.first, text), "sendmsg: Message too long (EMSGSIZE)", Error
    );
}

TEST_CASE("message: try_send_message gives up where it would have to wait") {
    const sys::SocketPair pair = sys::make_seqpacket_pair();
    const std::string text(sys::kMaxMessageBytes, 'x');

    std::size_t sent = 0;
    while (sys::try_send_message(pair.first, text)) {
        ++sent;
    }

    CHECK(sent > 0);
    CHECK(sys::receive_message(pair.second)->text == text);
}
