// The supervisor's values as JSON, for the control socket and for who prints them, and back.
// Pure. Names of members are the varlink interface's: src/supervise/org.corun.Supervisor.varlink.
#pragma once

#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/supervise/model.hpp"

namespace corun::supervise {

// Each writes one object. Members that say nothing (an empty text, a status that is not known) are
// left out.
void write_json(oci::JsonWriter& json, const LogCounters& counters);
void write_json(oci::JsonWriter& json, const ExitRecord& record);
void write_json(oci::JsonWriter& json, const UnitStatus& status);
void write_json(oci::JsonWriter& json, const Event& event);
void write_json(oci::JsonWriter& json, const Histogram& histogram);
void write_json(oci::JsonWriter& json, const SupervisorStatus& status);

// Each fails as JsonValue does; members that nobody knows are passed over: a newer supervisor says
// more.
void read_value(oci::JsonValue value, LogCounters& out);
void read_value(oci::JsonValue value, ExitRecord& out);
void read_value(oci::JsonValue value, UnitState& out);
void read_value(oci::JsonValue value, UnitStatus& out);
void read_value(oci::JsonValue value, Event& out);
void read_value(oci::JsonValue value, Histogram& out);
void read_value(oci::JsonValue value, SupervisorStatus& out);

/// One value as a text of its own, compact.
template <class T>
[[nodiscard]] std::string to_json(const T& value) {
    oci::JsonWriter json;
    write_json(json, value);
    return json.take();
}

}  // namespace corun::supervise
