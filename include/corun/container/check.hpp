// The verb `check`: what would become of a bundle on this host, found out without running it.
// Parent side, any privileges: they are part of the question. Makes nothing that outlives it; the
// parts of the plan that `create` would build are built and thrown away.
#pragma once

#include "corun/container/engine.hpp"
#include "corun/container/findings.hpp"

#include <string>

namespace corun::container {

struct CheckRequest {
    std::string bundle = ".";
    std::string config_file;  // empty: config.json in the bundle
};

/// Those of the document first, in its order, then those of the host. Throws Error where there is
/// no bundle to read.
[[nodiscard]] Findings check(const EngineOptions& options, const CheckRequest& request);

}  // namespace corun::container
