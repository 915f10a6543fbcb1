// Which socket to connect to. Parent side; only looks.
#include "corun/container/bus_address.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <cerrno>
#include <string_view>

namespace corun::container {

namespace {

constexpr std::string_view kSystemBus = "/run/dbus/system_bus_socket";
constexpr std::string_view kSystemPrivate = "/run/systemd/private";

/// As the D-Bus specification wants it in the values of an address.
std::string escape(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    constexpr std::string_view kPlain = "-_/.\\*";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || kPlain.find(c) != std::string_view::npos;
        if (is_plain) {
            out += c;
        } else {
            out += '%';
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 0xFU];
        }
    }
    return out;
}

bool exists(const std::string& path) {
    return sys::try_fstatat(sys::FdRef::cwd(), path).has_value();
}

std::string socket_address(const std::string& path) {
    return concat("unix:path=", escape(path));
}

}  // namespace

BusAddress find_bus_address(
    SystemdInstance instance, const BusEnvironment& environment, uid_t uid
) {
    const bool is_system = instance == SystemdInstance::system;
    const std::string& given =
        is_system ? environment.system_bus_address : environment.session_bus_address;
    if (!given.empty()) {
        return {.address = given};
    }
    const std::string directory =
        environment.runtime_dir.empty() ? concat("/run/user/", uid) : environment.runtime_dir;
    const std::string bus = is_system ? std::string(kSystemBus) : directory + "/bus";
    const std::string peer =
        is_system ? std::string(kSystemPrivate) : directory + "/systemd/private";
    if (exists(bus)) {
        return {.address = socket_address(bus)};
    }
    if (exists(peer)) {
        return {.address = socket_address(peer), .is_peer = true};
    }
    throw Error(
        concat(
            "no systemd to speak to: neither ",
            quote(bus),
            " nor ",
            quote(peer),
            is_system ? "" : " (log in with a systemd user session, or set XDG_RUNTIME_DIR)"
        ),
        ENOENT
    );
}

BusAddress through_bridge(const BusAddress& address) {
    const std::string argument = escape(concat("--bus-path=", address.address));
    return {
        .address = concat("unixexec:path=systemd-stdio-bridge,argv1=", argument),
        .is_peer = address.is_peer,
    };
}

}  // namespace corun::container
