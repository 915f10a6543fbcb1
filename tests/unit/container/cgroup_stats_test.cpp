// The texts of a cgroup's statistics.
#include "corun/container/cgroup_stats.hpp"

#include <doctest/doctest.h>

using namespace corun::container;

TEST_CASE("cgroup stats: lines of name and number are counters, others are passed over") {
    const Counters counters = parse_counters("usage_usec 12\nnr_periods 0\nodd\nbig x\n");

    CHECK(counters == Counters{{"usage_usec", 12}, {"nr_periods", 0}});
}

TEST_CASE("cgroup stats: pressure has shares of some and of full") {
    const auto pressure = parse_pressure(
        "some avg10=1.25 avg60=0.50 avg300=0.01 total=4711\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
    );

    REQUIRE(pressure);
    CHECK(
        pressure->some ==
        PressureShares{.avg10 = 1.25, .avg60 = 0.5, .avg300 = 0.01, .total_us = 4711}
    );
    CHECK(pressure->full == PressureShares{.total_us = 12});
    CHECK_FALSE(parse_pressure(""));
}

TEST_CASE("cgroup stats: processor pressure of an older kernel has no full line") {
    const auto pressure = parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");

    REQUIRE(pressure);
    CHECK(pressure->some.total_us == 7);
    CHECK(pressure->full == PressureShares());
}

TEST_CASE("cgroup stats: io.stat has a line per device; one without numbers is none") {
    const auto devices = parse_io_stat(
        "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n"
        "(unknown)\n"
        "253:16 rbytes=7 cost.vrate=100.00\n"
    );

    REQUIRE(devices.size() == 2);
    CHECK(devices[0].major == 8);
    CHECK(devices[0].minor == 0);
    CHECK(devices[0].counters.at("rbytes") == 4096);
    CHECK(devices[1].major == 253);
    CHECK(devices[1].counters == Counters{{"rbytes", 7}});
}

TEST_CASE("cgroup stats: rdma.current has a line per device") {
    const auto rdma = parse_rdma("mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=0\n");

    CHECK(rdma.size() == 2);
    CHECK(rdma.at("mlx4_0") == Counters{{"hca_handle", 2}, {"hca_object", 2000}});
}
