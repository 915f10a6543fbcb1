// Messages of rtnetlink, and interfaces of namespaces of the test's own.
#include "corun/sys/rtnetlink.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

using namespace corun;
using namespace corun::sys;

namespace {

struct rtmsg fixed_part() {
    return {};
}

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

}  // namespace

TEST_CASE("rtnetlink: a request has its length, sequence and aligned attributes") {
    RouteRequest request(RTM_GETROUTE, NLM_F_DUMP, fixed_part());
    request.add(7, std::string("eth0"));  // 4 + 5 bytes, padded to 12

    const std::span<const std::byte> message = request.finish(42);

    struct nlmsghdr header = {};
    std::memcpy(&header, message.data(), sizeof header);
    CHECK(message.size() == sizeof header + sizeof(struct rtmsg) + 12);
    CHECK(header.nlmsg_len == message.size());
    CHECK(header.nlmsg_seq == 42);
    CHECK(header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
    const auto attributes = message.subspan(sizeof header + sizeof(struct rtmsg));
    CHECK(find_attribute(attributes, 7)->size() == 5);
    CHECK_FALSE(find_attribute(attributes, 8));
}

TEST_CASE("rtnetlink: an attribute longer than its length can say is refused") {
    RouteRequest request(RTM_GETROUTE, 0, fixed_part());
    const std::vector<std::byte> longest(65535 - sizeof(struct rtattr));
    const std::vector<std::byte> too_long(longest.size() + 1);

    CHECK_NOTHROW(request.add(1, longest));
    CHECK_THROWS_WITH_AS(
        request.add(2, too_long), "netlink attribute: Message too long (EMSGSIZE)", Error
    );
}

TEST_CASE("rtnetlink: attributes that are cut short or lie about their length end the list") {
    CHECK_FALSE(find_attribute(bytes({8, 0, 1}), 1));                    // no whole header
    CHECK_FALSE(find_attribute(bytes({9, 0, 1, 0, 0, 0, 0, 0}), 1));     // longer than the list
    CHECK_FALSE(find_attribute(bytes({3, 0, 1, 0, 5, 0, 2, 0, 9}), 2));  // shorter than a header
    CHECK(*find_attribute(bytes({5, 0, 1, 0, 9}), 1)->data() == std::byte{9});
    // The flag "nested" is no part of the type.
    CHECK(find_attribute(bytes({4, 0, 1, 0x80}), 1));
}

TEST_CASE(
    "rtnetlink: a new network namespace has the loopback device, down, without addresses" *
    test::needs_privilege(test::Privilege::namespaces)
) {
    CHECK(test::error_in_child(CLONE_NEWNET, [] {
              RouteSocket socket;
              const std::vector<Interface> interfaces = socket.interfaces();
              test::expect(interfaces.size() >= 1 && interfaces[0].name == "lo", "only lo");
              test::expect(socket.addresses_of(interfaces[0].index).empty(), "no address");
          }) == "");
}

TEST_CASE(
    "rtnetlink: an address is added and read back; an up loopback has its own" *
    test::needs_privilege(test::Privilege::namespaces)
) {
    CHECK(test::error_in_child(CLONE_NEWNET, [] {
              RouteSocket socket;
              const int lo = socket.interfaces().at(0).index;
              const InterfaceAddress address{
                  .family = AF_INET,
                  .prefix_length = 24,
                  .scope = RT_SCOPE_UNIVERSE,
                  .address = bytes({192, 0, 2, 7}),
                  .local = bytes({192, 0, 2, 7}),
              };
              socket.add_address(lo, address);
              socket.set_up(lo);
              bool found = false;
              for (const InterfaceAddress& one : socket.addresses_of(lo)) {
                  found = found || (one.local == address.local && one.prefix_length == 24 &&
                                    (one.flags & IFA_F_PERMANENT) != 0);
              }
              test::expect(found, "the address");
          }) == "");
}

TEST_CASE(
    "rtnetlink: what the kernel refuses is an error with its errno" *
    test::needs_privilege(test::Privilege::namespaces)
) {
    CHECK(test::error_in_child(CLONE_NEWNET, [] {
              RouteSocket socket;
              const UniqueFd netns = sys::open("/proc/self/ns/net", O_RDONLY);
              try {
                  socket.move(4711, netns, "eth0");
              } catch (const Error& error) {
                  test::expect(error.error_number() == ENODEV, "ENODEV");
                  return;
              }
              test::expect(false, "a refusal");
          }) == "");
}
