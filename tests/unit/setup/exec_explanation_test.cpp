// Why execve(2) refuses a file: one row for each cause, with files made for it.
#include "corun/setup/exec_explanation.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>

using namespace corun;
using namespace corun::setup;

namespace {

/// A directory that everybody may enter, with files in it.
class Files {
public:
    Files() {
        REQUIRE(::mkdtemp(directory_.data()) != nullptr);
        REQUIRE(::chmod(directory_.c_str(), 0755) == 0);
    }

    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    Files(Files&&) = delete;
    Files& operator=(Files&&) = delete;

    ~Files() { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string path(const std::string& name) const {
        return concat(directory_, "/", name);
    }

    std::string file(const std::string& name, std::string_view text, mode_t mode) const {
        sys::write_all(sys::open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600), text);
        (void)::chmod(path(name).c_str(), mode);
        return path(name);
    }

    void directory(const std::string& name, mode_t mode) const {
        sys::mkdirat(sys::FdRef::cwd(), path(name), 0700);
        (void)::chmod(path(name).c_str(), mode);
    }

private:
    std::string directory_ = "/tmp/corun-exec-XXXXXX";
};

/// explain_path() as uid 1000, gid 1000.
std::string as_user(const std::string& path) {
    const Plan plan;
    const test::StepOutcome outcome = test::run_in_child(plan, [&](ChildContext&) {
        if (::setresgid(1000, 1000, 1000) != 0 || ::setresuid(1000, 1000, 1000) != 0) {
            return std::string("cannot become another user");
        }
        return explain_path(path);
    });
    return outcome.error.empty() ? outcome.found : outcome.error;
}

bool is_root() {
    return ::geteuid() == 0;
}

template <class Structure>
void append(std::string& text, const Structure& structure) {
    text.append(reinterpret_cast<const char*>(&structure), sizeof structure);
}

/// For which machine this test is.
Elf64_Half own_machine() {
    const std::string head =
        sys::read_at(sys::open("/proc/self/exe", O_RDONLY), 0, sizeof(Elf64_Ehdr));
    Elf64_Ehdr header = {};
    std::memcpy(&header, head.data(), std::min(head.size(), sizeof header));
    return header.e_machine;
}

/// As much of a 64-bit program as says for which machine and with which loader.
std::string program_for(Elf64_Half machine, const std::string& loader) {
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_machine = machine;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    Elf64_Phdr segment = {};
    segment.p_type = PT_INTERP;
    segment.p_offset = sizeof header + sizeof segment;
    segment.p_filesz = loader.size() + 1;
    std::string text;
    append(text, header);
    append(text, segment);
    return text + loader + '\0';
}

}  // namespace

TEST_CASE("exec explanation: the first component of a path that is missing is named") {
    const Files files;
    files.directory("a", 0755);
    (void)::symlink("/no/where", files.path("dangling").c_str());

    CHECK(explain_path(files.path("a/b/c")) == concat(quote(files.path("a/b")), " does not exist"));
    CHECK(explain_path(files.path("a/b")) == concat(quote(files.path("a/b")), " does not exist"));
    CHECK(
        explain_path(files.path("dangling/x")) ==
        concat(quote(files.path("dangling")), " is a symlink to '/no/where', which does not exist")
    );
    CHECK(
        explain_path(files.path("dangling")) ==
        concat(quote(files.path("dangling")), " is a symlink to '/no/where', which does not exist")
    );
}

TEST_CASE("exec explanation: a file in place of a directory, and a symlink to itself, are named") {
    const Files files;
    const std::string file = files.file("file", "x", 0644);
    (void)::symlink("loop", files.path("loop").c_str());

    CHECK(
        explain_path(file + "/x") ==
        concat(quote(file), " is a file, where a directory is expected")
    );
    CHECK(
        explain_path(files.path("loop/x")) ==
        concat(quote(files.path("loop")), " is a symlink that leads to itself")
    );
}

TEST_CASE("exec explanation: nothing is said of what can be executed") {
    CHECK(explain_path("/bin/sh") == "");
    CHECK(forecast_exec("/bin/sh").error_number == 0);
}

TEST_CASE("exec explanation: who lacks the x permission on what is told, and what helps") {
    if (!is_root()) {
        MESSAGE("skipped: needs root to become another user");
        return;
    }
    const Files files;
    files.directory("closed", 0700);
    files.file("closed/program", "#!/bin/sh\n", 0755);
    files.file("plain", "x", 0644);

    CHECK(
        as_user(files.path("closed/program")) ==
        concat(
            "uid 1000 gid 1000 has no x permission on directory ",
            quote(files.path("closed")),
            " (mode 0700, owner 0:0): chmod a+x it, or run as another user"
        )
    );
    CHECK(
        as_user(files.path("plain")) ==
        concat(
            "uid 1000 gid 1000 has no x permission on ",
            quote(files.path("plain")),
            " (mode 0644, owner 0:0): chmod a+x it, or run as another user"
        )
    );
}

