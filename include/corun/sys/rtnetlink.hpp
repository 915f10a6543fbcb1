// Network interfaces and their addresses over rtnetlink(7): finding them, moving them between
// network namespaces. Parent side; needs CAP_NET_ADMIN over the namespaces.
// Every length that goes into a message is checked against its field. (CVE-2021-43784)
#pragma once

#include "corun/sys/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corun::sys {

/// A request under construction: header, a fixed part, attributes. (netlink(7), rtnetlink(7))
class RouteRequest {
public:
    /// `fixed` is the struct that follows the header for `type` (RTM_*); `flags` are NLM_F_*
    /// besides NLM_F_REQUEST.
    template <class Fixed>
    RouteRequest(std::uint16_t type, std::uint16_t flags, const Fixed& fixed)
        : RouteRequest(type, flags) {
        append(std::as_bytes(std::span(&fixed, 1)));
    }

    /// Throws EMSGSIZE for what a length of 16 bits cannot say.
    void add(std::uint16_t attribute, std::span<const std::byte> payload);

    void add(std::uint16_t attribute, std::uint32_t number);

    /// With its NUL.
    void add(std::uint16_t attribute, const std::string& text);

    /// The whole message, its length and `sequence` filled in.
    [[nodiscard]] std::span<const std::byte> finish(std::uint32_t sequence);

private:
    RouteRequest(std::uint16_t type, std::uint16_t flags);

    void append(std::span<const std::byte> bytes);

    std::vector<std::byte> bytes_;
};

/// The payload of the attribute `type` in a list of them; nothing if it is absent. A list that is
/// cut short ends where it does.
[[nodiscard]] std::optional<std::span<const std::byte>> find_attribute(
    std::span<const std::byte> attributes, std::uint16_t type
);

struct Interface {
    int index = 0;
    std::string name;
    bool up = false;

    bool operator==(const Interface&) const = default;
};

/// An address as the kernel reports it and takes it back.
struct InterfaceAddress {
    std::uint8_t family = 0;  // AF_*
    std::uint8_t prefix_length = 0;
    std::uint8_t scope = 0;            // RT_SCOPE_*
    std::uint32_t flags = 0;           // IFA_F_*
    std::vector<std::byte> address;    // IFA_ADDRESS: of the peer, if there is one
    std::vector<std::byte> local;      // IFA_LOCAL; may be empty
    std::vector<std::byte> broadcast;  // IFA_BROADCAST; may be empty
    std::optional<std::uint32_t> route_priority;

    bool operator==(const InterfaceAddress&) const = default;
};

/// A NETLINK_ROUTE socket: works in the network namespace it was made in, wherever the process is.
class RouteSocket {
public:
    /// Of the calling thread's network namespace.
    RouteSocket();

    /// Of the namespace `netns`: the thread enters it for one system call and comes back. Needs
    /// CAP_SYS_ADMIN over both.
    explicit RouteSocket(FdRef netns);

    [[nodiscard]] std::vector<Interface> interfaces();

    [[nodiscard]] std::vector<InterfaceAddress> addresses_of(int index);

    /// To the namespace `netns`, under `name`, which may have a `%d` for the kernel to fill in. The
    /// interface is down afterwards and has lost its addresses.
    void move(int index, FdRef netns, const std::string& name);

    void add_address(int index, const InterfaceAddress& address);

    void set_up(int index);

private:
    void send(RouteRequest request);
    void acknowledge(RouteRequest request);
    [[nodiscard]] std::vector<std::vector<std::byte>> dump(RouteRequest request);
    [[nodiscard]] bool receive_into(std::vector<std::vector<std::byte>>& answers);

    UniqueFd socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace corun::sys
