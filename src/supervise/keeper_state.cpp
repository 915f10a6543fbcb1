// The keeper's state as a text. Its listener is its standard input, before and after.
#include "corun/supervise/keeper_state.hpp"

#include "corun/base/error.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/supervise/succession.hpp"

#include <utility>

namespace corun::supervise {

namespace {

constexpr const char* kVariable = "CORUN_KEEPER_LEGACY";

std::string to_text(const KeeperState& state) {
    oci::JsonWriter json;
    json.begin_object();
    json.key("kept");
    json.begin_object();
    for (const auto& [name, fds] : state.kept) {
        json.key(name);
        json.begin_array();
        for (const sys::UniqueFd& fd : fds) {
            json.value(number_of(fd));
        }
        json.end_array();
    }
    json.end_object();
    json.key("ended");
    json.begin_array();
    for (const EndedProcess& ended : state.ended) {
        json.begin_array();
        json.value(ended.process.pid);
        json.value(ended.process.start_time);
        json.value(ended.status.code);
        json.value(ended.status.signal);
        json.end_array();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

EndedProcess read_ended(oci::JsonValue value) {
    std::vector<std::int64_t> numbers;
    oci::read_value(value, numbers);
    return {
        .process =
            {.pid = static_cast<pid_t>(numbers.at(0)),
             .start_time = static_cast<std::uint64_t>(numbers.at(1))},
        .status =
            {.code = static_cast<int>(numbers.at(2)), .signal = static_cast<int>(numbers.at(3))},
    };
}

std::vector<sys::FdRef> all_fds(const KeeperState& state) {
    std::vector<sys::FdRef> all;
    for (const auto& [name, fds] : state.kept) {
        all.insert(all.end(), fds.begin(), fds.end());
    }
    return all;
}

}  // namespace

void execute_keeper(const std::string& program, const KeeperState& state) {
    const std::string text = to_text(state);
    const std::vector<sys::FdRef> fds = all_fds(state);
    try {
        execute_successor(program, kVariable, text, fds);
    } catch (const Error&) {
        // What is kept matters more than which program does.
        execute_successor("/proc/self/exe", kVariable, text, fds);
    }
}

KeeperState take_keeper_state() {
    KeeperState state;
    const std::optional<std::string> text = take_legacy(kVariable);
    if (!text) {
        return state;
    }
    const oci::JsonDocument document(*text);
    for (const oci::JsonValue entry : document.root().require("kept").members()) {
        Fds& fds = state.kept[std::string(entry.key())];
        for (const oci::JsonValue number : entry.elements()) {
            int value = -1;
            oci::read_value(number, value);
            fds.push_back(take_inherited_fd(value));
        }
    }
    for (const oci::JsonValue entry : document.root().require("ended").elements()) {
        state.ended.push_back(read_ended(entry));
    }
    return state;
}

}  // namespace corun::supervise
