// Executing a program in one's own place. A memfd carries the text: there may be much of it.
#include "corun/supervise/succession.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/spawn.hpp"

#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace corun::supervise {

namespace {

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
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

void pass_on(std::span<const sys::FdRef> fds, bool yes) {
    for (const sys::FdRef fd : fds) {
        sys::set_close_on_exec(fd, !yes);
    }
}

}  // namespace

void execute_successor(
    const std::string& program,
    const std::string& variable,
    std::string_view text,
    std::span<const sys::FdRef> fds
) {
    const sys::UniqueFd legacy = sys::memfd_create("corun-legacy");
    sys::write_all(legacy, text);
    sys::seek_to_start(legacy);
    sys::set_close_on_exec(legacy, false);
    std::vector<std::string> arguments = own_arguments();
    std::vector<std::string> environment = sys::current_environment();
    environment.push_back(concat(variable, "=", legacy.ref().number()));
    pass_on(fds, true);
    const int error_number = sys::execve_errno(
        program.c_str(), pointers_to(arguments).data(), pointers_to(environment).data()
    );
    pass_on(fds, false);
    throw_errno_value(error_number, "exec", program);
}

std::optional<std::string> take_legacy(const std::string& variable) {
    const char* const value =
        std::getenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    const auto number = value == nullptr ? std::nullopt : parse_number<int>(value);
    ::unsetenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    if (!number) {
        return std::nullopt;
    }
    const sys::UniqueFd legacy(*number);
    constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
    return sys::read_all(legacy, kMaxBytes);
}

sys::UniqueFd take_inherited_fd(int number) {
    sys::UniqueFd fd(number);
    if (fd) {
        sys::set_close_on_exec(fd, true);
    }
    return fd;
}

int number_of(const sys::UniqueFd& fd) {
    return fd ? fd.ref().number() : -1;
}

}  // namespace corun::supervise