TEST_CASE("exec explanation: a mount with noexec is named") {
    if (!is_root()) {
        MESSAGE("skipped: needs root to mount");
        return;
    }
    const Plan plan;
    const Files files;
    const test::StepOutcome outcome = test::run_in_child(
        plan,
        [&](ChildContext&) {
            (void)::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
            if (::mount("none", files.path("").c_str(), "tmpfs", MS_NOEXEC, nullptr) != 0) {
                return std::string("cannot mount");
            }
            return explain_path(files.file("program", "#!/bin/sh\n", 0755));
        },
        CLONE_NEWNS
    );

    CHECK(
        outcome.found ==
        concat("the file system of ", quote(files.path("program")), " is mounted noexec")
    );
}

TEST_CASE("exec explanation: a script's missing interpreter is named") {
    const Files files;
    const ExecForecast missing =
        forecast_exec(files.file("a", "#! /usr/bin/nosuch -u\nprint\n", 0755));
    const ExecForecast windows = forecast_exec(files.file("b", "#!/bin/sh\r\ntrue\r\n", 0755));
    const ExecForecast plain = forecast_exec(files.file("c", "#!/etc/passwd\n", 0755));

    CHECK(missing.error_number == ENOENT);
    CHECK(
        missing.reason ==
        "it is a script whose interpreter is '/usr/bin/nosuch': '/usr/bin/nosuch' does not exist"
    );
    CHECK(windows.error_number == ENOENT);
    CHECK(
        windows.reason == "its first line ends in CR LF, and so the interpreter is '/bin/sh\\x0d'"
    );
    CHECK(plain.error_number == EACCES);
}

TEST_CASE("exec explanation: a missing dynamic loader, and another architecture, are named") {
    const Files files;
    const ExecForecast other = forecast_exec(files.file("a", program_for(EM_68K, ""), 0755));
    CHECK(other.error_number == ENOEXEC);
    CHECK(other.reason.starts_with("it is for ELF machine 4, this machine is "));

    const Elf64_Half own = own_machine();
    const ExecForecast loader =
        forecast_exec(files.file("b", program_for(own, "/lib/no.so"), 0755));
    CHECK(loader.error_number == ENOENT);
    CHECK(loader.reason == "it needs the dynamic loader '/lib/no.so': '/lib/no.so' does not exist");
}

TEST_CASE("exec explanation: what is no program at all is told") {
    const Files files;

    CHECK(forecast_exec(files.file("a", "", 0755)).reason == "it is empty");
    CHECK(
        forecast_exec(files.file(
                          "b",
                          "\x7f"
                          "ELF",
                          0755
                      ))
            .reason == "it is cut off"
    );
    CHECK(
        forecast_exec(files.file("c", "echo hello\n", 0755)).reason ==
        "it is neither a binary nor a script: its first line does not begin with #!"
    );
}

TEST_CASE("exec explanation: a fifo is not waited for") {
    const Files files;
    (void)::mkfifo(files.path("fifo").c_str(), 0755);

    CHECK(forecast_exec(files.path("fifo")).error_number == 0);
}

TEST_CASE("exec explanation: hostile programs do not lead outside the text") {
    std::string text = program_for(EM_68K, "/x");
    for (std::size_t size = 0; size < text.size(); ++size) {
        const Files files;
        (void)forecast_exec(files.file("cut", text.substr(0, size), 0755));
    }
    Elf64_Ehdr header = {};
    std::memcpy(&header, text.data(), sizeof header);
    header.e_phoff = ~0ULL - 20;
    header.e_phnum = 65535;
    std::memcpy(text.data(), &header, sizeof header);
    const Files files;
    CHECK(forecast_exec(files.file("far", text, 0755)).error_number == ENOEXEC);
}

TEST_CASE("exec explanation: the interpreter is the first word after #!") {
    CHECK(interpreter_of("#!/bin/sh\nx") == "/bin/sh");
    CHECK(interpreter_of("#! \t/usr/bin/env python3 -u\n") == "/usr/bin/env");
    CHECK(interpreter_of("#!\n") == "");
    CHECK(interpreter_of("#/bin/sh\n") == "");
    CHECK(interpreter_of("") == "");
}
