// What a container sees, as lines of text: integration tests run this program inside one.
// Static, needs no file of the container; it reports facts and judges nothing.
//
//   probe COMMAND [ARG…] [, COMMAND [ARG…]]…      run without arguments to see the commands
#include "attacks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <net/if.h>
#include <string>
#include <vector>

namespace {

using Arguments = std::vector<std::string>;

std::string cause() {
    const char* name = strerrorname_np(errno);
    return name != nullptr ? name : std::to_string(errno);
}

// "mkdir: ok" or "mkdir: EPERM".
void report(const std::string& what, long result) {
    std::printf("%s: %s\n", what.c_str(), result < 0 ? cause().c_str() : "ok");
}

int number(const std::string& text) {
    return static_cast<int>(std::strtol(text.c_str(), nullptr, 0));
}

std::string read_whole(const std::string& path, bool& ok) {
    std::string text;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ok = fd >= 0;
    char buffer[4096];
    while (ok) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        ok = count >= 0;
        if (count <= 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(count));
    }
    const int kept = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    errno = kept;
    return text;
}

// ---- the process ------------------------------------------------------------------------------

void show_args(const Arguments& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::printf("arg[%zu]=%s\n", i, arguments[i].c_str());
    }
}

void show_env(const Arguments&) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::puts(*entry);
    }
}

void show_cwd(const Arguments&) {
    char path[4096];
    // The system call, as libc turns an unreachable directory into an error of its own.
    const long length = ::syscall(SYS_getcwd, path, sizeof path);
    std::printf("cwd=%s\n", length > 0 ? path : cause().c_str());
}

void show_ids(const Arguments&) {
    uid_t real_user = 0;
    uid_t user = 0;
    uid_t saved_user = 0;
    gid_t real_group = 0;
    gid_t group = 0;
    gid_t saved_group = 0;
    ::getresuid(&real_user, &user, &saved_user);
    ::getresgid(&real_group, &group, &saved_group);
    std::printf("uid=%u,%u,%u\n", real_user, user, saved_user);
    std::printf("gid=%u,%u,%u\n", real_group, group, saved_group);
    gid_t groups[64];
    const int count = ::getgroups(64, groups);
    std::string list;
    for (int i = 0; i < count; ++i) {
        list += (i > 0 ? "," : "") + std::to_string(groups[i]);
    }
    std::printf("groups=%s\n", list.c_str());
}

void show_umask(const Arguments&) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    std::printf("umask=%04o\n", mask);
}

void show_status_lines(const char* const* keys, std::size_t count) {
    bool ok = false;
    const std::string status = read_whole("/proc/self/status", ok);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string key = std::string("\n") + keys[i] + ":\t";
        const std::size_t at = status.find(key);
        if (at != std::string::npos) {
            const std::size_t start = at + key.size();
            const std::string value = status.substr(start, status.find('\n', start) - start);
            std::printf("%s=%s\n", keys[i], value.c_str());
        }
    }
}

