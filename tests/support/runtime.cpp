#include "runtime.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace corun::test {

namespace {

namespace fs = std::filesystem;

std::set<std::string> mounts_now() {
    std::set<std::string> result;
    const std::string table =
        sys::read_file(sys::FdRef::cwd(), "/proc/self/mountinfo", std::size_t{16} << 20);
    for (const std::string_view line : split(table, '\n')) {
        result.emplace(line);
    }
    return result;
}

/// Children of this process, which adopts what its descendants leave behind.
std::set<pid_t> children_now() {
    std::set<pid_t> result;
    const std::string list =
        sys::read_file(sys::FdRef::cwd(), concat("/proc/self/task/", ::getpid(), "/children"));
    for (const std::string_view word : split(list, ' ')) {
        if (const auto pid = parse_number<pid_t>(word)) {
            result.insert(*pid);
        }
    }
    return result;
}

/// Takes the exit status of an adopted child that has ended or ends soon; false if it lives on.
bool reap(pid_t pid, std::chrono::milliseconds patience) {
    const std::optional<sys::Pidfd> child = sys::Pidfd::try_open(pid);
    if (!child) {
        return true;
    }
    if (!wait_for_exit(*child, patience)) {
        return false;
    }
    (void)child->wait();
    return true;
}

std::string name_of(pid_t pid) {
    return std::string(
        trim(sys::try_read_file(sys::FdRef::cwd(), concat("/proc/", pid, "/comm")).value_or("?"))
    );
}

bool is_directory(const std::string& path) {
    std::error_code ignored;  // what cannot be looked at is not there
    return fs::is_directory(path, ignored);
}

/// Cgroups of this test program, deepest first.
std::vector<std::string> cgroups_now() {
    std::vector<std::string> result;
    const std::string parent = cgroup_directory(cgroup_parent());
    if (is_directory(parent)) {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(parent)) {
            if (entry.is_directory()) {
                result.push_back(entry.path());
            }
        }
    }
    std::reverse(result.begin(), result.end());
    return result;
}

void remove_cgroup(const std::string& path) {
    (void)sys::write_file_errno(sys::FdRef::cwd(), path + "/cgroup.kill", "1");  // may be empty
    (void)::rmdir(path.c_str());  // reported already as left behind
}

/// One per test program: adopts orphans, and removes the parent cgroup at the end.
class Environment {
public:
    Environment() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    Environment(Environment&&) = delete;
    Environment& operator=(Environment&&) = delete;

    ~Environment() { (void)::rmdir(cgroup_directory(cgroup_parent()).c_str()); }
};

void prepare_environment() {
    static const Environment environment;
}

}  // namespace

std::string runtime_binary() {
    const char* path = std::getenv("CORUN");
    return path != nullptr ? path : CORUN_BINARY_DEFAULT;
}

bool is_corun() {
    return fs::path(runtime_binary()).filename() == "corun";
}

bool failed_saying(std::string_view text, const Result& result) {
    if (result.exit_code == 0) {
        MESSAGE("expected a failure; out: " << result.out << " err: " << result.err);
        return false;
    }
    if (is_corun() && !contains(result.err, text)) {
        MESSAGE("expected '" << text << "' in: " << result.err);
        return false;
    }
    return true;
}

std::string cgroup_directory(std::string_view cgroup) {
    return concat("/sys/fs/cgroup", cgroup);
}

// ---- Container ----------------------------------------------------------------------------------

Container::Container(Runtime& runtime, std::string id, Process creator, sys::Pidfd init)
    : runtime_(runtime), id_(std::move(id)), creator_(std::move(creator)), init_(std::move(init)) {}

void Container::start() {
    runtime_.expect_success({"start", id_});
}

void Container::kill(const std::string& signal) {
    runtime_.expect_success({"kill", id_, signal});
}

void Container::remove() {
    runtime_.expect_success({"delete", id_});
}

Json Container::state() {
    return Json::parse(runtime_.expect_success({"state", id_}).out);
}

std::string Container::status() {
    return state().at("status");
}

void Container::wait() {
    if (!wait_for_exit(init_)) {
        throw HarnessError(concat("container ", id_, " does not end"));
    }
}

Result Container::exec(const std::vector<std::string>& command) {
    return exec({}, command);
}

