// The verb `restore`: a container made again from the image files of `checkpoint`, by criu.
// Parent side, root on the host. It is created as `create` does, from a bundle; only its first
// process comes from the images.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/criu_flags.hpp"
#include "corun/container/run.hpp"
#include "corun/sys/pidfd.hpp"

#include <string>

namespace corun::container {

struct RestoreRequest {
    RunRequest run;  // of a container that runs at once
    CriuFlags flags;
    bool tcp_close = false;         // connections come back closed
    std::string lsm_profile;        // `selinux:LABEL` or `apparmor:PROFILE`; empty: as dumped
    std::string lsm_mount_context;  // for mounts; empty: as dumped
};

/// As run(). What criu has restored runs only once its mounts have been found to be the bundle's.
async::Task<sys::ExitStatus> restore(Engine& engine, RestoreRequest request);

}  // namespace corun::container
