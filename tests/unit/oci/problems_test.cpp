// Problems, and the reader that collects them.
#include "corun/oci/problems.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/read_spec.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace corun::oci {
namespace {

std::vector<std::string> lines_of(const std::vector<Problem>& problems) {
    std::vector<std::string> lines;
    for (const Problem& problem : problems) {
        lines.push_back(concat(problem.pointer, ": ", problem.reason));
    }
    return lines;
}

std::vector<std::string> found_in(const std::string& text) {
    return lines_of(examine_spec(text).problems);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("problems: the first is thrown where nobody collects them") {
    Problems problems(Problems::Mode::throw_first);

    CHECK_THROWS_WITH_AS(problems.add("/a", "bad"), "/a: bad", Error);
    CHECK_THROWS_WITH_AS(problems.add("", "bad"), "the document: bad", Error);
}

TEST_CASE("problems: what follows from a value that could not be read is let go") {
    Problems problems(Problems::Mode::keep_all);
    problems.add_misread("/a/b", "no number");

    problems.add("/a/b", "too small");
    problems.add("/a/b/c", "missing");
    problems.add("/a", "contradicts itself");
    problems.add("/a/bc", "bad");
    problems.add("/a/bc", "also bad");

    CHECK(lines_of(problems.list()) == Lines{"/a/b: no number", "/a/bc: bad", "/a/bc: also bad"});
}

TEST_CASE("problems: a path lies within itself and what it begins with, by whole names") {
    CHECK(lies_within("/a/b", "/a/b"));
    CHECK(lies_within("/a/b", "/a"));
    CHECK(lies_within("/a", ""));
    CHECK_FALSE(lies_within("/ab", "/a"));
    CHECK_FALSE(lies_within("/a", "/a/b"));
}

TEST_CASE("examine_spec: every problem of a document is found, in its order") {
    CHECK(
        found_in(R"({
            "ociVersion": 1,
            "root": {"readonly": "yes"},
            "process": {
                "args": [],
                "env": ["A=1", 2, 3],
                "user": {"uid": -1, "gid": "x", "umask": 4096},
                "rlimits": [
                    {"type": "RLIMIT_FOO", "soft": 1, "hard": 2},
                    {"type": "RLIMIT_CPU", "soft": 3, "hard": 2},
                    {"type": "RLIMIT_CPU", "soft": 1}
                ],
                "oomScoreAdj": 2000
            },
            "hostname": "x",
            "mounts": [{"type": "tmpfs"}, "none"],
            "linux": {
                "namespaces": [{"type": "pid"}, {"type": "pid"}, {"type": "moon"}],
                "sysctl": {"kernel.panic": "1", "net.core.x": "1"},
                "resources": {"cpu": {"quota": 1, "period": 1}, "memory": {"limit": -7}}
            }
        })") ==
        Lines{
            "/ociVersion: expected a string, found a number",
            "/root/path: required, but missing",
            "/root/readonly: expected a boolean, found a string",
            "/mounts/0/destination: required, but missing",
            "/mounts/1: expected an object, found a string",
            "/process/user/uid: expected a whole number from 0 to 4294967295, found -1",
            "/process/user/gid: expected a whole number, found a string",
            "/process/user/umask: expected a whole number from 0 to 511, found 4096",
            "/process/args: at least one argument is required",
            "/process/env/1: expected a string, found a number",
            "/process/env/2: expected a string, found a number",
            "/process/cwd: required, but missing",
            "/process/rlimits/0/type: unknown rlimit \"RLIMIT_FOO\"",
            "/process/rlimits/2/hard: required, but missing",
            "/process/rlimits/2/type: rlimit \"RLIMIT_CPU\" is given twice",
            "/process/oomScoreAdj: expected a whole number from -1000 to 1000, found 2000",
            "/linux/namespaces/1/type: namespace \"pid\" is given twice",
            "/linux/namespaces/2/type: unknown namespace \"moon\"",
            "/linux/resources/memory/limit: expected a whole number from -1 to "
            "9223372036854775807, found -7",
            "/process/rlimits/1: RLIMIT_CPU: the soft limit 3 is above the hard limit 2",
            "/hostname: given without a uts namespace",
            "/linux/sysctl: \"kernel.panic\" is not in a namespace: it would be changed for the "
            "host",
            "/linux/sysctl: \"net.core.x\" needs a network namespace",
            "/linux/resources/cpu/quota: must be at least 1000 microseconds",
            "/linux/resources/cpu/period: must be from 1000 to 1000000 microseconds",
        }
    );
}

TEST_CASE("examine_spec: a document that is no object has one problem, not one per property") {
    CHECK(found_in("[]") == Lines{": expected an object, found an array"});
}

TEST_CASE("examine_spec: what is no JSON is thrown") {
    CHECK_THROWS_AS((void)examine_spec("{"), Error);
}

TEST_CASE("examine_spec: a good document has no problems and reads the same") {
    const std::string text = R"({"ociVersion": "1.0.2", "root": {"path": "r"},
        "process": {"args": ["a"], "cwd": "/"}})";

    CHECK(examine_spec(text).problems.empty());
    CHECK(examine_spec(text).unread.empty());
    CHECK(examine_spec(text).spec == read_spec(text));
}

TEST_CASE("examine_spec: members that nobody reads are told, those of maps and arrays are read") {
    const DocumentFindings findings = examine_spec(R"({"ociVersion": "1.0.2", "root": {"path": "r"},
        "windows": {"a": 1}, "annotations": {"x": "y"},
        "process": {"args": ["a"], "cwd": "/", "agrs": ["b"], "consoleSize": {"height": 1}},
        "mounts": [{"destination": "/a", "opts": []}], "hostname": null})");

    CHECK(findings.problems.empty());
    CHECK(
        findings.unread ==
        Lines{"/windows", "/process/agrs", "/process/consoleSize", "/mounts/0/opts"}
    );
}

}  // namespace corun::oci
