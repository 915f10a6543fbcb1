// JSON text to Spec: one pass, every error names where in the document it is.
// Runs in the parent, before anything is done; pure: no file is opened, no system call is made.
#pragma once

#include "corun/oci/problems.hpp"
#include "corun/oci/spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// Reads a whole config.json and applies validate(). Throws Error:
/// `/process/cwd: expected an absolute path, found "bin"` or `line 3, column 7: …` for bad JSON.
[[nodiscard]] Spec read_spec(std::string_view text);

/// All there is to say of a config.json.
struct DocumentFindings {
    /// Neutral values stand for what could not be read.
    Spec spec;
    std::vector<Problem> problems;
    /// Pointers of members that are given and not looked at.
    std::vector<std::string> unread;
};

/// As read_spec(), but goes on after a problem. Throws Error only for what is no JSON.
[[nodiscard]] DocumentFindings examine_spec(std::string_view text);

/// Reads a `process` object alone (`exec --process`); pointers in errors start below it (`/cwd`).
[[nodiscard]] Process read_process(std::string_view text);

/// Reads a `resources` object alone (`update --resources`); pointers in errors start below it.
[[nodiscard]] Resources read_resources(std::string_view text);

}  // namespace corun::oci