void show_caps(const Arguments&) {
    const char* const keys[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    show_status_lines(keys, 5);
}

void show_security(const Arguments&) {
    const char* const keys[] = {"NoNewPrivs", "Seccomp", "Seccomp_filters"};
    show_status_lines(keys, 3);
}

void show_signals(const Arguments&) {
    const char* const keys[] = {"SigBlk", "SigIgn", "SigCgt"};
    show_status_lines(keys, 3);
}

void show_limits(const Arguments&) {
    struct Limit {
        const char* name;
        __rlimit_resource resource;
    };

    const Limit limits[] = {
        {"RLIMIT_AS", RLIMIT_AS},
        {"RLIMIT_CORE", RLIMIT_CORE},
        {"RLIMIT_CPU", RLIMIT_CPU},
        {"RLIMIT_DATA", RLIMIT_DATA},
        {"RLIMIT_FSIZE", RLIMIT_FSIZE},
        {"RLIMIT_LOCKS", RLIMIT_LOCKS},
        {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
        {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
        {"RLIMIT_NICE", RLIMIT_NICE},
        {"RLIMIT_NOFILE", RLIMIT_NOFILE},
        {"RLIMIT_NPROC", RLIMIT_NPROC},
        {"RLIMIT_RSS", RLIMIT_RSS},
        {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
        {"RLIMIT_RTTIME", RLIMIT_RTTIME},
        {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
        {"RLIMIT_STACK", RLIMIT_STACK},
    };
    for (const Limit& limit : limits) {
        rlimit value{};
        ::getrlimit(limit.resource, &value);
        std::printf(
            "%s=%ld:%ld\n",
            limit.name,
            static_cast<long>(value.rlim_cur),
            static_cast<long>(value.rlim_max)
        );
    }
}

void show_fds(const Arguments&) {
    DIR* directory = ::opendir("/proc/self/fd");
    if (directory == nullptr) {
        report("opendir", -1);
        return;
    }
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] == '.' || number(entry->d_name) == ::dirfd(directory)) {
            continue;
        }
        char target[4096];
        const ssize_t length = ::readlinkat(::dirfd(directory), entry->d_name, target, 4096);
        std::printf("fd=%s %.*s\n", entry->d_name, static_cast<int>(length), target);
    }
    ::closedir(directory);
}

void show_pids(const Arguments&) {
    std::printf(
        "pid=%d\nppid=%d\npgid=%d\nsid=%d\n", ::getpid(), ::getppid(), ::getpgid(0), ::getsid(0)
    );
}

void show_scheduling(const Arguments&) {
    errno = 0;
    std::printf("nice=%d\n", ::getpriority(PRIO_PROCESS, 0));
    sched_param parameter{};
    ::sched_getparam(0, &parameter);
    std::printf("policy=%d\npriority=%d\n", ::sched_getscheduler(0), parameter.sched_priority);
    const long io = ::syscall(SYS_ioprio_get, 1, 0);
    std::printf("io-class=%ld\nio-priority=%ld\n", io >> 13, io & 0x1fff);
}

void show_affinity(const Arguments&) {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    std::string list;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) {
            list += (list.empty() ? "" : ",") + std::to_string(cpu);
        }
    }
    std::printf("cpus=%s\n", list.c_str());
}

void show_memory_policy(const Arguments&) {
    int mode = 0;
    unsigned long nodes[16] = {};
    if (::syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, nullptr, 0) < 0) {
        report("get_mempolicy", -1);
        return;
    }
    std::printf("mempolicy=%#x\nmempolicy-nodes=%#lx\n", static_cast<unsigned>(mode), nodes[0]);
}

void show_personality(const Arguments&) {
    std::printf("personality=%#x\n", static_cast<unsigned>(::personality(0xffffffff)));
}

void show_keyring(const Arguments&) {
    char text[256] = {};
    const long length =
        ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text - 1);
    std::printf("keyring=%s\n", length < 0 ? cause().c_str() : text);
}

void show_terminal(const Arguments&) {
    for (int fd = 0; fd < 3; ++fd) {
        std::printf("tty[%d]=%s\n", fd, ::isatty(fd) == 1 ? "yes" : "no");
    }
    winsize size{};
    if (::ioctl(0, TIOCGWINSZ, &size) == 0) {
        std::printf("size=%ux%u\n", size.ws_col, size.ws_row);
    }
    const int controlling = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    report("controlling-terminal", controlling);
}

// ---- the system around it ---------------------------------------------------------------------

void show_namespaces(const Arguments&) {
    for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
        char target[128] = {};
        if (::readlink((std::string("/proc/self/ns/") + name).c_str(), target, 127) > 0) {
            std::printf("ns-%s=%s\n", name, target);
        }
    }
}

void show_names(const Arguments&) {
    utsname names{};
    ::uname(&names);
    std::printf("hostname=%s\ndomainname=%s\n", names.nodename, names.domainname);
}

void show_machine(const Arguments&) {
    utsname names{};
    ::uname(&names);
    std::printf("machine=%s\n", names.machine);
}

