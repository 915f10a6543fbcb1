// Security labels for exec, written through ctx.proc alone: a /proc of the rootfs could lead
// anywhere.
#include "corun/setup/labels.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/procfs.hpp"

namespace corun::setup {

namespace {

void write_label(
    const ChildContext& context,
    std::string_view what,
    const std::string& attribute,
    std::string_view value
) {
    // podman looks for the path of the attribute in back quotes to tell an error of the LSM.
    const auto clause = [&] {
        return concat("apply ", what, ": write to `/proc/thread-self/", attribute, "`");
    };
    in_context(clause, [&] { write_own_attribute(context, attribute, value); });
}

}  // namespace

void set_exec_label(ChildContext& context) {
    const LabelPlan& labels = context.plan.labels;
    if (!labels.apparmor_profile.empty()) {
        // attr/exec is that of the first LSM, which need not be AppArmor; this one is its own.
        // (Linux 5.8)
        write_label(
            context,
            concat("AppArmor profile ", quote(labels.apparmor_profile), " (is it loaded?)"),
            "attr/apparmor/exec",
            concat("exec ", labels.apparmor_profile)
        );
    }
    if (!labels.selinux_exec_label.empty()) {
        write_label(
            context,
            concat("SELinux label ", quote(labels.selinux_exec_label)),
            "attr/exec",
            labels.selinux_exec_label
        );
    }
}

}  // namespace corun::setup
