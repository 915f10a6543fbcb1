// The options of `update` as linux.resources.
#include "corun/cli/update_options.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::cli;

namespace {

Arguments parsed(const std::vector<std::string>& words) {
    return parse_arguments({.options = kUpdateOptions}, words);
}

std::string refusal(const std::vector<std::string>& words) {
    try {
        (void)resources_from_options(parsed(words));
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("update options: each becomes its property") {
    const oci::Resources resources = resources_from_options(parsed({
        "--blkio-weight=300",
        "--cpu-burst=1000",
        "--cpu-idle=0",
        "--cpu-period=50000",
        "--cpu-quota=-1",
        "--cpu-share=512",
        "--cpuset-cpus=0",
        "--cpuset-mems=0-1",
        "--memory=64m",
        "--memory-reservation=32M",
        "--memory-swap=-1",
        "--pids-limit=7",
    }));

    oci::Resources expected;
    expected.block_io.weight = 300;
    expected.cpu.burst_us = 1000;
    expected.cpu.idle = 0;
    expected.cpu.period_us = 50000;
    expected.cpu.quota_us = -1;
    expected.cpu.shares = 512;
    expected.cpu.cpus = "0";
    expected.cpu.mems = "0-1";
    expected.memory.limit = 64 << 20;
    expected.memory.reservation = 32 << 20;
    expected.memory.swap = -1;
    expected.pids.limit = 7;
    CHECK(resources == expected);
}

TEST_CASE("update options: none, or an empty one, asks for nothing") {
    CHECK(resources_from_options(parsed({})) == oci::Resources());
    CHECK(resources_from_options(parsed({"--memory=", "--cpu-quota="})) == oci::Resources());
}

TEST_CASE("update options: an error names the option and what was given") {
    CHECK(
        refusal({"--memory=12x"}) == "--memory: expected a size such as 512m, or -1, found \"12x\""
    );
    CHECK(refusal({"--cpu-quota=fast"}) == "--cpu-quota: expected a number, found \"fast\"");
    CHECK(refusal({"--cpu-idle=2"}).starts_with("--cpu-idle: expected"));
    CHECK(refusal({"--cpuset-cpus=a-b"}).starts_with("--cpuset-cpus: expected"));
    CHECK(refusal({"--blkio-weight=70000"}).starts_with("--blkio-weight: expected"));
}

TEST_CASE("update options: what is said of a property is said of its option") {
    CHECK(
        name_options("/linux/resources/cpu/shares: write '1' to 'x'") ==
        "--cpu-share: write '1' to 'x'"
    );
    CHECK(name_options("/memory/swap: too low") == "--memory-swap: too low");
    CHECK(name_options("container does not exist") == "container does not exist");
    CHECK(name_options("/linux/resources/unified/x: y") == "/linux/resources/unified/x: y");
}

TEST_CASE("update options: those made void by --resources are known") {
    CHECK(
        limits_given(parsed({"--resources=-", "--memory=1m", "--l3-cache-schema=x"})) ==
        std::vector<std::string_view>{"memory"}
    );
}
