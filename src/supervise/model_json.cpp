// The supervisor's values as JSON and back. Pure.
#include "corun/supervise/model_json.hpp"

#include <array>
#include <optional>
#include <span>

namespace corun::supervise {

namespace {

constexpr std::array kStates{
    UnitState::stopped,
    UnitState::waiting,
    UnitState::starting,
    UnitState::running,
    UnitState::stopping,
    UnitState::restarting,
    UnitState::failed,
};

constexpr std::array kHealths{Health::none, Health::starting, Health::healthy, Health::unhealthy};

constexpr std::array kEventKinds{
    EventKind::added,
    EventKind::removed,
    EventKind::starting,
    EventKind::started,
    EventKind::ready,
    EventKind::health,
    EventKind::oom,
    EventKind::exited,
    EventKind::restarting,
    EventKind::stopping,
    EventKind::stopped,
    EventKind::failed,
    EventKind::upgraded,
};

/// One of `all` by its name.
template <class Enum>
void read_name(oci::JsonValue value, std::string_view noun, std::span<const Enum> all, Enum& out) {
    const std::string_view name = value.string();
    for (const Enum candidate : all) {
        if (name_of(candidate) == name) {
            out = candidate;
            return;
        }
    }
    value.fail_unknown(noun);
}

void write_text(oci::JsonWriter& json, std::string_view name, const std::string& text) {
    if (!text.empty()) {
        json.member(name, text);
    }
}

void read_milliseconds(
    oci::JsonValue object, std::string_view name, std::chrono::milliseconds& out
) {
    std::int64_t count = 0;
    read_optional(object, name, count);
    out = std::chrono::milliseconds(count);
}

template <class T>
void write_list(oci::JsonWriter& json, std::string_view name, const std::vector<T>& list) {
    json.key(name);
    json.begin_array();
    for (const T& element : list) {
        write_json(json, element);
    }
    json.end_array();
}

}  // namespace

void write_json(oci::JsonWriter& json, const LogCounters& counters) {
    json.begin_object();
    json.member("bytes", counters.bytes);
    json.member("lines", counters.lines);
    json.member("dropped_bytes", counters.dropped_bytes);
    json.member("rotations", counters.rotations);
    json.member("errors", counters.errors);
    json.end_object();
}

void write_json(oci::JsonWriter& json, const ExitRecord& record) {
    json.begin_object();
    json.member("time", record.time);
    if (record.status) {
        json.member("status", *record.status);
    }
    json.member("signal", record.signal);
    json.member("oom", record.oom);
    json.member("ran_ms", record.ran.count());
    write_text(json, "decision", record.decision);
    json.end_object();
}

void write_json(oci::JsonWriter& json, const UnitStatus& status) {
    json.begin_object();
    json.member("id", status.id);
    json.member("bundle", status.bundle);
    json.member("state", name_of(status.state));
    json.member("health", name_of(status.health));
    json.member("pid", status.pid);
    json.member("starts", status.starts);
    json.member("restarts", status.restarts);
    json.member("oom_kills", status.oom_kills);
    write_text(json, "started_at", status.started_at);
    json.member("uptime_ms", status.uptime.count());
    write_text(json, "problem", status.problem);
    write_text(json, "notify_status", status.notify_status);
    json.key("log");
    write_json(json, status.log);
    write_text(json, "log_path", status.log_path);
    write_text(json, "cgroup_path", status.cgroup_path);
    write_list(json, "history", status.history);
    json.end_object();
}

void write_json(oci::JsonWriter& json, const Event& event) {
    json.begin_object();
    json.member("sequence", event.sequence);
    json.member("time", event.time);
    json.member("kind", name_of(event.kind));
    json.member("id", event.id);
    write_text(json, "detail", event.detail);
    json.end_object();
}

void write_json(oci::JsonWriter& json, const Histogram& histogram) {
    json.begin_object();
    json.member("bounds", histogram.bounds);
    json.member("counts", histogram.counts);
    json.member("sum", histogram.sum);
    json.member("count", histogram.count);
    json.end_object();
}

void write_json(oci::JsonWriter& json, const SupervisorStatus& status) {
    json.begin_object();
    json.member("version", status.version);
    json.member("pid", status.pid);
    json.member("started_at", status.started_at);
    json.member("upgrades", status.upgrades);
    json.key("start_latency");
    write_json(json, status.start_latency);
    json.key("loop_lag");
    write_json(json, status.loop_lag);
    json.end_object();
}

void read_value(oci::JsonValue value, LogCounters& out) {
    read_optional(value, "bytes", out.bytes);
    read_optional(value, "lines", out.lines);
    read_optional(value, "dropped_bytes", out.dropped_bytes);
    read_optional(value, "rotations", out.rotations);
    read_optional(value, "errors", out.errors);
}

void read_value(oci::JsonValue value, ExitRecord& out) {
    read_required(value, "time", out.time);
    read_optional(value, "status", out.status);
    read_optional(value, "signal", out.signal);
    read_optional(value, "oom", out.oom);
    read_milliseconds(value, "ran_ms", out.ran);
    read_optional(value, "decision", out.decision);
}

void read_value(oci::JsonValue value, UnitState& out) {
    read_name<UnitState>(value, "state", kStates, out);
}

void read_value(oci::JsonValue value, UnitStatus& out) {
    read_required(value, "id", out.id);
    read_required(value, "bundle", out.bundle);
    read_required(value, "state", out.state);
    read_name<Health>(value.require("health"), "health", kHealths, out.health);
    read_optional(value, "pid", out.pid);
    read_optional(value, "starts", out.starts);
    read_optional(value, "restarts", out.restarts);
    read_optional(value, "oom_kills", out.oom_kills);
    read_optional(value, "started_at", out.started_at);
    read_milliseconds(value, "uptime_ms", out.uptime);
    read_optional(value, "problem", out.problem);
    read_optional(value, "notify_status", out.notify_status);
    read_optional(value, "log", out.log);
    read_optional(value, "log_path", out.log_path);
    read_optional(value, "cgroup_path", out.cgroup_path);
    read_optional(value, "history", out.history);
}

void read_value(oci::JsonValue value, Event& out) {
    read_required(value, "sequence", out.sequence);
    read_required(value, "time", out.time);
    read_name<EventKind>(value.require("kind"), "kind", kEventKinds, out.kind);
    read_required(value, "id", out.id);
    read_optional(value, "detail", out.detail);
}

void read_value(oci::JsonValue value, Histogram& out) {
    read_required(value, "bounds", out.bounds);
    read_required(value, "counts", out.counts);
    read_required(value, "sum", out.sum);
    read_required(value, "count", out.count);
}

void read_value(oci::JsonValue value, SupervisorStatus& out) {
    read_required(value, "version", out.version);
    read_required(value, "pid", out.pid);
    read_required(value, "started_at", out.started_at);
    read_required(value, "upgrades", out.upgrades);
    read_required(value, "start_latency", out.start_latency);
    read_required(value, "loop_lag", out.loop_lag);
}

}  // namespace corun::supervise
