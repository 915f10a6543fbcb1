// The files of one log: when the next is begun, and what a failed write leaves.
#include "corun/supervise/log_file.hpp"

#include "log_support.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

namespace {

struct Files {
    explicit Files(const LogPolicy& of) : policy(of), file(path, policy) {}

    /// As the pump does.
    void append(const std::string& records, bool in_line = false) {
        if (file.is_due(records.size())) {
            REQUIRE(file.rotate_errno() == 0);
        }
        REQUIRE(file.open_errno() == 0);
        REQUIRE(file.append_errno(records, LogStream::out, in_line) == 0);
    }

    [[nodiscard]] std::uint64_t total_size() const {
        std::uint64_t total = 0;
        for (const auto& entry : std::filesystem::directory_iterator(directory.path)) {
            total += entry.file_size();
        }
        return total;
    }

    ScratchDirectory directory;
    std::string path = directory.path + "/web.log";
    LogPolicy policy;
    LogFile file;
};

/// No file grows beyond `bytes` in this scope.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &former_);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = former_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }

    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    FileSizeLimit(FileSizeLimit&&) = delete;
    FileSizeLimit& operator=(FileSizeLimit&&) = delete;

    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &former_);
        (void)std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit former_ = {};
    void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("log file: the next one is begun when a record does not fit, and the oldest go") {
    Files files({.max_size_bytes = 10, .max_files = 2});

    for (const char* record : {"first\n", "second\n", "third\n"}) {
        files.append(record);
    }

    CHECK(file_text(files.path) == "third\n");
    CHECK(file_text(files.path + ".1") == "second\n");
    CHECK(file_text(files.path + ".2") == "");
}

TEST_CASE("log file: a line is kept together up to twice the size") {
    Files files({.max_size_bytes = 10, .max_files = 3});

    for (int i = 0; i < 3; ++i) {
        files.append("12345678", true);
    }

    CHECK(file_text(files.path) == std::string("12345678") + "12345678" + "12345678");
    files.append("12345678", true);
    CHECK(file_text(files.path) == "12345678");
}

TEST_CASE("log file: all files together keep to their limit, also with a line without an end") {
    Files files({.max_size_bytes = 100, .max_files = 4, .total_size_bytes = 150});

    for (int i = 0; i < 100; ++i) {
        files.append("0123456789", true);
        CHECK(files.total_size() <= 150);
    }
}

TEST_CASE("log file: a write that fails midway is taken back") {
    Files files({});
    files.append("whole\n");

    {
        const FileSizeLimit limit(10);
        CHECK(files.file.append_errno("does not fit\n", LogStream::out, false) == EFBIG);
    }

    CHECK(file_text(files.path) == "whole\n");
    files.append("next\n");
    CHECK(file_text(files.path) == "whole\nnext\n");
}

TEST_CASE("log file: what somebody else cut off does not come back as zeros") {
    Files files({});
    files.append("moved away by copytruncate\n");
    std::filesystem::resize_file(files.path, 0);

    {
        const FileSizeLimit limit(10);
        CHECK(files.file.append_errno("does not fit\n", LogStream::out, false) == EFBIG);
    }

    CHECK(file_text(files.path) == "");
    CHECK(files.file.place().size_bytes == 0);
}
