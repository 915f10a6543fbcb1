// What each setting means. Pure.
#include "corun/supervise/read_policy.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/units.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/sys/signal_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace corun::supervise {

namespace {

using std::chrono::milliseconds;

constexpr int kSignalStatus = 128;  // of a shell: added to the signal's number
constexpr int kMaxStatus = 255;
constexpr int kMinReadinessFd = 3;
constexpr int kMaxReadinessFd = 31;

template <class Enum, std::size_t Count>
using Names = std::array<std::pair<std::string_view, Enum>, Count>;

constexpr Names<RestartMode, 5> kRestartModes{{
    {"no", RestartMode::no},
    {"on-failure", RestartMode::on_failure},
    {"on-abnormal", RestartMode::on_abnormal},
    {"always", RestartMode::always},
    {"unless-stopped", RestartMode::unless_stopped},
}};
constexpr Names<HealthAction, 3> kHealthActions{{
    {"none", HealthAction::none},
    {"restart", HealthAction::restart},
    {"stop", HealthAction::stop},
}};
constexpr Names<LogDriver, 4> kLogDrivers{{
    {"k8s-file", LogDriver::k8s_file},
    {"json-file", LogDriver::json_file},
    {"journald", LogDriver::journald},
    {"none", LogDriver::none},
}};
constexpr Names<LogFull, 2> kLogPolicies{{
    {"block", LogFull::block},
    {"drop", LogFull::drop},
}};
constexpr Names<Readiness, 3> kReadiness{{
    {"started", Readiness::started},
    {"notify", Readiness::notify},
    {"health", Readiness::health},
}};

[[noreturn]] void throw_expected(std::string_view what, std::string_view found) {
    throw Error(concat("expected ", what, ", found ", double_quote(found)));
}

template <class Enum, std::size_t Count>
std::string choices(const Names<Enum, Count>& names) {
    std::string text;
    for (std::size_t i = 0; i < Count; ++i) {
        const std::string_view separator = i == 0 ? "" : i + 1 == Count ? " or " : ", ";
        text += concat(separator, names[i].first);
    }
    return text;
}

template <class Enum, std::size_t Count>
Enum one_of(const Names<Enum, Count>& names, std::string_view value) {
    for (const auto& [name, result] : names) {
        if (name == value) {
            return result;
        }
    }
    throw_expected(choices(names), value);
}

template <class Enum, std::size_t Count>
std::string_view name_in(const Names<Enum, Count>& names, Enum wanted) {
    for (const auto& [name, value] : names) {
        if (value == wanted) {
            return name;
        }
    }
    return {};
}

milliseconds span(std::string_view value) {
    const std::optional<milliseconds> parsed = parse_time_span(value);
    if (!parsed) {
        throw_expected("a time span such as 1min 30s", value);
    }
    return *parsed;
}

milliseconds positive_span(std::string_view value) {
    const milliseconds parsed = span(value);
    if (parsed.count() == 0) {
        throw_expected("a time span above 0", value);
    }
    return parsed;
}

unsigned positive_number(std::string_view value) {
    const auto parsed = parse_number<unsigned>(value);
    if (!parsed || *parsed == 0) {
        throw_expected("a number from 1", value);
    }
    return *parsed;
}

std::uint64_t size(std::string_view value) {
    const std::optional<std::int64_t> parsed = parse_size(value);
    if (!parsed) {
        throw_expected("a size such as 10M", value);
    }
    return static_cast<std::uint64_t>(*parsed);
}

int signal(std::string_view value) {
    const std::optional<int> parsed = sys::parse_signal(value);
    if (!parsed || *parsed == 0) {
        throw_expected("a signal such as SIGTERM", value);
    }
    return *parsed;
}

std::vector<std::string> list(std::string_view value) {
    std::vector<std::string> items;
    for (const std::string_view item : split(value, ',')) {
        if (!trim(item).empty()) {
            items.emplace_back(trim(item));
        }
    }
    return items;
}

/// Statuses by number, signals by name.
std::vector<int> statuses(std::string_view value) {
    std::vector<int> result;
    for (const std::string& item : list(value)) {
        if (const auto number = parse_number<int>(item)) {
            if (*number < 0 || *number > kMaxStatus) {
                throw_expected("an exit status from 0 to 255", item);
            }
            result.push_back(*number);
        } else {
            result.push_back(kSignalStatus + signal(item));
        }
    }
    return result;
}

void set_restart(Policy& policy, std::string_view value) {
    const std::string_view name = value.substr(0, value.find(':'));
    policy.restart.max_retries.reset();
    if (name.size() != value.size()) {
        if (name != "on-failure") {
            throw_expected("a number of retries only with on-failure", value);
        }
        policy.restart.max_retries = positive_number(value.substr(name.size() + 1));
    }
    policy.restart.mode = one_of(kRestartModes, name);
}

void set_start_limit(Policy& policy, std::string_view value) {
    if (value == "0") {
        policy.restart.start_limit = 0;
        return;
    }
    const std::size_t slash = value.find('/');
    if (slash == std::string_view::npos) {
        throw_expected("a limit such as 5/10s, or 0", value);
    }
    policy.restart.start_limit = positive_number(value.substr(0, slash));
    policy.restart.start_limit_interval = positive_span(value.substr(slash + 1));
}

void set_readiness(Policy& policy, std::string_view value) {
    constexpr std::string_view kFd = "fd:";
    if (!value.starts_with(kFd)) {
        policy.readiness = one_of(kReadiness, value);
        return;
    }
    const auto number = parse_number<int>(value.substr(kFd.size()));
    if (!number || *number < kMinReadinessFd || *number > kMaxReadinessFd) {
        throw_expected("fd: and a number from 3 to 31", value);
    }
    policy.readiness = Readiness::fd;
    policy.readiness_fd = *number;
}

void set_health_command(Policy& policy, std::string_view value) {
    std::vector<std::string> command;
    if (trim(value).starts_with('[')) {
        const oci::JsonDocument document(value);
        oci::read_value(document.root(), command);
        if (command.empty()) {
            throw_expected("a command", value);
        }
    } else if (!trim(value).empty()) {
        command = {"/bin/sh", "-c", std::string(value)};
    }
    policy.health.command = std::move(command);
}

using Setter = void (*)(Policy& policy, std::string_view value);

/// In the order of kPolicySettings.
constexpr std::array<Setter, kPolicySettings.size()> kSetters{
    set_restart,
    [](Policy& policy, std::string_view value) { policy.restart.delay = positive_span(value); },
    [](Policy& policy, std::string_view value) { policy.restart.max_delay = positive_span(value); },
    [](Policy& policy, std::string_view value) { policy.restart.reset = span(value); },
    set_start_limit,
    [](Policy& policy, std::string_view value) { policy.restart.success_exit = statuses(value); },
    [](Policy& policy, std::string_view value) { policy.restart.prevent_exit = statuses(value); },
    [](Policy& policy, std::string_view value) { policy.stop_signal = signal(value); },
    [](Policy& policy, std::string_view value) { policy.stop_timeout = span(value); },
    [](Policy& policy, std::string_view value) { policy.after = list(value); },
    [](Policy& policy, std::string_view value) { policy.required = list(value); },
    set_readiness,
    [](Policy& policy, std::string_view value) { policy.start_timeout = positive_span(value); },
    set_health_command,
    [](Policy& policy, std::string_view value) { policy.health.interval = positive_span(value); },
    [](Policy& policy, std::string_view value) { policy.health.timeout = positive_span(value); },
    [](Policy& policy, std::string_view value) { policy.health.retries = positive_number(value); },
    [](Policy& policy, std::string_view value) { policy.health.start_period = span(value); },
    [](Policy& policy, std::string_view value) {
        policy.health.action = one_of(kHealthActions, value);
    },
    [](Policy& policy, std::string_view value) { policy.log.driver = one_of(kLogDrivers, value); },
    [](Policy& policy, std::string_view value) { policy.log.max_size_bytes = size(value); },
    [](Policy& policy, std::string_view value) { policy.log.max_files = positive_number(value); },
    [](Policy& policy, std::string_view value) { policy.log.total_size_bytes = size(value); },
    [](Policy& policy, std::string_view value) {
        policy.log.when_full = one_of(kLogPolicies, value);
    },
};

/// How many letters must be changed, added or taken away to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row.back();
}

