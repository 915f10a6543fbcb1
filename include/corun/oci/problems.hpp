// Where readers and rules put what is wrong with a document: `create` wants the first thing thrown,
// `check` wants all of them. Pure.
#pragma once

#include "corun/base/scope.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// What is wrong at one place of a document.
struct Problem {
    std::string pointer;  // JSON pointer; empty: the whole document
    std::string reason;

    bool operator==(const Problem&) const = default;
};

class Problems : NonCopyable {
public:
    enum class Mode { throw_first, keep_all };

    explicit Problems(Mode mode) : mode_(mode) {}

    /// A value that cannot be read, or a rule that is broken. Throws Error `pointer: reason`, or
    /// keeps it and returns; then the reader goes on with a neutral value, and what is said later
    /// of that value, or of the object it is a member of, is let go.
    void add_misread(std::string_view pointer, std::string_view reason);
    void add(std::string_view pointer, std::string_view reason);

    /// In the order in which they were found.
    [[nodiscard]] const std::vector<Problem>& list() const { return list_; }

private:
    [[nodiscard]] bool is_of_misread_value(std::string_view pointer) const;

    Mode mode_;
    std::vector<Problem> list_;
    std::vector<std::string> misread_;
};

/// `/a/b` lies within `/a/b`, `/a` and the whole document, not within `/a/bc`.
[[nodiscard]] bool lies_within(std::string_view pointer, std::string_view outer);

}  // namespace corun::oci
