#include "corun/supervise/log_file.hpp"

#include "corun/sys/file.hpp"
#include "forked.hpp"
#include "log_support.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;
using corun::test::expect;

namespace {

/// Writes fail beyond it, after what there is room for. In a child only.
void limit_file_size(rlim_t bytes) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
    expect(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "a limit");
}

/// As logrotate's copytruncate does.
void empty(const std::string& path) {
    sys::truncate(sys::open(path, O_WRONLY), 0);
}

int append_errno(LogFile& file, std::string_view records) {
    const int error_number = file.open_errno();
    return error_number != 0 ? error_number : file.append_errno(records, LogStream::out, false);
}

void fill(const std::string& path, std::size_t size) {
    sys::create_file(sys::FdRef::cwd(), path, std::string(size - 1, 'x') + "\n", 0640);
}

bool is_there(const std::string& path) {
    struct stat status = {};
    return sys::lstat_errno(path, status) == 0;
}

}  // namespace

TEST_CASE("log file: a record that was written in part is taken back") {
    const ScratchDirectory directory;
    const std::string path = directory.path + "/web.log";
    const std::string error = corun::test::error_in_child(0, [&] {
        limit_file_size(100);
        const LogPolicy policy;
        LogFile file(path, policy);
        expect(append_errno(file, "first\n") == 0, "the first is written");
        expect(append_errno(file, std::string(200, 'x')) == EFBIG, "no room for the second");
    });

    CHECK(error == "");
    CHECK(file_text(path) == "first\n");
}

TEST_CASE("log file: nothing is left of a failed write though somebody emptied the file before") {
    const ScratchDirectory directory;
    const std::string path = directory.path + "/web.log";
    const std::string error = corun::test::error_in_child(0, [&] {
        limit_file_size(100);
        const LogPolicy policy;
        LogFile file(path, policy);
        expect(append_errno(file, std::string(59, 'x') + "\n") == 0, "the first is written");
        empty(path);
        expect(append_errno(file, std::string(200, 'y')) == EFBIG, "no room for the second");
    });

    CHECK(error == "");
    CHECK(file_text(path).empty());
}

TEST_CASE(
    "log file: a file that was emptied just before a failed write gets no zeros" *
    corun::test::needs_privilege(corun::test::Privilege::namespaces)
) {
    const ScratchDirectory disk;
    const std::string path = disk.path + "/web.log";
    const std::string error = corun::test::error_in_child(CLONE_NEWNS, [&] {
        mount_small_disk(disk.path);
        const LogPolicy policy;
        LogFile file(path, policy);
        expect(append_errno(file, std::string(99, 'x') + "\n") == 0, "the first is written");
        empty(path);
        fill_disk(disk.path + "/filler");
        const int error_number = file.append_errno("second\n", LogStream::out, false);
        expect(error_number == ENOSPC, "no room for the second");
        expect(file_text(path).empty(), "nothing is there");
    });

    CHECK(error == "");
}

TEST_CASE("log file: one that somebody emptied has its room again, and its place is its beginning"
) {
    const ScratchDirectory directory;
    const std::string path = directory.path + "/web.log";
    const LogPolicy policy{.max_size_bytes = 100};
    LogFile file(path, policy);
    REQUIRE(append_errno(file, std::string(99, 'x') + "\n") == 0);
    REQUIRE(file.is_due(10));
    empty(path);
    REQUIRE(file.open_errno() == 0);

    CHECK(file.room() == 100);
    CHECK_FALSE(file.is_due(10));
    CHECK(file.place().size_bytes == 0);
}

TEST_CASE("log file: the oldest go to make room for the parts of a line") {
    const ScratchDirectory directory;
    const std::string path = directory.path + "/web.log";
    const LogPolicy policy{.max_size_bytes = 100, .max_files = 9, .total_size_bytes = 350};
    fill(path, 100);
    fill(path + ".1", 100);
    fill(path + ".2", 100);
    LogFile file(path, policy);
    REQUIRE(file.open_errno() == 0);

    CHECK(file.make_room_errno(50) == 0);
    CHECK(is_there(path + ".2"));
    CHECK(file.make_room_errno(51) == 0);
    CHECK(is_there(path + ".1"));
    CHECK_FALSE(is_there(path + ".2"));
}

TEST_CASE("log file: a line is parted where it would be larger than all files may be") {
    const ScratchDirectory directory;
    const LogPolicy policy{.max_size_bytes = 100, .max_files = 2, .total_size_bytes = 150};
    LogFile file(directory.path + "/web.log", policy);
    REQUIRE(file.open_errno() == 0);
    REQUIRE(file.append_errno(std::string(119, 'x') + "\n", LogStream::out, true) == 0);

    CHECK_FALSE(file.is_due(30));
    CHECK(file.is_due(31));
}
