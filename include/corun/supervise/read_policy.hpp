// From annotations, and from the command line, to a Policy. Pure.
#pragma once

#include "corun/oci/spec.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/supervise/policy_settings.hpp"

#include <string_view>

namespace corun::supervise {

/// The policy of a bundle with these annotations. Throws Error `annotation 'org.corun.restart':
/// …` for a wrong value, an unknown annotation under org.corun., or values that contradict each
/// other.
[[nodiscard]] Policy read_policy(const oci::StringMap& annotations, const Policy& defaults);

/// Sets one of kPolicySettings. Lists are replaced. Throws Error for a wrong value.
void set_policy(Policy& policy, std::string_view setting, std::string_view value);

}  // namespace corun::supervise
