// The restart policy. Pure.
#include "corun/supervise/restart.hpp"

#include "corun/base/text.hpp"
#include "corun/base/units.hpp"

#include <algorithm>

namespace corun::supervise {

namespace {

using std::chrono::milliseconds;

bool has(const std::vector<int>& statuses, const std::optional<int>& status) {
    return status && std::find(statuses.begin(), statuses.end(), *status) != statuses.end();
}

bool is_success(const RestartPolicy& policy, const Ended& ended) {
    return !ended.start_failed && !ended.unhealthy &&
           (ended.status == 0 || has(policy.success_exit, ended.status));
}

/// Not by an exit of its own.
bool is_abnormal(const RestartPolicy& policy, const Ended& ended) {
    const bool by_signal = ended.signal != 0 && !has(policy.success_exit, ended.status);
    return by_signal || ended.start_failed || ended.unhealthy || !ended.status;
}

bool wants_restart(const RestartPolicy& policy, const Ended& ended) {
    switch (policy.mode) {
        case RestartMode::no:
            return false;
        case RestartMode::on_failure:
            return !is_success(policy, ended);
        case RestartMode::on_abnormal:
            return is_abnormal(policy, ended);
        case RestartMode::always:
        case RestartMode::unless_stopped:
            return true;
    }
    return false;
}

std::string reason(const Ended& ended) {
    if (ended.start_failed) {
        return "the start failed";
    }
    if (ended.unhealthy) {
        return "unhealthy";
    }
    if (ended.signal != 0) {
        return concat("killed by signal ", ended.signal);
    }
    return ended.status ? concat("exit status ", *ended.status) : "exit status unknown";
}

Decision give_up(const std::string& why) {
    return {.verdict = Verdict::failed, .text = concat("failed: ", why)};
}

Decision stay_stopped(const RestartPolicy& policy, const Ended& ended) {
    if (is_success(policy, ended)) {
        return {.verdict = Verdict::stopped, .text = concat("stay stopped: ", reason(ended))};
    }
    return give_up(reason(ended));
}

void forget_old_starts(RestartHistory& history, const RestartPolicy& policy, std::int64_t now_ms) {
    std::erase_if(history.starts_ms, [&](std::int64_t start) {
        return now_ms - start >= policy.start_limit_interval.count();
    });
}

milliseconds take_delay(const RestartPolicy& policy, RestartHistory& history) {
    const milliseconds delay = history.next_delay.count() == 0 ? policy.delay : history.next_delay;
    const bool can_double = delay <= policy.max_delay / 2;
    history.next_delay = can_double ? delay * 2 : policy.max_delay;
    return delay;
}

}  // namespace

void write_json(oci::JsonWriter& json, const RestartHistory& history) {
    json.begin_object();
    json.member("retries", history.retries);
    json.member("next_delay_ms", history.next_delay.count());
    json.member("starts_ms", history.starts_ms);
    json.end_object();
}

void read_value(oci::JsonValue value, RestartHistory& out) {
    std::int64_t next_delay_ms = 0;
    oci::read_optional(value, "retries", out.retries);
    oci::read_optional(value, "next_delay_ms", next_delay_ms);
    oci::read_optional(value, "starts_ms", out.starts_ms);
    out.next_delay = milliseconds(next_delay_ms);
}

Decision decide(
    const RestartPolicy& policy, RestartHistory& history, const Ended& ended, std::int64_t now_ms
) {
    if (ended.by_hand) {
        return {.verdict = Verdict::stopped, .text = "stay stopped: by hand"};
    }
    if (!wants_restart(policy, ended) || has(policy.prevent_exit, ended.status)) {
        return stay_stopped(policy, ended);
    }
    if (!ended.start_failed && ended.ran >= policy.reset) {
        history.retries = 0;
        history.next_delay = milliseconds(0);
    }
    if (policy.max_retries && history.retries >= *policy.max_retries) {
        return give_up(concat(reason(ended), ", after ", history.retries, " retries"));
    }
    forget_old_starts(history, policy, now_ms);
    if (policy.start_limit != 0 && history.starts_ms.size() >= policy.start_limit) {
        return give_up(concat(
            reason(ended),
            ", started ",
            history.starts_ms.size(),
            " times within ",
            time_span_text(policy.start_limit_interval)
        ));
    }
    ++history.retries;
    const milliseconds delay = take_delay(policy, history);
    return {
        .verdict = Verdict::restart,
        .delay = delay,
        .text = concat("restart in ", time_span_text(delay), ": ", reason(ended)),
    };
}

void note_start(RestartHistory& history, const RestartPolicy& policy, std::int64_t now_ms) {
    forget_old_starts(history, policy, now_ms);
    if (policy.start_limit == 0) {
        history.starts_ms.clear();
        return;
    }
    if (history.starts_ms.size() >= policy.start_limit) {
        history.starts_ms.erase(history.starts_ms.begin());
    }
    history.starts_ms.push_back(now_ms);
}

}  // namespace corun::supervise
