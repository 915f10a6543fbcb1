// Handing over to a new program. Runs in the supervisor: its last act, and the next one's first.
#include "corun/supervise/upgrade.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/supervise/succession.hpp"
#include "corun/sys/spawn.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace corun::supervise {

namespace {

using oci::JsonDocument;
using oci::JsonValue;
using oci::JsonWriter;

constexpr const char* kVariable = "CORUN_SUPERVISE_LEGACY";
constexpr std::chrono::seconds kAnswerLimit{10};
constexpr std::string_view kHexDigits = "0123456789abcdef";

/// What a client has sent of its next call may end within a character.
std::string to_hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += kHexDigits[value >> 4U];
        text += kHexDigits[value & 15U];
    }
    return text;
}

std::string from_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const auto value = parse_number<unsigned>(text.substr(i, 2), 16);
        bytes += static_cast<char>(value.value_or(0));
    }
    return bytes;
}

std::string to_text(const Inheritance& inheritance) {
    JsonWriter json;
    json.begin_object();
    json.member("lock", number_of(inheritance.lock));
    json.member("metrics", number_of(inheritance.metrics));
    json.member("listener", number_of(inheritance.control.listener));
    json.member("started_at", inheritance.started_at);
    json.member("last_event", inheritance.last_event);
    json.member("upgrades", inheritance.upgrades);
    json.key("connections");
    json.begin_array();
    for (const IdleConnection& connection : inheritance.control.connections) {
        json.begin_object();
        json.member("fd", number_of(connection.socket));
        json.member("unread", to_hex(connection.unread));
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.take();
}

sys::UniqueFd take_fd(JsonValue object, std::string_view name) {
    int number = -1;
    oci::read_required(object, name, number);
    return take_inherited_fd(number);
}

Inheritance from_text(std::string_view text) {
    const JsonDocument document(text);
    const JsonValue root = document.root();
    Inheritance inheritance;
    inheritance.lock = take_fd(root, "lock");
    inheritance.metrics = take_fd(root, "metrics");
    inheritance.control.listener = take_fd(root, "listener");
    oci::read_required(root, "started_at", inheritance.started_at);
    oci::read_required(root, "last_event", inheritance.last_event);
    oci::read_required(root, "upgrades", inheritance.upgrades);
    for (const JsonValue element : root.require("connections").elements()) {
        IdleConnection& connection = inheritance.control.connections.emplace_back();
        connection.socket = take_fd(element, "fd");
        std::string unread;
        oci::read_required(element, "unread", unread);
        connection.unread = from_hex(unread);
    }
    return inheritance;
}

std::vector<sys::FdRef> all_fds(const Inheritance& inheritance) {
    std::vector<sys::FdRef> fds;
    const auto add = [&](const sys::UniqueFd& fd) {
        if (fd) {
            fds.push_back(fd.ref());
        }
    };
    add(inheritance.lock);
    add(inheritance.metrics);
    add(inheritance.control.listener);
    for (const IdleConnection& connection : inheritance.control.connections) {
        add(connection.socket);
    }
    return fds;
}

}  // namespace

async::Task<> check_program(std::string program) {
    sys::ChildGuard child(sys::spawn({
        .path = program,
        .arguments = {program, "--version"},
        .environment = sys::current_environment(),
    }));
    const sys::ExitStatus status =
        co_await async::with_deadline(kAnswerLimit, async::exit_of(child.child()));
    (void)child.release();  // reaped
    if (!status.success()) {
        throw Error(concat(quote(program), " --version: exit status ", status.shell_code()));
    }
}

void execute_upgrade(const std::string& program, const Inheritance& inheritance) {
    execute_successor(program, kVariable, to_text(inheritance), all_fds(inheritance));
}

Inheritance take_inheritance() {
    const std::optional<std::string> text = take_legacy(kVariable);
    return text ? from_text(*text) : Inheritance();
}

}  // namespace corun::supervise
