// The pty pair, opened and attached by descriptor only: nothing a rootfs or a racing sibling puts
// at /dev/pts/N or /dev/console is ever followed.
#include "corun/setup/terminal.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/path.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/terminal.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace corun::setup {

namespace {

sys::RootDir container_root() {
    return sys::RootDir(sys::open("/", O_PATH | O_DIRECTORY));
}

/// Without CAP_CHOWN over the devpts' ids the slave stays root's: usable, but not to be opened
/// anew.
void own_slave(sys::FdRef slave, uid_t uid) {
    const int error_number = sys::fchown_errno(slave, uid);
    if (error_number != 0 && error_number != EPERM && error_number != EINVAL) {
        throw_errno_value(error_number, "fchown of the terminal");
    }
}

/// An O_PATH descriptor of /dev/console, made as an empty file where absent. A symlink there is
/// refused: in crun it made a file on the host. (CVE-2026-88264)
sys::UniqueFd open_console_target(sys::FdRef dev) {
    constexpr mode_t kMode = 0600;
    if (!sys::try_fstatat(dev, "console", AT_SYMLINK_NOFOLLOW)) {
        (void)sys::openat(dev, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kMode);
    }
    sys::UniqueFd target = sys::openat(dev, "console", O_PATH | O_NOFOLLOW);
    const mode_t type = sys::fstat(target).st_mode & S_IFMT;
    if (type != S_IFREG && type != S_IFCHR) {
        throw Error("it is neither a file nor a character device", EINVAL);
    }
    return target;
}

/// Binds the slave on /dev/console; whatever stands there afterwards must be the slave.
void attach_console(const sys::RootDir& root, sys::FdRef slave) {
    const sys::UniqueFd dev = root.open_without_symlinks("/dev", O_PATH | O_DIRECTORY);
    const sys::UniqueFd target = open_console_target(dev);
    const sys::UniqueFd tree = sys::clone_tree(slave, "", sys::Depth::single);
    sys::attach_mount(tree, target);
    const std::optional<struct stat> console =
        sys::try_fstatat(dev, "console", AT_SYMLINK_NOFOLLOW);
    if (!console || console->st_rdev != sys::fstat(slave).st_rdev) {
        throw Error("it was replaced while the terminal was attached", EBUSY);
    }
}

void use_for_stdio(sys::FdRef slave) {
    for (const int number : {0, 1, 2}) {
        sys::dup2(slave, number);
    }
}

}  // namespace

void open_terminal(ChildContext& context) {
    const TerminalPlan& plan = context.plan.terminal;
    const sys::RootDir root = container_root();
    const sys::UniqueFd pts = in_context(
        [] { return "open '/dev/pts'"; },
        [&] { return root.open_without_symlinks("/dev/pts", O_PATH | O_DIRECTORY); }
    );
    const sys::Pty pty = sys::open_pty(pts);
    if (plan.rows != 0 || plan.columns != 0) {
        sys::set_window_size(pty.master, {.rows = plan.rows, .columns = plan.columns});
    }
    own_slave(pty.slave, context.plan.credentials.uid);
    if (plan.is_container_console) {
        in_context(
            [] { return "attach '/dev/console'"; }, [&] { attach_console(root, pty.slave); }
        );
    }
    context.handshake.ask(MessageKind::console, pty.master);
    use_for_stdio(pty.slave);
    sys::make_controlling_terminal(pty.slave);
}

}  // namespace corun::setup
