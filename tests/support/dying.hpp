// Programs that die at a moment of the test's choice: by SIGKILL, just before their n-th system
// call. Walking n from 0 on visits every moment that a kernel object could see, one after the
// other.
#pragma once

#include <string>
#include <vector>

namespace corun::test {

enum class Death {
    killed,  // before that call
    ended,   // it made fewer
};

/// Runs the program, its streams at /dev/null, traced; what it starts is not traced.
[[nodiscard]] Death run_until_call(const std::vector<std::string>& command, unsigned call);

}  // namespace corun::test
