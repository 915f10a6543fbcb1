// JSON text to Spec: one pass, every error names where in the document it is.
// Runs in the parent, before anything is done; pure: no file is opened, no system call is made.
#pragma once

#include "corun/oci/spec.hpp"

#include <string_view>

namespace corun::oci {

/// Reads a whole config.json and applies validate(). Throws Error:
/// `/process/cwd: expected an absolute path, found "bin"` or `line 3, column 7: …` for bad JSON.
[[nodiscard]] Spec read_spec(std::string_view text);

/// Reads a `process` object alone (`exec --process`); pointers in errors start below it (`/cwd`).
[[nodiscard]] Process read_process(std::string_view text);

/// Reads a `resources` object alone (`update --resources`); pointers in errors start below it.
[[nodiscard]] Resources read_resources(std::string_view text);

}  // namespace corun::oci
