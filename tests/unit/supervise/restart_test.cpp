#include "corun/supervise/restart.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace corun;
using namespace corun::supervise;
using namespace std::chrono_literals;

namespace {

Ended exited(int status) {
    return {.status = status, .ran = 1s};
}

Ended killed(int signal) {
    return {.status = 128 + signal, .signal = signal, .ran = 1s};
}

Verdict verdict_of(RestartMode mode, const Ended& ended) {
    RestartHistory history;
    return decide({.mode = mode}, history, ended, 0).verdict;
}

}  // namespace

TEST_CASE("restart: each policy decides by how the container ended") {
    struct Row {
        const char* what;
        Ended ended;
        Verdict no, on_failure, on_abnormal, always;
    };

    constexpr Verdict kRestart = Verdict::restart;
    constexpr Verdict kStopped = Verdict::stopped;
    constexpr Verdict kFailed = Verdict::failed;
    const Row rows[] = {
        {"exit 0", exited(0), kStopped, kStopped, kStopped, kRestart},
        {"exit 1", exited(1), kFailed, kRestart, kFailed, kRestart},
        {"a signal", killed(SIGSEGV), kFailed, kRestart, kRestart, kRestart},
        {"unknown", {.ran = 1s}, kFailed, kRestart, kRestart, kRestart},
        {"no start", {.start_failed = true}, kFailed, kRestart, kRestart, kRestart},
        {"unhealthy", {.status = 0, .unhealthy = true}, kFailed, kRestart, kRestart, kRestart},
        {"by hand", {.status = 1, .by_hand = true}, kStopped, kStopped, kStopped, kStopped},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK(verdict_of(RestartMode::no, row.ended) == row.no);
        CHECK(verdict_of(RestartMode::on_failure, row.ended) == row.on_failure);
        CHECK(verdict_of(RestartMode::on_abnormal, row.ended) == row.on_abnormal);
        CHECK(verdict_of(RestartMode::always, row.ended) == row.always);
        CHECK(verdict_of(RestartMode::unless_stopped, row.ended) == row.always);
    }
}

TEST_CASE("restart: statuses can be made a success, or the end of all restarts") {
    RestartHistory history;
    const RestartPolicy policy{
        .mode = RestartMode::on_failure, .success_exit = {3, 143}, .prevent_exit = {78}};

    CHECK(decide(policy, history, exited(3), 0).verdict == Verdict::stopped);
    CHECK(decide(policy, history, killed(SIGTERM), 0).verdict == Verdict::stopped);
    CHECK(decide(policy, history, exited(78), 0).verdict == Verdict::failed);
    CHECK(decide(policy, history, exited(4), 0).verdict == Verdict::restart);
}

TEST_CASE("restart: the delay doubles up to its maximum, and begins anew after a long run") {
    RestartHistory history;
    const RestartPolicy policy{
        .mode = RestartMode::always, .delay = 100ms, .max_delay = 500ms, .reset = 10s};

    for (const auto delay : {100ms, 200ms, 400ms, 500ms, 500ms}) {
        CHECK(decide(policy, history, exited(1), 0).delay == delay);
    }
    CHECK(decide(policy, history, {.status = 1, .ran = 10s}, 0).delay == 100ms);
    CHECK(decide(policy, history, exited(1), 0).delay == 200ms);
}

TEST_CASE("restart: on-failure:2 gives up after two restarts, and counts anew after a long run") {
    RestartHistory history;
    const RestartPolicy policy{.mode = RestartMode::on_failure, .max_retries = 2};

    CHECK(decide(policy, history, exited(5), 0).text == "restart in 100ms: exit status 5");
    CHECK(decide(policy, history, exited(5), 0).verdict == Verdict::restart);
    CHECK(decide(policy, history, exited(5), 0).text == "failed: exit status 5, after 2 retries");
    CHECK(decide(policy, history, {.status = 5, .ran = 1h}, 0).verdict == Verdict::restart);
}

TEST_CASE("restart: too many starts within the interval are a failure") {
    RestartHistory history;
    const RestartPolicy policy{
        .mode = RestartMode::always, .start_limit = 3, .start_limit_interval = 10s};

    for (const std::int64_t now_ms : {0, 1'000, 2'000}) {
        note_start(history, policy, now_ms);
    }
    CHECK(
        decide(policy, history, exited(0), 9'999).text ==
        "failed: exit status 0, started 3 times within 10s"
    );

    CHECK(decide(policy, history, exited(0), 10'000).verdict == Verdict::restart);
    CHECK(history.starts_ms == std::vector<std::int64_t>{1'000, 2'000});
}

TEST_CASE("restart: no more starts are remembered than count") {
    RestartHistory history;
    const RestartPolicy limited{.start_limit = 2, .start_limit_interval = 1h};
    for (const std::int64_t now_ms : {1, 2, 3}) {
        note_start(history, limited, now_ms);
    }
    CHECK(history.starts_ms == std::vector<std::int64_t>{2, 3});

    note_start(history, {}, 4);
    CHECK(history.starts_ms.empty());
}

TEST_CASE("restart: the history is read back as it was written") {
    const RestartHistory history{.retries = 3, .next_delay = 800ms, .starts_ms = {5, 70}};
    oci::JsonWriter json;
    write_json(json, history);

    RestartHistory read;
    const oci::JsonDocument document(json.take());
    read_value(document.root(), read);

    CHECK(read.retries == 3);
    CHECK(read.next_delay == 800ms);
    CHECK(read.starts_ms == history.starts_ms);
}
