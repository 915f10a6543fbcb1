// Rules of the spec over more than one property of a document. Pure: what depends on the host (does
// the path exist, does the kernel know it) is decided by who builds the plan.
#pragma once

#include "corun/oci/problems.hpp"
#include "corun/oci/spec.hpp"

#include <string>
#include <string_view>

namespace corun::oci {

/// Throws Error `pointer: problem` for the first rule that is broken. read_spec() calls it; whoever
/// changes a Spec afterwards (options of `exec` and `update`) calls it again.
void validate(const Spec& spec);

/// The same with every rule that is broken.
void validate(const Spec& spec, Problems& problems);

/// Pointers in errors start at the object itself: `/scheduler/priority`.
void validate(const Process& process);
void validate(const Resources& resources);

/// A mount's destination as an absolute path without `.`, `..` and double slashes; a relative one
/// is relative to `/` (config.md#mounts, deprecated there). Never leaves the root: `/../x` is `/x`.
[[nodiscard]] std::string normalized_destination(std::string_view destination);

}  // namespace corun::oci
