// Names of sysctls; pure text.
#include "corun/oci/sysctl.hpp"

#include "corun/base/text.hpp"

#include <algorithm>
#include <array>

namespace corun::oci {
namespace {

std::string swap_separators(std::string_view name) {
    std::string swapped(name);
    for (char& c : swapped) {
        if (c == '.') {
            c = '/';
        } else if (c == '/') {
            c = '.';
        }
    }
    return swapped;
}

constexpr SysctlOwner kIpc{NamespaceKind::ipc, "ipc"};
constexpr SysctlOwner kNetwork{NamespaceKind::network, "network"};
constexpr SysctlOwner kUser{NamespaceKind::user, "user"};
constexpr SysctlOwner kUts{NamespaceKind::uts, "uts"};

struct Row {
    /// A whole name, or all names below it if it ends in '.'.
    std::string_view name;
    const SysctlOwner* owner;
};

/// ipc_namespaces(7), network_namespaces(7), uts_namespaces(7), namespaces(7) for user.*.
constexpr std::array kRows{
    Row{"fs.mqueue.", &kIpc},
    Row{"kernel.domainname", &kUts},
    Row{"kernel.hostname", &kUts},
    Row{"kernel.msg_next_id", &kIpc},
    Row{"kernel.msgmax", &kIpc},
    Row{"kernel.msgmnb", &kIpc},
    Row{"kernel.msgmni", &kIpc},
    Row{"kernel.sem", &kIpc},
    Row{"kernel.sem_next_id", &kIpc},
    Row{"kernel.shm_next_id", &kIpc},
    Row{"kernel.shm_rmid_forced", &kIpc},
    Row{"kernel.shmall", &kIpc},
    Row{"kernel.shmmax", &kIpc},
    Row{"kernel.shmmni", &kIpc},
    Row{"net.", &kNetwork},
    Row{"user.", &kUser},
};

}  // namespace

std::string dotted_sysctl(std::string_view name) {
    const std::size_t separator = name.find_first_of("./");
    const bool slashed = separator != std::string_view::npos && name[separator] == '/';
    return slashed ? swap_separators(name) : std::string(name);
}

std::string sysctl_path(std::string_view dotted) {
    return swap_separators(dotted);
}

bool is_sysctl_name(std::string_view dotted) {
    const std::string path = sysctl_path(dotted);
    const std::vector<std::string_view> parts = split(path, '/');
    return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
        return part.empty() || part == "." || part == "..";
    });
}

const SysctlOwner* find_sysctl_owner(std::string_view dotted) {
    for (const Row& row : kRows) {
        if (row.name.ends_with('.') ? dotted.starts_with(row.name) : dotted == row.name) {
            return row.owner;
        }
    }
    return nullptr;
}

}  // namespace corun::oci
