// Following a log by inotify. In the command.
#include "corun/supervise/log_follow.hpp"

#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/supervise/keeper_client.hpp"
#include "corun/supervise/model.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/inotify.hpp"

#include <sys/inotify.h>

#include <utility>

namespace corun::supervise {

namespace {

std::string units_directory(std::string_view root) {
    return concat(supervisor_directory(root), "/units");
}

LogDriver driver_named(std::string_view name) {
    for (const LogDriver driver :
         {LogDriver::k8s_file, LogDriver::json_file, LogDriver::journald, LogDriver::none}) {
        if (name == name_of(driver)) {
            return driver;
        }
    }
    throw Error(concat("unknown log driver ", double_quote(name)));
}

LoggedUnit read_unit(std::string_view text) {
    const oci::JsonDocument document(text);
    std::string driver;
    std::string state;
    LoggedUnit unit;
    oci::read_required(document.root(), "log_path", unit.path);
    oci::read_required(document.root(), "log_driver", driver);
    oci::read_required(document.root(), "state", state);
    unit.driver = driver_named(driver);
    int pid = 0;
    bool is_starting = false;
    oci::read_optional(document.root(), "pid", pid);
    oci::read_optional(document.root(), "starting", is_starting);
    // A supervisor that has just begun calls a container stopped until it has taken it over.
    const bool may_run = pid != 0 || is_starting || document.root().find("restart_due_ms");
    unit.is_over =
        !may_run && (state == name_of(UnitState::stopped) || state == name_of(UnitState::failed));
    return unit;
}

/// Watches the files as they are now, before they are read: what happens later is told.
class Watch {
public:
    explicit Watch(std::string_view root) : units_(units_directory(root)) {}

    void look_at(const std::string& log_path) {
        inotify_.drain();
        // The file of a unit is replaced whenever it changes.
        (void)inotify_.try_watch(units_, IN_MOVED_TO | IN_DELETE);
        constexpr std::uint32_t kChange = IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF;
        if (!inotify_.try_watch(log_path, kChange)) {
            const std::string directory = log_path.substr(0, log_path.rfind('/') + 1);
            (void)inotify_.try_watch(directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
        }
    }

    [[nodiscard]] sys::FdRef fd() const { return inotify_.fd(); }

private:
    std::string units_;
    sys::Inotify inotify_;
};

}  // namespace

std::optional<LoggedUnit> find_logged_unit(std::string_view root, std::string_view id) {
    const std::string path = concat(units_directory(root), "/", id, ".json");
    const std::optional<std::string> text = sys::try_read_file(sys::FdRef::cwd(), path);
    if (!text) {
        return std::nullopt;
    }
    return in_context([&] { return quote(path); }, [&] { return read_unit(*text); });
}

async::Task<> follow_log(
    std::string root, std::string id, LogReader* reader, std::function<void()> flush
) {
    Watch watch(root);
    std::optional<LoggedUnit> unit = find_logged_unit(root, id);
    bool goes_on = unit.has_value();
    while (goes_on) {
        watch.look_at(unit->path);
        // Before the log is read: what was written before the container was over is there then.
        std::optional<LoggedUnit> now = find_logged_unit(root, id);
        goes_on = now && !now->is_over;
        reader->read();
        flush();
        if (goes_on) {
            co_await async::readable(watch.fd());
        }
    }
}

}  // namespace corun::supervise
