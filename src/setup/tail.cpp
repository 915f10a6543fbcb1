// The report of a step that runs under the payload's seccomp filter.
#include "corun/setup/tail.hpp"

#include "corun/sys/file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace corun::setup {

namespace {

/// Appends to a message's text; what does not fit is cut off.
class TextOf {
public:
    explicit TextOf(Message& message) : message_(message) {}

    TextOf& operator<<(std::string_view piece) {
        const std::size_t room = message_.text.size() - message_.text_size;
        const std::size_t size = std::min(piece.size(), room);
        std::memcpy(message_.text.data() + message_.text_size, piece.data(), size);
        message_.text_size += static_cast<std::uint32_t>(size);
        return *this;
    }

private:
    Message& message_;
};

}  // namespace

void fail_in_tail(
    ChildContext& context,
    std::string_view call,
    std::string_view object,
    int error_number,
    std::string_view reason
) noexcept {
    Message message;
    message.kind = MessageKind::report;
    message.error_number = error_number;
    TextOf text(message);
    text << "step '" << context.step << "': " << call;
    if (!object.empty()) {
        text << "(\"" << object << "\")";
    }
    if (!reason.empty()) {
        text << ": " << reason;
    }
    // write(2), not sendmsg(2): a filter for a payload without a network may well refuse the
    // latter. Whether anybody listens makes no difference to what follows.
    (void)::write(context.handshake.socket().number(), &message, sizeof message);
    ::_exit(EXIT_FAILURE);
}

}  // namespace corun::setup
