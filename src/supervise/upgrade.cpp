// Handing over to a new program. Runs in the supervisor: its last act, and the next one's first.
#include "corun/supervise/upgrade.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/spawn.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

namespace corun::supervise {

namespace {

using oci::JsonDocument;
using oci::JsonValue;
using oci::JsonWriter;

/// Holds the number of the descriptor with the text.
constexpr const char* kVariable = "CORUN_SUPERVISE_INHERITED";
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

int number_of(const sys::UniqueFd& fd) {
    return fd ? fd.ref().number() : -1;
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

/// Becomes this program's, and nobody else's.
sys::UniqueFd take_fd(JsonValue object, std::string_view name) {
    int number = -1;
    oci::read_required(object, name, number);
    sys::UniqueFd fd(number);
    if (fd) {
        sys::set_close_on_exec(fd, true);
    }
    return fd;
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

void pass_on(const Inheritance& inheritance, bool yes) {
    const auto pass = [yes](const sys::UniqueFd& fd) {
        if (fd) {
            sys::set_close_on_exec(fd, !yes);
        }
    };
    pass(inheritance.lock);
    pass(inheritance.metrics);
    pass(inheritance.control.listener);
    for (const IdleConnection& connection : inheritance.control.connections) {
        pass(connection.socket);
    }
}

std::vector<std::string> own_arguments() {
    const std::string text = sys::read_file(sys::FdRef::cwd(), "/proc/self/cmdline");
    std::vector<std::string> arguments;
    for (const std::string_view word : split(text, '\0')) {
        arguments.emplace_back(word);
    }
    arguments.pop_back();  // behind the last NUL
    return arguments;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
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
    const sys::UniqueFd state = sys::memfd_create("corun-inheritance");
    sys::write_all(state, to_text(inheritance));
    sys::seek_to_start(state);
    sys::set_close_on_exec(state, false);
    std::vector<std::string> arguments = own_arguments();
    std::vector<std::string> environment = sys::current_environment();
    environment.push_back(concat(kVariable, "=", state.ref().number()));
    pass_on(inheritance, true);
    const int error_number = sys::execve_errno(
        program.c_str(), pointers_to(arguments).data(), pointers_to(environment).data()
    );
    pass_on(inheritance, false);
    throw_errno_value(error_number, "exec", program);
}

Inheritance take_inheritance() {
    const char* const value = std::getenv(kVariable);  // NOLINT(concurrency-mt-unsafe): one thread
    const auto number = value == nullptr ? std::nullopt : parse_number<int>(value);
    ::unsetenv(kVariable);  // NOLINT(concurrency-mt-unsafe): one thread
    if (!number) {
        return {};
    }
    const sys::UniqueFd state(*number);
    constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
    return from_text(sys::read_all(state, kMaxBytes));
}

}  // namespace corun::supervise
