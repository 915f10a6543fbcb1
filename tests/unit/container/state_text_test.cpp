// The state that hooks and seccomp agents read.
#include "corun/container/state_text.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::container;

TEST_CASE("state text: the spec's members on one line, the pid last") {
    const oci::StringMap annotations{{"myKey", "my\"Value"}};
    const StateSource source{
        .oci_version = "1.0.2",
        .id = "oci-container1",
        .bundle = "/containers/redis",
        .annotations = &annotations,
    };

    CHECK(
        state_text(source, "running", 4422) ==
        R"({"ociVersion":"1.0.2","id":"oci-container1","bundle":"/containers/redis",)"
        R"("annotations":{"myKey":"my\"Value"},"status":"running","pid":4422})"
    );
}

TEST_CASE("state text: a stopped container has no pid, and empty annotations are left out") {
    const StateSource source{.oci_version = "1.3.0", .id = "a", .bundle = "/b"};

    CHECK(
        state_text(source, "stopped") ==
        R"({"ociVersion":"1.3.0","id":"a","bundle":"/b","status":"stopped"})"
    );
}

TEST_CASE("state text: a seccomp agent gets the state within the state of the filtered process") {
    const StateSource source{.oci_version = "1.3.0", .id = "a", .bundle = "/b"};

    const std::vector<std::string> of_exec = process_state_parts(source, "meta", "running", 7);
    const std::vector<std::string> of_init = process_state_parts(source, {}, "creating");

    REQUIRE(of_exec.size() == 2);
    CHECK(
        of_exec[0] + "9" + of_exec[1] ==
        R"({"ociVersion":"1.3.0","fds":["seccompFd"],"metadata":"meta","pid":9,)"
        R"("state":{"ociVersion":"1.3.0","id":"a","bundle":"/b","status":"running","pid":7}})"
    );
    REQUIRE(of_init.size() == 3);
    CHECK(
        of_init[0] + "9" + of_init[1] + "9" + of_init[2] ==
        R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":9,)"
        R"("state":{"ociVersion":"1.3.0","id":"a","bundle":"/b","status":"creating","pid":9}})"
    );
}
