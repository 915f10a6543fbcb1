// From all capabilities of the user namespace down to the payload's.
#include "corun/setup/capabilities.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/tail.hpp"
#include "corun/sys/credentials.hpp"

#include <linux/capability.h>

namespace corun::setup {

namespace {

constexpr unsigned kMaskBits = 64;

constexpr std::uint64_t mask_of(unsigned capability) {
    return std::uint64_t{1} << capability;
}

template <class Action>
void for_each_capability(std::uint64_t mask, Action action) {
    for (unsigned capability = 0; capability < kMaskBits; ++capability) {
        if ((mask & mask_of(capability)) != 0) {
            action(capability);
        }
    }
}

/// What this process could give at most of what is wanted, before anything is dropped.
struct Grantable {
    std::uint64_t bounding = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;  // capset(2): inherited ones and those in the bounding set
};

/// The plan's sets as far as they can be granted, nested as the kernel demands: effective within
/// permitted, ambient within permitted and inheritable.
Capabilities granted(const Capabilities& wanted, const Grantable& grantable) {
    Capabilities out;
    out.bounding = wanted.bounding & grantable.bounding;
    out.permitted = wanted.permitted & grantable.permitted;
    out.effective = wanted.effective & out.permitted;
    out.inheritable = wanted.inheritable & grantable.inheritable;
    out.ambient = wanted.ambient & out.permitted & out.inheritable;
    return out;
}

std::vector<std::string> names_of(std::uint64_t mask) {
    std::vector<std::string> out;
    for_each_capability(mask, [&](unsigned capability) {
        out.push_back(sys::capability_name(capability));
    });
    return out;
}

/// runtime-spec config#linux-process: what cannot be granted MUST be warned of, SHOULD not fail. An
/// ambient one that is no inheritable one too is told in runc's words.
void warn_of_missing(Handshake& handshake, const Capabilities& wanted, const Capabilities& got) {
    const std::uint64_t missing =
        (wanted.bounding & ~got.bounding) | (wanted.permitted & ~got.permitted) |
        (wanted.effective & ~got.effective) | (wanted.inheritable & ~got.inheritable);
    if (missing != 0) {
        handshake.warn(
            concat("capabilities that cannot be granted: ", join(names_of(missing), ", "))
        );
    }
    std::vector<std::string> sentences;
    for (const std::string& name : names_of(wanted.ambient & ~got.ambient & ~missing)) {
        sentences.push_back(
            concat("can't raise ambient capability ", name, ": operation not permitted")
        );
    }
    if (!sentences.empty()) {
        handshake.warn(join(sentences, ", "));
    }
}

/// Without no_new_privs a filter can be loaded with CAP_SYS_ADMIN only. seccomp(2)
std::uint64_t kept_for_filter(const Plan& plan) {
    const bool needs_admin = plan.seccomp.wanted() && !plan.credentials.no_new_privileges;
    return needs_admin ? mask_of(CAP_SYS_ADMIN) : 0;
}

}  // namespace

void drop_capabilities(ChildContext& context) {
    const Capabilities& wanted = *context.plan.credentials.capabilities;
    const sys::CapabilitySets held = sys::capget();
    const std::uint64_t bounding = sys::bounded(wanted.bounding | wanted.inheritable);
    const Capabilities sets = granted(
        wanted,
        {.bounding = bounding,
         .permitted = held.permitted,
         .inheritable = held.inheritable | bounding}
    );
    warn_of_missing(context.handshake, wanted, sets);

    // The change of ids has emptied the effective set; dropping needs CAP_SETPCAP. Inheritable is
    // set before the bounding set shrinks: afterwards nothing could be added to it.
    sys::capset(
        {.effective = held.permitted, .permitted = held.permitted, .inheritable = sets.inheritable}
    );
    sys::limit_bounding_set(sets.bounding);

    const std::uint64_t kept = kept_for_filter(context.plan) & held.permitted;
    sys::capset({
        .effective = sets.effective | kept,
        .permitted = sets.permitted | kept,
        .inheritable = sets.inheritable,
    });
    sys::clear_ambient_set();
    for_each_capability(sets.ambient, sys::raise_ambient);
    context.final_capabilities = {
        .effective = sets.effective, .permitted = sets.permitted, .inheritable = sets.inheritable};
}

void finish_capabilities(ChildContext& context) {
    if (kept_for_filter(context.plan) == 0) {
        return;
    }
    // Ambient ones need no second look: they lie within the permitted ones that stay.
    const int error_number = sys::capset_errno(context.final_capabilities);
    if (error_number != 0) {
        fail_in_tail(context, "capset", error_number);
    }
}

}  // namespace corun::setup
