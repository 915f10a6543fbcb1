// process.terminal: a pty whose other end goes to the console socket.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

using namespace corun::test;

namespace {

/// A Unix socket that receives a console, as conmon and containerd hold one.
class ConsoleSocket {
public:
    ConsoleSocket() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
        if (::bind(socket_.ref().number(), reinterpret_cast<sockaddr*>(&address), sizeof address) !=
                0 ||
            ::listen(socket_.ref().number(), 1) != 0) {
            throw HarnessError("cannot listen for the console");
        }
    }

    [[nodiscard]] std::string path() const { return directory_ / "console"; }

    /// The master of the pty; waits for it.
    [[nodiscard]] corun::sys::UniqueFd receive() const {
        const corun::sys::UniqueFd peer(
            ::accept4(socket_.ref().number(), nullptr, nullptr, SOCK_CLOEXEC)
        );
        char text[256];
        iovec part{text, sizeof text};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        if (::recvmsg(peer.ref().number(), &message, MSG_CMSG_CLOEXEC) <= 0 ||
            CMSG_FIRSTHDR(&message) == nullptr) {
            throw HarnessError("no descriptor came with the console's message");
        }
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
        return corun::sys::UniqueFd(fd);
    }

private:
    TempDir directory_;
    corun::sys::UniqueFd socket_;
};

/// Reads from the pty until its other end is closed (EIO).
std::string read_all_of(const corun::sys::UniqueFd& master) {
    std::string text;
    char buffer[4096];
    pollfd event{master.ref().number(), POLLIN, 0};
    while (::poll(&event, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) == 1) {
        const ssize_t count = ::read(master.ref().number(), buffer, sizeof buffer);
        if (count <= 0) {
            return text;
        }
        text.append(buffer, static_cast<std::size_t>(count));
    }
    throw HarnessError(corun::concat("the terminal stays open; so far: ", text));
}

/// The terminal's text without the carriage returns that it adds.
std::string plain(std::string text) {
    std::erase(text, '\r');
    return text;
}

}  // namespace

TEST_CASE("terminal: the payload has one, of the size asked for, as its controlling terminal") {
    Runtime runtime;
    const ConsoleSocket console;
    Bundle bundle;
    bundle.terminal().args({"probe", "terminal", ",", "pids", ",", "stat", "/dev/console"});
    bundle.process()["consoleSize"] = {{"height", 33}, {"width", 111}};

    Container container = runtime.create(bundle, {"--console-socket", console.path()});
    const corun::sys::UniqueFd master = console.receive();
    container.start();
    const std::string out = plain(read_all_of(master));
    container.wait();
    container.remove();

    CHECK(has_line("tty[0]=yes", out));
    CHECK(has_line("tty[1]=yes", out));
    CHECK(has_line("tty[2]=yes", out));
    CHECK(has_line("size=111x33", out));
    CHECK(has_line("controlling-terminal: ok", out));
    CHECK(has_line("sid=1", out));
    CHECK(contains(out, "/dev/console: char"));
}

TEST_CASE("terminal: what is typed reaches the payload") {
    Runtime runtime;
    const ConsoleSocket console;
    Bundle bundle;
    bundle.terminal().args({"sh", "-c", "stty -echo 2>/dev/null; read line; echo got $line"});
    Container container = runtime.create(bundle, {"--console-socket", console.path()});
    const corun::sys::UniqueFd master = console.receive();
    container.start();

    REQUIRE(::write(master.ref().number(), "hello\n", 6) == 6);

    CHECK(contains(plain(read_all_of(master)), "got hello\n"));
    container.wait();
    container.remove();
}

TEST_CASE("terminal: it belongs to the payload's user") {
    Runtime runtime;
    const ConsoleSocket console;
    Bundle bundle;
    bundle.terminal().user(1000, 1000).args({"probe", "stat", "/dev/pts/0"});

    Container container = runtime.create(bundle, {"--console-socket", console.path()});
    const corun::sys::UniqueFd master = console.receive();
    container.start();
    const std::string out = read_all_of(master);
    container.wait();
    container.remove();

    CHECK(contains(out, " 1000:"));
}

TEST_CASE("terminal: create without a console socket is an error that says so") {
    Runtime runtime;
    Bundle bundle;
    bundle.terminal().args({"true"});

    CHECK(failed_saying("console", runtime.try_create(bundle)));
    CHECK(runtime.leftovers().empty());
}

TEST_CASE(
    "terminal: a console socket without a terminal is an error" * needs(Capability::corun_itself)
) {
    Runtime runtime;
    const ConsoleSocket console;
    Bundle bundle;
    bundle.args({"true"});

    CHECK(failed_saying(
        "console socket", runtime.try_create(bundle, {"--console-socket", console.path()})
    ));
}

TEST_CASE("terminal: a console socket that nobody listens on is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.terminal().args({"true"});

    CHECK(failed_saying(
        "/no/such/socket", runtime.try_create(bundle, {"--console-socket", "/no/such/socket"})
    ));
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("terminal: exec --tty gives the new process one of its own") {
    Runtime runtime;
    const ConsoleSocket console;
    Bundle bundle;
    bundle.args({"probe", "pause"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    Process process = runtime.spawn(
        {"exec",
         "--tty",
         "--console-socket",
         console.path(),
         "--detach",
         container.id(),
         "probe",
         "terminal"}
    );
    const corun::sys::UniqueFd master = console.receive();
    const std::string out = plain(read_all_of(master));

    CHECK(process.wait().exit_code == 0);
    CHECK(has_line("tty[0]=yes", out));
    CHECK(has_line("controlling-terminal: ok", out));
    // The exec'ed process was adopted by this program: leftovers() reaps it, then the container
    // can end.
    (void)runtime.leftovers(std::chrono::milliseconds(10));
    runtime.expect_success({"delete", "--force", container.id()});
}
