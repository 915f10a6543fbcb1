// Keeps the host's corun binary out of the container's reach. First thing in main of the commands
// that enter a container; before any other descriptor is opened.
#include "corun/sys/own_binary.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace corun::sys {

namespace {

constexpr const char* kSelf = "/proc/self/exe";
constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool is_on_readonly_mount(FdRef binary) {
    struct statvfs status = {};
    if (::fstatvfs(binary.number(), &status) < 0) {
        throw_errno("fstatvfs", kSelf);
    }
    return (status.f_flag & ST_RDONLY) != 0;
}

/// Seals exist on memfds only; for other files the question is an error, thus "no".
bool is_sealed(FdRef binary) {
    const int seals = ::fcntl(binary.number(), F_GET_SEALS);
    return seals >= 0 && (seals & kAllSeals) == kAllSeals;
}

/// Neither the owner nor root: then nothing that descends from this process can write it either, as
/// a container maps no ids that its creator does not have.
bool belongs_to_others(FdRef binary) {
    const uid_t self = ::geteuid();
    return self != 0 && fstat(binary).st_uid != self &&
           ::faccessat(AT_FDCWD, kSelf, W_OK, AT_EACCESS) < 0;
}

/// Nothing where this process may not make mounts.
UniqueFd readonly_clone() {
    try {
        UniqueFd tree = clone_tree(FdRef::cwd(), kSelf, Depth::single);
        mount_setattr(
            tree, {.set = MOUNT_ATTR_RDONLY, .clear = 0, .propagation = 0}, Depth::single
        );
        return tree;
    } catch (const Error& error) {
        if (error.error_number() == EPERM || error.error_number() == EINVAL) {
            return {};
        }
        throw;
    }
}

UniqueFd sealed_copy(FdRef binary) {
    UniqueFd copy = memfd_create("corun");
    auto left = static_cast<std::size_t>(fstat(binary).st_size);
    while (left > 0) {
        const ssize_t sent = ::sendfile(copy.ref().number(), binary.number(), nullptr, left);
        if (sent <= 0) {
            throw_errno("sendfile", kSelf);
        }
        left -= static_cast<std::size_t>(sent);
    }
    if (::fcntl(copy.ref().number(), F_ADD_SEALS, kAllSeals) < 0) {
        throw_errno("fcntl(F_ADD_SEALS)");
    }
    return copy;
}

[[noreturn]] void execute(FdRef binary, char* const* argv, char* const* envp) {
    ::syscall(SYS_execveat, binary.number(), "", argv, envp, AT_EMPTY_PATH);
    throw_errno("execveat", kSelf);
}

}  // namespace

void ensure_own_binary_is_protected(char* const* argv, char* const* envp) {
    const UniqueFd binary = open(kSelf, O_RDONLY);
    if (is_on_readonly_mount(binary) || is_sealed(binary) || belongs_to_others(binary)) {
        // After execveat the kernel names the process after a descriptor number.
        set_process_name("corun");
        return;
    }
    in_context(
        [] { return std::string("protect the own binary"); },
        [&] {
            UniqueFd copy = readonly_clone();
            if (!copy) {
                copy = sealed_copy(binary);
            }
            execute(copy, argv, envp);
        }
    );
}

}  // namespace corun::sys