void show_interfaces(const Arguments&) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex* const list = ::if_nameindex();
    for (struct if_nameindex* entry = list; entry != nullptr && entry->if_index != 0; ++entry) {
        ifreq request{};
        std::strncpy(request.ifr_name, entry->if_name, IFNAMSIZ - 1);
        ::ioctl(socket, SIOCGIFFLAGS, &request);
        const bool up = (request.ifr_flags & IFF_UP) != 0;
        std::printf("interface=%s %s\n", entry->if_name, up ? "up" : "down");
    }
    ::if_freenameindex(list);
    ::close(socket);
}

// mount PATH: the topmost mount at PATH, from mountinfo.
void show_mount(const Arguments& arguments) {
    bool ok = false;
    const std::string table = read_whole("/proc/self/mountinfo", ok);
    std::string found;
    for (std::size_t start = 0; start < table.size();) {
        const std::size_t end = table.find('\n', start);
        const std::string line = table.substr(start, end - start);
        char point[4096];
        if (std::sscanf(line.c_str(), "%*s %*s %*s %*s %4095s", point) == 1 &&
            arguments.at(0) == point) {
            found = line;
        }
        start = end + 1;
    }
    if (found.empty()) {
        std::printf("no mount at %s\n", arguments.at(0).c_str());
        return;
    }
    char options[1024];
    char root[1024];
    int rest = 0;
    std::sscanf(found.c_str(), "%*s %*s %*s %1023s %*s %1023s %n", root, options, &rest);
    const std::string tail = found.substr(static_cast<std::size_t>(rest));
    const std::size_t dash = tail.find("- ");
    char type[128];
    char source[1024];
    char super[1024] = "";
    std::sscanf(tail.c_str() + dash, "- %127s %1023s %1023s", type, source, super);
    std::printf("type=%s\nsource=%s\nroot=%s\noptions=%s\n", type, source, root, options);
    std::printf("super=%s\npropagation=%s\n", super, tail.substr(0, dash).c_str());
}

void show_file(const Arguments& arguments) {
    bool ok = false;
    const std::string text = read_whole(arguments.at(0), ok);
    if (!ok) {
        report("read " + arguments[0], -1);
        return;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void show_list(const Arguments& arguments) {
    DIR* directory = ::opendir(arguments.at(0).c_str());
    if (directory == nullptr) {
        report("list " + arguments[0], -1);
        return;
    }
    while (const dirent* entry = ::readdir(directory)) {
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
            std::printf("entry=%s\n", entry->d_name);
        }
    }
    ::closedir(directory);
}

// stat PATH: type, mode, owner, device numbers; symlinks are not followed but shown.
void show_stat(const Arguments& arguments) {
    struct stat info {};

    if (::lstat(arguments.at(0).c_str(), &info) < 0) {
        report("stat " + arguments[0], -1);
        return;
    }
    const char* type = S_ISREG(info.st_mode)    ? "file"
                       : S_ISDIR(info.st_mode)  ? "directory"
                       : S_ISLNK(info.st_mode)  ? "symlink"
                       : S_ISCHR(info.st_mode)  ? "char"
                       : S_ISBLK(info.st_mode)  ? "block"
                       : S_ISFIFO(info.st_mode) ? "fifo"
                                                : "socket";
    std::printf(
        "%s: %s %04o %u:%u",
        arguments[0].c_str(),
        type,
        info.st_mode & 07777,
        info.st_uid,
        info.st_gid
    );
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
        std::printf(" %u:%u", major(info.st_rdev), minor(info.st_rdev));
    }
    if (S_ISLNK(info.st_mode)) {
        char target[4096];
        const ssize_t length = ::readlink(arguments[0].c_str(), target, sizeof target);
        std::printf(" -> %.*s", static_cast<int>(length), target);
    }
    std::printf("\n");
}

// ---- attempts: "WHAT: ok" or "WHAT: EXXX" -------------------------------------------------------

void try_write(const Arguments& arguments) {
    const std::string& path = arguments.at(0);
    const std::string text = arguments.size() > 1 ? arguments[1] : "x";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ssize_t result = fd;
    if (fd >= 0) {
        result = ::write(fd, text.data(), text.size());
        const int kept = errno;
        ::close(fd);
        errno = kept;
    }
    report("write " + path, result);
}

