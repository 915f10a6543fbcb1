// sd_notify(3) without libsystemd, which has no static library: datagrams of lines.
#include "corun/supervise/service_notify.hpp"

#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/socket.hpp"

#include <unistd.h>

#include <cstdlib>
#include <span>
#include <utility>

namespace corun::supervise {

namespace {

std::string take_variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    std::string text = value == nullptr ? std::string() : std::string(value);
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return text;
}

std::chrono::microseconds monotonic_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now().time_since_epoch()
    );
}

}  // namespace

ServiceEnvironment take_service_environment() {
    ServiceEnvironment environment{.notify_socket = take_variable("NOTIFY_SOCKET")};
    const auto interval = parse_number<std::int64_t>(take_variable("WATCHDOG_USEC"));
    const std::string pid = take_variable("WATCHDOG_PID");
    const bool is_meant = pid.empty() || parse_number<pid_t>(pid) == ::getpid();
    if (interval && *interval > 0 && is_meant) {
        environment.watchdog = std::chrono::microseconds(*interval);
    }
    return environment;
}

ServiceNotify::ServiceNotify(ServiceEnvironment environment)
    : environment_(std::move(environment)) {
    if (!environment_.notify_socket.empty()) {
        socket_ = in_context(
            [] { return "$NOTIFY_SOCKET"; },
            [&] { return sys::connect_datagram(environment_.notify_socket); }
        );
    }
}

void ServiceNotify::tell(std::string_view lines) const noexcept {
    if (!socket_) {
        return;
    }
    try {
        sys::send_record(socket_, std::as_bytes(std::span(lines)));
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): containers matter more
    }
}

void ServiceNotify::ready(std::string_view status) const {
    tell(concat("READY=1\nSTATUS=", status, "\nMAINPID=", ::getpid()));
}

void ServiceNotify::reloading() const {
    tell(concat("RELOADING=1\nMONOTONIC_USEC=", monotonic_now().count()));
}

async::Task<> ServiceNotify::feed_watchdog() const {
    if (!environment_.watchdog || !socket_) {
        co_return;
    }
    while (true) {
        tell("WATCHDOG=1");
        co_await async::sleep_for(*environment_.watchdog / 2);
    }
}

}  // namespace corun::supervise
