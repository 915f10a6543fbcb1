// State as JSON; runtime.md#state. Pure; runs in the parent.
#include "corun/oci/state.hpp"

#include "corun/oci/json_writer.hpp"

namespace corun::oci {
namespace {

void write_supervised(JsonWriter& json, const SupervisedReport& supervised) {
    json.key("supervised");
    json.begin_object();
    json.member("restarts", supervised.restarts);
    json.member("uptime_ms", supervised.uptime_ms);
    json.member("health", supervised.health);
    json.end_object();
}

void write_report(JsonWriter& json, const StateReport& report) {
    json.begin_object();
    json.member("ociVersion", report.state.oci_version);
    json.member("id", report.state.id);
    json.member("pid", report.state.pid);
    json.member("status", status_name(report.state.status));
    json.member("bundle", report.state.bundle);
    json.member("rootfs", report.rootfs);
    json.member("created", report.created);
    if (!report.state.annotations.empty()) {
        json.member("annotations", report.state.annotations);
    }
    json.member("owner", report.owner);
    if (report.supervised) {
        write_supervised(json, *report.supervised);
    }
    json.end_object();
}

}  // namespace

std::string_view status_name(Status status) {
    switch (status) {
        case Status::creating:
            return "creating";
        case Status::created:
            return "created";
        case Status::running:
            return "running";
        case Status::paused:
            return "paused";
        case Status::stopped:
            return "stopped";
    }
    return {};
}

std::string state_report_json(const StateReport& report) {
    JsonWriter json("  ");
    write_report(json, report);
    return json.take();
}

std::string state_list_json(std::span<const StateReport> reports) {
    JsonWriter json;
    if (reports.empty()) {
        json.null();
        return json.take();
    }
    json.begin_array();
    for (const StateReport& report : reports) {
        write_report(json, report);
    }
    json.end_array();
    return json.take();
}

}  // namespace corun::oci
