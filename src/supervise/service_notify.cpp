// sd_notify(3) without libsystemd, which has no static library: datagrams of lines.
#include "corun/supervise/service_notify.hpp"

#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace corun::supervise {

namespace {

std::string variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::string() : std::string(value);
}

std::chrono::microseconds monotonic_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now().time_since_epoch()
    );
}

}  // namespace

ServiceEnvironment read_service_environment() {
    ServiceEnvironment environment{.notify_socket = variable("NOTIFY_SOCKET")};
    const auto interval = parse_number<std::int64_t>(variable("WATCHDOG_USEC"));
    const std::string pid = variable("WATCHDOG_PID");
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
        sys::set_non_blocking(socket_);
    }
}

void ServiceNotify::tell(std::string lines) {
    if (!socket_) {
        return;
    }
    waiting_.push_back(std::move(lines));
    send_waiting();
    if (!waiting_.empty()) {
        more_.notify_all();
    }
}

/// A manager that is gone is passed over: containers matter more.
void ServiceNotify::send_waiting() {
    while (!waiting_.empty() && sys::try_write(socket_, waiting_.front()).error_number != EAGAIN) {
        waiting_.pop_front();
    }
}

async::Task<> ServiceNotify::deliver() {
    while (true) {
        if (waiting_.empty()) {
            co_await more_.changed();
        }
        co_await async::writable(socket_);
        send_waiting();
    }
}

void ServiceNotify::ready(std::string_view status) {
    tell(concat("READY=1\nSTATUS=", status, "\nMAINPID=", ::getpid()));
}

void ServiceNotify::reloading() {
    tell(concat("RELOADING=1\nMONOTONIC_USEC=", monotonic_now().count()));
}

async::Task<> ServiceNotify::feed_watchdog() {
    if (!environment_.watchdog || !socket_) {
        co_return;
    }
    while (true) {
        tell("WATCHDOG=1");
        co_await async::sleep_for(*environment_.watchdog / 2);
    }
}

}  // namespace corun::supervise
