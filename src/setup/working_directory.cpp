// chdir(2) into process.cwd, tried as root first and then as the payload's user, as runc does.
#include "corun/setup/working_directory.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <fcntl.h>

#include <cerrno>
#include <optional>

namespace corun::setup {

namespace {

[[noreturn]] void refuse_cwd(const std::string& cwd, int error_number) {
    throw Error(
        concat("chdir to cwd (", double_quote(cwd), ") set in config.json failed"), error_number
    );
}

/// A descriptor of the host that leaked, or /proc/self/fd/N of one as cwd, would lead out of the
/// container; the kernel then has no path for it. (CVE-2024-21626)
void verify_cwd_is_inside() {
    if (!sys::try_getcwd()) {
        throw Error(
            "current working directory is outside of container mount namespace root -- possible "
            "container breakout detected"
        );
    }
}

bool is_refusal(int error_number) {
    return error_number == EACCES || error_number == EPERM;
}

}  // namespace

void make_cwd(ChildContext& context) {
    const std::string& cwd = context.plan.payload.cwd;
    if (cwd == "/") {
        return;
    }
    in_context(
        [&] { return concat("make cwd ", quote(cwd)); },
        [&] { (void)context.root->ensure_directory(cwd); }  // the descriptor is not needed
    );
}

void enter_cwd(ChildContext& context) {
    const std::string& cwd = context.plan.payload.cwd;
    const int error_number = sys::chdir_errno(cwd);
    if (is_refusal(error_number)) {
        return;
    }
    if (error_number != 0) {
        refuse_cwd(cwd, error_number);
    }
    verify_cwd_is_inside();
    context.entered_cwd = true;
}

void enter_cwd_as_user(ChildContext& context) {
    if (context.entered_cwd) {
        return;
    }
    const std::string& cwd = context.plan.payload.cwd;
    const int error_number = sys::chdir_errno(cwd);
    if (error_number != 0) {
        refuse_cwd(cwd, error_number);
    }
    verify_cwd_is_inside();
    context.entered_cwd = true;
}

}  // namespace corun::setup
