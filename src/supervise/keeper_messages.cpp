// The keeper's requests and replies as JSON, and back. Pure.
#include "corun/supervise/keeper_messages.hpp"

#include "corun/base/error.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"

#include <array>
#include <utility>

namespace corun::supervise {

namespace {

using oci::JsonDocument;
using oci::JsonValue;
using oci::JsonWriter;
using oci::read_optional;
using oci::read_required;

constexpr std::array<std::pair<std::string_view, KeeperVerb>, 8> kVerbs{{
    {"list", KeeperVerb::list},
    {"keep", KeeperVerb::keep},
    {"take", KeeperVerb::take},
    {"drop", KeeperVerb::drop},
    {"work", KeeperVerb::work},
    {"status", KeeperVerb::status},
    {"settle", KeeperVerb::settle},
    {"renew", KeeperVerb::renew},
}};

std::string_view name_of(KeeperVerb verb) {
    for (const auto& [name, value] : kVerbs) {
        if (value == verb) {
            return name;
        }
    }
    return {};
}

KeeperVerb read_verb(JsonValue value) {
    for (const auto& [name, verb] : kVerbs) {
        if (value.string() == name) {
            return verb;
        }
    }
    value.fail_unknown("verb");
    return KeeperVerb::list;
}

template <class Enum>
void read_enum(JsonValue object, std::string_view name, Enum last, Enum& out) {
    out = static_cast<Enum>(object.require(name).natural_number(static_cast<std::uint64_t>(last)));
}

void write_process(JsonWriter& json, const sys::ProcessIdentity& process) {
    json.member("pid", process.pid);
    json.member("start_time", process.start_time);
}

void read_process(JsonValue object, sys::ProcessIdentity& process) {
    read_optional(object, "pid", process.pid);
    read_optional(object, "start_time", process.start_time);
}

void write_status(JsonWriter& json, const sys::ExitStatus& status) {
    json.member("code", status.code);
    json.member("signal", status.signal);
}

void read_status(JsonValue object, sys::ExitStatus& status) {
    read_optional(object, "code", status.code);
    read_optional(object, "signal", status.signal);
}

void write_engine(JsonWriter& json, const container::EngineOptions& engine) {
    json.begin_object();
    json.member("root", engine.root);
    json.member("cgroup_manager", static_cast<unsigned>(engine.cgroup_manager));
    json.member("cgroup_tolerance", static_cast<unsigned>(engine.cgroup_tolerance));
    json.member("runtime_dir", engine.bus_environment.runtime_dir);
    json.member("session_bus", engine.bus_environment.session_bus_address);
    json.member("system_bus", engine.bus_environment.system_bus_address);
    json.end_object();
}

container::EngineOptions read_engine(JsonValue object) {
    container::EngineOptions engine;
    read_required(object, "root", engine.root);
    read_enum(object, "cgroup_manager", container::CgroupManager::disabled, engine.cgroup_manager);
    read_enum(
        object, "cgroup_tolerance", container::CgroupTolerance::tolerant, engine.cgroup_tolerance
    );
    read_optional(object, "runtime_dir", engine.bus_environment.runtime_dir);
    read_optional(object, "session_bus", engine.bus_environment.session_bus_address);
    read_optional(object, "system_bus", engine.bus_environment.system_bus_address);
    return engine;
}

void write_work(JsonWriter& json, const Work& work) {
    json.begin_object();
    json.member("kind", work.kind == WorkKind::run ? "run" : "check");
    json.key("engine");
    write_engine(json, work.engine);
    json.member("id", work.id);
    json.member("bundle", work.bundle);
    json.member("open_files_limit", work.open_files_limit);
    json.member("shows_notify_socket", work.shows_notify_socket);
    json.member("readiness_fd", work.readiness_fd);
    json.member("command", work.command);
    json.member("timeout_ms", work.timeout.count());
    json.end_object();
}

Work read_work(JsonValue object) {
    Work work;
    work.kind = object.require("kind").string() == "run" ? WorkKind::run : WorkKind::check;
    work.engine = read_engine(object.require("engine"));
    read_required(object, "id", work.id);
    read_optional(object, "bundle", work.bundle);
    read_optional(object, "open_files_limit", work.open_files_limit);
    read_optional(object, "shows_notify_socket", work.shows_notify_socket);
    read_optional(object, "readiness_fd", work.readiness_fd);
    read_optional(object, "command", work.command);
    std::int64_t timeout_ms = 0;
    read_optional(object, "timeout_ms", timeout_ms);
    work.timeout = std::chrono::milliseconds(timeout_ms);
    return work;
}

}  // namespace

void KeeperReply::throw_if_failed() const {
    if (!error.empty()) {
        throw Error(error, error_number);
    }
}

std::string to_json(const KeeperRequest& request) {
    JsonWriter json;
    json.begin_object();
    json.member("verb", name_of(request.verb));
    if (!request.name.empty()) {
        json.member("name", request.name);
    }
    if (request.process.pid != 0) {
        write_process(json, request.process);
    }
    if (request.verb == KeeperVerb::work) {
        json.key("work");
        write_work(json, request.work);
    }
    json.end_object();
    return json.take();
}

std::string to_json(const KeeperReply& reply) {
    JsonWriter json;
    json.begin_object();
    if (!reply.error.empty()) {
        json.member("error", reply.error);
        json.member("errno", reply.error_number);
    }
    json.member("names", reply.names);
    json.key("ended");
    json.begin_array();
    for (const EndedProcess& ended : reply.ended) {
        json.begin_object();
        write_process(json, ended.process);
        write_status(json, ended.status);
        json.end_object();
    }
    json.end_array();
    write_process(json, reply.process);
    write_status(json, reply.status);
    json.member("output", reply.output);
    json.member("warnings", reply.warnings);
    json.end_object();
    return json.take();
}

KeeperRequest request_from_json(std::string_view text) {
    const JsonDocument document(text);
    const JsonValue root = document.root();
    KeeperRequest request;
    request.verb = read_verb(root.require("verb"));
    read_optional(root, "name", request.name);
    read_process(root, request.process);
    if (request.verb == KeeperVerb::work) {
        request.work = read_work(root.require("work"));
    }
    return request;
}

KeeperReply reply_from_json(std::string_view text) {
    const JsonDocument document(text);
    const JsonValue root = document.root();
    KeeperReply reply;
    read_optional(root, "error", reply.error);
    read_optional(root, "errno", reply.error_number);
    read_optional(root, "names", reply.names);
    if (const std::optional<JsonValue> list = root.find("ended")) {
        for (const JsonValue element : list->elements()) {
            EndedProcess& ended = reply.ended.emplace_back();
            read_process(element, ended.process);
            read_status(element, ended.status);
        }
    }
    read_process(root, reply.process);
    read_status(root, reply.status);
    read_optional(root, "output", reply.output);
    read_optional(root, "warnings", reply.warnings);
    return reply;
}

}  // namespace corun::supervise