void try_open(const Arguments& arguments) {
    const int fd = ::open(arguments.at(0).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    report("open " + arguments[0], fd);
}

void try_mkdir(const Arguments& arguments) {
    report("mkdir " + arguments.at(0), ::mkdir(arguments[0].c_str(), 0755));
}

void try_mknod(const Arguments& arguments) {
    report(
        "mknod " + arguments.at(0), ::mknod(arguments[0].c_str(), S_IFCHR | 0600, makedev(1, 3))
    );
}

void try_chmod(const Arguments& arguments) {
    report("chmod " + arguments.at(0), ::chmod(arguments[0].c_str(), 0700));
}

void try_mount(const Arguments& arguments) {
    report("mount " + arguments.at(0), ::mount("tmpfs", arguments[0].c_str(), "tmpfs", 0, nullptr));
}

void try_remount(const Arguments& arguments) {
    report(
        "remount " + arguments.at(0),
        ::mount(nullptr, arguments[0].c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr)
    );
}

void try_umount(const Arguments& arguments) {
    report("umount " + arguments.at(0), ::umount2(arguments[0].c_str(), MNT_DETACH));
}

void try_unshare_user(const Arguments&) {
    report("unshare-user", ::unshare(CLONE_NEWUSER));
}

void try_sethostname(const Arguments& arguments) {
    report("sethostname", ::sethostname(arguments.at(0).data(), arguments[0].size()));
}

void try_socket(const Arguments& arguments) {
    const int fd = ::socket(number(arguments.at(0)), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    report("socket " + arguments[0], fd);
}

void try_personality(const Arguments& arguments) {
    const int persona = number(arguments.at(0));
    report("personality " + arguments[0], ::personality(static_cast<unsigned>(persona)));
}

// A system call by number, all arguments 0.
void try_syscall(const Arguments& arguments) {
    report("syscall " + arguments.at(0), ::syscall(number(arguments[0]), 0, 0, 0, 0, 0, 0));
}

void try_exec(const Arguments& arguments) {
    std::fflush(stdout);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    report("exec " + arguments.at(0), -1);
}

// ---- behaviour over time ------------------------------------------------------------------------

// wait: prints "ready", then waits; says which signal came and exits with 0.
void wait_for_signal(const Arguments&) {
    sigset_t set;
    sigfillset(&set);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    std::puts("ready");
    std::fflush(stdout);
    int signal = SIGCHLD;
    while (signal == SIGCHLD || signal == SIGWINCH) {
        ::sigwait(&set, &signal);
    }
    std::printf("got SIG%s\n", sigabbrev_np(signal));
    std::fflush(stdout);
}

// pause: as wait, but signals keep their default action.
void pause_forever(const Arguments&) {
    std::puts("ready");
    std::fflush(stdout);
    while (true) {
        ::pause();
    }
}

// cat: copies its input to its output.
void copy_stdin(const Arguments&) {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::read(0, buffer, sizeof buffer)) > 0) {
        std::fwrite(buffer, 1, static_cast<std::size_t>(count), stdout);
        std::fflush(stdout);
    }
}

/// Says its argument to $NOTIFY_SOCKET (sd_notify(3)) and stays.
void notify(const Arguments& arguments) {
    const char* const path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path == nullptr ? "" : path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const std::string& text = arguments.at(0);
    const ssize_t sent = ::sendto(
        socket,
        text.data(),
        text.size(),
        0,
        reinterpret_cast<const sockaddr*>(&address),
        sizeof address
    );
    if (sent < 0) {
        std::perror("sendto");
        ::_exit(1);
    }
    ::pause();
}

void leave(const Arguments& arguments) {
    std::fflush(stdout);
    ::_exit(number(arguments.at(0)));
}

void kill_self(const Arguments& arguments) {
    std::fflush(stdout);
    ::signal(number(arguments.at(0)), SIG_DFL);
    ::kill(::getpid(), number(arguments[0]));
}

void write_stderr(const Arguments& arguments) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", arguments.at(0).c_str());
}

// orphan: leaves a child behind that ends only when killed, and exits.
void leave_orphan(const Arguments&) {
    std::fflush(stdout);
    if (::fork() == 0) {
        pause_forever({});
    }
}

