// A container to change and to look at while it waits.
#pragma once

#include "corun/base/text.hpp"
#include "proc.hpp"
#include "runtime.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace corun::test {

/// A container that waits, and what its cgroup says.
class Waiting {
public:
    explicit Waiting(Bundle& bundle)
        : bundle_(bundle), container_(runtime_.run_detached(bundle.args({"probe", "pause"}))) {
        container_.wait_for_output("ready");
    }

    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Waiting(Waiting&&) = delete;
    Waiting& operator=(Waiting&&) = delete;

    ~Waiting() { (void)runtime_({"delete", "--force", id()}); }  // leftovers() tells

    [[nodiscard]] bool has(const std::string& file) const {
        return std::filesystem::exists(path(file));
    }

    [[nodiscard]] std::string operator[](const std::string& file) const {
        return std::string(corun::trim(read_text(path(file))));
    }

    [[nodiscard]] Json stats() {
        return Json::parse(runtime_.expect_success({"events", "--stats", id()}).out)["data"];
    }

    [[nodiscard]] Result update(std::vector<std::string> options, const std::string& input = {}) {
        options.insert(options.begin(), "update");
        options.push_back(id());
        return runtime_(options, {.directory = {}, .environment = {}, .input = input, .fds = {}});
    }

    [[nodiscard]] const std::string& id() const { return container_.id(); }

    [[nodiscard]] Container& container() { return container_; }

    [[nodiscard]] Runtime& runtime() { return runtime_; }

private:
    [[nodiscard]] std::string path(const std::string& file) const {
        return cgroup_directory(bundle_.cgroup()) + "/" + file;
    }

    Runtime runtime_;
    Bundle& bundle_;
    Container container_;
};

}  // namespace corun::test
