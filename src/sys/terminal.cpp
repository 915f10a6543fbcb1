// Terminals by ioctl(2). Parent side for the relay, child side for the container's own pty.
#include "corun/sys/terminal.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

namespace corun::sys {

namespace {

termios attributes_of(FdRef terminal) {
    termios attributes = {};
    if (::tcgetattr(terminal.number(), &attributes) < 0) {
        throw_errno("tcgetattr");
    }
    return attributes;
}

void set_attributes(FdRef terminal, const termios& attributes) {
    int result = -1;
    do {
        result = ::tcsetattr(terminal.number(), TCSANOW, &attributes);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        throw_errno("tcsetattr");
    }
}

UniqueFd open_master(FdRef pts_directory) {
    if (filesystem_type(pts_directory) != DEVPTS_SUPER_MAGIC) {
        throw Error("pty: the directory is not a devpts", ENOTTY);
    }
    constexpr std::uint64_t kResolve =
        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    return openat2(pts_directory, "ptmx", O_RDWR | O_NOCTTY, kResolve);
}

int flags_of(FdRef fd) {
    const int flags = ::fcntl(fd.number(), F_GETFL);
    if (flags < 0) {
        throw_errno("fcntl(F_GETFL)");
    }
    return flags;
}

/// Opening /proc/self/fd/N gives a new open file of the same fifo or terminal. Of a pty's master it
/// would give a new pty, of a regular file one that starts again at 0.
[[nodiscard]] bool can_be_reopened(FdRef fd, const struct stat& status) {
    const dev_t ptmx = makedev(5, 2);
    return S_ISFIFO(status.st_mode) ||
           (S_ISCHR(status.st_mode) && status.st_rdev != ptmx && is_terminal(fd));
}

}  // namespace

std::string Pty::name() const {
    return concat("/dev/pts/", index);
}

Pty open_pty(FdRef pts_directory) {
    Pty pty;
    pty.master = open_master(pts_directory);
    const int master = pty.master.ref().number();
    const int unlocked = 0;
    if (::ioctl(master, TIOCSPTLCK, &unlocked) < 0) {
        throw_errno("ioctl(TIOCSPTLCK)");
    }
    if (::ioctl(master, TIOCGPTN, &pty.index) < 0) {
        throw_errno("ioctl(TIOCGPTN)");
    }
    pty.slave = open_pty_peer(pty.master);
    return pty;
}

UniqueFd open_pty_peer(FdRef master) {
    const int slave = ::ioctl(master.number(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        throw_errno("ioctl(TIOCGPTPEER)");
    }
    return UniqueFd(slave);
}

void set_window_size(FdRef terminal, WindowSize size) {
    const winsize value = {
        .ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::ioctl(terminal.number(), TIOCSWINSZ, &value) < 0) {
        throw_errno("ioctl(TIOCSWINSZ)");
    }
}

std::optional<WindowSize> try_window_size(FdRef fd) {
    winsize value = {};
    if (::ioctl(fd.number(), TIOCGWINSZ, &value) < 0) {
        return std::nullopt;
    }
    return WindowSize{.rows = value.ws_row, .columns = value.ws_col};
}

void copy_window_size(FdRef from, FdRef to) noexcept {
    winsize value = {};
    if (::ioctl(from.number(), TIOCGWINSZ, &value) == 0) {
        // A terminal that has just been closed has no use for a size.
        (void)::ioctl(to.number(), TIOCSWINSZ, &value);
    }
}

bool is_terminal(FdRef fd) {
    return ::isatty(fd.number()) == 1;
}

void make_controlling_terminal(FdRef slave) {
    if (::ioctl(slave.number(), TIOCSCTTY, 0) < 0) {
        throw_errno("ioctl(TIOCSCTTY)");
    }
}

void set_newline_output(FdRef terminal, NewlineOutput output) {
    termios attributes = attributes_of(terminal);
    if (output == NewlineOutput::with_carriage_return) {
        attributes.c_oflag |= ONLCR;
    } else {
        attributes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
    }
    set_attributes(terminal, attributes);
}

RawMode::RawMode(FdRef terminal) : terminal_(terminal), former_(attributes_of(terminal)) {
    termios raw = former_;
    ::cfmakeraw(&raw);
    raw.c_oflag = former_.c_oflag;
    set_attributes(terminal_, raw);
}

RawMode::~RawMode() {
    // A terminal that has been hung up cannot be restored and need not be.
    (void)::tcsetattr(terminal_.number(), TCSANOW, &former_);
}

NonBlocking::NonBlocking(FdRef fd, int access) : original_(fd) {
    const struct stat status = fstat(fd);
    if (S_ISREG(status.st_mode)) {
        return;
    }
    if (can_be_reopened(fd, status)) {
        const int number =
            ::open(proc_self_fd(fd).c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (number >= 0) {
            reopened_ = UniqueFd(number);
            return;
        }
        // EACCES after a change of user, or no /proc: the flag it is, then.
    }
    const int flags = flags_of(fd);
    if ((flags & O_NONBLOCK) == 0) {
        if (::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK) < 0) {
            throw_errno("fcntl(F_SETFL)");
        }
        restores_flag_ = true;
    }
}

NonBlocking::~NonBlocking() {
    if (!restores_flag_) {
        return;
    }
    const int flags = ::fcntl(original_.number(), F_GETFL);
    if (flags >= 0) {
        // Nobody can be told, and what cannot be changed now could not have been set before.
        (void)::fcntl(original_.number(), F_SETFL, flags & ~O_NONBLOCK);
    }
}

}  // namespace corun::sys
