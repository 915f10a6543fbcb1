/* The floor under `run`: what the kernel must do for runc's default bundle, done by one small static
 * program that reads no configuration, checks nothing twice and writes no state. What a runtime needs
 * beyond this time is its own. Runs as root:
 *
 *   floor ROOTFS CGROUP COMMAND      CGROUP is a directory to make and remove again
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static void need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
        _exit(125);
    }
}

static void make_mounts(void)
{
    static const struct {
        const char *type, *target, *data;
        unsigned long flags;
    } mounts[] = {
        {"proc", "proc", NULL, 0},
        {"tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME},
        {"devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC},
        {"tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV},
        {"mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
        {"sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
        {"cgroup2", "sys/fs/cgroup", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME | MS_RDONLY},
    };

    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        if (strncmp(mounts[i].target, "dev/", 4) == 0)
            need(mkdir(mounts[i].target, 0755) == 0, mounts[i].target);
        need(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].data) == 0,
             mounts[i].target);
    }
}

static void make_devices(void)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } nodes[] = {
        {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
        {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
    };
    static const char *const links[][2] = {
        {"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
        {"/proc/self/fd/2", "dev/stderr"}, {"/proc/kcore", "dev/core"}, {"pts/ptmx", "dev/ptmx"},
    };

    umask(0);
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        need(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) == 0, nodes[i].path);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        need(symlink(links[i][0], links[i][1]) == 0, links[i][1]);
    umask(022);
}

static void mask_paths(void)
{
    static const char *const masked[] = {
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
    };
    static const char *const readonly[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    };

    for (size_t i = 0; i < sizeof masked / sizeof masked[0]; i++)
        if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) != 0 && errno == ENOTDIR)
            need(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k") == 0, masked[i]);
    for (size_t i = 0; i < sizeof readonly / sizeof readonly[0]; i++)
        if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) == 0)
            need(mount(NULL, readonly[i], NULL,
                       MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0,
                 readonly[i]);
}

static void bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    need(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0, "lo");
    close(fd);
}

static void become_container(const char *rootfs, char **command)
{
    struct rlimit files = {1024, 1024};

    need(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) == 0, "slave /");
    need(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) == 0, "bind root");
    need(chdir(rootfs) == 0, "chdir");
    make_mounts();
    make_devices();
    need(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
    need(umount2(".", MNT_DETACH) == 0, "umount");
    need(mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0, "read-only /");
    mask_paths();
    bring_loopback_up();
    need(sethostname("floor", 5) == 0, "sethostname");
    need(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
    need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    execv(command[0], command);
    need(0, command[0]);
}

int main(int argc, char **argv)
{
    struct clone_args args = {0};
    int pidfd = -1, cgroup;
    siginfo_t info;
    long pid;

    if (argc < 4) {
        fprintf(stderr, "usage: floor ROOTFS CGROUP COMMAND...\n");
        return 125;
    }
    need(mkdir(argv[2], 0755) == 0, argv[2]);
    cgroup = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    need(cgroup >= 0, argv[2]);
    args.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP |
                 CLONE_PIDFD | CLONE_INTO_CGROUP;
    args.pidfd = (uint64_t)(uintptr_t)&pidfd;
    args.exit_signal = SIGCHLD;
    args.cgroup = (uint64_t)cgroup;
    pid = syscall(SYS_clone3, &args, sizeof args);
    need(pid >= 0, "clone3");
    if (pid == 0)
        become_container(argv[1], argv + 3);
    need(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0, "waitid");
    need(rmdir(argv[2]) == 0, "rmdir");
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
