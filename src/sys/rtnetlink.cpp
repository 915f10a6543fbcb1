// Messages of rtnetlink(7), built and taken apart with every length checked. Parent side.
#include "corun/sys/rtnetlink.hpp"

#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <net/if.h>

namespace corun::sys {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kAlignment = 4;  // NLMSG_ALIGNTO, RTA_ALIGNTO

/// What the kernel puts into one answer at most, and room to spare.
constexpr std::size_t kLargestAnswer = std::size_t{64} << 10U;

constexpr std::size_t aligned(std::size_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

/// The struct at the beginning of `bytes`; nothing if they are too few.
template <class Struct>
std::optional<Struct> read_struct(Bytes bytes) {
    Struct out = {};
    if (bytes.size() < sizeof out) {
        return std::nullopt;
    }
    std::memcpy(&out, bytes.data(), sizeof out);
    return out;
}

/// What follows the header and the fixed part of a message.
template <class Fixed>
Bytes attributes_of(Bytes message) {
    const std::size_t start = NLMSG_HDRLEN + aligned(sizeof(Fixed));
    return message.subspan(std::min(start, message.size()));
}

std::vector<std::byte> copy_of(std::optional<Bytes> bytes) {
    return bytes ? std::vector<std::byte>(bytes->begin(), bytes->end()) : std::vector<std::byte>();
}

std::string text_of(std::optional<Bytes> bytes) {
    std::string text;
    for (const std::byte byte : bytes.value_or(Bytes())) {
        if (byte == std::byte{0}) {
            break;
        }
        text += static_cast<char>(byte);
    }
    return text;
}

std::optional<std::uint32_t> number_of(std::optional<Bytes> bytes) {
    return bytes ? read_struct<std::uint32_t>(*bytes) : std::nullopt;
}

UniqueFd open_socket() {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) {
        throw_errno("socket(AF_NETLINK)");
    }
    return socket;
}

UniqueFd open_socket_in(FdRef netns) {
    const UniqueFd home = open("/proc/self/ns/net", O_RDONLY);
    setns(netns, CLONE_NEWNET);
    // To go on in another network namespace would be worse than to end.
    const ScopeExit come_back([&] {
        if (::setns(home.ref().number(), CLONE_NEWNET) != 0) {
            std::abort();
        }
    });
    return open_socket();
}

/// What add_address() gives back of the flags; the rest is the kernel's to say.
constexpr std::uint32_t kSettableFlags =
    IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

}  // namespace

// ---------------------------------------------------------------- requests

RouteRequest::RouteRequest(std::uint16_t type, std::uint16_t flags) {
    const struct nlmsghdr header = {
        .nlmsg_len = 0,
        .nlmsg_type = type,
        .nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST),
        .nlmsg_seq = 0,
        .nlmsg_pid = 0,
    };
    append(std::as_bytes(std::span(&header, 1)));
}

void RouteRequest::append(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize(aligned(bytes_.size()));
}

void RouteRequest::add(std::uint16_t attribute, Bytes payload) {
    if (payload.size() > std::numeric_limits<std::uint16_t>::max() - sizeof(struct rtattr)) {
        throw_errno_value(EMSGSIZE, "netlink attribute");
    }
    const struct rtattr header = {
        .rta_len = static_cast<std::uint16_t>(sizeof(struct rtattr) + payload.size()),
        .rta_type = attribute,
    };
    append(std::as_bytes(std::span(&header, 1)));
    append(payload);
}

void RouteRequest::add(std::uint16_t attribute, std::uint32_t number) {
    add(attribute, std::as_bytes(std::span(&number, 1)));
}

void RouteRequest::add(std::uint16_t attribute, const std::string& text) {
    add(attribute, std::as_bytes(std::span(text.c_str(), text.size() + 1)));
}

