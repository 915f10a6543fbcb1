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

    void lower(std::string_view piece) {
        for (const char letter : piece) {
            const char small = is_upper(letter) ? static_cast<char>(letter - 'A' + 'a') : letter;
            *this << std::string_view(&small, 1);
        }
    }

private:
    static bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }

    Message& message_;
};

/// write(2), not sendmsg(2): a filter for a payload without a network may well refuse the latter.
/// Whether anybody listens makes no difference to what follows.
[[noreturn]] void report_and_end(const ChildContext& context, const Message& message) {
    (void)::write(context.handshake.socket().number(), &message, sizeof message);
    ::_exit(EXIT_FAILURE);
}

}  // namespace

void fail_in_tail(ChildContext& context, std::string_view call, int error_number) noexcept {
    Message message;
    message.kind = MessageKind::report;
    message.error_number = error_number;
    TextOf(message) << "step '" << context.step << "': " << call;
    report_and_end(context, message);
}

void fail_in_exec(
    ChildContext& context, std::string_view path, int error_number, std::string_view reason
) noexcept {
    Message message;
    message.kind = MessageKind::report;
    const char* cause = strerrordesc_np(error_number);
    TextOf text(message);
    text << "step '" << context.step << "': exec " << path << ": ";
    text.lower(cause == nullptr ? "unknown error" : cause);
    if (!reason.empty()) {
        text << " (" << reason << ")";
    }
    report_and_end(context, message);
}

}  // namespace corun::setup
