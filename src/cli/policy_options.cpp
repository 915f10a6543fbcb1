// From options to a policy. Pure.
#include "corun/cli/policy_options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/read_policy.hpp"

namespace corun::cli {

supervise::Policy policy_from(const Arguments& arguments) {
    supervise::Policy policy;
    for (const Option& option : kPolicyOptions) {
        if (arguments.was_given(option.name)) {
            in_context(
                [&] { return concat("--", option.name); },
                [&] { supervise::set_policy(policy, option.name, arguments.text(option.name)); }
            );
        }
    }
    return policy;
}

}  // namespace corun::cli