Bytes RouteRequest::finish(std::uint32_t sequence) {
    if (bytes_.size() > std::numeric_limits<std::uint32_t>::max()) {
        throw_errno_value(EMSGSIZE, "netlink message");
    }
    struct nlmsghdr header = {};
    std::memcpy(&header, bytes_.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
    header.nlmsg_seq = sequence;
    std::memcpy(bytes_.data(), &header, sizeof header);
    return bytes_;
}

std::optional<Bytes> find_attribute(Bytes attributes, std::uint16_t type) {
    constexpr auto kTypeMask = static_cast<std::uint16_t>(NLA_TYPE_MASK);
    while (const auto header = read_struct<struct rtattr>(attributes)) {
        if (header->rta_len < sizeof(struct rtattr) || header->rta_len > attributes.size()) {
            return std::nullopt;
        }
        if ((header->rta_type & kTypeMask) == type) {
            return attributes.subspan(
                sizeof(struct rtattr), header->rta_len - sizeof(struct rtattr)
            );
        }
        attributes = attributes.subspan(std::min(aligned(header->rta_len), attributes.size()));
    }
    return std::nullopt;
}

// ---------------------------------------------------------------- the conversation

RouteSocket::RouteSocket() : socket_(open_socket()) {}

RouteSocket::RouteSocket(FdRef netns) : socket_(open_socket_in(netns)) {}

void RouteSocket::send(RouteRequest request) {
    const Bytes message = request.finish(++sequence_);
    if (::send(socket_.ref().number(), message.data(), message.size(), 0) < 0) {
        throw_errno("send(AF_NETLINK)");
    }
}

/// One datagram; its messages that answer the request are added. False at the last one. Throws the
/// kernel's refusal.
bool RouteSocket::receive_into(std::vector<std::vector<std::byte>>& answers) {
    std::vector<std::byte> buffer(kLargestAnswer);
    ssize_t got = -1;
    do {
        got = ::recv(socket_.ref().number(), buffer.data(), buffer.size(), MSG_TRUNC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        throw_errno("recv(AF_NETLINK)");
    }
    if (static_cast<std::size_t>(got) > buffer.size()) {
        throw_errno_value(EMSGSIZE, "recv(AF_NETLINK)");
    }
    Bytes rest = Bytes(buffer).first(static_cast<std::size_t>(got));
    while (const auto header = read_struct<struct nlmsghdr>(rest)) {
        if (header->nlmsg_len < sizeof *header || header->nlmsg_len > rest.size()) {
            throw_errno_value(EPROTO, "recv(AF_NETLINK)");
        }
        const Bytes message = rest.first(header->nlmsg_len);
        rest = rest.subspan(std::min(aligned(header->nlmsg_len), rest.size()));
        if (header->nlmsg_seq != sequence_) {
            continue;
        }
        if (header->nlmsg_type == NLMSG_DONE) {
            return false;
        }
        if (header->nlmsg_type == NLMSG_ERROR) {
            const auto error = read_struct<struct nlmsgerr>(message.subspan(NLMSG_HDRLEN));
            if (!error || error->error != 0) {
                throw_errno_value(error ? -error->error : EPROTO, "rtnetlink");
            }
            return false;
        }
        answers.push_back(copy_of(message));
    }
    return true;
}

void RouteSocket::acknowledge(RouteRequest request) {
    send(std::move(request));
    std::vector<std::vector<std::byte>> answers;
    while (receive_into(answers)) {
    }
}

std::vector<std::vector<std::byte>> RouteSocket::dump(RouteRequest request) {
    send(std::move(request));
    std::vector<std::vector<std::byte>> answers;
    while (receive_into(answers)) {
    }
    return answers;
}

// ---------------------------------------------------------------- interfaces and addresses

std::vector<Interface> RouteSocket::interfaces() {
    struct ifinfomsg fixed = {};
    fixed.ifi_family = AF_UNSPEC;
    std::vector<Interface> out;
    for (const std::vector<std::byte>& message :
         dump(RouteRequest(RTM_GETLINK, NLM_F_DUMP, fixed))) {
        const auto info =
            read_struct<struct ifinfomsg>(Bytes(message).subspan(sizeof(struct nlmsghdr)));
        if (info) {
            const Bytes attributes = attributes_of<struct ifinfomsg>(message);
            out.push_back({
                .index = info->ifi_index,
                .name = text_of(find_attribute(attributes, IFLA_IFNAME)),
                .up = (info->ifi_flags & IFF_UP) != 0,
            });
        }
    }
    return out;
}

std::vector<InterfaceAddress> RouteSocket::addresses_of(int index) {
    struct ifaddrmsg fixed = {};
    fixed.ifa_family = AF_UNSPEC;
    std::vector<InterfaceAddress> out;
    for (const std::vector<std::byte>& message :
         dump(RouteRequest(RTM_GETADDR, NLM_F_DUMP, fixed))) {
        const auto info =
            read_struct<struct ifaddrmsg>(Bytes(message).subspan(sizeof(struct nlmsghdr)));
        if (!info || info->ifa_index != static_cast<unsigned>(index)) {
            continue;
        }
        const Bytes attributes = attributes_of<struct ifaddrmsg>(message);
        out.push_back({
            .family = info->ifa_family,
            .prefix_length = info->ifa_prefixlen,
            .scope = info->ifa_scope,
            .flags = number_of(find_attribute(attributes, IFA_FLAGS)).value_or(info->ifa_flags),
            .address = copy_of(find_attribute(attributes, IFA_ADDRESS)),
            .local = copy_of(find_attribute(attributes, IFA_LOCAL)),
            .broadcast = copy_of(find_attribute(attributes, IFA_BROADCAST)),
            .route_priority = number_of(find_attribute(attributes, IFA_RT_PRIORITY)),
        });
    }
    return out;
}

void RouteSocket::move(int index, FdRef netns, const std::string& name) {
    struct ifinfomsg fixed = {};
    fixed.ifi_family = AF_UNSPEC;
    fixed.ifi_index = index;
    RouteRequest request(RTM_NEWLINK, NLM_F_ACK, fixed);
    request.add(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns.number()));
    request.add(IFLA_IFNAME, name);
    acknowledge(std::move(request));
}

void RouteSocket::add_address(int index, const InterfaceAddress& address) {
    struct ifaddrmsg fixed = {};
    fixed.ifa_family = address.family;
    fixed.ifa_prefixlen = address.prefix_length;
    fixed.ifa_scope = address.scope;
    fixed.ifa_index = static_cast<unsigned>(index);
    RouteRequest request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, fixed);
    request.add(IFA_FLAGS, address.flags & kSettableFlags);
    request.add(IFA_ADDRESS, address.address);
    if (!address.local.empty()) {
        request.add(IFA_LOCAL, address.local);
    }
    if (!address.broadcast.empty()) {
        request.add(IFA_BROADCAST, address.broadcast);
    }
    if (address.route_priority) {
        request.add(IFA_RT_PRIORITY, *address.route_priority);
    }
    acknowledge(std::move(request));
}

void RouteSocket::set_up(int index) {
    struct ifinfomsg fixed = {};
    fixed.ifi_family = AF_UNSPEC;
    fixed.ifi_index = index;
    fixed.ifi_flags = IFF_UP;
    fixed.ifi_change = IFF_UP;
    acknowledge(RouteRequest(RTM_NEWLINK, NLM_F_ACK, fixed));
}

}  // namespace corun::sys
