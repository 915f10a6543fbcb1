// Writes sysctls. Child side, in the container's namespaces; never through a procfs that a rootfs
// or a sibling could have put in the way. (CVE-2025-52881)
#include "corun/setup/sysctl.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/procfs.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

namespace corun::setup {

namespace {

void write_one(sys::FdRef directory, const std::string& key, const std::string& value) {
    const sys::UniqueFd file = open_in_proc(directory, key, O_WRONLY);
    sys::write_all(file, value);
}

}  // namespace

void write_sysctls(ChildContext& ctx) {
    // A key is resolved from here, so that `..` in it leads nowhere else in procfs.
    const sys::UniqueFd directory =
        open_in_proc(open_private_proc(ProcContent::everything), "sys", O_PATH | O_DIRECTORY);
    for (const auto& [key, value] : ctx.plan.sysctls) {
        in_context(
            [&] { return concat("sysctl ", quote(key), " = ", quote(value)); },
            [&] { write_one(directory, key, value); }
        );
    }
}

}  // namespace corun::setup
