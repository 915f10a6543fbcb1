// The journal's native protocol. In the supervisor; a journal that is slow is an answer, EAGAIN.
#include "corun/supervise/journal.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/datagram.hpp"
#include "corun/sys/socket.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

namespace corun::supervise {

namespace {

// syslog(3)'s numbers, as conmon has them.
constexpr int kInformation = 6;
constexpr int kError = 3;

/// As engines abbreviate ids.
constexpr std::size_t kShortId = 12;

/// The next lines of a text, as entries.
class Entries {
public:
    Entries(std::string_view fields, std::string_view bytes) {
        while (count_ < datagrams_.size() && !bytes.empty()) {
            const std::size_t newline = bytes.find('\n');
            const bool ends = newline != std::string_view::npos;
            const std::string_view tail = ends ? "\n" : "\nCONTAINER_PARTIAL_MESSAGE=true\n";
            const std::string_view line = bytes.substr(0, newline);
            datagrams_[count_] = {fields, "MESSAGE=", line, tail};
            ++count_;
            bytes.remove_prefix(line.size() + (ends ? 1 : 0));
        }
    }

    [[nodiscard]] std::span<const sys::Datagram> datagrams() const {
        return std::span(datagrams_).first(count_);
    }

    /// What the first `count` of them stand for.
    [[nodiscard]] LogPart part(std::size_t count) const {
        LogPart part;
        for (const sys::Datagram& datagram : datagrams().first(count)) {
            const bool ends = datagram[3].size() == 1;
            part.bytes += datagram[2].size() + (ends ? 1 : 0);
            part.lines += ends ? 1 : 0;
            part.in_line = !ends;
        }
        return part;
    }

private:
    std::array<sys::Datagram, sys::kMaxDatagrams> datagrams_;
    std::size_t count_ = 0;
};

/// An entry that is too large for a datagram goes as a file.
sys::DatagramsSent send_entries(sys::FdRef socket, std::span<const sys::Datagram> datagrams) {
    sys::DatagramsSent sent = sys::try_send_datagrams(socket, datagrams);
    if (sent.error_number == EMSGSIZE) {
        sent.error_number = sys::send_as_file_errno(socket, datagrams[sent.count]);
        sent.count += sent.error_number == 0 ? 1 : 0;
    }
    return sent;
}

}  // namespace

std::string Journal::fields(LogStream stream) const {
    return concat(
        "PRIORITY=",
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
        "\n"
    );
}

int Journal::connect_errno() {
    if (socket_) {
        return 0;
    }
    try {
        socket_ = sys::connect_datagram(path_);
        sys::set_non_blocking(socket_);
        return 0;
    } catch (const Error& error) {
        socket_.reset();
        return error.error_number();
    }
}

Journal::Sent Journal::send(LogStream stream, std::string_view bytes) {
    Sent sent{.part = {}, .error_number = connect_errno()};
    const std::string all_fields = fields(stream);
    while (sent.error_number == 0 && sent.part.bytes < bytes.size()) {
        const Entries entries(all_fields, bytes.substr(sent.part.bytes));
        const sys::DatagramsSent step = send_entries(socket_, entries.datagrams());
        const LogPart part = entries.part(step.count);
        sent.part.bytes += part.bytes;
        sent.part.lines += part.lines;
        sent.error_number = step.error_number;
    }
    if (sent.error_number != 0 && sent.error_number != EAGAIN) {
        socket_.reset();  // a journal that was started anew has another socket
    }
    return sent;
}

}  // namespace corun::supervise
