#include "supervised.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

namespace corun::test {

namespace fs = std::filesystem;

namespace {

/// Empty if it is not there.
std::string text_of(const std::string& path) {
    return fs::exists(path) ? read_text(path) : std::string();
}

/// Looks whenever something in the file's directory has changed.
void wait_for_file(const std::string& path, const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    const sys::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const std::string directory = fs::path(path).parent_path();
    const int number = watch.ref().number();
    (void)::inotify_add_watch(
        number, directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE
    );
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw HarnessError(concat("it did not come about in ", path, ":\n", text_of(path)));
        }
        pollfd event = {.fd = number, .events = POLLIN, .revents = 0};
        (void)::poll(&event, 1, 200);
        char buffer[4096];
        while (::read(number, buffer, sizeof buffer) > 0) {
        }
    }
}

std::string event_text(const std::string& kind, const std::string& id) {
    return concat("\"kind\":\"", kind, "\",\"id\":\"", id, "\"");
}

}  // namespace

Supervised::Supervised()
    : notify_(sys::bind_datagram(sys::open(service_.path(), O_PATH | O_DIRECTORY), "notify", 0600)
      ) {}

Supervised::~Supervised() {
    try {
        if (left_behind_) {
            start();
            wait_until_ready();
        }
        if (process_) {
            (void)stop();
        }
    } catch (const HarnessError& error) {
        FAIL_CHECK(error.what());
    }
}

void Supervised::wait_until_told(std::string_view line, std::size_t times) {
    while (occurrences(told_, line) < times) {
        pollfd event = {.fd = notify_.ref().number(), .events = POLLIN, .revents = 0};
        if (::poll(&event, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) !=
            1) {
            throw HarnessError(concat("the supervisor does not say ", line));
        }
        char buffer[4096];
        const std::size_t got = sys::read_some(notify_, buffer, sizeof buffer);
        told_.append(buffer, got);
        told_ += '\n';
    }
}

void Supervised::add(const Bundle& bundle, const std::string& id) {
    bundle.write();
    fs::create_directory_symlink(bundle.path(), bundles_ / id);
}

void Supervised::take_away(const std::string& id) {
    fs::remove(bundles_ / id);
}

void Supervised::lose_directory() {
    fs::rename(bundles_.path(), bundles_.path() + ".lost");
    fs::remove_all(bundles_.path() + ".lost");
}

void Supervised::wait_for_status(const std::string& id, std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::string status;
    while (!contains(status, text)) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw HarnessError(concat("the status has no '", text, "':\n", status));
        }
        status = runtime_.expect_success({"ctl", "status", id}).out;
    }
}

void Supervised::start(const std::vector<std::string>& options) {
    std::vector<std::string> words = {"supervise", "--events", "--dir", bundles_.path()};
    words.insert(words.end(), options.begin(), options.end());
    told_.clear();
    char old[4096];  // of the one before
    while (::recv(notify_.ref().number(), old, sizeof old, MSG_DONTWAIT) > 0) {
    }
    left_behind_ = false;
    is_stopping_ = false;
    process_.emplace(
        runtime_.spawn(words, {.environment = {concat("NOTIFY_SOCKET=", service_ / "notify")}})
    );
}

void Supervised::wait_for(const std::string& kind, const std::string& id, std::size_t times) {
    process_->wait_for_output(event_text(kind, id), times);
}

std::size_t Supervised::count(const std::string& kind, const std::string& id) const {
    return occurrences(process_->output(), event_text(kind, id));
}

void Supervised::let_run(std::chrono::microseconds time) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time);
    (void)wait_for_exit(process_->pidfd(), milliseconds);
}

void Supervised::begin_stop() {
    process_->signal(SIGTERM);
    is_stopping_ = true;
}

std::string Supervised::stop() {
    if (!is_stopping_) {
        begin_stop();
    }
    const Result result = process_->wait();
    process_.reset();
    if (result.exit_code != 0) {
        throw HarnessError(concat("supervise: exit status ", result.exit_code, ": ", result.err));
    }
    return result.err;
}

void Supervised::kill() {
    process_->signal(SIGKILL);
    (void)wait_for_end();
}

int Supervised::wait_for_end() {
    const int status = process_->wait().exit_code;
    process_.reset();
    left_behind_ = true;
    return status;
}

Json Supervised::unit(const std::string& id) const {
    const std::string path = concat(runtime_.root(), "/@supervise/units/", id, ".json");
    const std::string text = text_of(path);
    return text.empty() ? Json() : Json::parse(text);
}

void Supervised::wait_until(const std::string& id, const std::string& member, const Json& value)
    const {
    wait_for_file(concat(runtime_.root(), "/@supervise/units/", id, ".json"), [&] {
        const Json facts = unit(id);
        return facts.contains(member) && facts[member] == value;
    });
}

std::string Supervised::log_path(const std::string& id) const {
    return concat(runtime_.root(), "/@supervise/logs/", id, ".log");
}

std::string Supervised::log(const std::string& id) const {
    return text_of(log_path(id));
}

std::vector<std::string> Supervised::log_lines(const std::string& id) const {
    std::vector<std::string> lines;
    const std::string text = log(id);
    for (const std::string_view record : split(text, '\n')) {
        constexpr std::string_view kWhole = " F ";
        const std::size_t tag = record.find(kWhole);
        if (tag != std::string_view::npos) {
            lines.emplace_back(record.substr(tag + kWhole.size()));
        }
    }
    return lines;
}

void Supervised::wait_for_log(const std::string& id, std::string_view text) const {
    wait_for_file(log_path(id), [&] { return contains(log(id), text); });
}

pid_t Supervised::keeper() const {
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        const auto pid = parse_number<pid_t>(entry.path().filename().string());
        const std::string command = pid ? text_of(entry.path() / "cmdline") : std::string();
        if (contains(command, runtime_.root()) && contains(command, "--keeper")) {
            return *pid;
        }
    }
    return 0;
}

}  // namespace corun::test
