// The keys that end `attach` and leave the container running: ctrl-p ctrl-q, as with docker. Pure.
#pragma once

#include <string>
#include <string_view>

namespace corun::cli {

/// Looks for the two keys in what is typed, which comes in pieces.
class DetachKeys {
public:
    struct Found {
        std::string passed;     // what the container is to get
        bool detached = false;  // the keys were typed; what came after them is nobody's
    };

    /// A ctrl-p is held back until the next key shows what was meant.
    [[nodiscard]] Found look_through(std::string_view typed);

private:
    bool holds_first_ = false;
};

}  // namespace corun::cli
