// `top`: a live table of a supervisor's containers.
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/signals.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/top_table.hpp"
#include "corun/container/cgroup_hierarchy.hpp"
#include "corun/supervise/varlink_client.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <utility>

namespace corun::cli {

namespace {

constexpr std::array kOptions{
    Option{
        .name = "once",
        .letter = "",
        .argument = "",
        .help = "print the table once, with averages since the containers' starts",
    },
};

/// Without a cgroup2 mount there is a table all the same.
std::optional<container::CgroupHierarchy> find_cgroups() {
    try {
        return container::find_cgroup_hierarchy();
    } catch (const Error&) {
        return std::nullopt;
    }
}

class Top : NonCopyable {
public:
    explicit Top(const std::string& root)
        : client_(supervise::ControlClient::connect(root)), cgroups_(find_cgroups()) {}

    async::Task<TopSample> sample();
    async::Task<> print_once();
    async::Task<> redraw();

private:
    supervise::ControlClient client_;
    std::optional<container::CgroupHierarchy> cgroups_;
    std::optional<TopSample> before_;
};

async::Task<TopSample> Top::sample() {
    TopSample sample;
    sample.supervisor = co_await client_.supervisor();
    std::vector<supervise::UnitStatus> units = co_await client_.list();
    sample.when = std::chrono::steady_clock::now();
    for (supervise::UnitStatus& unit : units) {
        TopEntry entry{.unit = std::move(unit), .usage = {}};
        if (cgroups_ && entry.unit.pid != 0 && !entry.unit.cgroup_path.empty()) {
            entry.usage =
                supervise::try_read_short_usage(cgroups_->directory, entry.unit.cgroup_path);
        }
        sample.entries.push_back(std::move(entry));
    }
    co_return sample;
}

async::Task<> Top::print_once() {
    const TopSample now = co_await sample();
    for (const std::string& line : top_lines(now, nullptr)) {
        print(line + "\n");
    }
}

async::Task<> Top::redraw() {
    TopSample now = co_await sample();
    const sys::WindowSize size = sys::try_window_size(sys::FdRef(STDOUT_FILENO))
                                     .value_or(sys::WindowSize{.rows = 24, .columns = 80});
    print(top_screen(top_lines(now, before_ ? &*before_ : nullptr), size));
    before_ = std::move(now);
}

/// Another screen of the terminal, without a cursor; the former one when the scope ends.
class FullScreen : NonCopyable {
public:
    FullScreen() { print("\x1b[?1049h\x1b[?25l"); }

    FullScreen(const FullScreen&) = delete;
    FullScreen& operator=(const FullScreen&) = delete;
    FullScreen(FullScreen&&) = delete;
    FullScreen& operator=(FullScreen&&) = delete;

    ~FullScreen() {
        // A terminal that is gone has nothing to restore.
        (void)sys::try_write(sys::FdRef(STDOUT_FILENO), "\x1b[?25h\x1b[?1049l");
    }
};

async::Task<> redraw_each_second(Top* top) {
    while (true) {
        co_await top->redraw();
        co_await async::sleep_for(std::chrono::seconds(1));
    }
}

async::Task<> end_upon_signal(async::Group& group) {
    async::SignalStream signals({SIGINT, SIGTERM, SIGHUP});
    (void)co_await signals.next();  // any of them
    group.cancel();
}

bool is_end_key(char key) {
    constexpr char kInterrupt = 'c' & 0x1f;
    return key == 'q' || key == 'Q' || key == kInterrupt;
}

async::Task<> end_upon_key(async::Group& group) {
    const sys::NonBlocking keys(sys::FdRef(STDIN_FILENO), O_RDONLY);
    while (true) {
        co_await async::readable(keys.fd());
        char key = 0;
        const sys::Transferred got = sys::try_read(keys.fd(), &key, 1);
        if (got.error_number == EAGAIN) {
            continue;
        }
        if (got.size == 0 || is_end_key(key)) {
            break;
        }
    }
    group.cancel();
}

async::Task<> show(async::Group& group, Top* top) {
    group.spawn(end_upon_signal(group));
    if (sys::is_terminal(sys::FdRef(STDIN_FILENO))) {
        group.spawn(end_upon_key(group));
    }
    co_await redraw_each_second(top);
}

void show_live(Top& top) {
    std::optional<sys::RawMode> raw;
    if (sys::is_terminal(sys::FdRef(STDIN_FILENO))) {
        raw.emplace(sys::FdRef(STDIN_FILENO));
    }
    const FullScreen screen;
    async::Loop loop;
    loop.run(async::with_group(show, &top));
}

int run(const Invocation& invocation) {
    Top top(invocation.globals.root);
    if (invocation.arguments.is_on("once") || !sys::is_terminal(sys::FdRef(STDOUT_FILENO))) {
        async::Loop loop;
        loop.run(top.print_once());
        return 0;
    }
    show_live(top);
    return 0;
}

}  // namespace

constexpr Command kTopCommand{
    .name = "top",
    .summary = "show what the containers of a supervisor do and use, live",
    .operands = {.usage = "", .at_least = 0, .at_most = 0},
    .options = kOptions,
    .run = run,
};

}  // namespace corun::cli
