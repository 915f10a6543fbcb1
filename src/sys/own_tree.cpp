// A bind mount of one file of a file system that is nowhere attached. Parent side, with
// CAP_SYS_ADMIN over its mount namespace.
#include "corun/sys/own_tree.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <optional>
#include <utility>

namespace corun::sys {

namespace {

std::optional<UniqueFd> try_clone(FdRef mount, const std::string& name) {
    try {
        return clone_tree(mount, name, Depth::single);
    } catch (const Error& error) {
        if (error.error_number() != EINVAL) {
            throw;
        }
        return std::nullopt;
    }
}

/// Child, with the parent's descriptors: puts the tree in `place`.
int attach_and_clone(FdRef mount, const std::string& name, FdRef place) {
    try {
        // Before anything is attached: a mount must not travel back to the host.
        mount_setattr_at(FdRef::cwd(), "/", {.propagation = MS_PRIVATE}, Depth::recursive);
        attach_mount(mount, open("/", O_PATH));
        dup2(clone_tree(mount, name, Depth::single), place.number());
        return 0;
    } catch (const Error& error) {
        return error.error_number();
    } catch (const std::exception&) {
        return ENOMEM;
    }
}

}  // namespace

UniqueFd clone_tree_in_child(FdRef mount, const std::string& name) {
    const UniqueFd place = duplicate(mount);
    Cloned cloned = clone3(CLONE_NEWNS | CLONE_FILES);
    if (cloned.in_child()) {
        ::_exit(attach_and_clone(mount, name, place));
    }
    ChildGuard guard(std::move(cloned.process));
    const ExitStatus status = guard.child().wait();
    (void)guard.release();  // reaped
    if (!status.success()) {
        throw Error("clone of a file in a mount namespace of its own", status.code);
    }
    return duplicate(place);  // CLOEXEC, which `place` no longer is
}

UniqueFd clone_own_tree(FdRef mount, const std::string& name) {
    if (std::optional<UniqueFd> tree = try_clone(mount, name)) {
        return std::move(*tree);
    }
    return clone_tree_in_child(mount, name);
}

}  // namespace corun::sys
