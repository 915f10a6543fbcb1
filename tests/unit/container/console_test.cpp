// The terminal relay between two ptys: one stands for the caller's terminal, one for the
// container's. The container is a child of the test.
#include "corun/container/console.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/spawn.hpp"
#include "corun/sys/terminal.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

using namespace corun;
using namespace std::chrono_literals;

namespace {

sys::Pty host_pty() {
    return sys::open_pty(sys::open("/dev/pts", O_PATH | O_DIRECTORY));
}

/// What stands for the container: a shell whose terminal is the slave, which only it holds.
struct Container {
    sys::UniqueFd master;
    sys::Pidfd process;
    std::string terminal;
};

Container start(const std::string& script) {
    sys::Pty pty = host_pty();
    container::prepare_relay(pty.master);
    sys::Pidfd process = sys::spawn(
        {.path = "/bin/sh",
         .arguments = {"sh", "-c", script},
         .environment = {"PATH=/usr/bin:/bin", "TERMINAL=" + pty.name()},
         .standard_input = pty.slave.ref(),
         .standard_output = pty.slave.ref(),
         .standard_error = pty.slave.ref(),
         .session = sys::Session::own}
    );
    return {.master = std::move(pty.master), .process = std::move(process), .terminal = pty.name()};
}

sys::Pidfd second_handle(const sys::Pidfd& process) {
    return sys::Pidfd::try_open(process.pid()).value();
}

async::Task<> relay(Container* container, container::RelayEnds ends) {
    async::Task<> task = container::relay_terminal(
        std::move(container->master), second_handle(container->process), ends
    );
    co_await async::with_deadline(20s, std::move(task));
}

/// What a script prints, copied to a file by the relay.
std::string output_of(const std::string& script, sys::FdRef input) {
    Container container = start(script);
    const sys::UniqueFd output = sys::memfd_create("output");
    async::Loop loop;
    loop.run(relay(&container, {.input = input, .output = output.ref()}));
    (void)container.process.wait();
    sys::seek_to_start(output);
    return sys::read_all(output, 1 << 24);
}

std::string output_of(const std::string& script) {
    return output_of(script, sys::open("/dev/null", O_RDONLY));
}

std::chrono::microseconds cpu_time() {
    rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// A directory with a stream socket that listens in it.
class Listener {
public:
    explicit Listener(const std::string& subdirectory = "d") {
        char path[] = "/tmp/corun-console-XXXXXX";
        parent_ = ::mkdtemp(path);
        directory_ = parent_ + "/" + subdirectory;
        sys::make_directories(directory_, 0700);
        path_ = directory_ + "/socket";
        socket_ = sys::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sys::UniqueFd place = sys::open(directory_, O_PATH | O_DIRECTORY);
        const std::string short_path = concat(sys::proc_self_fd(place), "/socket");
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, short_path.data(), short_path.size());
        REQUIRE(
            ::bind(
                socket_.ref().number(), reinterpret_cast<const sockaddr*>(&address), sizeof address
            ) == 0
        );
        REQUIRE(::listen(socket_.ref().number(), 1) == 0);
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&&) = delete;
    Listener& operator=(Listener&&) = delete;

    ~Listener() {
        ::unlink(path_.c_str());
        ::rmdir(directory_.c_str());
        ::rmdir(parent_.c_str());
    }

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::pair<std::string, sys::UniqueFd> receive() const {
        const sys::UniqueFd connection = sys::accept(socket_);
        std::string text(100, '\0');
        sys::Received got =
            sys::receive_record(connection, std::as_writable_bytes(std::span(text)));
        text.resize(got.size);
        return {text, std::move(got.fd)};
    }

private:
    std::string parent_;
    std::string directory_;
    std::string path_;
    sys::UniqueFd socket_;
};

}  // namespace

TEST_CASE("console socket: the master arrives with its name in one message") {
    const Listener listener;
    const sys::Pty pty = host_pty();

    container::send_console(listener.path(), pty.master, pty.name());

    const auto [text, fd] = listener.receive();
    CHECK(text == pty.name());
    unsigned index = ~0U;
    REQUIRE(::ioctl(fd.ref().number(), TIOCGPTN, &index) == 0);
    CHECK(index == pty.index);
}

TEST_CASE("console socket: a path longer than a socket address is no obstacle") {
    const Listener listener(std::string(120, 'd'));
    const sys::Pty pty = host_pty();

    container::send_console(listener.path(), pty.master, "x");

    CHECK(listener.receive().first == "x");
}

TEST_CASE("console socket: one where nobody listens is named") {
    const sys::Pty pty = host_pty();
    CHECK_THROWS_WITH_AS(
        container::send_console("/nonexistent/socket", pty.master, "x"),
        "console socket: connect(\"/nonexistent/socket\"): No such file or directory (ENOENT)",
        Error
    );
}

TEST_CASE("pidfd socket: the descriptor that arrives is of the process") {
    const Listener listener;
    const sys::Pidfd process = sys::spawn({.path = "/bin/sleep", .arguments = {"sleep", "1000"}});
    const sys::ChildGuard guard(second_handle(process));

    container::send_pidfd(listener.path(), process);

    auto [text, fd] = listener.receive();
    CHECK(text == "standard");
    CHECK(sys::Pidfd(process.pid(), std::move(fd)).send_signal(0));
}

TEST_CASE("relay: all that was written before the end arrives, with plain newlines") {
    const std::string output = output_of("seq 100000");

    CHECK(output.size() == 588895);
    CHECK(output.starts_with("1\n2\n"));
    CHECK(output.ends_with("\n100000\n"));
}

