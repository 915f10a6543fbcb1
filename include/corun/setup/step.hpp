// Step: one row of a start sequence; ChildContext: what the steps share.
// Child side. A step throws Error; it never logs, never exits, never decides.
#pragma once

#include "corun/setup/exec_explanation.hpp"
#include "corun/setup/handshake.hpp"
#include "corun/setup/plan.hpp"
#include "corun/sys/credentials.hpp"
#include "corun/sys/path.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::setup {

/// What the steps hand on to each other.
struct ChildContext {
    const Plan& plan;
    Handshake handshake;

    std::optional<sys::RootDir> root = std::nullopt;  // the container's root, from attach-rootfs on
    sys::UniqueFd proc;         // own detached procfs that nothing is mounted over (R2)
    sys::UniqueFd null_device;  // the host's /dev/null as a mount, from take-null-device on
    std::vector<sys::UniqueFd> late_readonly;  // mounts that finish_rootfs() makes read-only
    pid_t host_pid = 0;           // own pid as the parent sees it, from the first Proceed on
    std::string executable = {};  // what the PATH lookup found
    ExecForecast forecast = {};   // what execve(2) will say of it
    std::string_view step = {};   // name of the step that runs, for reports that cannot throw
    bool entered_cwd = false;     // by enter_cwd(): enter_cwd_as_user() has nothing left to do

    // What drop_capabilities() leaves for finish_capabilities() to set.
    sys::CapabilitySets final_capabilities = {};

    // Made by prepare_exec(): `arguments` and `environment` end in nullptr and point into the
    // others.
    std::vector<std::string> environment_text = {};
    std::vector<char*> arguments = {};
    std::vector<char*> environment = {};
};

/// `name` appears in errors; `reference` is the section of the runtime-spec or a man page.
struct Step {
    std::string_view name;
    std::string_view reference;
    bool (*wanted)(const Plan&);
    void (*run)(ChildContext&);
};

}  // namespace corun::setup
