#include "corun/supervise/start_order.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun::supervise;

TEST_CASE("start order: a cycle is named whole, for each that is in it") {
    const auto problems = find_order_problems({
        {.id = "a", .after = {"b"}, .required = {}},
        {.id = "b", .after = {}, .required = {"c"}},
        {.id = "c", .after = {"a"}, .required = {}},
        {.id = "d", .after = {"a"}, .required = {}},
    });

    CHECK(problems.size() == 3);
    for (const char* id : {"a", "b", "c"}) {
        CHECK(problems.at(id) == "start order: a → b → c → a");
    }
}

TEST_CASE("start order: one that waits for itself is a cycle, too") {
    const auto problems = find_order_problems({{.id = "a", .after = {"a"}, .required = {}}});

    CHECK(problems.at("a") == "start order: a → a");
}

TEST_CASE("start order: what is required must be there, what one comes after need not") {
    const auto problems = find_order_problems({
        {.id = "a", .after = {"nobody"}, .required = {}},
        {.id = "b", .after = {}, .required = {"nobody"}},
    });

    CHECK(problems.size() == 1);
    CHECK(problems.at("b") == "requires 'nobody', which does not exist");
}

TEST_CASE("start order: two ways to the same container are no cycle") {
    CHECK(find_order_problems({
                                  {.id = "a", .after = {"b", "c"}, .required = {}},
                                  {.id = "b", .after = {"d"}, .required = {}},
                                  {.id = "c", .after = {"d"}, .required = {"b"}},
                                  {.id = "d", .after = {}, .required = {}},
                              })
              .empty());
}

TEST_CASE("start order: ten thousand in one line are looked through") {
    std::vector<UnitOrder> units;
    for (int i = 0; i < 10'000; ++i) {
        units.push_back({.id = std::to_string(i), .after = {std::to_string(i + 1)}, .required = {}}
        );
    }

    CHECK(find_order_problems(units).empty());

    units.back().after = {"0"};
    CHECK(find_order_problems(units).size() == 10'000);
}
