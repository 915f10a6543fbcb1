// The last mile of R4: what is closed here cannot leak, neither while `created` nor through exec.
#include "corun/setup/descriptors.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/process.hpp"

#include <algorithm>
#include <vector>

namespace corun::setup {

namespace {

constexpr unsigned kFirstAfterStdio = 3;

unsigned number_of(sys::FdRef fd) {
    return static_cast<unsigned>(fd.number());
}

/// What later steps use: ascending, all marked CLOEXEC.
std::vector<unsigned> needed_descriptors(const ChildContext& context) {
    std::vector<unsigned> needed = {number_of(context.handshake.socket())};
    for (const sys::UniqueFd* fd :
         {&context.plan.gate.listener,
          &context.plan.seccomp.agent,
          &context.plan.hooks.output,
          &context.plan.hooks.error_output,
          &context.proc}) {
        if (*fd) {
            needed.push_back(number_of(*fd));
        }
    }
    std::sort(needed.begin(), needed.end());
    for (const unsigned number : needed) {
        sys::set_close_on_exec(sys::FdRef(static_cast<int>(number)), true);
    }
    return needed;
}

void pass_on(unsigned first, unsigned end) {
    for (unsigned number = first; number < end; ++number) {
        in_context(
            [&] { return concat("preserved descriptor ", number); },
            [&] { sys::set_close_on_exec(sys::FdRef(static_cast<int>(number)), false); }
        );
    }
}

void close_all_but(const std::vector<unsigned>& kept, unsigned first) {
    for (const unsigned number : kept) {
        if (number > first) {
            sys::close_range(first, number - 1);
        }
        first = number + 1;
    }
    sys::close_range(first, ~0U);
}

}  // namespace

void close_host_descriptors(const Plan& plan, sys::FdRef socket) {
    const unsigned first = kFirstAfterStdio + plan.payload.preserved_fds;
    std::vector<unsigned> kept = {number_of(socket)};
    for (const sys::UniqueFd* fd : {&plan.gate.listener, &plan.seccomp.agent}) {
        if (*fd) {
            kept.push_back(number_of(*fd));
        }
    }
    for (const JoinedNamespace& ns : plan.namespaces.joined) {
        kept.push_back(number_of(ns.fd));
    }
    std::erase_if(kept, [&](unsigned number) { return number < first; });
    std::sort(kept.begin(), kept.end());
    close_all_but(kept, first);
}

void close_descriptors(ChildContext& context) {
    context.root.reset();
    context.null_device.reset();
    const LabelPlan& labels = context.plan.labels;
    if (labels.apparmor_profile.empty() && labels.selinux_exec_label.empty()) {
        context.proc.reset();
    }
    // The plan's other descriptors are closed by number: it is read-only, and never destroyed here.
    const std::vector<unsigned> needed = needed_descriptors(context);
    const unsigned first = kFirstAfterStdio + context.plan.payload.preserved_fds;
    if (needed.front() < first) {
        throw Error(
            concat("descriptor ", needed.front(), " is both preserved and the runtime's own")
        );
    }
    close_all_but(needed, first);
    pass_on(kFirstAfterStdio, first);
}

}  // namespace corun::setup