Result Container::exec(
    const std::vector<std::string>& options, const std::vector<std::string>& command
) {
    std::vector<std::string> words = {"exec"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(id_);
    words.insert(words.end(), command.begin(), command.end());
    return runtime_(words);
}

// ---- Runtime ------------------------------------------------------------------------------------

Runtime::Runtime() : root_(directory_ / "state") {
    prepare_environment();
    mounts_before_ = mounts_now();
    children_before_ = children_now();
}

Runtime::~Runtime() {
    for (const std::string& left : leftovers()) {
        FAIL_CHECK("left behind: ", left);
    }
    for (const std::string& id : ids_in_store()) {
        (void)(*this)({"delete", "--force", id});  // reported already
    }
    for (const std::string& cgroup : cgroups_now()) {
        remove_cgroup(cgroup);
    }
    for (const pid_t pid : children_now()) {
        if (!children_before_.contains(pid)) {
            ::kill(pid, SIGKILL);
            (void)reap(pid, kPatience);  // reported already
        }
    }
}

std::vector<std::string> Runtime::command(const std::vector<std::string>& words) const {
    std::vector<std::string> result = {runtime_binary(), "--root", root_};
    result.insert(result.end(), words.begin(), words.end());
    return result;
}

Result Runtime::operator()(const std::vector<std::string>& words, const SpawnOptions& options) {
    return spawn(words, options).wait();
}

Process Runtime::spawn(const std::vector<std::string>& words, const SpawnOptions& options) {
    return Process(command(words), options);
}

Result Runtime::expect_success(const std::vector<std::string>& words, const SpawnOptions& options) {
    Result result = (*this)(words, options);
    if (result.exit_code != 0) {
        throw HarnessError(
            concat(join(words, " "), " exits with ", result.exit_code, ": ", result.err)
        );
    }
    return result;
}

std::string Runtime::new_id() {
    ids_.push_back(concat("test-", ::getpid(), "-", ids_.size() + 1));
    return ids_.back();
}

Result Runtime::run(
    const Bundle& bundle, const std::vector<std::string>& options, const SpawnOptions& spawn_options
) {
    std::vector<std::string> words = {"run", "--bundle", bundle.write()};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(new_id());
    return (*this)(words, spawn_options);
}

Result Runtime::try_create(const Bundle& bundle, const std::vector<std::string>& options) {
    std::vector<std::string> words = {"create", "--bundle", bundle.write()};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(new_id());
    return (*this)(words);
}

Container Runtime::made(
    const std::string& verb,
    const Bundle& bundle,
    const std::vector<std::string>& options,
    const SpawnOptions& spawn_options
) {
    const std::string id = new_id();
    const std::string pid_file = directory_ / concat(id, ".pid");
    std::vector<std::string> words = {verb, "--bundle", bundle.write(), "--pid-file", pid_file};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(id);
    Process creator = spawn(words, spawn_options);
    const Result result = creator.wait();
    if (result.exit_code != 0) {
        throw HarnessError(concat(verb, " exits with ", result.exit_code, ": ", result.err));
    }
    const auto pid = parse_number<pid_t>(trim(read_text(pid_file)));
    std::optional<sys::Pidfd> init = pid ? sys::Pidfd::try_open(*pid) : std::nullopt;
    if (!init) {
        throw HarnessError(concat("no process for the pid file of ", id));
    }
    return Container(*this, id, std::move(creator), std::move(*init));
}

Container Runtime::create(
    const Bundle& bundle, const std::vector<std::string>& options, const SpawnOptions& spawn_options
) {
    return made("create", bundle, options, spawn_options);
}

Container Runtime::run_detached(
    const Bundle& bundle, const std::vector<std::string>& options, const SpawnOptions& spawn_options
) {
    std::vector<std::string> all = options;
    all.insert(all.begin(), "--detach");
    return made("run", bundle, all, spawn_options);
}

std::vector<std::string> Runtime::ids_in_store() {
    std::vector<std::string> result;
    for (const std::string& id : ids_) {
        if (is_directory(concat(root_, "/", id))) {
            result.push_back(id);
        }
    }
    return result;
}

std::vector<std::string> Runtime::leftovers(std::chrono::milliseconds patience) {
    std::vector<std::string> result = living_orphans(patience);
    for (const std::string& id : ids_in_store()) {
        result.push_back(concat("state directory of ", id));
    }
    for (const std::string& cgroup : cgroups_now()) {
        result.push_back(concat("cgroup ", cgroup));
    }
    for (const std::string& mount : mounts_now()) {
        if (!mounts_before_.contains(mount)) {
            result.push_back(concat("mount ", mount));
        }
    }
    return result;
}

std::vector<std::string> Runtime::living_orphans(std::chrono::milliseconds patience) const {
    std::vector<std::string> result;
    std::set<pid_t> seen = children_before_;
    // Reaping an orphan can bring its own children here, so look again until there is no new one.
    for (bool found = true; found;) {
        found = false;
        for (const pid_t pid : children_now()) {
            if (!seen.insert(pid).second) {
                continue;
            }
            found = true;
            if (!reap(pid, patience)) {
                result.push_back(concat("process ", pid, " (", name_of(pid), ")"));
            }
        }
    }
    return result;
}

}  // namespace corun::test