// spawn N: as many children as it can, up to N; they end with their parent.
void spawn_children(const Arguments& arguments) {
    std::fflush(stdout);
    int made = 0;
    std::string failure = "none";
    for (; made < number(arguments.at(0)); ++made) {
        const pid_t child = ::fork();
        if (child < 0) {
            failure = cause();
            break;
        }
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (true) {
                ::pause();
            }
        }
    }
    std::printf("spawned=%d error=%s\n", made, failure.c_str());
    std::fflush(stdout);
}

// allocate MIB: touches every page of so much memory.
void allocate(const Arguments& arguments) {
    const std::size_t size = static_cast<std::size_t>(number(arguments.at(0))) << 20;
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        report("allocate", -1);
        return;
    }
    std::memset(memory, 1, size);
    report("allocate", 0);
}

// burn SECONDS: uses processor time, then tells how much it got of the wall clock's, in percent.
void burn(const Arguments& arguments) {
    const auto now = [](clockid_t clock) {
        timespec time{};
        ::clock_gettime(clock, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    };
    const double start = now(CLOCK_MONOTONIC);
    const double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    while (now(CLOCK_MONOTONIC) - start < std::strtod(arguments.at(0).c_str(), nullptr)) {
    }
    const double share = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (now(CLOCK_MONOTONIC) - start);
    std::printf("cpu-percent=%d\n", static_cast<int>(share * 100));
}

struct Command {
    const char* name;
    void (*run)(const Arguments& arguments);
};

const Command kCommands[] = {
    {"affinity", show_affinity},
    {"allocate", allocate},
    {"args", show_args},
    {"burn", burn},
    {"caps", show_caps},
    {"cat", copy_stdin},
    {"cwd", show_cwd},
    {"env", show_env},
    {"exit", leave},
    {"fds", show_fds},
    {"ids", show_ids},
    {"interfaces", show_interfaces},
    {"keyring", show_keyring},
    {"kill-self", kill_self},
    {"limits", show_limits},
    {"list", show_list},
    {"machine", show_machine},
    {"mempolicy", show_memory_policy},
    {"mount", show_mount},
    {"names", show_names},
    {"namespaces", show_namespaces},
    {"notify", notify},
    {"orphan", leave_orphan},
    {"pause", pause_forever},
    {"personality", show_personality},
    {"pids", show_pids},
    {"prey", attacks::prey_on_new_processes},
    {"read", show_file},
    {"scheduling", show_scheduling},
    {"security", show_security},
    {"signals", show_signals},
    {"spawn", spawn_children},
    {"stat", show_stat},
    {"stderr", write_stderr},
    {"swap", attacks::swap_names},
    {"terminal", show_terminal},
    {"try-chmod", try_chmod},
    {"try-exec", try_exec},
    {"try-mkdir", try_mkdir},
    {"try-mknod", try_mknod},
    {"try-mount", try_mount},
    {"try-open", try_open},
    {"try-personality", try_personality},
    {"try-remount", try_remount},
    {"try-sethostname", try_sethostname},
    {"try-socket", try_socket},
    {"try-syscall", try_syscall},
    {"try-umount", try_umount},
    {"try-unshare-user", try_unshare_user},
    {"try-write", try_write},
    {"umask", show_umask},
    {"wait", wait_for_signal},
};

bool run_command(const Arguments& words) {
    for (const Command& command : kCommands) {
        if (words.front() == command.name) {
            command.run(Arguments(words.begin() + 1, words.end()));
            return true;
        }
    }
    std::fprintf(stderr, "probe: no command '%s'\n", words.front().c_str());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: probe COMMAND [ARG...] [, COMMAND [ARG...]]...\ncommands:");
        for (const Command& command : kCommands) {
            std::fprintf(stderr, " %s", command.name);
        }
        std::fprintf(stderr, "\n");
        return 2;
    }
    Arguments words;
    for (int i = 1; i <= argc; ++i) {
        if (i < argc && std::strcmp(argv[i], ",") != 0) {
            words.emplace_back(argv[i]);
            continue;
        }
        if (!words.empty() && !run_command(words)) {
            return 2;
        }
        words.clear();
    }
    return 0;
}
