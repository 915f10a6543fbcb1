// ctrl-p ctrl-q. Pure.
#include "corun/cli/detach_keys.hpp"

namespace corun::cli {

DetachKeys::Found DetachKeys::look_through(std::string_view typed) {
    constexpr char kFirst = 'p' & 0x1f;
    constexpr char kSecond = 'q' & 0x1f;
    Found found;
    for (const char key : typed) {
        if (holds_first_ && key == kSecond) {
            found.detached = true;
            return found;
        }
        if (holds_first_) {
            found.passed += kFirst;
        }
        holds_first_ = key == kFirst;
        if (!holds_first_) {
            found.passed += key;
        }
    }
    return found;
}

}  // namespace corun::cli
