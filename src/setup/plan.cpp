// The few questions that a plan answers about itself.
#include "corun/setup/plan.hpp"

#include "corun/sys/uapi.hpp"

#include <algorithm>

namespace corun::setup {

bool NamespacePlan::has_new_network() const {
    return prepared != nullptr || creates(CLONE_NEWNET);
}

bool NamespacePlan::joins(int kind) const {
    return std::any_of(joined.begin(), joined.end(), [&](const JoinedNamespace& ns) {
        return (ns.kind & kind) != 0;
    });
}

bool NamespacePlan::has_user_namespace() const {
    return creates(CLONE_NEWUSER) || joins(CLONE_NEWUSER);
}

bool NamespacePlan::needs_relay() const {
    return joins(CLONE_NEWPID) || joins(CLONE_NEWUSER) || !time_offsets.empty() ||
           (!joined.empty() && creates(CLONE_NEWUSER));
}

}  // namespace corun::setup
