// Runs before the C library is there, in the thread that execve(2) made: no thread-local storage
// and thus no errno, no stack protector, no function of the C or C++ library. Any failure is left
// to own_binary.cpp, which comes later, has all of that, and decides.
#include "corun/sys/entry.hpp"
#include "corun/sys/raw_syscall.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/statfs.h>

#include <cstddef>

/// Called by the entry with the stack as the kernel made it: argc, argv, 0, environment, 0.
extern "C" void corun_protect_early(long* stack);

namespace {

using corun::sys::raw_syscall;

bool is_word(const char* text, std::string_view wanted) {
    for (const char c : wanted) {
        if (*text++ != c) {
            return false;
        }
    }
    return *text == '\0';
}

bool enters_container(char* const* argv) {
    for (char* const* argument = argv; *argument != nullptr; ++argument) {
        for (const std::string_view command : corun::sys::kEnteringCommands) {
            if (is_word(*argument, command)) {
                return true;
            }
        }
    }
    return false;
}

constexpr const char* kSelf = "/proc/self/exe";
constexpr long kReadOnlyMount = 1;  // ST_RDONLY of statfs(2)

bool is_on_writable_mount() {
    struct statfs status = {};
    return raw_syscall(SYS_statfs, kSelf, &status) == 0 && (status.f_flags & kReadOnlyMount) == 0;
}

}  // namespace

extern "C" void corun_protect_early(long* stack) {
    auto* const argv = reinterpret_cast<char**>(stack + 1);
    char** const envp = argv + stack[0] + 1;
    if (stack[0] < 2 || !enters_container(argv + 1) || !is_on_writable_mount()) {
        return;
    }
    const long tree = raw_syscall(
        SYS_open_tree,
        static_cast<long>(AT_FDCWD),
        kSelf,
        static_cast<long>(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
    );
    if (tree < 0) {
        return;
    }
    mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    const long set = raw_syscall(
        SYS_mount_setattr,
        tree,
        "",
        static_cast<long>(AT_EMPTY_PATH),
        &attributes,
        static_cast<long>(sizeof attributes)
    );
    if (set == 0) {
        (void)raw_syscall(SYS_execveat, tree, "", argv, envp, static_cast<long>(AT_EMPTY_PATH));
    }
    (void)raw_syscall(SYS_close, tree);
}
