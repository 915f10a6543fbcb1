// Record: what is kept on disk about a container (state.json in its directory), and its JSON form.
// Pure; container/store reads and writes it.
#pragma once

#include "corun/sys/pidfd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// How far `create` has come. What the container does since then is asked of the kernel.
enum class Phase {
    creating,  // resources may exist, as far as the record names them
    created,   // `create` has succeeded
};

/// A class of service of resctrl (container/intel_rdt), and what of it is the container's own.
struct RdtGroup {
    std::string path;        // absolute; empty: none
    bool created = false;    // made for this container, thus removed with it
    std::string monitoring;  // absolute path of its monitoring group, made for it; empty: none
};

/// Everything needed to find and undo what was made for a container. It is written before the
/// resource it names is made, so that whatever a killed `create` leaves can be reclaimed.
struct Record {
    std::string oci_version;
    std::string bundle;  // absolute
    std::string rootfs;  // absolute
    std::map<std::string, std::string, std::less<>> annotations;
    std::string created;          // RFC 3339 with nanoseconds: rfc3339_nano(now)
    uid_t owner = 0;              // who called `create`
    sys::ProcessIdentity init;    // pid 0: not launched yet
    std::string cgroup_path;      // below the cgroup2 mount, beginning with '/'; empty: none
    bool cgroup_created = false;  // made for this container, thus removed with it
    std::string systemd_unit;     // whose cgroup that is; made and removed together. Empty: none
    bool systemd_user = false;    // the unit is one of the user's own systemd
    RdtGroup rdt;
    /// linux.resources.memory.swap as last asked for: the sum of memory and swap, which the cgroup
    /// itself does not know. 0: never asked for; -1: unlimited.
    std::int64_t memory_and_swap = 0;
    /// linux.resources.memory.checkBeforeUpdate.
    bool checks_memory_usage = false;
    /// A pid namespace of its own, which ends with its first process. Without one SIGKILL goes to
    /// the whole cgroup.
    bool private_pid_namespace = false;
    bool has_poststart_hooks = false;
    bool has_poststop_hooks = false;
    /// Standard streams of the first process as it got them (`pipe:[5]`, `/dev/null`), which a
    /// checkpoint must tell from what it opened in their place; none for a terminal.
    std::vector<std::string> streams;
    Phase phase = Phase::creating;
};

/// One line of JSON; `id` is in it for who reads it with other tools.
[[nodiscard]] std::string to_json(const Record& record, std::string_view id);

/// Throws Error for what is not such a record or is of a format this version does not know.
[[nodiscard]] Record record_from_json(std::string_view text);

}  // namespace corun::container
