// Problems of a document: the first thrown, or all kept. Pure.
#include "corun/oci/problems.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <algorithm>

namespace corun::oci {

void Problems::add_misread(std::string_view pointer, std::string_view reason) {
    add(pointer, reason);
    misread_.emplace_back(pointer);
}

void Problems::add(std::string_view pointer, std::string_view reason) {
    if (mode_ == Mode::throw_first) {
        // The pointer of the whole document is empty; `: expected …` alone would read badly.
        throw Error(concat(pointer.empty() ? "the document" : pointer, ": ", reason));
    }
    if (!is_of_misread_value(pointer)) {
        list_.push_back({.pointer = std::string(pointer), .reason = std::string(reason)});
    }
}

bool Problems::is_of_misread_value(std::string_view pointer) const {
    return std::any_of(misread_.begin(), misread_.end(), [&](const std::string& misread) {
        const bool is_member = misread.substr(0, misread.rfind('/')) == pointer;
        return lies_within(pointer, misread) || (is_member && !pointer.empty());
    });
}

bool lies_within(std::string_view pointer, std::string_view outer) {
    return pointer.starts_with(outer) &&
           (pointer.size() == outer.size() || pointer[outer.size()] == '/');
}

}  // namespace corun::oci
