#include "corun/supervise/usage.hpp"

#include "control_support.hpp"
#include "corun/sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

using namespace corun;
using namespace corun::supervise;
using supervise::testing::ScratchDirectory;

TEST_CASE("usage: what controllers count is read, and what none counts is left out") {
    const ScratchDirectory directory;
    const sys::UniqueFd mount = sys::open(directory.path, O_PATH | O_DIRECTORY);
    sys::make_directories(directory.path + "/a/web", 0755);
    const sys::UniqueFd cgroup = sys::open(directory.path + "/a/web", O_RDONLY | O_DIRECTORY);
    sys::create_file(cgroup, "cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\n", 0644);
    sys::create_file(cgroup, "memory.current", "4096\n", 0644);
    sys::create_file(
        cgroup, "io.stat", "8:0 rbytes=5 wbytes=6 rios=1\n8:16 rbytes=10 wbytes=20\n", 0644
    );
    sys::create_file(
        cgroup,
        "cpu.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n",
        0644
    );

    const std::optional<Usage> usage = try_read_usage(mount, "/a/web");
    const std::optional<Usage> brief = try_read_short_usage(mount, "/a/web");

    REQUIRE(usage.has_value());
    CHECK(usage->cpu_us() == 30);
    CHECK(usage->memory_bytes == 4096);
    CHECK_FALSE(usage->memory_peak_bytes.has_value());
    CHECK_FALSE(usage->processes.has_value());
    CHECK(usage->read_bytes == 15);
    CHECK(usage->written_bytes == 26);
    CHECK(usage->cpu_pressure->some_us == 7);
    CHECK(usage->cpu_pressure->full_us == 3);
    CHECK_FALSE(usage->io_pressure.has_value());
    REQUIRE(brief.has_value());
    CHECK(brief->memory_bytes == 4096);
    CHECK_FALSE(brief->read_bytes.has_value());
    CHECK_FALSE(try_read_usage(mount, "/a/gone").has_value());
}
