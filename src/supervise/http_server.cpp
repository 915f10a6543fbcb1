// The metrics over HTTP. In the supervisor; a scrape of thousands of containers lets others run
// after each of them.
#include "corun/supervise/http_server.hpp"

#include "corun/async/group.hpp"
#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/byte_relay.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/stream_socket.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

namespace corun::supervise {

namespace {

constexpr auto kPauseAfterFailedAccept = std::chrono::milliseconds(100);
/// For a client to take the last of a response before the connection is gone.
constexpr auto kLingerLimit = std::chrono::seconds(1);

// ---------------------------------------------------------------- addresses

/// Nothing unless it is `prefix` and a number.
std::optional<std::uint16_t> port_after(std::string_view prefix, std::string_view address) {
    if (!address.starts_with(prefix)) {
        return std::nullopt;
    }
    return parse_number<std::uint16_t>(address.substr(prefix.size()));
}

/// Another's socket or file is not taken away.
void check_place_is_free(sys::FdRef directory, const std::string& name) {
    const auto status = sys::try_fstatat(directory, name, AT_SYMLINK_NOFOLLOW);
    if (!status) {
        return;
    }
    if (!S_ISSOCK(status->st_mode)) {
        throw_errno_value(EEXIST, "bind", name);
    }
    const sys::Accepted connected = sys::try_connect_stream(directory, name);
    if (connected.error_number != ECONNREFUSED) {
        throw_errno_value(EADDRINUSE, "bind", name);
    }
}

sys::UniqueFd listen_unix(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (!path.starts_with('/') || slash + 1 == path.size()) {
        throw Error(concat("expected an absolute path, found ", double_quote(path)), EINVAL);
    }
    const sys::UniqueFd directory = sys::open(path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
    const std::string name = path.substr(slash + 1);
    check_place_is_free(directory, name);
    return sys::listen_stream(directory, name);
}

sys::UniqueFd listen_at(const std::string& address) {
    constexpr std::string_view kUnix = "unix:";
    if (address.starts_with(kUnix)) {
        return listen_unix(address.substr(kUnix.size()));
    }
    if (const auto port = port_after("127.0.0.1:", address)) {
        return sys::listen_loopback(sys::Loopback::ipv4, *port);
    }
    if (const auto port = port_after("[::1]:", address)) {
        return sys::listen_loopback(sys::Loopback::ipv6, *port);
    }
    throw Error("expected unix:/PATH, 127.0.0.1:PORT or [::1]:PORT", EINVAL);
}

// ---------------------------------------------------------------- responses

struct Response {
    std::string_view status;
    std::string_view type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view extra;  // header lines
};

std::string header_of(const Response& response) {
    return concat(
        "HTTP/1.1 ",
        response.status,
        "\r\nContent-Type: ",
        response.type,
        "\r\nContent-Length: ",
        response.body.size(),
        "\r\n",
        response.extra,
        "Connection: close\r\n\r\n"
    );
}

/// Everything but the metrics.
Response plain_response(HttpRequest what) {
    switch (what) {
        case HttpRequest::metrics:
        case HttpRequest::health:
            return {.status = "200 OK", .body = "ok\n"};
        case HttpRequest::unknown_path:
            return {.status = "404 Not Found", .body = "there are /metrics and /healthz\n"};
        case HttpRequest::unknown_method:
            return {
                .status = "405 Method Not Allowed",
                .body = "there are GET and HEAD\n",
                .extra = "Allow: GET, HEAD\r\n",
            };
        case HttpRequest::malformed:
            break;
    }
    return {.status = "400 Bad Request", .body = "this is no request\n"};
}

Response too_large() {
    return {
        .status = "431 Request Header Fields Too Large",
        .body = "the request is too long\n",
    };
}

Response unavailable(std::string_view reason) {
    return {.status = "503 Service Unavailable", .body = concat(reason, "\n")};
}

/// Into a socket that has room; it is closed next whatever becomes of it.
void refuse(sys::FdRef socket, std::string_view reason) {
    const Response response = unavailable(reason);
    (void)sys::try_write(socket, header_of(response) + response.body);
}

// ---------------------------------------------------------------- connections

class HttpServer : NonCopyable {
public:
    HttpServer(
        Control& control,
        sys::FdRef listener,
        std::optional<sys::FdRef> cgroups,
        const HttpOptions& options
    )
        : control_(control), listener_(listener), cgroups_(cgroups), options_(options) {
        sys::set_non_blocking(listener_);
    }

    static async::Task<> run(async::Group& group, HttpServer* server) {
        return server->accept_all(group);
    }

private:
    async::Task<> accept_all(async::Group& group);
    void admit(async::Group& group, sys::UniqueFd socket);
    async::Task<> serve(sys::UniqueFd socket);
    async::Task<> answer(sys::FdRef socket, bool* begun);
    async::Task<std::optional<std::string>> read_header(sys::FdRef socket);
    async::Task<Response> respond_to(ParsedRequest request);
    async::Task<std::string> metrics_page();

    Control& control_;
    sys::FdRef listener_;
    std::optional<sys::FdRef> cgroups_;
    HttpOptions options_;
    std::size_t connected_ = 0;
};

async::Task<> HttpServer::accept_all(async::Group& group) {
    while (true) {
        co_await async::readable(listener_);
        sys::Accepted accepted = sys::try_accept(listener_);
        if (accepted.socket) {
            admit(group, std::move(accepted.socket));
        } else if (accepted.error_number != EAGAIN) {
            co_await async::sleep_for(kPauseAfterFailedAccept);
        }
    }
}

void HttpServer::admit(async::Group& group, sys::UniqueFd socket) {
    if (connected_ >= options_.most_connections) {
        refuse(socket, "there are too many clients");
        return;
    }
    group.spawn(serve(std::move(socket)));
}

async::Task<> HttpServer::serve(sys::UniqueFd socket) {
    ++connected_;
    const ScopeExit end([this] { --connected_; });
    bool begun = false;
    try {
        co_await answer(socket, &begun);
    } catch (const async::Cancelled&) {
        // An upgrade. What is cut off the client knows by its length.
        if (!begun) {
            refuse(socket, "the supervisor is being replaced");
        }
        throw;
    } catch (const std::exception&) {
        // A client that is too slow or has gone, or no memory for it: closed, and no matter of
        // anybody else's.
        co_return;
    }
}

/// All up to the empty line; nothing if that is too long.
async::Task<std::optional<std::string>> HttpServer::read_header(sys::FdRef socket) {
    std::string header;
    while (header.find("\r\n\r\n") == std::string::npos) {
        if (header.size() >= options_.most_header_bytes) {
            co_return std::nullopt;
        }
        co_await async::readable(socket);
        std::array<char, 2048> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
        const sys::Transferred got = sys::try_read(socket, buffer.data(), buffer.size());
        if (got.error_number == EAGAIN) {
            continue;
        }
        if (got.error_number != 0 || got.size == 0) {
            throw Error("the client has gone", got.error_number);
        }
        header.append(buffer.data(), got.size);
    }
    co_return header;
}

async::Task<std::string> HttpServer::metrics_page() {
    const Metrics metrics = co_await gather_metrics(control_, cgroups_);
    std::string page;
    for (std::size_t family = 0; family < metric_families(); ++family) {
        append_family(page, family, metrics);
        co_await async::sleep_for(async::Clock::duration::zero());
    }
    co_return page;
}

async::Task<Response> HttpServer::respond_to(ParsedRequest request) {
    Response response = plain_response(request.what);
    if (request.what != HttpRequest::metrics) {
        co_return response;
    }
    try {
        response.type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = co_await metrics_page();
    } catch (const Error& error) {  // no descriptor left, say
        response = unavailable(error.what());
    }
    co_return response;
}

/// Until the client closes: what it still sends must not make the kernel throw away what it has
/// not read yet. (RFC 9112, 9.6)
async::Task<> linger(sys::FdRef socket) {
    constexpr std::size_t kMostBytes = 1 << 16;
    (void)sys::shutdown_sending(socket);  // it may have closed already
    std::array<char, 2048> buffer;        // NOLINT(cppcoreguidelines-pro-type-member-init): out
    for (std::size_t total = 0; total < kMostBytes;) {
        co_await async::readable(socket);
        const sys::Transferred got = sys::try_read(socket, buffer.data(), buffer.size());
        if (got.size == 0 && got.error_number != EAGAIN) {
            co_return;
        }
        total += got.size;
    }
}

async::Task<> write_response(sys::FdRef socket, std::string text) {
    (void)co_await write_bytes(socket, std::move(text));  // false: it has gone
}

async::Task<> HttpServer::answer(sys::FdRef socket, bool* begun) {
    std::optional<std::string> header =
        co_await async::with_deadline(options_.read_limit, read_header(socket));
    const ParsedRequest request = header ? parse_request(*header) : ParsedRequest();
    Response response = too_large();
    if (header) {
        response = co_await respond_to(request);
    }
    std::string text = header_of(response);
    if (!request.head) {
        text += response.body;
    }
    response.body = std::string();
    *begun = true;
    co_await async::with_deadline(options_.write_limit, write_response(socket, std::move(text)));
    (void)co_await async::ended_within(kLingerLimit, linger(socket));  // either way it is closed
}

}  // namespace

sys::UniqueFd listen_metrics(const std::string& address) {
    return in_context(
        [&] { return concat("metrics address ", quote(address)); },
        [&] { return listen_at(address); }
    );
}

async::Task<> serve_metrics(
    Control& control, sys::FdRef listener, std::optional<sys::FdRef> cgroups, HttpOptions options
) {
    HttpServer server(control, listener, cgroups, options);
    co_await async::with_group(&HttpServer::run, &server);
}

async::Task<Metrics> gather_metrics(Control& control, std::optional<sys::FdRef> cgroups) {
    Metrics metrics{.supervisor = control.supervisor(), .own = sys::own_usage(), .containers = {}};
    std::vector<UnitStatus> units = control.list();
    metrics.containers.reserve(units.size());
    for (UnitStatus& unit : units) {
        unit.history = {};
        ContainerMetrics container{.unit = std::move(unit), .usage = {}};
        if (cgroups && container.unit.pid != 0 && !container.unit.cgroup_path.empty()) {
            container.usage = try_read_usage(*cgroups, container.unit.cgroup_path);
        }
        metrics.containers.push_back(std::move(container));
        // Not yield(): of those the loop resumes hundreds before it looks at descriptors.
        co_await async::sleep_for(async::Clock::duration::zero());
    }
    co_return metrics;
}

ParsedRequest parse_request(std::string_view header) {
    const std::string_view line = header.substr(0, header.find("\r\n"));
    const std::vector<std::string_view> words = split(line, ' ');
    if (words.size() != 3 || words[0].empty() || !words[1].starts_with('/') ||
        !words[2].starts_with("HTTP/1.")) {
        return {};
    }
    ParsedRequest request{.what = HttpRequest::unknown_path, .head = words[0] == "HEAD"};
    const std::string_view path = words[1].substr(0, words[1].find('?'));
    if (words[0] != "GET" && words[0] != "HEAD") {
        request.what = HttpRequest::unknown_method;
    } else if (path == "/metrics") {
        request.what = HttpRequest::metrics;
    } else if (path == "/healthz") {
        request.what = HttpRequest::health;
    }
    return request;
}

}  // namespace corun::supervise
