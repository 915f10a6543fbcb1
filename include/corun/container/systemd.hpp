// systemd's manager over D-Bus: starts, changes and stops the units of containers. Parent side.
// src/container/systemd.cpp, or with -Dsystemd=disabled src/container/systemd_absent.cpp.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/container/bus_address.hpp"
#include "corun/container/dbus_value.hpp"

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace corun::container {

class Bus;

/// Whether this build has it.
[[nodiscard]] bool has_systemd_driver();

/// One connection, for one coroutine at a time. All of its tasks throw Error, naming method and
/// unit; jobs are awaited through the signal JobRemoved.
class Systemd : NonCopyable {
public:
    /// Connects and asks what is there; changes nothing.
    [[nodiscard]] static async::Task<std::unique_ptr<Systemd>> connect(BusAddress address);

    Systemd(const Systemd&) = delete;
    Systemd& operator=(const Systemd&) = delete;
    Systemd(Systemd&&) = delete;
    Systemd& operator=(Systemd&&) = delete;
    ~Systemd();

    /// 252.
    [[nodiscard]] unsigned version() const { return version_; }

    /// The cgroup under which it has its units; empty for the root.
    [[nodiscard]] const std::string& cgroup() const { return cgroup_; }

    /// StartTransientUnit, and waits until it is active. What is left of a failed unit of that name
    /// is cleared away first. EEXIST: there is such a unit.
    [[nodiscard]] async::Task<> start(std::string unit, std::vector<UnitProperty> properties);

    /// SetUnitProperties, for as long as the unit lives.
    [[nodiscard]] async::Task<> set(std::string unit, std::vector<UnitProperty> properties);

    /// Moves a process into the unit's cgroup, or into `below` in it ("/container"). It may come
    /// from where the caller himself could not take it. (AttachProcessesToUnit, systemd 239)
    [[nodiscard]] async::Task<> attach(std::string unit, std::string below, pid_t pid);

    /// Stops the unit, waits for that, and has systemd forget it. No error if there is none.
    [[nodiscard]] async::Task<> remove(std::string unit);

private:
    explicit Systemd(std::unique_ptr<Bus> bus, bool is_peer);

    struct Calls;  // the details, in systemd.cpp

    std::unique_ptr<Bus> bus_;
    bool is_peer_;
    bool is_subscribed_ = false;
    unsigned version_ = 0;
    std::string cgroup_;
};

}  // namespace corun::container
