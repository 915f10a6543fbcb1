// Datagrams by the dozen. Used by the supervisor, for the journal.
#include "corun/sys/datagram.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace corun::sys {

namespace {

using Pieces = std::array<iovec, std::tuple_size_v<Datagram>>;

void fill(Pieces& pieces, const Datagram& datagram) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        // Only read from; iovec serves readv(2) as well.
        pieces[i].iov_base = const_cast<char*>(datagram[i].data());
        pieces[i].iov_len = datagram[i].size();
    }
}

}  // namespace

DatagramsSent try_send_datagrams(FdRef socket, std::span<const Datagram> datagrams) {
    std::array<Pieces, kMaxDatagrams> pieces;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::array<mmsghdr, kMaxDatagrams> messages{};
    const std::size_t wanted = std::min(datagrams.size(), kMaxDatagrams);
    for (std::size_t i = 0; i < wanted; ++i) {
        fill(pieces[i], datagrams[i]);
        messages[i].msg_hdr.msg_iov = pieces[i].data();
        messages[i].msg_hdr.msg_iovlen = pieces[i].size();
    }
    DatagramsSent sent;
    while (sent.count < wanted) {
        const int count = ::sendmmsg(
            socket.number(),
            messages.data() + sent.count,
            static_cast<unsigned>(wanted - sent.count),
            MSG_DONTWAIT | MSG_NOSIGNAL
        );
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            sent.error_number = errno;
            break;
        }
        sent.count += static_cast<std::size_t>(count);
    }
    return sent;
}

int send_as_file_errno(FdRef socket, const Datagram& datagram) {
    try {
        const UniqueFd file = memfd_create("corun-journal");
        for (const std::string_view piece : datagram) {
            write_all(file, piece);
        }
        constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        if (::fcntl(file.ref().number(), F_ADD_SEALS, kAllSeals) < 0) {
            return errno;
        }
        return send_with_fd_errno(socket, {}, file);
    } catch (const Error& error) {
        return error.error_number();
    }
}

}  // namespace corun::sys
