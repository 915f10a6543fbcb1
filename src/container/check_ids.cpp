// `check`: whether this caller may make the id mappings, and whether the process's ids are in them.
#include "corun/base/text.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/spawn.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>

namespace corun::container {

namespace {

/// One of the two maps.
struct MapKind {
    std::string_view pointer;
    const char* own_map;
    const char* grants;
    const char* helper;
    std::uint32_t own_id;
};

std::string text_of(IdRange range) {
    return range.count == 1 ? concat(range.first)
                            : concat(range.first, "-", range.first + range.count - 1);
}

/// The name of a user in /etc/passwd; getpwuid(3) would load what nsswitch.conf says.
std::string user_name(std::uint32_t uid) {
    const std::string text = sys::try_read_file(sys::FdRef::cwd(), "/etc/passwd").value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> fields = split(line, ':');
        if (fields.size() > 2 && parse_number<std::uint32_t>(fields[2]) == uid) {
            return std::string(fields[0]);
        }
    }
    return {};
}

/// newuidmap(1) maps what the file grants, and the caller's own id.
void check_granted(
    const MapKind& kind, const std::vector<oci::IdMapping>& mappings, Findings& out
) {
    const bool is_own_alone = mappings.size() == 1 && mappings.front().size == 1 &&
                              mappings.front().host_id == kind.own_id;
    if (is_own_alone) {
        return;  // the kernel permits that to everybody
    }
    if (!sys::find_program(kind.helper)) {
        out.add(
            Severity::error,
            kind.pointer,
            concat("takes root, or ", kind.helper, ", which is not in $PATH (package uidmap)")
        );
        return;
    }
    const std::uint32_t uid = ::getuid();
    const std::string name = user_name(uid);
    std::vector<IdRange> granted = parse_subordinate_ids(
        sys::try_read_file(sys::FdRef::cwd(), kind.grants).value_or(""), name, uid
    );
    granted.push_back({.first = kind.own_id, .count = 1});
    for (std::size_t i = 0; i < mappings.size(); ++i) {
        const IdRange wanted{.first = mappings[i].host_id, .count = mappings[i].size};
        if (!are_covered(wanted, granted)) {
            out.add(
                Severity::error,
                concat(kind.pointer, "/", i),
                concat(
                    "host ids ",
                    text_of(wanted),
                    " are not granted to user ",
                    name.empty() ? concat(uid) : quote(name),
                    " in ",
                    kind.grants
                )
            );
        }
    }
}

void check_map(
    const MapKind& kind,
    const std::vector<oci::IdMapping>& mappings,
    const Privileges& privileges,
    Findings& out
) {
    const std::vector<IdRange> existing =
        parse_id_map(sys::read_file(sys::FdRef::cwd(), kind.own_map));
    for (std::size_t i = 0; i < mappings.size(); ++i) {
        const IdRange wanted{.first = mappings[i].host_id, .count = mappings[i].size};
        if (!are_covered(wanted, existing)) {
            out.add(
                Severity::error,
                concat(kind.pointer, "/", i, "/hostID"),
                concat("not all of ", text_of(wanted), " exist in the caller's user namespace")
            );
        }
    }
    if (privileges.rootless() && ::geteuid() != 0) {
        check_granted(kind, mappings, out);
    }
}

bool is_mapped(std::uint32_t id, const std::vector<oci::IdMapping>& mappings) {
    return std::any_of(mappings.begin(), mappings.end(), [id](const oci::IdMapping& mapping) {
        return id >= mapping.container_id && id - mapping.container_id < mapping.size;
    });
}

void check_process_ids(const oci::User& user, const oci::Linux& config, Findings& out) {
    const auto check = [&](std::uint32_t id,
                           const std::vector<oci::IdMapping>& mappings,
                           const std::string& pointer,
                           std::string_view map) {
        if (!is_mapped(id, mappings)) {
            out.add(Severity::error, pointer, concat("id ", id, " is not mapped in ", map));
        }
    };
    check(user.uid, config.uid_mappings, "/process/user/uid", "/linux/uidMappings");
    check(user.gid, config.gid_mappings, "/process/user/gid", "/linux/gidMappings");
    for (std::size_t i = 0; i < user.additional_gids.size(); ++i) {
        check(
            user.additional_gids[i],
            config.gid_mappings,
            concat("/process/user/additionalGids/", i),
            "/linux/gidMappings"
        );
    }
}

}  // namespace

void check_id_mappings(const CheckSubject& subject, Findings& out) {
    const oci::Spec& spec = subject.spec();
    const oci::Linux& config = spec.linux_;
    const oci::Namespace* user = oci::find_namespace(config, oci::NamespaceKind::user);
    if (user == nullptr || !user->path.empty()) {
        return;
    }
    if (config.uid_mappings.empty() && config.gid_mappings.empty()) {
        out.add(
            Severity::warning,
            "/linux/uidMappings",
            "no ids are mapped: nobody in the container owns anything"
        );
        return;
    }
    check_map(
        {"/linux/uidMappings", "/proc/self/uid_map", "/etc/subuid", "newuidmap", ::geteuid()},
        config.uid_mappings,
        subject.privileges(),
        out
    );
    check_map(
        {"/linux/gidMappings", "/proc/self/gid_map", "/etc/subgid", "newgidmap", ::getegid()},
        config.gid_mappings,
        subject.privileges(),
        out
    );
    if (spec.process) {
        check_process_ids(spec.process->user, config, out);
    }
}

std::vector<IdRange> parse_subordinate_ids(
    std::string_view text, std::string_view user, std::uint32_t uid
) {
    std::vector<IdRange> ranges;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> fields = split(trim(line), ':');
        if (fields.size() != 3 || fields[0].empty() ||
            (fields[0] != user && parse_number<std::uint32_t>(fields[0]) != uid)) {
            continue;
        }
        const auto first = parse_number<std::uint32_t>(fields[1]);
        const auto count = parse_number<std::uint32_t>(fields[2]);
        if (first && count) {
            ranges.push_back({.first = *first, .count = *count});
        }
    }
    return ranges;
}

std::vector<IdRange> parse_id_map(std::string_view text) {
    std::vector<IdRange> ranges;
    for (const std::string_view line : split(text, '\n')) {
        std::vector<std::string_view> fields = split(line, ' ');
        std::erase_if(fields, [](std::string_view field) { return field.empty(); });
        if (fields.size() != 3) {
            continue;
        }
        const auto first = parse_number<std::uint32_t>(fields[0]);
        const auto count = parse_number<std::uint32_t>(fields[2]);
        if (first && count) {
            ranges.push_back({.first = *first, .count = *count});
        }
    }
    return ranges;
}

bool are_covered(IdRange wanted, std::vector<IdRange> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const IdRange& a, const IdRange& b) {
        return a.first < b.first;
    });
    std::uint64_t next = wanted.first;
    const std::uint64_t end = wanted.first + wanted.count;
    for (const IdRange& range : ranges) {
        if (range.first <= next) {
            next = std::max(next, range.first + range.count);
        }
    }
    return next >= end;
}

}  // namespace corun::container
