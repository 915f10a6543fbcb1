// runtime-spec config#process: what the payload is given, as it sees it itself.
#include "capability.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

using namespace corun::test;

TEST_CASE("process: the arguments arrive unchanged") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "args", "two words", "", "ünïcode", "-x"});

    const Result result = runtime.run(bundle);

    CHECK(result.exit_code == 0);
    CHECK(result.out == "arg[0]=two words\narg[1]=\narg[2]=ünïcode\narg[3]=-x\n");
    CHECK(result.err == "");
}
