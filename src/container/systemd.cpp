// The calls to org.freedesktop.systemd1.Manager. Parent side.
// Calls that do not need each other's answer are on their way together.
#include "corun/container/systemd.hpp"

#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/bus.hpp"
#include "corun/container/systemd_properties.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

namespace corun::container {

namespace {

/// A job waits for others; a stop for the end of processes, here already killed.
constexpr std::chrono::seconds kJobLimit{60};
/// Any other answer.
constexpr std::chrono::seconds kReplyLimit{25};

constexpr const char* kName = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr std::string_view kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr std::string_view kUnitExists = "org.freedesktop.systemd1.UnitExists";

BusCall bus_call(std::string method, std::vector<DbusValue> arguments) {
    return {
        .destination = "org.freedesktop.DBus",
        .path = "/org/freedesktop/DBus",
        .interface = "org.freedesktop.DBus",
        .method = std::move(method),
        .arguments = std::move(arguments),
    };
}

BusCall property_call(bool is_peer, std::string property) {
    std::vector<DbusValue> arguments;
    arguments.push_back(dbus_string(kManager));
    arguments.push_back(dbus_string(std::move(property)));
    return {
        .destination = is_peer ? "" : kName,
        .path = kPath,
        .interface = "org.freedesktop.DBus.Properties",
        .method = "Get",
        .arguments = std::move(arguments),
    };
}

DbusValue property_list(std::vector<UnitProperty> properties) {
    std::vector<DbusValue> list;
    for (UnitProperty& property : properties) {
        std::vector<DbusValue> members;
        members.push_back(dbus_string(std::move(property.name)));
        members.push_back(dbus_variant(std::move(property.value)));
        list.push_back({.signature = "(sv)", .content = std::move(members)});
    }
    return dbus_array("(sv)", std::move(list));
}

int errno_of(const BusMessage& reply) {
    if (reply.error_name == kUnitExists) {
        return EEXIST;
    }
    if (reply.error_name == kNoSuchUnit) {
        return ENOENT;
    }
    const bool is_refusal =
        reply.error_name == "org.freedesktop.DBus.Error.AccessDenied" ||
        reply.error_name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";
    return is_refusal ? EACCES : 0;
}

void throw_if_error(const BusMessage& reply, std::string_view what) {
    if (!reply.error_name.empty()) {
        throw Error(
            concat(what, ": ", reply.text(0), " [", reply.error_name, "]"), errno_of(reply)
        );
    }
}

}  // namespace

/// What the tasks are made of; apart, so that the header needs no libdbus.
struct Systemd::Calls {
    static BusCall manager_call(
        const Systemd& self, std::string method, std::vector<DbusValue> arguments
    ) {
        return {
            .destination = self.is_peer_ ? "" : kName,
            .path = kPath,
            .interface = kManager,
            .method = std::move(method),
            .arguments = std::move(arguments),
        };
    }

    static async::Task<BusMessage> reply(Bus* bus, std::uint32_t serial) {
        co_return co_await async::with_deadline(kReplyLimit, bus->reply(serial));
    }

    /// Without a subscription the manager sends no JobRemoved over a bus.
    static async::Task<> subscribe(Systemd* self) {
        if (std::exchange(self->is_subscribed_, true)) {
            co_return;
        }
        const std::uint32_t subscription = self->bus_->send(manager_call(*self, "Subscribe", {}));
        if (!self->is_peer_) {
            std::vector<DbusValue> rule;
            rule.push_back(dbus_string(concat(
                "type='signal',sender='",
                kName,
                "',interface='",
                kManager,
                "',member='JobRemoved',path='",
                kPath,
                "'"
            )));
            const std::uint32_t match = self->bus_->send(bus_call("AddMatch", std::move(rule)));
            const BusMessage matched = co_await reply(self->bus_.get(), match);
            throw_if_error(matched, "AddMatch");
        }
        const BusMessage subscribed = co_await reply(self->bus_.get(), subscription);
        throw_if_error(subscribed, "Subscribe");
    }

    /// JobRemoved(u id, o job, s unit, s result).
    static async::Task<std::string> result_of(Bus* bus, std::string job) {
        while (true) {
            const BusMessage signal = co_await bus->signal();
            if (signal.member == "JobRemoved" && signal.text(1) == job) {
                co_return signal.text(3);
            }
        }
    }

    static async::Task<> finish_job(Bus* bus, BusMessage queued) {
        const std::string result =
            co_await async::with_deadline(kJobLimit, result_of(bus, queued.text(0)));
        if (result != "done") {
            throw Error(concat("its job ended as ", quote(result), " (see journalctl)"));
        }
    }

    static async::Task<> reset_failed(Systemd* self, std::string unit) {
        std::vector<DbusValue> arguments;
        arguments.push_back(dbus_string(std::move(unit)));
        const std::uint32_t serial =
            self->bus_->send(manager_call(*self, "ResetFailedUnit", std::move(arguments)));
        const BusMessage ignored = co_await reply(self->bus_.get(), serial);
        (void)ignored;  // mostly "not loaded": there is nothing to reset
    }

