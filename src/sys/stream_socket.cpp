// Stream sockets that do not block. Used by the supervisor and by the commands that call it.
#include "corun/sys/stream_socket.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace corun::sys {

namespace {

constexpr int kBacklog = 512;

UniqueFd make_socket(int family) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        throw_errno("socket");
    }
    return UniqueFd(fd);
}

sockaddr_un address_in(FdRef directory, const std::string& name) {
    const std::string path = concat(proc_self_fd(directory), "/", name);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw_errno_value(ENAMETOOLONG, "bind", name);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

void listen(FdRef socket, std::string_view name) {
    if (::listen(socket.number(), kBacklog) < 0) {
        throw_errno("listen", name);
    }
}

template <class Address>
void bind(FdRef socket, const Address& address, std::string_view name) {
    if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        throw_errno("bind", name);
    }
}

/// Otherwise a port stays taken for a minute after the last connection. (TIME_WAIT)
void reuse_address(FdRef socket) {
    const int on = 1;
    if (::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) {
        throw_errno("setsockopt(SO_REUSEADDR)");
    }
}

UniqueFd listen_ipv4(std::uint16_t port) {
    UniqueFd socket = make_socket(AF_INET);
    reuse_address(socket);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string name = concat("127.0.0.1:", port);
    bind(socket, address, name);
    listen(socket, name);
    return socket;
}

UniqueFd listen_ipv6(std::uint16_t port) {
    UniqueFd socket = make_socket(AF_INET6);
    reuse_address(socket);
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    const std::string name = concat("[::1]:", port);
    bind(socket, address, name);
    listen(socket, name);
    return socket;
}

}  // namespace

UniqueFd listen_stream(FdRef directory, const std::string& name) {
    UniqueFd socket = make_socket(AF_UNIX);
    // Mostly one is left there by a supervisor that was killed.
    (void)try_unlinkat(directory, name);
    // Before bind: the file is born with these permissions. (unix(7), Linux)
    if (::fchmod(socket.ref().number(), 0600) < 0) {
        throw_errno("fchmod", name);
    }
    bind(socket, address_in(directory, name), name);
    listen(socket, name);
    return socket;
}

UniqueFd listen_loopback(Loopback address, std::uint16_t port) {
    return address == Loopback::ipv4 ? listen_ipv4(port) : listen_ipv6(port);
}

std::uint16_t port_of(FdRef socket) {
    sockaddr_storage storage = {};
    socklen_t size = sizeof storage;
    if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&storage), &size) < 0) {
        throw_errno("getsockname");
    }
    // At the same place in sockaddr_in and sockaddr_in6.
    sockaddr_in address = {};
    std::memcpy(&address, &storage, sizeof address);
    return ntohs(address.sin_port);
}

Accepted try_accept(FdRef listener) {
    int fd = -1;
    do {
        fd = ::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd < 0 ? Accepted{.socket = {}, .error_number = errno}
                  : Accepted{.socket = UniqueFd(fd), .error_number = 0};
}

Accepted try_connect_stream(FdRef directory, const std::string& name) {
    UniqueFd socket = make_socket(AF_UNIX);
    const sockaddr_un address = address_in(directory, name);
    int result = -1;
    do {
        result = ::connect(
            socket.ref().number(), reinterpret_cast<const sockaddr*>(&address), sizeof address
        );
    } while (result < 0 && errno == EINTR);
    return result < 0 ? Accepted{.socket = {}, .error_number = errno}
                      : Accepted{.socket = std::move(socket), .error_number = 0};
}

StreamPair make_stream_pair() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        throw_errno("socketpair");
    }
    return {.first = UniqueFd(ends[0]), .second = UniqueFd(ends[1])};
}

int shutdown_sending(FdRef socket) noexcept {
    return ::shutdown(socket.number(), SHUT_WR) < 0 ? errno : 0;
}

bool has_hung_up(FdRef socket) {
    pollfd entry = {.fd = socket.number(), .events = 0, .revents = 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace corun::sys
