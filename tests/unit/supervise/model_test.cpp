#include "corun/supervise/model.hpp"

#include <doctest/doctest.h>

using corun::supervise::Histogram;

TEST_CASE("histogram: a value belongs to the first bound that is not below it") {
    Histogram histogram{.bounds = {0.1, 1}};

    histogram.observe(0.1);
    histogram.observe(0.5);
    histogram.observe(7);

    CHECK(histogram.counts == std::vector<std::uint64_t>{1, 1, 1});
    CHECK(histogram.count == 3);
    CHECK(histogram.sum == doctest::Approx(7.6));
}
