// Joining namespaces and id maps. Runs in the child (or the relay) right after clone3, still with
// the caller's credentials and, but for new namespaces, the caller's view of the host.
#include "corun/setup/namespaces.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/descriptors.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace corun::setup {

namespace {

void join(const JoinedNamespace& ns) {
    in_context(
        [&] { return concat("join namespace ", quote(ns.path)); },
        [&] { sys::setns(ns.fd, ns.kind); }
    );
}

bool try_join(const JoinedNamespace& ns) {
    try {
        join(ns);
        return true;
    } catch (const Error& error) {
        if (error.error_number() == EPERM) {
            return false;
        }
        throw;
    }
}

}  // namespace

bool needs_introduction(const Plan& plan) {
    return plan.enters_cgroup_late || plan.namespaces.needs_relay() ||
           !plan.hooks.create_container.empty() || !plan.hooks.start_container.empty() ||
           static_cast<bool>(plan.seccomp.agent);
}

void meet_parent(ChildContext& context) {
    context.host_pid = context.handshake.await_proceed();
}

void join_namespaces(const NamespacePlan& plan) {
    if (!plan.joins(CLONE_NEWUSER)) {
        for (const JoinedNamespace& ns : plan.joined) {
            join(ns);
        }
        return;
    }
    // A namespace may belong to the user namespace that is joined (then it must come after) or to
    // the one that is left (then before): only trying tells.
    std::vector<const JoinedNamespace*> later;
    for (const JoinedNamespace& ns : plan.joined) {
        const bool is_user = (ns.kind & CLONE_NEWUSER) != 0;
        if (!is_user && !try_join(ns)) {
            later.push_back(&ns);
        }
    }
    for (const JoinedNamespace& ns : plan.joined) {
        if ((ns.kind & CLONE_NEWUSER) != 0) {
            join(ns);
        }
    }
    for (const JoinedNamespace* ns : later) {
        join(*ns);
    }
}

void join_namespaces_step(ChildContext& context) {
    join_namespaces(context.plan.namespaces);
}

void enter_container(ChildContext& context) {
    close_host_descriptors(context.plan, context.handshake.socket());
    sys::set_dumpable(false);
    join_namespaces(context.plan.namespaces);
}

void map_ids(ChildContext& context) {
    context.handshake.ask(MessageKind::map_ids);
}

void become_root(ChildContext& /*context*/) {
    if (::setresgid(0, 0, 0) < 0) {
        throw_errno("setresgid(0)");
    }
    if (::setresuid(0, 0, 0) < 0) {
        throw_errno("setresuid(0)");
    }
    // A change of ids clears the signal. (prctl(2), PR_SET_PDEATHSIG)
    sys::set_parent_death_signal(SIGKILL);
}

void leave_for_bare_mounts(ChildContext& context) {
    sys::setns(*context.plan.namespaces.bare_mounts, CLONE_NEWNS);
    sys::unshare(CLONE_NEWNS);
}

void join_prepared_namespaces(ChildContext& context) {
    context.plan.namespaces.prepared->join();
}

void create_cgroup_namespace(ChildContext& /*context*/) {
    sys::unshare(CLONE_NEWCGROUP);
}

}  // namespace corun::setup
