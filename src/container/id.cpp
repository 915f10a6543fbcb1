// The rule for container ids, the same as runc's. Pure.
#include "corun/container/id.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <algorithm>

namespace corun::container {

namespace {

constexpr std::size_t kLongestFileName = 255;  // NAME_MAX

constexpr bool is_id_character(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    return letter || digit || c == '_' || c == '+' || c == '-' || c == '.';
}

}  // namespace

bool is_container_id(std::string_view text) {
    return !text.empty() && text.size() <= kLongestFileName && text != "." && text != ".." &&
           std::all_of(text.begin(), text.end(), is_id_character);
}

ContainerId::ContainerId(std::string_view text) : text_(text) {
    if (text.empty()) {
        throw Error("container id cannot be empty");
    }
    if (!is_container_id(text)) {
        throw Error(concat("invalid container ID format: ", quote(text)));
    }
}

}  // namespace corun::container
