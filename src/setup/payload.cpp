// execve(2) of the payload, in two parts: what allocates, and what does not.
#include "corun/setup/payload.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/environment.hpp"
#include "corun/setup/home.hpp"
#include "corun/setup/tail.hpp"
#include "corun/sys/process.hpp"

namespace corun::setup {

namespace {

/// Pointers for execve(2), which takes char* for C's sake and changes nothing.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        out.push_back(const_cast<char*>(text.c_str()));
    }
    out.push_back(nullptr);
    return out;
}

}  // namespace

void prepare_exec(ChildContext& context) {
    context.environment_text = payload_environment(context.plan.payload);
    if (needs_home(context.environment_text)) {
        const std::optional<std::string> home = find_home(context.plan.credentials.uid);
        context.environment_text.push_back(concat("HOME=", home.value_or("/")));
    }
    context.arguments = pointers_to(context.plan.payload.args);
    context.environment = pointers_to(context.environment_text);
}

void exec_payload(ChildContext& context) {
    const int error_number = sys::execve_errno(
        context.executable.c_str(), context.arguments.data(), context.environment.data()
    );
    const ExecForecast& expected = context.forecast;
    const std::string_view reason =
        error_number == expected.error_number ? std::string_view(expected.reason) : "";
    fail_in_exec(context, context.executable, error_number, reason);
}

}  // namespace corun::setup
