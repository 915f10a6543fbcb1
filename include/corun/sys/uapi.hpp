// Constants and structures that Debian 12's headers lack. The only file that may use #ifndef for
// them.
#pragma once

#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include <cstdint>

// linux/mount.h is not included: glibc's sys/mount.h defines the same names.
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef PIDFD_NONBLOCK
#define PIDFD_NONBLOCK 04000  // NOLINT(cppcoreguidelines-macro-usage): as the kernel's headers
#endif
// linux/pidfd.h, Linux 6.13; the exit status since 6.15.
#ifndef PIDFD_GET_INFO
struct pidfd_info {  // NOLINT(readability-identifier-naming): as the kernel's header
    std::uint64_t mask;
    std::uint64_t cgroupid;
    std::uint32_t pid;
    std::uint32_t tgid;
    std::uint32_t ppid;
    std::uint32_t ids[8];  // NOLINT(modernize-avoid-c-arrays): eight user and group ids
    std::int32_t exit_code;
};

#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)
#endif
#ifndef PIDFD_INFO_EXIT
#define PIDFD_INFO_EXIT \
    (1UL << 3)  // NOLINT(cppcoreguidelines-macro-usage): as the kernel's headers
#endif
#ifndef PROC_SUPER_MAGIC
#define PROC_SUPER_MAGIC 0x9fa0
#endif
#ifndef SYSFS_MAGIC
#define SYSFS_MAGIC 0x62656572
#endif
#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270
#endif
