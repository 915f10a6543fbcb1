// The units' files. Runs in the supervisor, which holds the lock that says it is the only one.
#include "corun/supervise/unit_file.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/supervise/keeper_client.hpp"
#include "corun/supervise/model_json.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <time.h>
#include <utility>

namespace corun::supervise {

namespace {

using oci::JsonDocument;
using oci::JsonValue;
using oci::JsonWriter;
using oci::read_optional;
using oci::read_required;

constexpr std::string_view kSuffix = ".json";

std::string file_name(std::string_view id) {
    return concat(id, kSuffix);
}

std::string to_text(const UnitFacts& facts) {
    JsonWriter json;
    json.begin_object();
    json.member("id", facts.id);
    json.member("bundle", facts.bundle);
    json.member("state", name_of(facts.state));
    json.member("stopped_by_hand", facts.stopped_by_hand);
    json.member("over", facts.over);
    json.member("starting", facts.starting);
    json.member("pid", facts.process.pid);
    json.member("start_time", facts.process.start_time);
    json.member("started_at", facts.started_at);
    json.member("started_ms", facts.started_ms);
    json.member("ready", facts.ready);
    if (facts.restart_due_ms) {
        json.member("restart_due_ms", *facts.restart_due_ms);
    }
    json.key("restart");
    write_json(json, facts.restart);
    json.member("starts", facts.starts);
    json.member("restarts", facts.restarts);
    json.member("oom_kills", facts.oom_kills);
    json.member("problem", facts.problem);
    json.key("exits");
    json.begin_array();
    for (const ExitRecord& record : facts.exits) {
        write_json(json, record);
    }
    json.end_array();
    json.member("log_path", facts.log_path);
    json.member("log_driver", facts.log_driver);
    json.end_object();
    return json.take();
}

UnitFacts from_text(std::string_view text) {
    const JsonDocument document(text);
    const JsonValue root = document.root();
    UnitFacts facts;
    read_required(root, "id", facts.id);
    read_required(root, "bundle", facts.bundle);
    read_optional(root, "state", facts.state);
    read_optional(root, "stopped_by_hand", facts.stopped_by_hand);
    read_optional(root, "over", facts.over);
    read_optional(root, "starting", facts.starting);
    read_optional(root, "pid", facts.process.pid);
    read_optional(root, "start_time", facts.process.start_time);
    read_optional(root, "started_at", facts.started_at);
    read_optional(root, "started_ms", facts.started_ms);
    read_optional(root, "ready", facts.ready);
    read_optional(root, "restart_due_ms", facts.restart_due_ms);
    read_optional(root, "restart", facts.restart);
    read_optional(root, "starts", facts.starts);
    read_optional(root, "restarts", facts.restarts);
    read_optional(root, "oom_kills", facts.oom_kills);
    read_optional(root, "problem", facts.problem);
    read_optional(root, "exits", facts.exits);
    read_optional(root, "log_path", facts.log_path);
    read_optional(root, "log_driver", facts.log_driver);
    return facts;
}

}  // namespace

void UnitFacts::add_exit(ExitRecord record) {
    if (exits.size() == kMaxExits) {
        exits.erase(exits.begin());
    }
    exits.push_back(std::move(record));
}

UnitFiles::UnitFiles(std::string_view root) {
    const std::string path = concat(supervisor_directory(root), "/units");
    sys::make_directories(path, 0700);
    directory_ = sys::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

void UnitFiles::save(const UnitFacts& facts) const {
    sys::replace_file(directory_, file_name(facts.id), to_text(facts), 0600);
}

std::optional<UnitFacts> UnitFiles::load(std::string_view id) const {
    const std::optional<std::string> text = sys::try_read_file(directory_, file_name(id));
    if (!text) {
        return std::nullopt;
    }
    try {
        return from_text(*text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::vector<std::string> UnitFiles::ids() const {
    std::vector<std::string> ids;
    for (const std::string& name : sys::list_directory(directory_)) {
        if (name.ends_with(kSuffix) && !name.starts_with('.')) {
            ids.push_back(name.substr(0, name.size() - kSuffix.size()));
        }
    }
    return ids;
}

void UnitFiles::remove(std::string_view id) const {
    (void)sys::try_unlinkat(directory_, file_name(id));
}

std::int64_t boot_time_ms() {
    struct timespec now = {};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace corun::supervise
