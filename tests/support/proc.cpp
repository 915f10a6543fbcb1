#include "proc.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <spawn.h>

namespace corun::test {

namespace {

using Clock = std::chrono::steady_clock;

class SpawnActions {
public:
    SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }

    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    SpawnActions(SpawnActions&&) = delete;
    SpawnActions& operator=(SpawnActions&&) = delete;

    ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

    void pass(sys::FdRef source, int number) {
        ::posix_spawn_file_actions_adddup2(&actions_, source.number(), number);
    }

    void change_directory(const std::string& path) {
        ::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str());
    }

    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> result;
    result.reserve(words.size() + 1);
    for (const std::string& word : words) {
        result.push_back(const_cast<char*>(word.c_str()));
    }
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
    std::vector<std::string> result = added;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        result.emplace_back(*entry);
    }
    return result;
}

sys::UniqueFd file_with(const std::string& text) {
    if (text.empty()) {
        return sys::open("/dev/null", O_RDONLY);
    }
    sys::UniqueFd file = sys::memfd_create("input");
    sys::write_all(file, text);
    ::lseek(file.ref().number(), 0, SEEK_SET);
    return file;
}

int milliseconds_until(Clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

/// Appends what can be read without waiting; closes `pipe` at its end.
void drain(sys::UniqueFd& pipe, std::string& text) {
    char buffer[16384];
    while (pipe) {
        const ssize_t count = ::read(pipe.ref().number(), buffer, sizeof buffer);
        if (count > 0) {
            text.append(buffer, static_cast<std::size_t>(count));
        } else if (count == 0) {
            pipe.reset();
        } else if (errno != EINTR) {
            return;
        }
    }
}

sys::UniqueFd nonblocking(sys::UniqueFd fd) {
    ::fcntl(fd.ref().number(), F_SETFL, O_NONBLOCK);
    return fd;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const SpawnOptions& options)
    : name_(join(command, " ")) {
    const sys::UniqueFd input = file_with(options.input);
    sys::Pipe out = sys::make_pipe();
    sys::Pipe err = sys::make_pipe();

    SpawnActions actions;
    actions.pass(input, 0);
    actions.pass(out.write_end, 1);
    actions.pass(err.write_end, 2);
    for (const PassedFd& fd : options.fds) {
        actions.pass(fd.source, fd.number);
    }
    if (!options.directory.empty()) {
        actions.change_directory(options.directory);
    }

    const std::vector<std::string> environment = environment_with(options.environment);
    pid_t pid = 0;
    const int error_number = ::posix_spawnp(
        &pid,
        command.front().c_str(),
        actions.get(),
        nullptr,
        pointers(command).data(),
        pointers(environment).data()
    );
    if (error_number != 0) {
        throw_errno_value(error_number, "posix_spawnp", command.front());
    }
    pidfd_ = sys::Pidfd::try_open(pid).value();
    out_pipe_ = nonblocking(std::move(out.read_end));
    err_pipe_ = nonblocking(std::move(err.read_end));
}

Process::~Process() {
    if (pidfd_ && !waited_) {
        (void)pidfd_.send_signal(SIGKILL);
        (void)pidfd_.wait();
    }
}

void Process::read_available() {
    drain(out_pipe_, out_);
    drain(err_pipe_, err_);
}

bool Process::read_more(Clock::time_point deadline, bool& exited) {
    if (exited && !out_pipe_ && !err_pipe_) {
        return false;
    }
    const auto number = [](const sys::UniqueFd& fd) { return fd ? fd.ref().number() : -1; };
    pollfd events[] = {
        {number(out_pipe_), POLLIN, 0},
        {number(err_pipe_), POLLIN, 0},
        {exited ? -1 : pidfd_.fd().number(), POLLIN, 0},
    };
    const int ready = ::poll(events, 3, milliseconds_until(deadline));
    if (ready == 0) {
        throw HarnessError(concat("deadline passed: ", name_, "\nout: ", out_, "\nerr: ", err_));
    }
    exited = exited || events[2].revents != 0;
    read_available();
    return out_pipe_ || err_pipe_;
}

Result Process::wait() {
    const Clock::time_point deadline = Clock::now() + kPatience;
    bool exited = pidfd_.has_exited();
    while (!exited) {
        (void)read_more(deadline, exited);
    }
    read_available();
    waited_ = true;
    return Result{pidfd_.wait().shell_code(), out_, err_};
}

void Process::wait_for_output(std::string_view text, std::size_t times) {
    const Clock::time_point deadline = Clock::now() + kPatience;
    bool exited = true;
    while (occurrences(out_, text) < times) {
        if (!read_more(deadline, exited) && occurrences(out_, text) < times) {
            throw HarnessError(
                concat("no '", text, "' from ", name_, "\nout: ", out_, "\nerr: ", err_)
            );
        }
    }
}

std::string Process::output_until_closed() {
    const Clock::time_point deadline = Clock::now() + kPatience;
    bool exited = true;
    while (out_pipe_ && read_more(deadline, exited)) {
    }
    return out_;
}

Result run(const std::vector<std::string>& command, const SpawnOptions& options) {
    return Process(command, options).wait();
}

bool wait_for_exit(const sys::Pidfd& process, std::chrono::milliseconds patience) {
    pollfd event{process.fd().number(), POLLIN, 0};
    return ::poll(&event, 1, static_cast<int>(patience.count())) == 1;
}

std::string value_of(std::string_view key, std::string_view text) {
    for (const std::string_view line : split(text, '\n')) {
        if (line.size() > key.size() && line.substr(0, key.size()) == key &&
            line[key.size()] == '=') {
            return std::string(line.substr(key.size() + 1));
        }
    }
    throw HarnessError(concat("no line '", key, "=' in: ", text));
}

bool has_line(std::string_view line, std::string_view text) {
    for (const std::string_view candidate : split(text, '\n')) {
        if (candidate == line) {
            return true;
        }
    }
    return false;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

TempDir::TempDir() {
    const char* base = std::getenv("TMPDIR");
    path_ = concat(base != nullptr ? base : "/tmp", "/corun-test.XXXXXX");
    if (::mkdtemp(path_.data()) == nullptr) {
        throw_errno("mkdtemp", path_);
    }
    ::chmod(path_.c_str(), 0755);
}

TempDir::~TempDir() {
    if (path_.empty()) {
        return;  // moved from
    }
    std::error_code ignored;  // leftovers() has told of what cannot be removed
    std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::operator/(std::string_view name) const {
    return concat(path_, "/", name);
}

void write_text(const std::string& path, std::string_view text, unsigned mode) {
    const sys::UniqueFd file = sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    sys::write_all(file, text);
    sys::fchmod(file, mode);
}

std::string read_text(const std::string& path) {
    return sys::read_file(sys::FdRef::cwd(), path);
}

}  // namespace corun::test
