#include "forked.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <stdexcept>

namespace corun::test {

namespace {

constexpr std::size_t kTextLimit = 1U << 20U;

[[noreturn]] void run_child(
    std::uint64_t namespaces,
    const sys::Pipe& go,
    sys::FdRef result,
    const std::function<void()>& body
) noexcept {
    try {
        char ready = 0;
        expect(sys::read_some(go.read_end, &ready, 1) == 1, "the test to be there");
        if ((namespaces & CLONE_NEWNS) != 0) {
            sys::mount_setattr_at(
                sys::FdRef::cwd(), "/", {.propagation = MS_PRIVATE}, sys::Depth::recursive
            );
        }
        body();
    } catch (const std::exception& error) {
        // An empty text would pass for success.
        const std::string_view text = error.what();
        sys::write_all(result, text.empty() ? "an exception without a text" : text);
    }
    ::_exit(EXIT_SUCCESS);
}

void map_root(pid_t child) {
    const std::string directory = concat("/proc/", child, "/");
    const sys::FdRef cwd = sys::FdRef::cwd();
    sys::write_file(cwd, directory + "setgroups", "deny");
    sys::write_file(cwd, directory + "uid_map", concat("0 ", ::geteuid(), " 1"));
    sys::write_file(cwd, directory + "gid_map", concat("0 ", ::getegid(), " 1"));
}

bool can_make_namespaces() {
    try {
        return error_in_child(CLONE_NEWNS, [] {}).empty();
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

std::string error_in_child(std::uint64_t namespaces, const std::function<void()>& body) {
    if (::geteuid() != 0) {
        namespaces |= CLONE_NEWUSER;
    }
    sys::Pipe go = sys::make_pipe();
    sys::Pipe result = sys::make_pipe();
    const sys::Cloned child = sys::clone3(namespaces);
    if (child.in_child()) {
        go.write_end.reset();
        run_child(namespaces, go, result.write_end, body);
    }
    result.write_end.reset();
    if ((namespaces & CLONE_NEWUSER) != 0) {
        map_root(child.pid);
    }
    sys::write_all(go.write_end, "g");
    std::string text = sys::read_all(result.read_end, kTextLimit);
    const sys::ExitStatus status = child.process.wait();
    return status.success() ? text
                            : concat("the child ended with ", status.shell_code(), " ", text);
}

void expect(bool so, std::string_view what) {
    if (!so) {
        throw std::runtime_error(concat("expected ", what));
    }
}

void expect_equal(std::string_view found, std::string_view expected) {
    expect(found == expected, concat(double_quote(expected), ", found ", double_quote(found)));
}

void needs_privilege::fill(doctest::detail::TestCase& test) const {
    if (privilege_ == Privilege::root && ::geteuid() != 0) {
        test.m_skip = true;
        test.m_description = "needs root";
    }
    if (privilege_ == Privilege::namespaces && !can_make_namespaces()) {
        test.m_skip = true;
        test.m_description = "needs root or unprivileged user namespaces";
    }
}

}  // namespace corun::test
