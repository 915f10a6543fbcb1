// The order of the conversation between launch and the child.
#include "corun/setup/handshake.hpp"

#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <span>
#include <string>

using namespace corun;
using namespace corun::setup;

namespace {

constexpr RequestSequence::Expected kAll{
    .relayed = true,
    .map_ids = true,
    .mapped_mounts = 2,
    .run_hooks = true,
    .console = true,
    .set_limits = true};

Message receive(sys::FdRef socket) {
    Message message;
    (void)sys::receive_record(socket, std::as_writable_bytes(std::span(&message, 1)));
    return message;
}

}  // namespace

TEST_CASE("handshake: the whole conversation is accepted in order") {
    RequestSequence sequence(kAll);

    for (const MessageKind kind :
         {MessageKind::relayed,
          MessageKind::map_ids,
          MessageKind::map_mount,
          MessageKind::map_mount,
          MessageKind::run_hooks,
          MessageKind::console,
          MessageKind::set_limits,
          MessageKind::ready}) {
        CHECK_NOTHROW(sequence.accept(kind));
    }
}

TEST_CASE("handshake: a second Ready is refused") {
    RequestSequence sequence({});
    sequence.accept(MessageKind::ready);

    CHECK_THROWS_WITH_AS(
        sequence.accept(MessageKind::ready),
        "handshake: Ready from the child after Ready: Protocol error (EPROTO)",
        Error
    );
}

TEST_CASE("handshake: a request that the plan does not need is refused") {
    RequestSequence sequence({.map_ids = false});

    CHECK_THROWS_WITH_AS(
        sequence.accept(MessageKind::map_ids),
        "handshake: unexpected MapIds from the child: Protocol error (EPROTO)",
        Error
    );
}

TEST_CASE("handshake: more mounts to map than the plan has are refused") {
    RequestSequence sequence({.mapped_mounts = 2});
    sequence.accept(MessageKind::map_mount);
    sequence.accept(MessageKind::map_mount);

    CHECK_THROWS_WITH_AS(
        sequence.accept(MessageKind::map_mount),
        "handshake: unexpected MapMount from the child: Protocol error (EPROTO)",
        Error
    );
}

TEST_CASE("handshake: hooks cannot be asked for after Ready") {
    RequestSequence sequence(kAll);
    sequence.accept(MessageKind::ready);

    CHECK_THROWS_AS(sequence.accept(MessageKind::run_hooks), Error);
}

TEST_CASE("handshake: the parent's own word from the child is refused") {
    RequestSequence sequence(kAll);

    CHECK_THROWS_AS(sequence.accept(MessageKind::proceed), Error);
}

TEST_CASE("handshake: warnings and reports may come at any time") {
    RequestSequence sequence({});
    sequence.accept(MessageKind::warning);
    sequence.accept(MessageKind::ready);

    CHECK_NOTHROW(sequence.accept(MessageKind::warning));
    CHECK_NOTHROW(sequence.accept(MessageKind::report));
}

TEST_CASE("handshake: a report carries errno and text across the border") {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    Handshake child(std::move(pair.first));

    child.report(Error("step 'mounts': mount '/proc'", EPERM));

    const Message message = receive(pair.second);
    CHECK(message.kind == MessageKind::report);
    CHECK(message.error_number == EPERM);
    CHECK(std::string(message.text_view()) == "step 'mounts': mount '/proc'");
}

TEST_CASE("handshake: a text that does not fit is cut off, not overrun") {
    Message message;

    message.set_text(std::string(5000, 'x'));

    CHECK(message.text_view().size() == message.text.size());
}

TEST_CASE("handshake: a child whose parent is gone hears so") {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    Handshake child(std::move(pair.first));
    pair.second.reset();

    CHECK_THROWS_AS((void)child.await_proceed(), ParentGone);
}
