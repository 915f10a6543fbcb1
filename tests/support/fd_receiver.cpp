#include "fd_receiver.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace corun::test {

namespace {

void wait_for_input(const sys::UniqueFd& fd) {
    pollfd event{fd.ref().number(), POLLIN, 0};
    if (::poll(&event, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) {
        throw HarnessError("nobody came to the socket");
    }
}

}  // namespace

FdReceiver::FdReceiver() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    if (::bind(socket_.ref().number(), reinterpret_cast<sockaddr*>(&address), sizeof address) !=
            0 ||
        ::listen(socket_.ref().number(), 4) != 0) {
        throw HarnessError("cannot listen at " + path());
    }
}

SentFd FdReceiver::receive() {
    wait_for_input(socket_);
    client_ = sys::UniqueFd(::accept4(socket_.ref().number(), nullptr, nullptr, SOCK_CLOEXEC));
    wait_for_input(client_);
    char text[4096];
    iovec part{text, sizeof text};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(client_.ref().number(), &message, MSG_CMSG_CLOEXEC);
    if (got <= 0 || CMSG_FIRSTHDR(&message) == nullptr) {
        throw HarnessError("no descriptor came with the message");
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return {.text = {text, static_cast<std::size_t>(got)}, .fd = sys::UniqueFd(fd)};
}

std::string FdReceiver::rest() {
    std::string text;
    char buffer[4096];
    while (true) {
        wait_for_input(client_);
        const ssize_t got = ::read(client_.ref().number(), buffer, sizeof buffer);
        if (got <= 0) {
            return text;
        }
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

}  // namespace corun::test
