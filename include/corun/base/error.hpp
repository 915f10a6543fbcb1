// The one error class of the program, and how context is added to it on the way up.
// Used on both sides of clone3; an Error crosses the process border as errno and text.
#pragma once

#include <concepts>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace corun {

/// A failure: what was being done, outermost clause first, and the errno behind it (0: none).
class Error : public std::exception {
public:
    explicit Error(std::string message, int error_number = 0);

    /// Puts one more clause in front: `mount '/proc'` + `fsopen("proc")`.
    void add_context(std::string_view clause);

    [[nodiscard]] int error_number() const { return error_number_; }

    /// The clauses without the errno's own text.
    [[nodiscard]] const std::string& message() const { return message_; }

    /// The whole line: `mount '/proc': fsopen("proc"): Operation not permitted (EPERM)`.
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string message_;
    std::string text_;
    int error_number_;
};

/// `Operation not permitted (EPERM)`; async-signal-safe, no locale.
[[nodiscard]] std::string errno_text(int error_number);

/// Throws Error for the current errno: `call("object"): cause`.
[[noreturn]] void throw_errno(std::string_view call, std::string_view object = {});

/// Throws Error for an errno that was kept in a variable.
[[noreturn]] void throw_errno_value(
    int error_number, std::string_view call, std::string_view object = {}
);

/// Runs `body`; if it throws an Error, puts `clause()` in front. The text is made only on failure.
template <std::invocable Clause, std::invocable Body>
decltype(auto) in_context(Clause&& clause, Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (Error& error) {
        error.add_context(std::forward<Clause>(clause)());
        throw;
    }
}

}  // namespace corun
