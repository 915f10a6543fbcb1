// execvp(3)'s lookup with the payload's PATH, but with errors that say which file was wrong and
// how.
#include "corun/setup/executable.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/environment.hpp"
#include "corun/setup/exec_explanation.hpp"
#include "corun/sys/file.hpp"

#include <cerrno>
#include <cstring>

namespace corun::setup {

namespace {

// What execvp(3) searches where PATH is unset.
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";

/// "no such file or directory": the errno's text as Go, and so runc, writes it.
std::string cause_in_runcs_words(int error_number) {
    const char* text = strerrordesc_np(error_number);
    return text == nullptr ? errno_text(error_number) : to_lower(text);
}

/// Why `path` cannot be executed, in runc's words; empty: it can.
std::string obstacle_to(const std::string& path) {
    struct stat status = {};
    const int stat_error = sys::stat_errno(path, status);
    if (stat_error != 0) {
        return concat("stat ", path, ": ", cause_in_runcs_words(stat_error));
    }
    if (S_ISDIR(status.st_mode)) {
        return "is a directory";
    }
    // EACCES also for a file system mounted noexec.
    const int access_error = sys::execute_access_errno(path);
    return access_error == 0 ? std::string() : cause_in_runcs_words(access_error);
}

/// No errno: the text has it already, in the form that callers match.
[[noreturn]] void refuse(
    std::string_view name, std::string_view reason, std::string_view explanation
) {
    const std::string text = concat("exec: ", double_quote(name), ": ", reason);
    throw Error(explanation.empty() ? text : concat(text, " (", explanation, ")"));
}

std::string in_directory(std::string_view directory, std::string_view name) {
    return directory.empty() ? concat("./", name) : concat(directory, "/", name);
}

std::string search(std::string_view path, std::string_view name) {
    std::string explanation;  // of the first file of that name, which cannot be executed
    for (const std::string_view directory : split(path, ':')) {
        std::string candidate = in_directory(directory, name);
        if (obstacle_to(candidate).empty()) {
            return candidate;
        }
        struct stat status = {};
        if (explanation.empty() && sys::stat_errno(candidate, status) == 0) {
            explanation = explain_path(candidate);
        }
    }
    refuse(name, "executable file not found in $PATH", explanation);
}

std::string find(const PayloadPlan& payload) {
    const std::string& name = payload.args.front();
    if (name.empty()) {
        refuse(name, "executable file not found in $PATH", "process.args[0] is empty");
    }
    if (name.find('/') == std::string::npos) {
        return search(find_variable(payload.env, "PATH").value_or(kDefaultPath), name);
    }
    const std::string obstacle = obstacle_to(name);
    if (!obstacle.empty()) {
        refuse(name, obstacle, explain_path(name));
    }
    return name;
}

}  // namespace

void find_executable(ChildContext& context) {
    context.executable = find(context.plan.payload);
    // Now, as nothing can be read or allocated when execve(2) has failed under the filter.
    context.forecast = forecast_exec(context.executable);
}

}  // namespace corun::setup
