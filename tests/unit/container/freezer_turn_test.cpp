// Who may freeze, and what is known of one that was killed while it did.
#include "corun/container/freezer_turn.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace corun;
using container::FreezerTurn;
using container::testing::TemporaryRoot;

TEST_CASE("freezer turn: one at a time") {
    const TemporaryRoot root;
    const sys::UniqueFd directory = sys::open(root.path(), O_RDONLY | O_DIRECTORY);
    CHECK_FALSE(FreezerTurn::try_take(directory));  // nobody ever froze it
    {
        const FreezerTurn turn = FreezerTurn::take(directory);
        CHECK_FALSE(FreezerTurn::try_take(directory));
    }
    CHECK(FreezerTurn::try_take(directory));
}

TEST_CASE("freezer turn: a mark outlives its owner until it is taken away") {
    const TemporaryRoot root;
    const sys::UniqueFd directory = sys::open(root.path(), O_RDONLY | O_DIRECTORY);
    FreezerTurn::take(directory).mark();

    const FreezerTurn next = FreezerTurn::take(directory);
    CHECK(next.is_freeze_abandoned());
    next.unmark();
    CHECK_FALSE(next.is_freeze_abandoned());
    next.mark();
    CHECK(next.is_freeze_abandoned());
    next.unmark();
    CHECK_FALSE(next.is_freeze_abandoned());
}
