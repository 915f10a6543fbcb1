// Compiled seccomp programs kept on disk, `<state root>/.~cache/seccomp/<hash>`: compiling a large
// profile costs more than the rest of a start. Parent side. What is read is not trusted before its
// owner, mode, length, checksum and the whole key have been compared.
#pragma once

#include "corun/container/seccomp_filter.hpp"
#include "corun/oci/spec.hpp"

#include <string>

namespace corun::container {

/// compile_seccomp(), or what it gave before for an equal profile. Trouble with the cache is never
/// an error: then the profile is compiled. `state_root` is a directory; empty: no cache.
[[nodiscard]] CompiledSeccomp compiled_seccomp(
    const oci::Seccomp& profile, const std::string& state_root
);

/// Everything compile_seccomp() looks at in a profile, as bytes; equal for equal programs only.
[[nodiscard]] std::string seccomp_cache_key(const oci::Seccomp& profile);

}  // namespace corun::container
