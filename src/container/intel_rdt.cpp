// Groups of the resctrl file system. Parent side.
#include "corun/container/intel_rdt.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

namespace corun::container {

namespace {

constexpr std::string_view kPointer = "/linux/intelRdt";
constexpr std::string_view kSchemata = "schemata";
constexpr mode_t kDirectoryMode = 0755;

sys::FdRef host() {
    return sys::FdRef::cwd();  // all paths are absolute
}

bool exists(const std::string& path) {
    return sys::try_fstatat(host(), path).has_value();
}

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

/// What the kernel says of the last refusal: " (kernel: mask out of range)"; else nothing.
std::string last_status(std::string directory) {
    while (!directory.empty()) {
        const auto text = sys::try_read_file(host(), concat(directory, "/info/last_cmd_status"));
        if (text) {
            const std::string_view status = trim(*text);
            return status.empty() || status == "ok" ? "" : concat(" (kernel: ", status, ")");
        }
        directory = parent_of(directory);
    }
    return "";
}

[[noreturn]] void throw_refused(
    std::string_view what, const std::string& directory, int error_number
) {
    throw Error(concat(kPointer, ": ", what, last_status(directory)), error_number);
}

void write(const std::string& directory, std::string_view file, std::string_view text) {
    const std::string path = concat(directory, "/", file);
    const int error_number = sys::write_file_errno(host(), path, text);
    if (error_number != 0) {
        throw_refused(
            concat("write ", quote(trim(text)), " to ", quote(path)), directory, error_number
        );
    }
}

void make_directory(const std::string& path) {
    const int error_number = sys::mkdirat_errno(host(), path, kDirectoryMode);
    if (error_number != 0 && error_number != EEXIST) {
        throw_refused(concat("mkdir(", double_quote(path), ")"), parent_of(path), error_number);
    }
}

void remove_directory(const std::string& path) {
    const int error_number = sys::rmdirat_errno(host(), path);
    if (error_number != 0 && error_number != ENOENT) {
        throw_errno_value(error_number, "rmdir", path);
    }
}

std::string_view without_zeros(std::string_view value) {
    const std::size_t first = value.find_first_not_of('0');
    return first == std::string_view::npos ? "0" : value.substr(first);
}

/// `L3:0=ff;1=f` as (`L3`, `0`) → `ff`, (`L3`, `1`) → `f`.
using Values = std::map<std::pair<std::string, std::string>, std::string>;

Values parse_schemata(std::string_view text) {
    Values values;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        for (const std::string_view assignment : split(line.substr(colon + 1), ';')) {
            const std::size_t equals = assignment.find('=');
            if (equals != std::string_view::npos) {
                values[{
                    std::string(trim(line.substr(0, colon))),
                    std::string(trim(assignment.substr(0, equals))),
                }] = to_lower(without_zeros(trim(assignment.substr(equals + 1))));
            }
        }
    }
    return values;
}

/// config-linux#intelrdt: a group that exists must be what the configuration says.
void check_existing(const std::string& path, const std::string& wanted) {
    const std::string file = concat(path, "/", kSchemata);
    const std::string actual = sys::read_file(host(), file);
    if (!has_schemata(actual, wanted)) {
        throw Error(concat(
            kPointer,
            "/closID: ",
            quote(file),
            " says ",
            quote(trim(actual)),
            ", not what is asked for"
        ));
    }
}

}  // namespace

std::string resctrl_root() {
    constexpr const char* kMountPoint = "/sys/fs/resctrl";
    constexpr auto kMagic = 0x7655821;  // RDTGROUP_SUPER_MAGIC
    struct statfs info = {};
    if (::statfs(kMountPoint, &info) != 0 || info.f_type != kMagic) {
        throw Error(
            concat(
                "no resctrl file system at ",
                quote(kMountPoint),
                " (mount -t resctrl resctrl ",
                kMountPoint,
                ", on a processor that has it)"
            ),
            ENODEV
        );
    }
    return kMountPoint;
}

RdtGroup choose_rdt_group(
    const std::string& root, const oci::IntelRdt& config, std::string_view id
) {
    RdtGroup group;
    const bool is_named = !config.clos_id.empty();
    group.path = concat(root, "/", is_named ? std::string_view(config.clos_id) : id);
    const std::string wanted = schemata_text(config);
    const bool is_there = exists(group.path);
    if (is_named && !is_there && wanted.empty()) {
        throw Error(
            concat(kPointer, "/closID: no class of service ", quote(group.path), ", and no schema"),
            ENOENT
        );
    }
    if (is_named && is_there && !wanted.empty()) {
        check_existing(group.path, wanted);
    }
    if (!is_named && is_there) {
        throw Error(concat(kPointer, ": ", quote(group.path), " exists already"), EEXIST);
    }
    group.created = !is_there;
    if (config.enable_monitoring) {
        group.monitoring = concat(group.path, "/mon_groups/", id);
    }
    return group;
}

void make_rdt_group(const RdtGroup& group) {
    if (group.created) {
        make_directory(group.path);
    }
    if (!group.monitoring.empty()) {
        make_directory(group.monitoring);
    }
}

void write_schemata(const RdtGroup& group, const oci::IntelRdt& config) {
    if (group.created) {
        change_schemata(group, config);
    }
}

void change_schemata(const RdtGroup& group, const oci::IntelRdt& config) {
    const std::string text = schemata_text(config);
    if (!text.empty()) {
        write(group.path, kSchemata, text);
    }
}

void join_rdt_group(const RdtGroup& group, pid_t pid) {
    write(group.path, "tasks", concat(pid));
    if (!group.monitoring.empty()) {
        // Second: it takes only those that are in its class of service.
        write(group.monitoring, "tasks", concat(pid));
    }
}

void remove_rdt_group(const RdtGroup& group) {
    if (!group.monitoring.empty()) {
        remove_directory(group.monitoring);
    }
    if (group.created) {
        remove_directory(group.path);
    }
}

std::string schemata_text(const oci::IntelRdt& config) {
    const bool is_replaced =
        !config.mem_bw_schema.empty() && trim(config.l3_cache_schema).starts_with("MB:");
    std::string text;
    const auto add_line = [&](std::string_view line) {
        if (!line.empty()) {
            text += concat(line, "\n");
        }
    };
    add_line(is_replaced ? std::string_view() : std::string_view(config.l3_cache_schema));
    add_line(config.mem_bw_schema);
    for (const std::string& line : config.schemata) {
        add_line(line);
    }
    return text;
}

bool has_schemata(std::string_view actual, std::string_view wanted) {
    const Values values = parse_schemata(actual);
    const Values asked = parse_schemata(wanted);
    return std::all_of(asked.begin(), asked.end(), [&](const auto& one) {
        const auto found = values.find(one.first);
        return found != values.end() && found->second == one.second;
    });
}

}  // namespace corun::container
