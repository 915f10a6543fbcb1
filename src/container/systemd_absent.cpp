// In place of systemd.cpp in a build without it (-Dsystemd=disabled).
#include "corun/base/error.hpp"
#include "corun/container/systemd.hpp"

#include <cerrno>

namespace corun::container {

/// There is no connection without the driver.
class Bus {};

namespace {

[[noreturn]] void refuse() {
    throw Error("this corun is built without the systemd cgroup driver", ENOSYS);
}

}  // namespace

bool has_systemd_driver() {
    return false;
}

Systemd::~Systemd() = default;

async::Task<std::unique_ptr<Systemd>> Systemd::connect(BusAddress /*address*/) {
    refuse();
}

async::Task<> Systemd::start(std::string /*unit*/, std::vector<UnitProperty> /*properties*/) {
    refuse();
}

async::Task<> Systemd::set(std::string /*unit*/, std::vector<UnitProperty> /*properties*/) {
    refuse();
}

async::Task<> Systemd::attach(std::string /*unit*/, std::string /*below*/, pid_t /*pid*/) {
    refuse();
}

async::Task<> Systemd::remove(std::string /*unit*/) {
    refuse();
}

}  // namespace corun::container
