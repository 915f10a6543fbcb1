// The metrics over HTTP, with clients that behave and clients that do not.
#include "corun/supervise/http_server.hpp"

#include "control_support.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/stream_socket.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

using namespace corun;
using namespace corun::supervise;
using namespace std::chrono_literals;
using supervise::testing::MadeUpControl;
using supervise::testing::ScratchDirectory;

namespace {

struct Setting {
    ScratchDirectory directory;
    MadeUpControl control;
    sys::UniqueFd place = sys::open(directory.path, O_PATH | O_DIRECTORY);
    sys::UniqueFd listener = listen_metrics(concat("unix:", directory.path, "/metrics"));
    HttpOptions options;

    [[nodiscard]] sys::UniqueFd connect() const {
        return sys::try_connect_stream(place, "metrics").socket;
    }
};

using Scenario = async::Task<> (*)(Setting& setting);

async::Task<> scene(async::Group& group, Setting* setting, Scenario scenario) {
    group.spawn(serve_metrics(
        setting->control, setting->listener, sys::FdRef(setting->place), setting->options
    ));
    co_await scenario(*setting);
    group.cancel();
}

void play(Setting& setting, Scenario scenario) {
    async::Loop loop;
    loop.run(async::with_deadline(20s, async::with_group(scene, &setting, scenario)));
}

async::Task<std::string> read_to_end(sys::FdRef socket) {
    std::string all;
    while (true) {
        co_await async::readable(socket);
        std::array<char, 65536> data = {};
        const sys::Transferred got = sys::try_read(socket, data.data(), data.size());
        if (got.size == 0 && got.error_number != EAGAIN) {
            co_return all;
        }
        all.append(data.data(), got.size);
    }
}

async::Task<std::string> answer_to(Setting* setting, std::string request) {
    const sys::UniqueFd socket = setting->connect();
    sys::write_all(socket, request);
    co_return co_await read_to_end(socket);
}

}  // namespace

TEST_CASE("http: the request says what is wanted") {
    CHECK(parse_request("GET /metrics HTTP/1.1\r\n\r\n").what == HttpRequest::metrics);
    CHECK(parse_request("GET /metrics?x=1 HTTP/1.0\r\n\r\n").what == HttpRequest::metrics);
    CHECK(parse_request("GET /healthz HTTP/1.1\r\n\r\n").what == HttpRequest::health);
    CHECK(parse_request("HEAD /metrics HTTP/1.1\r\n\r\n").head);
    CHECK(parse_request("GET / HTTP/1.1\r\n\r\n").what == HttpRequest::unknown_path);
    CHECK(parse_request("POST /metrics HTTP/1.1\r\n\r\n").what == HttpRequest::unknown_method);
    for (const char* const line : {"", "GET", "GET /metrics", "GET  HTTP/1.1", "GET x HTTP/1.1"}) {
        CHECK(parse_request(line).what == HttpRequest::malformed);
    }
}

TEST_CASE("http: only a Unix socket or a loopback address is listened at") {
    for (const char* const address :
         {"0.0.0.0:9100",
          "192.168.0.1:80",
          "localhost:80",
          ":80",
          "127.0.0.1",
          "127.0.0.1:x",
          "127.0.0.1:99999",
          "[::]:80",
          "127.0.0.1:80 ",
          ""}) {
        CAPTURE(std::string(address));
        CHECK_THROWS_WITH_AS(
            (void)listen_metrics(address),
            concat(
                "metrics address '",
                address,
                "': expected unix:/PATH, 127.0.0.1:PORT or [::1]:PORT: Invalid argument (EINVAL)"
            )
                .c_str(),
            Error
        );
    }
    CHECK_THROWS_AS((void)listen_metrics("unix:relative"), Error);
}

TEST_CASE("http: a file or another's socket is not taken away, a left one is") {
    const ScratchDirectory directory;
    const sys::UniqueFd place = sys::open(directory.path, O_RDONLY | O_DIRECTORY);
    sys::create_file(place, "file", "precious", 0644);

    CHECK_THROWS_AS((void)listen_metrics(concat("unix:", directory.path, "/file")), Error);
    CHECK(sys::read_file(place, "file") == "precious");
    const std::string address = concat("unix:", directory.path, "/socket");
    sys::UniqueFd first = listen_metrics(address);
    CHECK_THROWS_AS((void)listen_metrics(address), Error);
    first.reset();
    CHECK_NOTHROW((void)listen_metrics(address));
}

TEST_CASE("http: answers over TCP on the loopback address") {
    MadeUpControl control;
    const sys::UniqueFd listener = listen_metrics("127.0.0.1:0");
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(sys::port_of(listener));
    const sys::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(
        ::connect(client.ref().number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
    );
    sys::write_all(client, "GET /healthz HTTP/1.1\r\n\r\n");

    async::Loop loop;
    std::string answer;
    loop.run(async::with_deadline(
        20s,
        async::with_group(
            [](async::Group& group,
               Control* its_control,
               sys::FdRef its_listener,
               sys::FdRef socket,
               std::string* out) -> async::Task<> {
                group.spawn(serve_metrics(*its_control, its_listener, std::nullopt));
                *out = co_await read_to_end(socket);
                group.cancel();
            },
            static_cast<Control*>(&control),
            listener.ref(),
            client.ref(),
            &answer
        )
    ));

    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("\r\n\r\nok\n"));
}

