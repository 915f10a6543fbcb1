// Supervisor: the units, and what happens to all of them together: found, started in order, told
// what the control socket and the signals say, stopped in reverse, handed over to a new program.
#pragma once

#include "corun/async/group.hpp"
#include "corun/async/signals.hpp"
#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"
#include "corun/supervise/bundles.hpp"
#include "corun/supervise/control.hpp"
#include "corun/supervise/event_log.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/supervise/service_notify.hpp"
#include "corun/supervise/start_order.hpp"
#include "corun/supervise/surroundings.hpp"
#include "corun/supervise/unit.hpp"
#include "corun/supervise/upgrade.hpp"
#include "corun/supervise/varlink_server.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace corun::supervise {

struct SupervisorOptions {
    std::vector<std::string> bundles;  // directories, as given
    std::string directory;             // of bundles; empty: none
    std::string log_directory;         // absolute
    std::string metrics_address;       // empty: none
    unsigned parallel_starts = 8;
    bool prints_events = false;  // as JSON lines on standard output
    Policy defaults;
    std::string version;
    std::string program;  // absolute path of the program's file, for upgrades
};

/// How it came to its end.
enum class SupervisorEnd { shut_down, upgrade };

class Supervisor final : public Control, NonCopyable {
public:
    /// `inherited` is what the program before this one has left to it, if there was one.
    Supervisor(
        container::Engine& engine,
        SupervisorOptions options,
        ServiceEnvironment service,
        Inheritance inherited
    );

    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    Supervisor(Supervisor&&) = delete;
    Supervisor& operator=(Supervisor&&) = delete;
    ~Supervisor() override;

    /// Until it is told to end, and all containers have; or to be upgraded: then inheritance()
    /// has what the new program needs.
    [[nodiscard]] async::Task<SupervisorEnd> run();

    [[nodiscard]] Inheritance take_inheritance() { return std::move(inherited_); }

    [[nodiscard]] SupervisorStatus supervisor() const override;
    [[nodiscard]] std::vector<UnitStatus> list() const override;
    [[nodiscard]] UnitStatus status(std::string id) const override;
    [[nodiscard]] async::Task<> start(std::string id) override;
    [[nodiscard]] async::Task<> stop(std::string id) override;
    [[nodiscard]] async::Task<> restart(std::string id) override;
    [[nodiscard]] async::Task<ExitRecord> wait(std::string id) override;
    [[nodiscard]] async::Task<> reload() override;
    [[nodiscard]] async::Task<> upgrade() override;
    [[nodiscard]] std::unique_ptr<EventFollower> follow_events() override;
    [[nodiscard]] Attachment attach(std::string id) override;
    void resize_terminal(std::string id, unsigned rows, unsigned columns) override;

private:
    static async::Task<> serve(async::Group& group, Supervisor* self);
    static async::Task<> run_unit(Supervisor* self, Unit* unit);
    static async::Task<> obey_signals(Supervisor* self);
    static async::Task<> follow_bundles(Supervisor* self);
    static async::Task<> follow_keeper(Supervisor* self);
    static async::Task<> measure_lag(Supervisor* self);
    static async::Task<> tell_readiness(Supervisor* self);
    static async::Task<> wind_up_unit(Supervisor* self, Unit* unit);
    static async::Task<> hand_over(Supervisor* self);
    static async::Task<> end_when_all_have(Supervisor* self);

    [[nodiscard]] async::Task<> find_keeper();
    [[nodiscard]] async::Task<> find_stage();
    bool attempt(const std::function<void()>& action) const;
    void renew_keeper();
    void keep_stage() const;
    void scan();
    void add(const std::vector<BundleEntry>& bundles);
    void add_orphans();
    void forget(const std::string& id);
    void reopen_logs();
    void wind_up();
    void report_problems(const BundleScan& scan);
    void check_order();
    [[nodiscard]] std::string start_obstacle(const Unit& unit) const;
    [[nodiscard]] bool is_still_needed(const Unit& unit) const;
    [[nodiscard]] Unit& find(const std::string& id) const;
    [[nodiscard]] Unit* try_find(const std::string& id) const;

    SupervisorOptions options_;
    Inheritance inherited_;
    ServiceNotify service_;
    EventLog events_;
    Surroundings surroundings_;
    sys::Pidfd keeper_process_;
    async::SignalStream signals_;
    BundleSource source_;
    BundleScan scan_;
    std::map<std::string, std::unique_ptr<Unit>, std::less<>> units_;
    std::map<std::string, std::string, std::less<>> order_problems_;  // by id
    std::unique_ptr<ControlServer> server_;
    async::Group* group_ = nullptr;
    Histogram loop_lag_;
    bool winding_up_ = false;
    SupervisorEnd end_ = SupervisorEnd::shut_down;
};

}  // namespace corun::supervise
