// Texts with descriptors. Used by the supervisor's processes.
#include "corun/sys/message.hpp"

#include "corun/base/error.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace corun::sys {

namespace {

union ControlBuffer {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int) * kMaxMessageFds)> bytes;
};

void attach(msghdr& message, ControlBuffer& control, std::span<const FdRef> fds) {
    if (fds.empty()) {
        return;
    }
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    unsigned char* place = CMSG_DATA(header);
    for (const FdRef fd : fds) {
        const int number = fd.number();
        std::memcpy(place, &number, sizeof number);
        place += sizeof number;
    }
}

std::vector<UniqueFd> detach(msghdr& message) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const unsigned char* place = CMSG_DATA(header);
        const unsigned char* const end = place + (header->cmsg_len - CMSG_LEN(0));
        for (; place < end; place += sizeof(int)) {
            int number = -1;
            std::memcpy(&number, place, sizeof number);
            fds.emplace_back(number);
        }
    }
    return fds;
}

int send_errno(FdRef socket, std::string_view text, std::span<const FdRef> fds, int flags) {
    if (text.size() > kMaxMessageBytes || fds.size() > kMaxMessageFds) {
        return EMSGSIZE;
    }
    iovec vector = {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    ControlBuffer control = {};
    attach(message, control, fds);
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(socket.number(), &message, MSG_NOSIGNAL | flags);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

}  // namespace

void send_message(FdRef socket, std::string_view text, std::span<const FdRef> fds) {
    const int error_number = send_errno(socket, text, fds, 0);
    if (error_number != 0) {
        throw_errno_value(error_number, "sendmsg");
    }
}

bool try_send_message(FdRef socket, std::string_view text, std::span<const FdRef> fds) {
    const int error_number = send_errno(socket, text, fds, MSG_DONTWAIT);
    if (error_number != 0 && error_number != EAGAIN) {
        throw_errno_value(error_number, "sendmsg");
    }
    return error_number == 0;
}

std::optional<FdMessage> receive_message(FdRef socket) {
    FdMessage out;
    out.text.resize(kMaxMessageBytes);
    iovec vector = {.iov_base = out.text.data(), .iov_len = out.text.size()};
    ControlBuffer control = {};
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t got = -1;
    do {
        got = ::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        return std::nullopt;
    }
    if (got < 0) {
        throw_errno("recvmsg");
    }
    out.fds = detach(message);
    const auto flags = static_cast<unsigned>(message.msg_flags);
    if ((flags & MSG_TRUNC) != 0) {
        throw_errno_value(EMSGSIZE, "recvmsg");
    }
    if ((flags & MSG_CTRUNC) != 0) {
        throw_errno_value(EMFILE, "recvmsg");  // no room for the descriptors
    }
    out.text.resize(static_cast<std::size_t>(got));
    out.text.shrink_to_fit();
    return out;
}

}  // namespace corun::sys
