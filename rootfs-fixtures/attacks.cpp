// Attacks on a runtime by what it enters: see attacks.hpp. Runs as a process of the container, with
// the capabilities that the test gives it; reports numbers and judges nothing.
#include "attacks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

namespace attacks {

namespace {

using FileId = std::pair<dev_t, ino_t>;

volatile sig_atomic_t told_to_stop = 0;

void stop(int) {
    told_to_stop = 1;
}

std::string in_proc(pid_t pid, const char* name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
}

std::string path_of(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

/// Device 0, inode 0 if it cannot be known.
FileId file_id(const std::string& path) {
    struct stat info {};

    if (::stat(path.c_str(), &info) < 0) {
        return {};
    }
    return {info.st_dev, info.st_ino};
}

/// Numbered entries of a directory of /proc.
std::set<int> numbers_in(const std::string& path) {
    std::set<int> numbers;
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) {
        return numbers;
    }
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            numbers.insert(std::atoi(entry->d_name));
        }
    }
    ::closedir(directory);
    return numbers;
}

/// A descriptor of somebody else's program, and every way known to open it for writing.
class StolenProgram {
public:
    explicit StolenProgram(int fd) : fd_(fd) {}

    /// The byte that every program starts with, or the same one appended: success does no harm.
    [[nodiscard]] bool write_somehow(std::set<std::string>& refusals) const {
        (void)::mount(nullptr, path_of(fd_).c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr);
        mount_attr writable{};
        writable.attr_clr = MOUNT_ATTR_RDONLY;
        (void)::syscall(SYS_mount_setattr, fd_, "", AT_EMPTY_PATH, &writable, sizeof writable);
        const int clone = static_cast<int>(
            ::syscall(SYS_open_tree, fd_, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
        );
        bool written = write_to(path_of(fd_), refusals);
        if (clone >= 0) {
            (void
            )::syscall(SYS_mount_setattr, clone, "", AT_EMPTY_PATH, &writable, sizeof writable);
            written = write_to(path_of(clone), refusals) || written;
            ::close(clone);
        }
        return written;
    }

private:
    static bool write_to(const std::string& path, std::set<std::string>& refusals) {
        bool written = false;
        for (const int mode : {O_WRONLY, O_RDWR, O_WRONLY | O_APPEND}) {
            const int fd = ::open(path.c_str(), mode | O_CLOEXEC);
            if (fd >= 0 && ::pwrite(fd, "\x7f", 1, 0) == 1) {
                written = true;
            } else {
                refusals.insert(strerrorname_np(errno));
            }
            if (fd >= 0) {
                ::close(fd);
            }
        }
        return written;
    }

    int fd_;
};

class Predator {
public:
    Predator() : own_program_(file_id("/proc/self/exe")) { read_own_mounts(); }

    void look_around() {
        for (const pid_t pid : numbers_in("/proc")) {
            if (pid != ::getpid()) {
                prey_on(pid);
            }
        }
    }

    void tell() {
        for (const StolenProgram& program : programs_) {
            try_to_write(program);  // nobody executes it any more: no ETXTBSY
        }
        std::printf(
            "sightings=%d\nprograms=%zu\nwritten=%d\n", sightings_, programs_.size(), written_
        );
        std::printf("attached=%d\nroots=%d\n", attached_, roots_);
        for (const std::string& refusal : refusals_) {
            std::printf("refused=%s\n", refusal.c_str());
        }
        for (const std::string& directory : directories_) {
            std::printf("host-directory=%s\n", directory.c_str());
        }
    }

private:
    void prey_on(pid_t pid) {
        if (is_own_kind(pid)) {
            return;
        }
        ++sightings_;
        steal_program(pid);
        steal_directories(pid);
        const int root = ::open(in_proc(pid, "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root >= 0) {
            roots_ += is_foreign(root) ? 1 : 0;
            ::close(root);
        }
        attach(pid);
    }

    /// The payload itself may be looked into: it is the container's own.
    [[nodiscard]] bool is_own_kind(pid_t pid) const {
        return file_id(in_proc(pid, "exe")) == own_program_;
    }

    void steal_program(pid_t pid) {
        const int fd = ::open(in_proc(pid, "exe").c_str(), O_PATH | O_CLOEXEC);
        if (fd < 0) {
            return;
        }
        if (file_id(path_of(fd)) == own_program_ || programs_.size() >= kMostPrograms) {
            ::close(fd);
            return;
        }
        programs_.emplace_back(fd);
        try_to_write(programs_.back());
    }

    void try_to_write(const StolenProgram& program) {
        written_ += program.write_somehow(refusals_) ? 1 : 0;
    }

    void steal_directories(pid_t pid) {
        for (const int number : numbers_in(in_proc(pid, "fd"))) {
            const std::string path = in_proc(pid, "fd/") + std::to_string(number);
            char name[512] = {};
            (void)::readlink(path.c_str(), name, sizeof name - 1);
            const int fd = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
            if (fd < 0) {
                continue;
            }
            if (is_foreign(fd)) {
                directories_.insert(name);
            }
            ::close(fd);
        }
    }

    /// Stops it first: what has become the container's own program meanwhile does not count.
    void attach(pid_t pid) {
        if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) < 0) {
            return;
        }
        (void)::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
        int status = 0;
        if (::waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
            attached_ += is_own_kind(pid) ? 0 : 1;
            (void)::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
        }
    }

    /// On no mount of this namespace.
    [[nodiscard]] bool is_foreign(int fd) const {
        struct statx info {};

        return ::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) == 0 &&
               own_mounts_.count(info.stx_mnt_id) == 0;
    }

    void read_own_mounts() {
        std::FILE* table = std::fopen("/proc/self/mountinfo", "re");
        char line[8192];
        while (table != nullptr && std::fgets(line, sizeof line, table) != nullptr) {
            own_mounts_.insert(std::strtoull(line, nullptr, 10));
        }
        if (table != nullptr) {
            std::fclose(table);
        }
    }

    static constexpr std::size_t kMostPrograms = 500;

    FileId own_program_;
    std::set<unsigned long long> own_mounts_;
    std::vector<StolenProgram> programs_;
    std::set<std::string> refusals_;
    std::set<std::string> directories_;
    int sightings_ = 0;
    int written_ = 0;
    int attached_ = 0;
    int roots_ = 0;
};

}  // namespace

void prey_on_new_processes(const std::vector<std::string>&) {
    ::signal(SIGTERM, stop);
    Predator predator;
    std::puts("ready");
    std::fflush(stdout);
    while (told_to_stop == 0) {
        predator.look_around();
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }
    predator.tell();
    std::fflush(stdout);
}

void swap_names(const std::vector<std::string>& arguments) {
    std::puts("ready");
    std::fflush(stdout);
    while (::renameat2(
               AT_FDCWD, arguments.at(0).c_str(), AT_FDCWD, arguments.at(1).c_str(), RENAME_EXCHANGE
           ) == 0) {
    }
    std::printf("swap: %s\n", strerrorname_np(errno));
}

}  // namespace attacks
