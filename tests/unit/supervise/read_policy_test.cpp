#include "corun/supervise/read_policy.hpp"

#include "corun/base/error.hpp"
#include "corun/base/units.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace corun;
using namespace corun::supervise;
using namespace std::chrono_literals;

namespace {

Policy policy_of(const oci::StringMap& annotations) {
    return read_policy(annotations, Policy());
}

std::string error_of(const oci::StringMap& annotations) {
    try {
        (void)policy_of(annotations);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("policy: each annotation sets what it is called") {
    const Policy policy = policy_of({
        {"org.corun.restart", "on-failure:7"},
        {"org.corun.restart-delay", "1s"},
        {"org.corun.restart-max-delay", "1min"},
        {"org.corun.restart-reset", "5min"},
        {"org.corun.start-limit", "5/10s"},
        {"org.corun.success-exit", "3, SIGTERM"},
        {"org.corun.prevent-exit", "78"},
        {"org.corun.stop-signal", "QUIT"},
        {"org.corun.stop-timeout", "infinity"},
        {"org.corun.after", "a, b"},
        {"org.corun.requires", "c"},
        {"org.corun.readiness", "fd:5"},
        {"org.corun.start-timeout", "2min"},
        {"org.corun.health.command", R"(["curl", "-f", "http://localhost"])"},
        {"org.corun.health.interval", "15s"},
        {"org.corun.health.timeout", "2s"},
        {"org.corun.health.retries", "4"},
        {"org.corun.health.start-period", "1min"},
        {"org.corun.health.action", "restart"},
        {"org.corun.log.driver", "json-file"},
        {"org.corun.log.max-size", "10M"},
        {"org.corun.log.max-files", "3"},
        {"org.corun.log.total-size", "1G"},
        {"org.corun.log.policy", "drop"},
        {"com.example.other", "whatever"},
    });

    CHECK(policy.restart.mode == RestartMode::on_failure);
    CHECK(policy.restart.max_retries == 7);
    CHECK(policy.restart.delay == 1s);
    CHECK(policy.restart.max_delay == 1min);
    CHECK(policy.restart.reset == 5min);
    CHECK(policy.restart.start_limit == 5);
    CHECK(policy.restart.start_limit_interval == 10s);
    CHECK(policy.restart.success_exit == std::vector<int>{3, 128 + SIGTERM});
    CHECK(policy.restart.prevent_exit == std::vector<int>{78});
    CHECK(policy.stop_signal == SIGQUIT);
    CHECK(policy.stop_timeout == kForever);
    CHECK(policy.after == std::vector<std::string>{"a", "b"});
    CHECK(policy.required == std::vector<std::string>{"c"});
    CHECK(policy.readiness == Readiness::fd);
    CHECK(policy.readiness_fd == 5);
    CHECK(policy.start_timeout == 2min);
    CHECK(policy.health.command == std::vector<std::string>{"curl", "-f", "http://localhost"});
    CHECK(policy.health.interval == 15s);
    CHECK(policy.health.timeout == 2s);
    CHECK(policy.health.retries == 4);
    CHECK(policy.health.start_period == 1min);
    CHECK(policy.health.action == HealthAction::restart);
    CHECK(policy.log.driver == LogDriver::json_file);
    CHECK(policy.log.max_size_bytes == 10U << 20);
    CHECK(policy.log.max_files == 3);
    CHECK(policy.log.total_size_bytes == 1U << 30);
    CHECK(policy.log.when_full == LogFull::drop);
}

TEST_CASE("policy: what a bundle does not say is the command line's") {
    Policy defaults;
    set_policy(defaults, "restart", "always");
    set_policy(defaults, "after", "a,b");
    set_policy(defaults, "health-command", "test -e /ok");

    const Policy policy = read_policy({{"org.corun.after", "c"}}, defaults);

    CHECK(policy.restart.mode == RestartMode::always);
    CHECK(policy.after == std::vector<std::string>{"c"});
    CHECK(policy.health.command == std::vector<std::string>{"/bin/sh", "-c", "test -e /ok"});
}

TEST_CASE("policy: a wrong value is refused by annotation, with what was expected") {
    struct Row {
        const char* annotation;
        const char* value;
        const char* problem;
    };

    const Row rows[] = {
        {"org.corun.restart", "sometimes", "expected no, on-failure, on-abnormal, always or"},
        {"org.corun.restart", "always:3", "expected a number of retries only with on-failure"},
        {"org.corun.restart", "on-failure:0", "expected a number from 1"},
        {"org.corun.restart-delay", "0", "expected a time span above 0"},
        {"org.corun.stop-timeout", "soon", "expected a time span such as 1min 30s"},
        {"org.corun.start-limit", "5", "expected a limit such as 5/10s, or 0"},
        {"org.corun.success-exit", "256", "expected an exit status from 0 to 255"},
        {"org.corun.prevent-exit", "SIGNOTHING", "expected a signal such as SIGTERM"},
        {"org.corun.stop-signal", "0", "expected a signal such as SIGTERM"},
        {"org.corun.readiness", "fd:2", "expected fd: and a number from 3 to 31"},
        {"org.corun.readiness", "ready", "expected started, notify or health"},
        {"org.corun.health.command", "[1]", "/0: expected a string"},
        {"org.corun.health.retries", "-1", "expected a number from 1"},
        {"org.corun.health.action", "reboot", "expected none, restart or stop"},
        {"org.corun.log.driver", "syslog", "expected k8s-file, json-file, journald or none"},
        {"org.corun.log.max-size", "big", "expected a size such as 10M"},
        {"org.corun.log.policy", "wait", "expected block or drop"},
    };
    for (const Row& row : rows) {
        const std::string error = error_of({{row.annotation, row.value}});
        CAPTURE(error);
        CHECK(error.starts_with("annotation '" + std::string(row.annotation) + "': "));
        CHECK(error.find(row.problem) != std::string::npos);
    }
}

TEST_CASE("policy: an annotation that is not known is refused, with one that is like it") {
    CHECK(
        error_of({{"org.corun.restrat", "no"}}) ==
        "annotation 'org.corun.restrat': unknown; did you mean 'org.corun.restart'?"
    );
    CHECK(
        error_of({{"org.corun.health-action", "none"}}) ==
        "annotation 'org.corun.health-action': unknown; did you mean "
        "'org.corun.health.action'?"
    );
    CHECK(error_of({{"org.corun.colour", "blue"}}) == "annotation 'org.corun.colour': unknown");
}

TEST_CASE("policy: values that contradict each other are refused") {
    CHECK(
        error_of({{"org.corun.readiness", "health"}}) ==
        "annotation 'org.corun.readiness': there is no health.command"
    );
    CHECK(
        error_of({{"org.corun.health.action", "stop"}}) ==
        "annotation 'org.corun.health.action': there is no health.command"
    );
    CHECK(
        error_of({{"org.corun.restart-delay", "2min"}}) ==
        "annotation 'org.corun.restart-max-delay': is below the restart-delay"
    );
}
