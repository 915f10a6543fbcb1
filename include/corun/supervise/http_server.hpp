// The metrics over HTTP/1.1: GET and HEAD of /metrics and /healthz, one request a connection.
// Coroutines on the supervisor's loop. Only a Unix socket or a loopback address: what containers
// are called and do is nobody else's business.
#pragma once

#include "corun/async/task.hpp"
#include "corun/async/timer.hpp"
#include "corun/supervise/control.hpp"
#include "corun/supervise/metrics.hpp"
#include "corun/sys/fd.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace corun::supervise {

/// A listener at `unix:/path`, `127.0.0.1:PORT` or `[::1]:PORT`. Throws Error for any other
/// address. A Unix socket takes the place of one that nobody listens at any more, and is 0600.
[[nodiscard]] sys::UniqueFd listen_metrics(const std::string& address);

struct HttpOptions {
    std::size_t most_connections = 8;
    std::size_t most_header_bytes = 8192;
    async::Clock::duration read_limit = std::chrono::seconds(5);    // of the whole request
    async::Clock::duration write_limit = std::chrono::seconds(10);  // of the whole response
};

/// Serves until cancelled. `control`, `listener` and `cgroups` (the cgroup2 mount) must outlive it.
/// The listener is the caller's, to hand over to the next supervisor.
[[nodiscard]] async::Task<> serve_metrics(
    Control& control,
    sys::FdRef listener,
    std::optional<sys::FdRef> cgroups,
    HttpOptions options = {}
);

/// Reads all there is to tell, container by container, letting others run in between.
[[nodiscard]] async::Task<Metrics> gather_metrics(
    Control& control, std::optional<sys::FdRef> cgroups
);

/// What a request asks for. Pure.
enum class HttpRequest { metrics, health, unknown_path, unknown_method, malformed };

struct ParsedRequest {
    HttpRequest what = HttpRequest::malformed;
    bool head = false;  // without the body
};

/// `header` is all up to the empty line.
[[nodiscard]] ParsedRequest parse_request(std::string_view header);

}  // namespace corun::supervise
