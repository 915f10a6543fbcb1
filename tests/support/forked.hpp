// Runs code in a child process with namespaces of its own: for what changes mounts, the root
// directory or kernel settings. The child's exception text comes back; it must not use doctest's
// macros, but expect().
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace corun::test {

/// Runs `body` in a child in new `namespaces` (CLONE_NEW*), as root there: a caller who is not root
/// gets a new user namespace as well. The mounts of a new mount namespace are private.
/// Gives the text of what `body` threw, or nothing.
[[nodiscard]] std::string error_in_child(
    std::uint64_t namespaces, const std::function<void()>& body
);

/// Throws if not so, with what was expected.
void expect(bool so, std::string_view what);

/// Throws if they differ, with both.
void expect_equal(std::string_view found, std::string_view expected);

/// What error_in_child() needs of the machine.
enum class Privilege {
    namespaces,  // root, or user namespaces for everyone
    root,        // root of the host: device nodes, trees cloned before the namespaces are made
};

/// doctest decorator: skips by name where it cannot run.
class needs_privilege {  // NOLINT(readability-identifier-naming): reads as a word among doctest's
public:
    explicit needs_privilege(Privilege privilege) : privilege_(privilege) {}

    void fill(doctest::detail::TestCase& test) const;

private:
    Privilege privilege_;
};

}  // namespace corun::test
