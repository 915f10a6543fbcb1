// Records over SOCK_SEQPACKET sockets. Used by the handshake, on both sides, and by the start gate.
#include "corun/sys/socket.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace corun::sys {

namespace {

union ControlBuffer {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

/// The errno, 0: sent. Allocates nothing.
int send_message_errno(
    FdRef socket, std::span<const std::byte> data, std::optional<FdRef> fd
) noexcept {
    iovec vector = {.iov_base = const_cast<std::byte*>(data.data()), .iov_len = data.size()};
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    ControlBuffer control = {};
    if (fd) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = control.bytes.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        const int number = fd->number();
        std::memcpy(CMSG_DATA(header), &number, sizeof number);
    }
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(socket.number(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return errno;
    }
    return static_cast<std::size_t>(sent) != data.size() ? EMSGSIZE : 0;
}

void send_message(FdRef socket, std::span<const std::byte> data, std::optional<FdRef> fd) {
    const int error_number = send_message_errno(socket, data, fd);
    if (error_number != 0) {
        throw_errno_value(error_number, "sendmsg");
    }
}

UniqueFd received_fd(msghdr& message) {
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
        return {};
    }
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    return UniqueFd(number);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw_errno_value(ENAMETOOLONG, "connect", path);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

UniqueFd make_socket(int type) {
    const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        throw_errno("socket");
    }
    return UniqueFd(fd);
}

int connect_to(FdRef socket, const std::string& path) {
    const sockaddr_un address = address_of(path);
    int result = -1;
    do {
        result =
            ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

}  // namespace

void send_record(FdRef socket, std::span<const std::byte> record, std::optional<FdRef> fd) {
    send_message(socket, record, fd);
}

Received receive_record(FdRef socket, std::span<std::byte> buffer) {
    iovec vector = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    ControlBuffer control = {};
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t got = -1;
    bool was_reset = false;
    // ECONNRESET is told once, when the peer has ended with something of ours unread; what it had
    // sent before (the report of its failure, say) is still to be had, and after it end of file.
    do {
        got = ::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC);
        was_reset = was_reset || (got < 0 && errno == ECONNRESET);
    } while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got < 0) {
        throw_errno("recvmsg");
    }
    UniqueFd fd = received_fd(message);
    if ((static_cast<unsigned>(message.msg_flags) & MSG_TRUNC) != 0) {
        throw_errno_value(EMSGSIZE, "recvmsg");
    }
    return {
        .size = static_cast<std::size_t>(got),
        .fd = std::move(fd),
        .peer_was_deaf = was_reset,
    };
}

UniqueFd listen_seqpacket(FdRef directory, const std::string& name) {
    UniqueFd socket = make_socket(SOCK_SEQPACKET);
    const sockaddr_un address = address_of(concat(proc_self_fd(directory), "/", name));
    // Before bind: the file is born with these permissions. (unix(7), Linux)
    if (::fchmod(socket.ref().number(), 0600) < 0) {
        throw_errno("fchmod", name);
    }
    if (::bind(socket.ref().number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) <
        0) {
        throw_errno("bind", name);
    }
    constexpr int kBacklog = 16;
    if (::listen(socket.ref().number(), kBacklog) < 0) {
        throw_errno("listen", name);
    }
    return socket;
}

std::optional<UniqueFd> try_connect_seqpacket(FdRef directory, const std::string& name) {
    UniqueFd socket = make_socket(SOCK_SEQPACKET);
    const int error_number = connect_to(socket, concat(proc_self_fd(directory), "/", name));
    if (error_number == ENOENT || error_number == ECONNREFUSED) {
        return std::nullopt;
    }
    if (error_number != 0) {
        throw_errno_value(error_number, "connect", name);
    }
    return socket;
}

std::optional<UniqueFd> knock_at_seqpacket(FdRef directory, const std::string& name) {
    UniqueFd socket = make_socket(SOCK_SEQPACKET | SOCK_NONBLOCK);
    const int error_number = connect_to(socket, concat(proc_self_fd(directory), "/", name));
    if (error_number == ENOENT || error_number == ECONNREFUSED) {
        return std::nullopt;
    }
    // EAGAIN: its queue is full, for a process that is stopped does not accept. (unix(7))
    if (error_number == EAGAIN) {
        return UniqueFd();
    }
    if (error_number != 0) {
        throw_errno_value(error_number, "connect", name);
    }
    return socket;
}

UniqueFd accept(FdRef listener) {
    int fd = -1;
    do {
        fd = ::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) {
        throw_errno("accept");
    }
    return UniqueFd(fd);
}

UniqueFd connect_stream(const std::string& path) {
    UniqueFd socket = make_socket(SOCK_STREAM);
    int error_number = 0;
    if (path.size() < sizeof(sockaddr_un::sun_path)) {
        error_number = connect_to(socket, path);
    } else {
        // The 108 bytes of sun_path do not limit a caller's bundle directory.
        const UniqueFd file = open(path, O_PATH);
        error_number = connect_to(socket, proc_self_fd(file));
    }
    if (error_number != 0) {
        throw_errno_value(error_number, "connect", path);
    }
    return socket;
}

UniqueFd bind_datagram(FdRef directory, const std::string& name, mode_t mode) {
    UniqueFd socket = make_socket(SOCK_DGRAM);
    (void)try_unlinkat(directory, name);  // mostly nothing is there
    const sockaddr_un address = address_of(concat(proc_self_fd(directory), "/", name));
    if (::bind(socket.ref().number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) <
        0) {
        throw_errno("bind", name);
    }
    if (::fchmodat(directory.number(), name.c_str(), mode, 0) < 0) {
        throw_errno("fchmodat", name);
    }
    return socket;
}

UniqueFd connect_datagram(const std::string& address) {
    UniqueFd socket = make_socket(SOCK_DGRAM);
    sockaddr_un target = address_of(address);
    std::size_t size = sizeof target;
    if (address.starts_with('@')) {
        target.sun_path[0] = '\0';
        // An abstract name is all bytes up to the given length, zeros too.
        size = offsetof(sockaddr_un, sun_path) + address.size();
    }
    if (::connect(
            socket.ref().number(),
            reinterpret_cast<const sockaddr*>(&target),
            static_cast<socklen_t>(size)
        ) < 0) {
        throw_errno("connect", address);
    }
    return socket;
}

void send_with_fd(FdRef socket, std::string_view payload, FdRef fd) {
    send_message(socket, std::as_bytes(std::span(payload.data(), payload.size())), fd);
}

int send_with_fd_errno(FdRef socket, std::string_view payload, FdRef fd) noexcept {
    return send_message_errno(socket, std::as_bytes(std::span(payload.data(), payload.size())), fd);
}

uid_t peer_uid(FdRef socket) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        throw_errno("getsockopt(SO_PEERCRED)");
    }
    return peer.uid;
}

}  // namespace corun::sys
