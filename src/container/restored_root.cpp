// The last change to a restored root. Parent side, and a child of its own: only who is in a mount
// namespace may change its mounts, and no verb leaves its own.
#include "corun/container/restored_root.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace corun::container {

namespace {

/// Ends with the errno of what failed as its status.
[[noreturn]] void change_root(const sys::Pidfd& process) noexcept {
    int status = 0;
    try {
        sys::setns(process.fd(), CLONE_NEWNS);  // and the namespace's root is ours
        sys::mount_setattr_at(
            sys::FdRef::cwd(), "/", {.set = MOUNT_ATTR_RDONLY}, sys::Depth::single
        );
    } catch (const Error& error) {
        status = error.error_number();
    } catch (...) {
        status = ENOMEM;
    }
    ::_exit(status);
}

/// A plain function, so that the child leaves no coroutine behind.
sys::ChildGuard start_child(const sys::Pidfd& process) {
    sys::Cloned cloned = sys::clone3(0);
    if (cloned.in_child()) {
        change_root(process);
    }
    return sys::ChildGuard(std::move(cloned.process));
}

}  // namespace

async::Task<> make_root_readonly(const sys::Pidfd* process) {
    sys::ChildGuard child = start_child(*process);
    const sys::ExitStatus status = co_await async::exit_of(child.child());
    (void)child.release();  // reaped
    if (!status.success()) {
        throw Error("make the root read-only: mount_setattr", status.code);
    }
}

}  // namespace corun::container