TEST_CASE("http: the metrics have a length and a type, and HEAD has no body") {
    Setting setting;
    setting.control.add("web");

    play(setting, [](Setting& here) -> async::Task<> {
        const std::string page = co_await answer_to(&here, "GET /metrics HTTP/1.1\r\n\r\n");
        const std::string head = co_await answer_to(&here, "HEAD /metrics HTTP/1.1\r\n\r\n");
        CHECK(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
        CHECK(page.find("\ncorun_container_up{id=\"web\"} 0\n") != std::string::npos);
        const std::size_t body = page.find("\r\n\r\n") + 4;
        const std::string length = concat("Content-Length: ", page.size() - body, "\r\n");
        CHECK(page.find(length) != std::string::npos);
        CHECK(head.ends_with("\r\n\r\n"));
        CHECK(head.find("Content-Length: ") != std::string::npos);
    });
}

TEST_CASE("http: what it does not serve it says by the status") {
    Setting setting;

    play(setting, [](Setting& here) -> async::Task<> {
        const std::string missing = co_await answer_to(&here, "GET / HTTP/1.1\r\n\r\n");
        const std::string posted = co_await answer_to(&here, "POST /metrics HTTP/1.1\r\n\r\n");
        const std::string garbage = co_await answer_to(&here, "hello\r\n\r\n");
        const std::string huge = co_await answer_to(&here, std::string(20000, 'x'));
        CHECK(missing.starts_with("HTTP/1.1 404 "));
        CHECK(posted.starts_with("HTTP/1.1 405 "));
        CHECK(posted.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
        CHECK(garbage.starts_with("HTTP/1.1 400 "));
        CHECK(huge.starts_with("HTTP/1.1 431 "));
    });
}

TEST_CASE("http: clients that say nothing or do not read are closed, others served meanwhile") {
    Setting setting;
    setting.options.read_limit = 100ms;
    setting.options.write_limit = 100ms;
    setting.options.most_connections = 2;
    for (int i = 0; i < 300; ++i) {
        setting.control.add(concat("container-", i));
    }

    play(setting, [](Setting& here) -> async::Task<> {
        const sys::UniqueFd silent = here.connect();
        const sys::UniqueFd deaf = here.connect();
        sys::write_all(deaf, "GET /metrics HTTP/1.1\r\n\r\n");
        const std::string refused = co_await answer_to(&here, "GET /healthz HTTP/1.1\r\n\r\n");
        const std::string nothing = co_await read_to_end(silent);
        CHECK(refused.starts_with("HTTP/1.1 503 "));
        CHECK(nothing.empty());
        std::string served;
        while (!served.starts_with("HTTP/1.1 200 ")) {
            served = co_await answer_to(&here, "GET /healthz HTTP/1.1\r\n\r\n");
        }
        const std::string cut = co_await read_to_end(deaf);
        CHECK(cut.starts_with("HTTP/1.1 200 "));
    });
}

TEST_CASE("http: a scrape of many containers lets timers fire in between") {
    Setting setting;
    for (int i = 0; i < 1000; ++i) {
        setting.control.add(concat("container-", i));
        setting.control.units.back().pid = 1;
        setting.control.units.back().cgroup_path = "/nowhere";
    }

    play(setting, [](Setting& here) -> async::Task<> {
        const sys::UniqueFd socket = here.connect();
        sys::write_all(socket, "GET /metrics HTTP/1.1\r\n\r\n");
        std::size_t turns = 0;
        std::size_t size = 0;
        while (true) {
            co_await async::sleep_for(0s);
            std::array<char, 65536> data = {};
            const sys::Transferred got = sys::try_read(socket, data.data(), data.size());
            size += got.size;
            turns += size == 0 ? 1 : 0;
            if (got.error_number == 0 && got.size == 0) {
                break;
            }
        }
        CHECK(turns >= 1000);
        CHECK(size > 100'000);
    });
}

TEST_CASE("http: a client whose answer is cut short by an upgrade is told so") {
    Setting setting;
    sys::UniqueFd socket;

    async::Loop loop;
    loop.run(async::with_deadline(
        20s,
        async::with_group(
            [](async::Group& group, Setting* here, sys::UniqueFd* client) -> async::Task<> {
                group.spawn(serve_metrics(here->control, here->listener, std::nullopt));
                *client = here->connect();
                sys::write_all(*client, "GET /met");
                co_await async::sleep_for(0s);
                co_await async::sleep_for(0s);
                co_await async::sleep_for(0s);
                group.cancel();
            },
            &setting,
            &socket
        )
    ));
    const std::string answer = loop.run(async::with_deadline(20s, read_to_end(socket)));

    CHECK(answer.starts_with("HTTP/1.1 503 "));
}
