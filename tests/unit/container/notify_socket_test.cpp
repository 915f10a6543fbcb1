// Readiness from a container to the host, over real sockets.
#include "corun/container/notify_socket.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/spawn.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <span>

using namespace corun;
using namespace std::chrono_literals;

namespace {

/// A container's state directory with its socket, the host's socket, and a process.
class Scene {
public:
    Scene() {
        char path[] = "/tmp/corun-notify-XXXXXX";
        path_ = ::mkdtemp(path);
        directory_ = sys::open(path_, O_RDONLY | O_DIRECTORY);
        container::make_notify_directory(directory_);
        socket_ = container::bind_notify_socket(directory_);
        host_ = sys::bind_datagram(directory_, "host", 0700);
        process_ = sys::spawn({.path = "/bin/sleep", .arguments = {"sleep", "1000"}});
    }

    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    ~Scene() {
        end_process();
        sys::unlinkat(directory_, "host");
        sys::unlinkat(directory_, "notify/notify.sock");
        sys::unlinkat(directory_, "notify", AT_REMOVEDIR);
        ::rmdir(path_.c_str());
    }

    void end_process() {
        if (process_) {
            (void)process_.send_signal(SIGKILL);
            (void)process_.wait();
            process_ = sys::Pidfd();
        }
    }

    [[nodiscard]] pid_t pid() const { return process_.pid(); }

    [[nodiscard]] sys::FdRef host() const { return host_; }

    [[nodiscard]] sys::FdRef directory() const { return directory_; }

    /// As the container would.
    void say(const std::string& text) const {
        const sys::UniqueFd client = sys::connect_datagram(path_ + "/notify/notify.sock");
        sys::send_record(client, std::as_bytes(std::span(text)));
    }

    [[nodiscard]] async::Task<> forward(std::chrono::seconds patience = 20s) {
        return container::forward_notify(
            std::move(socket_), path_ + "/host", sys::Pidfd::try_open(pid()).value(), patience
        );
    }

private:
    std::string path_;
    sys::UniqueFd directory_;
    sys::UniqueFd socket_;
    sys::UniqueFd host_;
    sys::Pidfd process_;
};

struct Message {
    std::string text;
    bool has_descriptor = false;
};

/// The next message at the host; a descriptor that came with it is closed on return.
Message take(sys::FdRef host) {
    std::string text(100, '\0');
    const sys::Received got = sys::receive_record(host, std::as_writable_bytes(std::span(text)));
    text.resize(got.size);
    return {.text = std::move(text), .has_descriptor = static_cast<bool>(got.fd)};
}

async::Task<> take_three(sys::FdRef host, std::vector<Message>* messages) {
    while (messages->size() < 3) {
        co_await async::readable(host);
        messages->push_back(take(host));
    }
}

async::Task<> forward_and_take(async::Group& group, Scene* scene, std::vector<Message>* messages) {
    group.spawn(scene->forward());
    async::Task<> taking = take_three(scene->host(), messages);
    co_await async::with_deadline(20s, std::move(taking));
}

bool nothing_waits(sys::FdRef socket) {
    char byte = 0;
    return ::recv(socket.number(), &byte, 1, MSG_DONTWAIT) < 0;
}

}  // namespace

TEST_CASE("notify: readiness is passed on with the pid and a barrier that the host releases") {
    Scene scene;
    scene.say("STATUS=starting");
    scene.say("STATUS=up\nREADY=1\nMAINPID=1\nFDSTORE=1");
    std::vector<Message> messages;
    async::Loop loop;

    loop.run(async::with_group(forward_and_take, &scene, &messages));

    CHECK(messages[0].text == "READY=1\n");
    CHECK(messages[1].text == concat("MAINPID=", scene.pid(), "\n"));
    CHECK(messages[2].text == "BARRIER=1");
    CHECK(messages[2].has_descriptor);
    CHECK(nothing_waits(scene.host()));
}

TEST_CASE("notify: a container that ends without being ready is not waited for") {
    Scene scene;
    scene.say("STATUS=failing");
    async::Task<> task = scene.forward();
    scene.end_process();
    async::Loop loop;

    loop.run(std::move(task));

    CHECK(nothing_waits(scene.host()));
}

TEST_CASE("notify: a host that keeps the barrier's descriptor costs only the patience") {
    Scene scene;
    scene.say("READY=1");
    async::Loop loop;

    loop.run(scene.forward(1s));  // nobody reads at the host

    CHECK(take(scene.host()).text == "READY=1\n");
}

TEST_CASE("notify: the socket is for any user of the container, and is bound again after a failure"
) {
    const Scene scene;
    CHECK(sys::try_fstatat(scene.directory(), "notify")->st_mode == (S_IFDIR | 0755));
    CHECK(sys::try_fstatat(scene.directory(), "notify/notify.sock")->st_mode == (S_IFSOCK | 0777));

    CHECK_NOTHROW((void)container::bind_notify_socket(scene.directory()));
}

TEST_CASE("datagram: an abstract address is one that starts with '@'") {
    const std::string name = concat("@corun-test-", ::getpid());
    const sys::UniqueFd listener(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
    REQUIRE(
        ::bind(
            listener.ref().number(),
            reinterpret_cast<const sockaddr*>(&address),
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())
        ) == 0
    );

    sys::send_record(sys::connect_datagram(name), std::as_bytes(std::span("hello", 5)));

    CHECK(take(listener).text == "hello");
}
