// Findings of `check`, and the tables of ids it reads.
#include "corun/container/findings.hpp"

#include "corun/container/check_parts.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::container;

TEST_CASE("findings: problems of the document come first, as errors") {
    const Findings findings(std::vector<oci::Problem>{{"/a", "bad"}});

    CHECK(findings.list() == std::vector<Finding>{{Severity::error, "/a", "bad"}});
    CHECK(findings.count(Severity::error) == 1);
    CHECK(findings.count(Severity::note) == 0);
}

TEST_CASE("findings: what follows from a wrong property is let go") {
    Findings findings(std::vector<oci::Problem>{{"/mounts/0/source", "bad"}});

    findings.add(Severity::error, "/mounts/0", "no such file");
    findings.add(Severity::error, "/mounts/0/source/x", "no such file");
    findings.add(Severity::warning, "/mounts/1", "no such file");
    findings.add(Severity::note, "", "of the whole");

    REQUIRE(findings.list().size() == 3);
    CHECK(findings.list()[1] == Finding{Severity::warning, "/mounts/1", "no such file"});
    CHECK(findings.list()[2] == Finding{Severity::note, "", "of the whole"});
}

TEST_CASE("findings: the failure of an attempt is one, without the pointer it may begin with") {
    Findings findings;

    CHECK(findings.attempt("/a", [] {}));
    CHECK_FALSE(findings.attempt("/mounts/7", [] { throw Error("/mounts/0: mount '/x': bad"); }));
    CHECK_FALSE(findings.attempt("/b", [] { throw Error("open: bad", EPERM); }));

    CHECK(
        findings.list() ==
        std::vector<Finding>{
            {Severity::error, "/mounts/7", "mount '/x': bad"},
            {Severity::error, "/b", "open: bad: Operation not permitted (EPERM)"},
        }
    );
}

TEST_CASE("check: subordinate ids are granted by name or by number, several times") {
    const std::string text =
        "root:1:2\nweb:100000:65536\n1000:200000:10\nwebber:5:5\nweb:x:5\n:1:1\nweb:300000:1\n";

    CHECK(
        parse_subordinate_ids(text, "web", 1000) ==
        std::vector<IdRange>{{100000, 65536}, {200000, 10}, {300000, 1}}
    );
    CHECK(parse_subordinate_ids(text, "", 7).empty());
}

TEST_CASE("check: the rows of a uid_map are the ids that exist") {
    CHECK(
        parse_id_map("         0       1000          1\n         1     100000      65536\n") ==
        std::vector<IdRange>{{0, 1}, {1, 65536}}
    );
}

TEST_CASE("check: a range is covered by one range, or by several that touch") {
    CHECK(are_covered({5, 5}, {{0, 10}}));
    CHECK(are_covered({5, 5}, {{8, 2}, {0, 8}}));
    CHECK(are_covered({0, 4294967295}, {{0, 4294967295}}));
    CHECK_FALSE(are_covered({5, 6}, {{0, 10}}));
    CHECK_FALSE(are_covered({5, 5}, {{0, 6}, {7, 9}}));
    CHECK_FALSE(are_covered({5, 5}, {}));
}
