// Terminals: a pty of a given devpts, window size, raw mode. Used on both sides of clone3; nothing
// here finds a slave by its path. (CVE-2025-52565)
#pragma once

#include "corun/sys/fd.hpp"

#include <termios.h>

#include <optional>
#include <string>

namespace corun::sys {

struct Pty {
    UniqueFd master;
    UniqueFd slave;
    unsigned index = 0;

    /// `/dev/pts/N`, as seen where the devpts is mounted there.
    [[nodiscard]] std::string name() const;
};

/// A new pair from the devpts mounted at `pts_directory`: its `ptmx` is opened without following
/// symlinks, and the slave comes from the master (TIOCGPTPEER). Neither becomes the controlling
/// terminal. Throws unless the directory is a devpts.
[[nodiscard]] Pty open_pty(FdRef pts_directory);

/// The slave of a pty by its master (TIOCGPTPEER), not as the controlling terminal.
[[nodiscard]] UniqueFd open_pty_peer(FdRef master);

/// In characters.
struct WindowSize {
    unsigned short rows = 0;
    unsigned short columns = 0;

    bool operator==(const WindowSize&) const = default;
};

void set_window_size(FdRef terminal, WindowSize size);

/// Nothing if it is no terminal.
[[nodiscard]] std::optional<WindowSize> try_window_size(FdRef fd);

/// For SIGWINCH: gives `to` the size of `from`. Without effect if either is no terminal (any more).
void copy_window_size(FdRef from, FdRef to) noexcept;

[[nodiscard]] bool is_terminal(FdRef fd);

/// TIOCSCTTY: the caller must lead a session that has no terminal yet.
void make_controlling_terminal(FdRef slave);

/// Whether the terminal writes "\r\n" for "\n" (ONLCR). A terminal whose output ends on another
/// terminal leaves that to it.
enum class NewlineOutput { as_is, with_carriage_return };
void set_newline_output(FdRef terminal, NewlineOutput output);

/// Input of a terminal in raw mode, and as it was when the scope ends. Output stays processed:
/// what is copied to it ends its lines with "\n" (NewlineOutput::as_is), on a pipe as on a
/// terminal.
class RawMode {
public:
    explicit RawMode(FdRef terminal);
    RawMode(const RawMode&) = delete;
    RawMode& operator=(const RawMode&) = delete;
    RawMode(RawMode&&) = delete;
    RawMode& operator=(RawMode&&) = delete;
    ~RawMode();

private:
    FdRef terminal_;
    termios former_ = {};
};

/// Access to a caller's descriptor that does not block, while the caller's own stays as it is:
/// O_NONBLOCK belongs to the open file, which a shell shares with us. Terminals and fifos are
/// opened anew; what cannot be (a socket) gets the flag and loses it when the scope ends; regular
/// files never block and are used as they are.
class NonBlocking {
public:
    /// `access` is O_RDONLY or O_WRONLY. `fd` must outlive this object.
    NonBlocking(FdRef fd, int access);
    NonBlocking(const NonBlocking&) = delete;
    NonBlocking& operator=(const NonBlocking&) = delete;
    NonBlocking(NonBlocking&&) = delete;
    NonBlocking& operator=(NonBlocking&&) = delete;
    ~NonBlocking();

    [[nodiscard]] FdRef fd() const { return reopened_ ? reopened_.ref() : original_; }

private:
    FdRef original_;
    UniqueFd reopened_;
    bool restores_flag_ = false;
};

}  // namespace corun::sys
