// Opens procfs where no one else can put anything in the way. Child side; as the container's root
// or, with the host's user namespace, as the caller.
#include "corun/setup/procfs.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <optional>
#include <utility>

namespace corun::setup {

namespace {

constexpr ino_t kProcRootInode = 1;  // fs/proc/root.c
constexpr std::uint64_t kBelowProc = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
constexpr std::uint64_t kOwnAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

sys::UniqueFd make_proc(ProcContent content) {
    sys::FilesystemContext context("proc");
    if (content == ProcContent::processes) {
        // A leaked handle shows nothing but processes that its holder could trace anyhow.
        context.set_string("hidepid", "ptraceable");
        context.set_string("subset", "pid");
    }
    context.create();
    return context.mount(kOwnAttributes);
}

/// Recursive, since a mount whose parts are covered cannot be cloned without the covers; these are
/// not crossed later.
sys::UniqueFd clone_host_proc() {
    sys::UniqueFd proc = sys::clone_tree(sys::FdRef::cwd(), "/proc", sys::Depth::recursive);
    if (sys::filesystem_type(proc) != PROC_SUPER_MAGIC ||
        sys::fstat(proc).st_ino != kProcRootInode) {
        throw Error("/proc is not a procfs");
    }
    return proc;
}

}  // namespace

sys::UniqueFd open_private_proc(ProcContent content) {
    std::optional<sys::UniqueFd> made = sys::unless_forbidden([&] { return make_proc(content); });
    return made ? std::move(*made) : clone_host_proc();
}

sys::UniqueFd open_in_proc(sys::FdRef proc, const std::string& path, int flags) {
    return sys::openat2(proc, path, static_cast<unsigned>(flags), kBelowProc | RESOLVE_NO_SYMLINKS);
}

sys::UniqueFd open_own_entry(sys::FdRef proc, const std::string& path, int flags) {
    // `thread-self` is the one symlink to follow, and procfs itself says where it leads.
    return sys::openat2(
        proc, concat("thread-self/", path), static_cast<unsigned>(flags), kBelowProc
    );
}

void open_own_proc(ChildContext& ctx) {
    ctx.proc = open_private_proc(ProcContent::processes);
}

void write_own_attribute(
    const ChildContext& ctx, const std::string& attribute, std::string_view value
) {
    const sys::UniqueFd file = open_own_entry(ctx.proc, attribute, O_WRONLY);
    sys::write_all(file, value);
}

}  // namespace corun::setup