TEST_CASE("relay: input reaches the container, and its end does not end the container") {
    sys::Pipe input = sys::make_pipe();
    sys::write_all(input.write_end, "hello\n");
    input.write_end.reset();

    CHECK(output_of("stty -echo; read x; echo \"got $x\"", input.read_end).ends_with("got hello\n")
    );
}

namespace {

async::Task<> press_keys(
    async::Group& group, Container* container, const sys::Pty* caller, sys::FdRef output
) {
    group.spawn(relay(container, {.input = caller->slave.ref(), .output = output}));
    // No newline: a terminal that edits lines would keep these, or make a signal of the first.
    sys::write_all(caller->master, "\x03z");
    co_return;
}

}  // namespace

TEST_CASE("relay: the caller's terminal passes single keys, and is as before afterwards") {
    const sys::Pty caller = host_pty();
    termios before = {};
    ::tcgetattr(caller.slave.ref().number(), &before);
    Container container = start("head -c 2 | od -An -tx1");
    const sys::UniqueFd terminal = sys::open(container.terminal, O_RDWR | O_NOCTTY);
    const sys::RawMode raw(terminal);
    const sys::UniqueFd output = sys::memfd_create("output");
    async::Loop loop;

    loop.run(async::with_group(press_keys, &container, &caller, output.ref()));

    (void)container.process.wait();
    sys::seek_to_start(output);
    CHECK(sys::read_all(output, 100) == " 03 7a\n");
    termios after = {};
    ::tcgetattr(caller.slave.ref().number(), &after);
    CHECK(after.c_lflag == before.c_lflag);
    CHECK(after.c_iflag == before.c_iflag);
    CHECK(after.c_oflag == before.c_oflag);
}

TEST_CASE("relay: the size of the caller's terminal is the container's from the start") {
    const sys::Pty caller = host_pty();
    sys::set_window_size(caller.slave, {.rows = 17, .columns = 71});
    sys::write_all(caller.master, "\n");  // the script goes on when the relay runs

    CHECK(output_of("read x; stty size", caller.slave).find("17 71") != std::string::npos);
}

namespace {

async::Task<> resize(
    async::Group& group, Container* container, const sys::Pty* caller, sys::FdRef terminal
) {
    const sys::FdRef output = caller->slave.ref();
    group.spawn(relay(container, {.input = caller->slave.ref(), .output = output}));
    const sys::WindowSize wanted = {.rows = 99, .columns = 222};
    sys::set_window_size(caller->slave, wanted);
    ::raise(SIGWINCH);
    bool arrived = false;
    while (!arrived) {
        co_await async::yield();
        arrived = sys::try_window_size(terminal) == wanted;
    }
    (void)container->process.send_signal(SIGKILL);
}

}  // namespace

TEST_CASE("relay: a change of size is passed on") {
    const sys::Pty caller = host_pty();
    Container container = start("exec sleep 1000");
    const sys::UniqueFd terminal = sys::open(container.terminal, O_RDWR | O_NOCTTY);
    async::Loop loop;

    loop.run(async::with_group(resize, &container, &caller, terminal.ref()));

    CHECK(container.process.wait().signal == SIGKILL);
}

TEST_CASE("relay: a container may close its terminal and open it again") {
    CHECK(
        output_of("echo first; exec 0<&- 1>&- 2>&-; "
                  "/usr/bin/env sleep 0.1; exec >$TERMINAL; echo second") == "first\nsecond\n"
    );
}

TEST_CASE("relay: a process left behind with the terminal open does not delay the end") {
    Container container = start("trap '' HUP; (trap '' HUP; sleep 1000) & echo done");
    const sys::UniqueFd output = sys::memfd_create("output");
    const sys::UniqueFd input = sys::open("/dev/null", O_RDONLY);
    async::Loop loop;

    loop.run(relay(&container, {.input = input.ref(), .output = output.ref()}));

    (void)sys::signal_process_group(container.process, SIGKILL);
    CHECK(container.process.wait().success());
    sys::seek_to_start(output);
    CHECK(sys::read_all(output, 100) == "done\n");
}

namespace {

async::Task<> read_late(
    async::Group& group, Container* container, sys::Pipe* pipe, sys::FdRef input
) {
    group.spawn(relay(container, {.input = input, .output = pipe->write_end.ref()}));
    // Long enough for a loop that spins to be seen.
    const std::chrono::microseconds before = cpu_time();
    co_await async::sleep_for(200ms);
    CHECK(cpu_time() - before < 100ms);

    std::size_t total = 0;
    std::string buffer(1 << 16, '\0');
    while (total < 588895) {
        co_await async::readable(pipe->read_end);
        total += sys::read_some(pipe->read_end, buffer.data(), buffer.size());
    }
    CHECK(total == 588895);
}

}  // namespace

TEST_CASE("relay: output that is not read makes it wait without spinning, and nothing is lost") {
    Container container = start("seq 100000");
    sys::Pipe pipe = sys::make_pipe();
    const sys::UniqueFd input = sys::open("/dev/null", O_RDONLY);
    async::Loop loop;

    loop.run(async::with_group(read_late, &container, &pipe, input.ref()));

    CHECK(container.process.wait().success());
}

TEST_CASE("relay: output whose reader is gone is let go, and the container runs to its end") {
    const auto former = std::signal(SIGPIPE, SIG_IGN);
    Container container = start("seq 100000");
    sys::Pipe pipe = sys::make_pipe();
    pipe.read_end.reset();
    const sys::UniqueFd input = sys::open("/dev/null", O_RDONLY);
    async::Loop loop;

    loop.run(relay(&container, {.input = input.ref(), .output = pipe.write_end.ref()}));

    CHECK(container.process.wait().success());
    (void)std::signal(SIGPIPE, former);
}
