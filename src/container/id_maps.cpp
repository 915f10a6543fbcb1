// The maps of a user namespace. Parent side: in the namespace above the new one, with as much
// privilege there as the caller has.
#include "corun/container/id_maps.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/program.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/spawn.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace corun::container {

namespace {

/// One of the two maps, and who writes it when we may not.
struct MapFile {
    const char* name;
    const char* helper;
};

constexpr MapFile kUidMap = {.name = "uid_map", .helper = "newuidmap"};
constexpr MapFile kGidMap = {.name = "gid_map", .helper = "newgidmap"};

sys::UniqueFd open_process(pid_t pid) {
    return sys::open(concat("/proc/", pid), O_PATH | O_DIRECTORY);
}

/// `newuidmap PID inside outside size …`
std::vector<std::string> helper_arguments(
    const char* helper, pid_t pid, const std::vector<oci::IdMapping>& mappings
) {
    std::vector<std::string> arguments = {helper, concat(pid)};
    for (const oci::IdMapping& mapping : mappings) {
        arguments.push_back(concat(mapping.container_id));
        arguments.push_back(concat(mapping.host_id));
        arguments.push_back(concat(mapping.size));
    }
    return arguments;
}

async::Task<> run_helper(MapFile file, pid_t pid, std::vector<oci::IdMapping> mappings) {
    constexpr std::chrono::seconds kPatience(30);  // it may ask a directory service for its ranges
    const std::optional<std::string> path = sys::find_program(file.helper);
    if (!path) {
        throw Error(
            concat(
                file.name,
                " takes CAP_SETUID and CAP_SETGID, or ",
                file.helper,
                ", which is not in ",
                "$PATH"
            ),
            EPERM
        );
    }
    sys::SpawnRequest request = {
        .path = *path,
        .arguments = helper_arguments(file.helper, pid, mappings),
        .environment = sys::current_environment(),
    };
    const ProgramEnd end = co_await run_program(std::move(request), kPatience);
    if (!end.success()) {
        throw Error(concat(file.helper, ": ", end.text()));
    }
}

/// False if that takes privileges we do not have (EPERM).
bool try_write_map(sys::FdRef process, MapFile file, const std::vector<oci::IdMapping>& mappings) {
    const std::string text = id_map_text(mappings);
    const int error_number = sys::write_file_errno(process, file.name, text);
    if (error_number != 0 && error_number != EPERM) {
        std::string rows(trim(text));
        std::replace(rows.begin(), rows.end(), '\n', ',');
        throw_errno_value(error_number, concat("write ", file.name), rows);
    }
    return error_number == 0;
}

bool is_own_group_alone(const std::vector<oci::IdMapping>& gids) {
    return gids.size() == 1 && gids.front().size == 1 && gids.front().host_id == ::getegid();
}

void deny_setgroups(sys::FdRef process) {
    sys::write_file(process, "setgroups", "deny");
}

}  // namespace

async::Task<> write_id_maps(
    pid_t pid,
    std::vector<oci::IdMapping> uids,
    std::vector<oci::IdMapping> gids,
    SetgroupsPolicy policy
) {
    const sys::UniqueFd process = open_process(pid);
    if (policy == SetgroupsPolicy::deny) {
        deny_setgroups(process);
    }
    if (!uids.empty() && !try_write_map(process, kUidMap, uids)) {
        co_await run_helper(kUidMap, pid, std::move(uids));
    }
    if (gids.empty() || try_write_map(process, kGidMap, gids)) {
        co_return;
    }
    if (is_own_group_alone(gids)) {
        // Without privileges one may map one's own group only if the namespace can never drop
        // groups that somebody is kept out by. user_namespaces(7), CVE-2014-8989
        deny_setgroups(process);
        if (try_write_map(process, kGidMap, gids)) {
            co_return;
        }
    }
    co_await run_helper(kGidMap, pid, std::move(gids));
}

std::string id_map_text(const std::vector<oci::IdMapping>& mappings) {
    std::string text;
    for (const oci::IdMapping& mapping : mappings) {
        text += concat(mapping.container_id, " ", mapping.host_id, " ", mapping.size, "\n");
    }
    return text;
}

std::string time_offsets_text(const oci::TimeOffsets& offsets) {
    std::string text;
    const auto add = [&](const char* clock, const std::optional<oci::TimeOffset>& offset) {
        if (offset) {
            text += concat(clock, " ", offset->seconds, " ", offset->nanoseconds, "\n");
        }
    };
    add("monotonic", offsets.monotonic);
    add("boottime", offsets.boottime);
    return text;
}

void write_oom_score_adj(pid_t pid, int value) {
    sys::write_file(open_process(pid), "oom_score_adj", concat(value));
}

}  // namespace corun::container
