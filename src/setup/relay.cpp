// The middle process. Born in the container's cgroup with the caller's credentials; joins
// namespaces one after the other, so it must hold no descriptor that the container must not see and
// must not be traced: it is not dumpable before it joins a pid namespace. (CVE-2016-9962)
#include "corun/setup/relay.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/child_main.hpp"
#include "corun/setup/descriptors.hpp"
#include "corun/setup/namespaces.hpp"
#include "corun/setup/wanted.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <utility>

namespace corun::setup {

namespace {

void set_time_offsets(const std::string& offsets) {
    sys::unshare(CLONE_NEWTIME);
    sys::write_file(sys::FdRef::cwd(), "/proc/self/timens_offsets", offsets);
}

void send_relayed(sys::FdRef socket, const sys::Pidfd& child) {
    Message message;
    message.kind = MessageKind::relayed;
    message.pid = child.pid();
    send_message(socket, message, child.fd());
}

/// Returns only in the relay; the child goes its own way.
void relay(std::span<const Step> steps, const Plan& plan, sys::UniqueFd& socket) {
    sys::set_parent_death_signal(SIGKILL);
    if (plan.enters_cgroup_late) {
        // Before anything is made: the real child, and a cgroup namespace, are to be born there.
        (void)await_proceed(socket);
    }
    if (!plan.namespaces.maps_ids) {
        sys::set_dumpable(false);
    }
    if (!plan.namespaces.time_offsets.empty()) {
        // Before a mount namespace is joined: /proc is still the host's.
        in_context(
            [] { return std::string("time offsets"); },
            [&] { set_time_offsets(plan.namespaces.time_offsets); }
        );
    }
    if (is_exec(plan)) {
        close_host_descriptors(plan, socket);
    }
    join_namespaces(plan.namespaces);
    sys::Cloned cloned = sys::clone3(plan.namespaces.created | CLONE_PARENT);
    if (cloned.in_child()) {
        child_main(steps, plan, std::move(socket));
    }
    // The child waits for its parent's word; a parent that never hears of it would wait for its
    // end.
    sys::ChildGuard child(std::move(cloned.process));
    send_relayed(socket, child.child());
    (void)child.release();
}

}  // namespace

void relay_main(std::span<const Step> steps, const Plan& plan, sys::UniqueFd socket) noexcept {
    try {
        relay(steps, plan, socket);
        ::_exit(EXIT_SUCCESS);
    } catch (Error& error) {
        error.add_context("step 'relay'");
        Handshake(std::move(socket)).report(error);
    } catch (const ParentGone&) {  // NOLINT(bugprone-empty-catch): nobody to tell, just end
    } catch (const std::exception& error) {
        Handshake(std::move(socket)).report(Error(concat("step 'relay': ", error.what())));
    }
    ::_exit(EXIT_FAILURE);
}

}  // namespace corun::setup
