// The journal's native protocol. In the supervisor; a journal that is slow is an answer, EAGAIN.
#include "corun/supervise/journal.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"

#include <cerrno>

namespace corun::supervise {

namespace {

// syslog(3)'s numbers, as conmon has them.
constexpr int kInformation = 6;
constexpr int kError = 3;

/// As engines abbreviate ids.
constexpr std::size_t kShortId = 12;

}  // namespace

/// A batch has fewer bytes than a datagram may have, so an entry needs no file of its own.
std::string Journal::entry(LogStream stream, std::string_view line, bool ends) const {
    return concat(
        "MESSAGE=",
        line,
        "\nPRIORITY=",
        stream == LogStream::out ? kInformation : kError,
        "\nCONTAINER_ID=",
        std::string_view(id_).substr(0, kShortId),
        "\nCONTAINER_ID_FULL=",
        id_,
        "\nCONTAINER_NAME=",
        id_,
        "\nCONTAINER_TAG=",
        id_,
        "\nSYSLOG_IDENTIFIER=",
        id_,
        ends ? "\n" : "\nCONTAINER_PARTIAL_MESSAGE=true\n"
    );
}

int Journal::send_errno(LogStream stream, std::string_view line, bool ends) {
    try {
        if (!socket_) {
            socket_ = sys::connect_datagram(path_);
            sys::set_non_blocking(socket_);
        }
    } catch (const Error& error) {
        return error.error_number();
    }
    const int error_number = sys::try_write(socket_, entry(stream, line, ends)).error_number;
    if (error_number != 0 && error_number != EAGAIN) {
        socket_.reset();  // a journal that was started anew has another socket
    }
    return error_number;
}

}  // namespace corun::supervise
