// What was built, from which commit.
#pragma once

#include <string_view>

namespace corun::cli {

extern const std::string_view kVersion;
extern const std::string_view kCommit;

}  // namespace corun::cli
