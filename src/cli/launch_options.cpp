// Requests of the commands that start processes.
#include "corun/cli/launch_options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace corun::cli {

namespace {

std::string environment_variable(const char* name) {
    const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? "" : value;
}

/// A user or group id; 2^32 - 1 is none (it means "leave as it is" to the kernel).
std::uint32_t parse_id(std::string_view text, std::string_view option) {
    const auto id = parse_number<std::uint32_t>(text);
    if (!id || *id == UINT32_MAX) {
        throw Error(concat(option, ": expected a numeric id, found ", double_quote(text)));
    }
    return *id;
}

std::vector<gid_t> parse_gids(const std::vector<std::string>& texts) {
    std::vector<gid_t> gids;
    gids.reserve(texts.size());
    for (const std::string& text : texts) {
        gids.push_back(parse_id(text, "--additional-gids"));
    }
    return gids;
}

std::vector<std::string> checked_environment(std::vector<std::string> entries) {
    for (const std::string& entry : entries) {
        if (entry.find('=') == std::string::npos || entry.front() == '=') {
            throw Error(concat("--env: expected NAME=VALUE, found ", double_quote(entry)));
        }
    }
    return entries;
}

std::string parse_cgroup(const std::vector<std::string>& texts) {
    if (texts.empty()) {
        return {};
    }
    if (texts.size() > 1 || texts.front().find(':') != std::string::npos) {
        throw Error("--cgroup: one path without controllers is expected with cgroup v2");
    }
    return texts.front();
}

std::vector<std::string> command_of(const Invocation& invocation) {
    const std::vector<std::string>& operands = invocation.arguments.operands();
    const bool has_process = invocation.arguments.was_given("process");
    if (operands.size() < 2 && !has_process) {
        throw Error("process args cannot be empty");
    }
    if (operands.size() > 1 && has_process) {
        throw Error("--process: holds the command already, so none is expected after the id");
    }
    return {operands.begin() + 1, operands.end()};
}

}  // namespace

CallerEnvironment read_caller_environment() {
    CallerEnvironment environment;
    environment.notify_socket = environment_variable("NOTIFY_SOCKET");
    if (parse_number<pid_t>(environment_variable("LISTEN_PID")) == ::getpid()) {
        environment.listen_fds =
            parse_number<unsigned>(environment_variable("LISTEN_FDS")).value_or(0);
    }
    return environment;
}

container::CreateRequest create_request(
    const Invocation& invocation, const CallerEnvironment& environment
) {
    const Arguments& arguments = invocation.arguments;
    return {
        .id = invocation.id(),
        .bundle = arguments.was_given("bundle") ? arguments.text("bundle") : ".",
        .config_file = arguments.text("config"),
        .console_socket = arguments.text("console-socket"),
        .pidfd_socket = arguments.text("pidfd-socket"),
        .pid_file = arguments.text("pid-file"),
        .no_pivot = arguments.is_on("no-pivot"),
        .no_new_keyring = arguments.is_on("no-new-keyring"),
        .preserve_fds = arguments.number("preserve-fds"),
        .listen_fds = environment.listen_fds,
        .notify_socket = environment.notify_socket,
    };
}

container::RunRequest run_request(
    const Invocation& invocation, const CallerEnvironment& environment
) {
    return {
        .create = create_request(invocation, environment),
        .detach = invocation.arguments.is_on("detach"),
        .keep = invocation.arguments.is_on("keep"),
    };
}

container::StartRequest start_request(
    const Invocation& invocation, const CallerEnvironment& environment
) {
    return {.id = invocation.id(), .notify_socket = environment.notify_socket};
}

container::ExecRequest exec_request(
    const Invocation& invocation, const CallerEnvironment& environment
) {
    const Arguments& arguments = invocation.arguments;
    std::optional<container::ExecUser> user;
    if (arguments.was_given("user")) {
        user = parse_exec_user(arguments.text("user"));
    }
    return {
        .id = invocation.id(),
        .process_file = arguments.text("process"),
        .args = command_of(invocation),
        .cwd = arguments.text("cwd"),
        .env = checked_environment(arguments.texts("env")),
        .user = user,
        .additional_gids = parse_gids(arguments.texts("additional-gids")),
        .capabilities = arguments.texts("cap"),
        .process_label = arguments.text("process-label"),
        .apparmor = arguments.text("apparmor"),
        .no_new_privileges = arguments.is_on("no-new-privs"),
        .tty = arguments.is_on("tty"),
        .detach = arguments.is_on("detach"),
        .ignore_paused = arguments.is_on("ignore-paused"),
        .cgroup = parse_cgroup(arguments.texts("cgroup")),
        .console_socket = arguments.text("console-socket"),
        .pidfd_socket = arguments.text("pidfd-socket"),
        .pid_file = arguments.text("pid-file"),
        .preserve_fds = arguments.number("preserve-fds"),
        .listen_fds = environment.listen_fds,
    };
}

container::ExecUser parse_exec_user(std::string_view text) {
    const std::size_t colon = text.find(':');
    container::ExecUser user;
    user.uid = parse_id(text.substr(0, colon), "--user");
    if (colon != std::string_view::npos) {
        user.gid = parse_id(text.substr(colon + 1), "--user");
    }
    return user;
}

}  // namespace corun::cli
