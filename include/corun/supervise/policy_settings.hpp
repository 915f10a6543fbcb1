// The settings of a policy: one table, from which come the annotations, the options of `corun
// supervise` and their documentation. What each does to a Policy is in read_policy.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace corun::supervise {

/// What all annotations for the supervisor begin with.
inline constexpr std::string_view kAnnotationPrefix = "org.corun.";

struct PolicySetting {
    std::string_view name;      // of the option; the annotation has '.' behind "health" and "log"
    std::string_view argument;  // what to call the value
    std::string_view help;
};

inline constexpr std::array kPolicySettings{
    PolicySetting{
        "restart",
        "POLICY",
        "no (default), on-failure[:N], on-abnormal, always or unless-stopped",
    },
    PolicySetting{"restart-delay", "SPAN", "before the first restart (default 100ms); doubles"},
    PolicySetting{"restart-max-delay", "SPAN", "the longest delay of restarts (default 1min)"},
    PolicySetting{
        "restart-reset", "SPAN", "up so long, delay and retries begin anew (default 10s)"},
    PolicySetting{"start-limit", "N/SPAN", "more starts within SPAN are a failure (default none)"},
    PolicySetting{"success-exit", "LIST", "more statuses, or signals, that are no failure"},
    PolicySetting{"prevent-exit", "LIST", "statuses, or signals, after which nothing is restarted"},
    PolicySetting{"stop-signal", "SIGNAL", "what tells it to stop (default SIGTERM)"},
    PolicySetting{"stop-timeout", "SPAN", "from the stop signal to SIGKILL (default 10s)"},
    PolicySetting{"after", "LIST", "start when these run, or will not"},
    PolicySetting{"requires", "LIST", "as after, and fail if one of these does not run"},
    PolicySetting{
        "readiness",
        "WHEN",
        "started (default), notify (sd_notify), health, or fd:N (a newline written to it)",
    },
    PolicySetting{"start-timeout", "SPAN", "to be ready in, else stopped (default 1min 30s)"},
    PolicySetting{"health-command", "COMMAND", "JSON array, or text for /bin/sh -c"},
    PolicySetting{"health-interval", "SPAN", "between two checks (default 30s)"},
    PolicySetting{"health-timeout", "SPAN", "for one check (default 30s)"},
    PolicySetting{"health-retries", "N", "failures in a row until unhealthy (default 3)"},
    PolicySetting{"health-start-period", "SPAN", "failures in it do not count (default 0)"},
    PolicySetting{"health-action", "ACTION", "when unhealthy: none (default), restart or stop"},
    PolicySetting{"log-driver", "DRIVER", "k8s-file (default), json-file, journald or none"},
    PolicySetting{
        "log-max-size", "SIZE", "of a log file before a new one is begun (default: none)"},
    PolicySetting{"log-max-files", "N", "log files kept, the current one included (default 5)"},
    PolicySetting{"log-total-size", "SIZE", "of all log files of a container (default: no cap)"},
    PolicySetting{"log-policy", "POLICY", "where a log cannot be written: block (default) or drop"},
};

/// `health-start-period` → `org.corun.health.start-period`.
[[nodiscard]] std::string annotation_of(std::string_view setting);

}  // namespace corun::supervise