[[noreturn]] void throw_unknown(const std::string& annotation) {
    constexpr std::size_t kClose = 3;
    std::string nearest;
    std::size_t least = kClose + 1;
    for (const PolicySetting& setting : kPolicySettings) {
        const std::string name = annotation_of(setting.name);
        const std::size_t steps = distance(name, annotation);
        if (steps < least) {
            least = steps;
            nearest = name;
        }
    }
    throw Error(concat(
        "annotation ",
        quote(annotation),
        ": unknown",
        nearest.empty() ? std::string() : concat("; did you mean ", quote(nearest), "?")
    ));
}

[[noreturn]] void throw_contradiction(std::string_view setting, std::string_view problem) {
    throw Error(concat("annotation ", quote(annotation_of(setting)), ": ", problem));
}

void check_combinations(const Policy& policy) {
    if (policy.restart.max_delay < policy.restart.delay) {
        throw_contradiction("restart-max-delay", "is below the restart-delay");
    }
    if (!policy.health.command.empty()) {
        return;
    }
    if (policy.readiness == Readiness::health) {
        throw_contradiction("readiness", "there is no health.command");
    }
    if (policy.health.action != HealthAction::none) {
        throw_contradiction("health-action", "there is no health.command");
    }
}

}  // namespace

std::string_view name_of(RestartMode mode) {
    return name_in(kRestartModes, mode);
}

std::string_view name_of(LogDriver driver) {
    return name_in(kLogDrivers, driver);
}

std::string annotation_of(std::string_view setting) {
    std::string name(setting);
    for (const std::string_view group : {"health-", "log-"}) {
        if (setting.starts_with(group)) {
            name[group.size() - 1] = '.';
        }
    }
    return concat(kAnnotationPrefix, name);
}

void set_policy(Policy& policy, std::string_view setting, std::string_view value) {
    for (std::size_t i = 0; i < kPolicySettings.size(); ++i) {
        if (kPolicySettings[i].name == setting) {
            kSetters[i](policy, value);
            return;
        }
    }
    throw Error(concat("unknown setting ", quote(setting)));
}

Policy read_policy(const oci::StringMap& annotations, const Policy& defaults) {
    Policy policy = defaults;
    for (const auto& entry : annotations) {
        const std::string& annotation = entry.first;
        if (!annotation.starts_with(kAnnotationPrefix)) {
            continue;
        }
        const auto setting = std::find_if(
            kPolicySettings.begin(),
            kPolicySettings.end(),
            [&](const PolicySetting& known) { return annotation_of(known.name) == annotation; }
        );
        if (setting == kPolicySettings.end()) {
            throw_unknown(annotation);
        }
        in_context(
            [&] { return concat("annotation ", quote(annotation)); },
            [&] { set_policy(policy, setting->name, entry.second); }
        );
    }
    check_combinations(policy);
    return policy;
}

}  // namespace corun::supervise
