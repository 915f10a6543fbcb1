// Ptys of the host's devpts.
#include "corun/sys/terminal.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

using namespace corun;

namespace {

sys::Pty host_pty() {
    return sys::open_pty(sys::open("/dev/pts", O_PATH | O_DIRECTORY));
}

bool is_nonblocking(sys::FdRef fd) {
    return (::fcntl(fd.number(), F_GETFL) & O_NONBLOCK) != 0;
}

}  // namespace

TEST_CASE("pty: what goes in at the master comes out at the slave, and its name is its index") {
    const sys::Pty pty = host_pty();
    sys::write_all(pty.master, "line\n");

    char buffer[16] = {};
    CHECK(sys::read_some(pty.slave, buffer, sizeof buffer) == 5);
    CHECK(std::string_view(buffer) == "line\n");
    CHECK(pty.name() == sys::readlinkat(sys::FdRef::cwd(), sys::proc_self_fd(pty.slave)));
}

TEST_CASE("pty: a directory that is no devpts is refused") {
    const sys::UniqueFd directory = sys::open("/proc", O_PATH | O_DIRECTORY);
    CHECK_THROWS_AS((void)sys::open_pty(directory), Error);
}

TEST_CASE("window size: what is set on the master is seen on the slave, and can be copied") {
    const sys::Pty pty = host_pty();
    const sys::Pty other = host_pty();
    sys::set_window_size(pty.master, {.rows = 33, .columns = 101});
    CHECK(sys::try_window_size(pty.slave) == sys::WindowSize{.rows = 33, .columns = 101});

    sys::copy_window_size(pty.slave, other.master);
    CHECK(sys::try_window_size(other.slave) == sys::WindowSize{.rows = 33, .columns = 101});
}

TEST_CASE("window size: a pipe has none") {
    const sys::Pipe pipe = sys::make_pipe();
    CHECK_FALSE(sys::try_window_size(pipe.read_end));
}

TEST_CASE("raw mode: lasts as long as the guard and then everything is as before") {
    const sys::Pty pty = host_pty();
    termios before = {};
    ::tcgetattr(pty.slave.ref().number(), &before);
    {
        const sys::RawMode raw(pty.slave);
        termios during = {};
        ::tcgetattr(pty.slave.ref().number(), &during);
        CHECK((during.c_lflag & (ICANON | ECHO | ISIG)) == 0);
    }
    termios after = {};
    ::tcgetattr(pty.slave.ref().number(), &after);
    CHECK(after.c_lflag == before.c_lflag);
    CHECK(after.c_oflag == before.c_oflag);
    CHECK(after.c_iflag == before.c_iflag);
}

TEST_CASE("newline output: ONLCR is cleared and set") {
    const sys::Pty pty = host_pty();
    termios now = {};
    sys::set_newline_output(pty.master, sys::NewlineOutput::as_is);
    ::tcgetattr(pty.master.ref().number(), &now);
    CHECK((now.c_oflag & ONLCR) == 0);

    sys::set_newline_output(pty.master, sys::NewlineOutput::with_carriage_return);
    ::tcgetattr(pty.master.ref().number(), &now);
    CHECK((now.c_oflag & ONLCR) != 0);
}

TEST_CASE("non-blocking access: a terminal and a pipe are opened anew and keep their own flags") {
    const sys::Pty pty = host_pty();
    const sys::Pipe pipe = sys::make_pipe();
    for (const sys::FdRef fd : {pty.slave.ref(), pipe.read_end.ref()}) {
        const sys::NonBlocking access(fd, O_RDONLY);
        CHECK(is_nonblocking(access.fd()));
        CHECK_FALSE(is_nonblocking(fd));
    }
}

TEST_CASE("non-blocking access: a socket gets the flag and loses it again") {
    const sys::SocketPair pair = sys::make_seqpacket_pair();
    {
        const sys::NonBlocking access(pair.first, O_RDONLY);
        CHECK(is_nonblocking(access.fd()));
    }
    CHECK_FALSE(is_nonblocking(pair.first));
}

TEST_CASE("non-blocking access: a regular file keeps its offset") {
    const sys::UniqueFd file = sys::memfd_create("test");
    sys::write_all(file, "abc");
    const sys::NonBlocking access(file, O_WRONLY);
    sys::write_all(access.fd(), "def");

    CHECK(sys::fstat(file).st_size == 6);
}

TEST_CASE("non-blocking access: the master of a pty is not opened anew, that would be another pty"
) {
    const sys::Pty pty = host_pty();
    const sys::NonBlocking access(pty.master, O_RDONLY);
    CHECK(access.fd() == pty.master.ref());
}
