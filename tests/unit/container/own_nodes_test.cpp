// Device nodes that the host makes for a container: whose they are, and when the host's do.
#include "corun/container/own_nodes.hpp"

#include <doctest/doctest.h>

#include <sys/sysmacros.h>

using namespace corun;

namespace {

const std::vector<oci::IdMapping> kTwoRanges = {
    {.container_id = 0, .host_id = 100000, .size = 10},
    {.container_id = 100, .host_id = 5000, .size = 2},
};

oci::Linux mapped() {
    oci::Linux config;
    config.uid_mappings = kTwoRanges;
    config.gid_mappings = kTwoRanges;
    return config;
}

oci::Device zero() {
    oci::Device device;
    device.path = "/dev/zero";
    device.major = 1;
    device.minor = 5;
    return device;
}

/// Root's on the host, for everyone.
struct stat host_zero() {
    struct stat status = {};
    status.st_mode = S_IFCHR | 0666;
    status.st_rdev = makedev(1, 5);
    return status;
}

}  // namespace

TEST_CASE("own nodes: an id of the container is the host's in the range that has it") {
    CHECK(container::host_id(kTwoRanges, 0) == 100000U);
    CHECK(container::host_id(kTwoRanges, 9) == 100009U);
    CHECK(container::host_id(kTwoRanges, 101) == 5001U);
}

TEST_CASE("own nodes: an id that no range has is not mapped") {
    CHECK(container::host_id(kTwoRanges, 10) == std::nullopt);
    CHECK(container::host_id(kTwoRanges, 102) == std::nullopt);
    CHECK(container::host_id({}, 0) == std::nullopt);
}

TEST_CASE("own nodes: the host's node does where neither mode nor owner is asked for") {
    CHECK(container::is_as_asked(host_zero(), zero(), mapped()));
}

TEST_CASE("own nodes: the host's node does not do with another number, type or mode") {
    oci::Device other_number = zero();
    other_number.minor = 3;
    oci::Device block = zero();
    block.type = oci::DeviceType::block;
    oci::Device narrower = zero();
    narrower.file_mode = 0600;

    CHECK_FALSE(container::is_as_asked(host_zero(), other_number, mapped()));
    CHECK_FALSE(container::is_as_asked(host_zero(), block, mapped()));
    CHECK_FALSE(container::is_as_asked(host_zero(), narrower, mapped()));
}

TEST_CASE("own nodes: an owner is asked for as the container sees it") {
    oci::Device device = zero();
    device.uid = 101;
    struct stat found = host_zero();
    CHECK_FALSE(container::is_as_asked(found, device, mapped()));

    found.st_uid = 5001;

    CHECK(container::is_as_asked(found, device, mapped()));
}