    static async::Task<BusMessage> try_start(
        Systemd* self, std::string unit, std::vector<UnitProperty> properties
    ) {
        std::vector<DbusValue> arguments;
        arguments.push_back(dbus_string(std::move(unit)));
        arguments.push_back(dbus_string("replace"));
        arguments.push_back(property_list(std::move(properties)));
        arguments.push_back(dbus_array("(sa(sv))", {}));
        const std::uint32_t serial =
            self->bus_->send(manager_call(*self, "StartTransientUnit", std::move(arguments)));
        co_return co_await reply(self->bus_.get(), serial);
    }

    static async::Task<> start(
        Systemd* self, std::string unit, std::vector<UnitProperty> properties
    ) {
        co_await subscribe(self);
        BusMessage queued = co_await try_start(self, unit, properties);
        if (queued.error_name == kUnitExists) {
            co_await reset_failed(self, unit);
            queued = co_await try_start(self, std::move(unit), std::move(properties));
        }
        throw_if_error(queued, "StartTransientUnit");
        co_await finish_job(self->bus_.get(), std::move(queued));
    }

    static async::Task<> remove(Systemd* self, std::string unit) {
        co_await subscribe(self);
        std::vector<DbusValue> arguments;
        arguments.push_back(dbus_string(unit));
        arguments.push_back(dbus_string("replace"));
        const std::uint32_t serial =
            self->bus_->send(manager_call(*self, "StopUnit", std::move(arguments)));
        BusMessage queued = co_await reply(self->bus_.get(), serial);
        if (queued.error_name != kNoSuchUnit) {
            throw_if_error(queued, "StopUnit");
            co_await finish_job(self->bus_.get(), std::move(queued));
        }
        co_await reset_failed(self, std::move(unit));
    }

    static async::Task<> call(Systemd* self, std::string method, std::vector<DbusValue> arguments) {
        const std::uint32_t serial =
            self->bus_->send(manager_call(*self, method, std::move(arguments)));
        const BusMessage answer = co_await reply(self->bus_.get(), serial);
        throw_if_error(answer, method);
    }

    static async::Task<> in_unit_context(std::string unit, async::Task<> task) {
        try {
            co_await std::move(task);
        } catch (Error& error) {
            error.add_context(concat("systemd unit ", quote(unit)));
            throw;
        }
    }
};

bool has_systemd_driver() {
    return true;
}

Systemd::Systemd(std::unique_ptr<Bus> bus, bool is_peer)
    : bus_(std::move(bus)), is_peer_(is_peer) {}

Systemd::~Systemd() = default;

async::Task<std::unique_ptr<Systemd>> Systemd::connect(BusAddress address) {
    std::unique_ptr<Systemd> self(new Systemd(Bus::open(address.address), address.is_peer));
    Bus* const bus = self->bus_.get();
    try {
        std::uint32_t hello = 0;
        if (!address.is_peer) {
            hello = bus->send(bus_call("Hello", {}));
        }
        const std::uint32_t version = bus->send(property_call(address.is_peer, "Version"));
        const std::uint32_t cgroup = bus->send(property_call(address.is_peer, "ControlGroup"));
        if (!address.is_peer) {
            const BusMessage greeted = co_await Calls::reply(bus, hello);
            throw_if_error(greeted, "Hello");
        }
        const BusMessage versioned = co_await Calls::reply(bus, version);
        throw_if_error(versioned, "Version");
        const BusMessage placed = co_await Calls::reply(bus, cgroup);
        throw_if_error(placed, "ControlGroup");
        self->version_ = parse_systemd_version(versioned.text(0));
        self->cgroup_ = placed.text(0) == "/" ? std::string() : placed.text(0);
    } catch (Error& error) {
        error.add_context(concat("systemd at ", quote(address.address)));
        throw;
    }
    co_return std::move(self);
}

async::Task<> Systemd::start(std::string unit, std::vector<UnitProperty> properties) {
    co_await Calls::in_unit_context(unit, Calls::start(this, unit, std::move(properties)));
}

async::Task<> Systemd::set(std::string unit, std::vector<UnitProperty> properties) {
    std::vector<DbusValue> arguments;
    arguments.push_back(dbus_string(unit));
    arguments.push_back(dbus_bool(true));  // not beyond its life
    arguments.push_back(property_list(std::move(properties)));
    co_await Calls::in_unit_context(
        unit, Calls::call(this, "SetUnitProperties", std::move(arguments))
    );
}

async::Task<> Systemd::attach(std::string unit, std::string below, pid_t pid) {
    std::vector<DbusValue> pids;
    pids.push_back(dbus_uint32(static_cast<std::uint32_t>(pid)));
    std::vector<DbusValue> arguments;
    arguments.push_back(dbus_string(unit));
    arguments.push_back(dbus_string(std::move(below)));
    arguments.push_back(dbus_array("u", std::move(pids)));
    co_await Calls::in_unit_context(
        unit, Calls::call(this, "AttachProcessesToUnit", std::move(arguments))
    );
}

async::Task<> Systemd::remove(std::string unit) {
    co_await Calls::in_unit_context(unit, Calls::remove(this, unit));
}

}  // namespace corun::container
