// `ctl`: what the supervisor is asked and told over its control socket.
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/semaphore.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/unit_text.hpp"
#include "corun/supervise/model_json.hpp"
#include "corun/supervise/varlink_client.hpp"

#include <array>
#include <functional>
#include <optional>
#include <utility>

namespace corun::cli {

namespace {

using supervise::ControlClient;

constexpr std::array kOptions{
    Option{
        .name = "format",
        .letter = "f",
        .argument = "text|json",
        .help = "how list and status print (default: text)",
    },
};

bool wants_json(const Arguments& arguments) {
    const std::string format = arguments.was_given("format") ? arguments.text("format") : "text";
    if (format != "text" && format != "json") {
        throw Error(concat("invalid format option: ", double_quote(format)));
    }
    return format == "json";
}

// ---------------------------------------------------------------- verbs about some containers

/// What is done for one container over a connection of its own; the text to print.
using Work = async::Task<std::string> (*)(ControlClient& client, std::string id);

async::Task<std::string> start(ControlClient& client, std::string id) {
    co_await client.start(std::move(id));
    co_return std::string();
}

async::Task<std::string> stop(ControlClient& client, std::string id) {
    co_await client.stop(std::move(id));
    co_return std::string();
}

async::Task<std::string> restart(ControlClient& client, std::string id) {
    co_await client.restart(std::move(id));
    co_return std::string();
}

async::Task<std::string> wait(ControlClient& client, std::string id) {
    const supervise::ExitRecord record = co_await client.wait(std::move(id));
    co_return exit_text(record) + "\n";
}

async::Task<std::string> status(ControlClient& client, std::string id) {
    const supervise::UnitStatus unit = co_await client.status(std::move(id));
    co_return status_block(unit);
}

async::Task<std::string> status_json(ControlClient& client, std::string id) {
    const supervise::UnitStatus unit = co_await client.status(std::move(id));
    co_return supervise::to_json(unit);
}

struct Job {
    std::string id;
    std::string output = {};
    std::optional<Error> failure = std::nullopt;
};

/// All that the jobs of one call share.
struct Shift {
    std::string root;
    Work work = nullptr;
    std::vector<Job> jobs;
    async::Semaphore connections;
};

async::Task<std::string> work_on(Shift* shift, std::string id) {
    ControlClient client(ControlClient::connect(shift->root));
    co_return co_await shift->work(client, std::move(id));
}

async::Task<> do_job(Shift* shift, Job* job) {
    const async::Permit permit = co_await shift->connections.acquire();
    try {
        job->output = co_await work_on(shift, job->id);
    } catch (Error& error) {
        error.add_context(quote(job->id));
        job->failure = error;
    }
}

async::Task<> do_jobs(async::Group& group, Shift* shift) {
    for (Job& job : shift->jobs) {
        group.spawn(do_job(shift, &job));
    }
    co_return;
}

/// Does it for all the ids at the same time. Of several failures all but the last are told here.
std::vector<Job> do_for_each(const Invocation& invocation, Work work) {
    constexpr std::size_t kMostConnections = 32;  // the supervisor has others to serve
    const std::vector<std::string>& operands = invocation.arguments.operands();
    if (operands.size() < 2) {
        throw Error("requires a minimum of 1 container ID");
    }
    Shift shift{
        .root = invocation.globals.root,
        .work = work,
        .jobs = {},
        .connections = async::Semaphore(kMostConnections),
    };
    for (std::size_t i = 1; i < operands.size(); ++i) {
        shift.jobs.push_back({.id = operands[i]});
    }
    // Without a supervisor this is what is to be said, once.
    (void)ControlClient::connect(shift.root);
    async::Loop loop;
    loop.run(async::with_group(do_jobs, &shift));
    return std::move(shift.jobs);
}

/// Throws the last failure; the others are told before.
void report_failures(const Invocation& invocation, const std::vector<Job>& jobs) {
    const Job* last = nullptr;
    for (const Job& job : jobs) {
        if (job.failure && last != nullptr) {
            invocation.log.error(concat("ctl ", invocation.operand(0), ": ", last->failure->what())
            );
        }
        last = job.failure ? &job : last;
    }
    if (last != nullptr) {
        throw Error(*last->failure);
    }
}

int run_for_each(const Invocation& invocation, Work work) {
    const std::vector<Job> jobs = do_for_each(invocation, work);
    for (const Job& job : jobs) {
        print(job.output);
    }
    report_failures(invocation, jobs);
    return 0;
}

int run_start(const Invocation& invocation) {
    return run_for_each(invocation, start);
}

int run_stop(const Invocation& invocation) {
    return run_for_each(invocation, stop);
}

int run_restart(const Invocation& invocation) {
    return run_for_each(invocation, restart);
}

int run_wait(const Invocation& invocation) {
    return run_for_each(invocation, wait);
}

int run_status(const Invocation& invocation) {
    if (!wants_json(invocation.arguments)) {
        return run_for_each(invocation, status);
    }
    const std::vector<Job> jobs = do_for_each(invocation, status_json);
    std::string text = "[";
    for (const Job& job : jobs) {
        text += concat(text.size() > 1 && !job.output.empty() ? "," : "", job.output);
    }
    print(text + "]\n");
    report_failures(invocation, jobs);
    return 0;
}

// ---------------------------------------------------------------- verbs about the supervisor

std::string list_json(const std::vector<supervise::UnitStatus>& units) {
    std::string text = "[";
    for (const supervise::UnitStatus& unit : units) {
        text += concat(text.size() > 1 ? "," : "", supervise::to_json(unit));
    }
    return text + "]\n";
}

int run_list(const Invocation& invocation) {
    const bool json = wants_json(invocation.arguments);
    ControlClient client(ControlClient::connect(invocation.globals.root));
    async::Loop loop;
    const std::vector<supervise::UnitStatus> units = loop.run(client.list());
    print(json ? list_json(units) : unit_table(units));
    return 0;
}

int run_reload(const Invocation& invocation) {
    ControlClient client(ControlClient::connect(invocation.globals.root));
    async::Loop loop;
    loop.run(client.reload());
    return 0;
}

int run_upgrade(const Invocation& invocation) {
    ControlClient client(ControlClient::connect(invocation.globals.root));
    async::Loop loop;
    loop.run(client.upgrade());
    return 0;
}

async::Task<> print_events(ControlClient* client) {
    co_await client->follow_events();
    while (true) {
        const supervise::Event event = co_await client->next_event();
        print(supervise::to_json(event) + "\n");
    }
}

int run_events(const Invocation& invocation) {
    ControlClient client(ControlClient::connect(invocation.globals.root));
    async::Loop loop;
    loop.run(print_events(&client));
    return 0;
}

// ---------------------------------------------------------------- the table of verbs

constexpr std::array kVerbs{
    Verb{
        .name = "events",
        .usage = "",
        .summary = "print what happens, as lines of JSON",
        .run = run_events,
    },
    Verb{
        .name = "list",
        .usage = "",
        .summary = "list the supervised containers",
        .run = run_list,
    },
    Verb{.name = "reload", .usage = "", .summary = "read the bundles again", .run = run_reload},
    Verb{
        .name = "restart",
        .usage = "ID...",
        .summary = "stop and start containers",
        .run = run_restart,
    },
    Verb{.name = "start", .usage = "ID...", .summary = "start containers", .run = run_start},
    Verb{
        .name = "status",
        .usage = "ID...",
        .summary = "print all that is known of containers",
        .run = run_status,
    },
    Verb{.name = "stop", .usage = "ID...", .summary = "stop containers", .run = run_stop},
    Verb{
        .name = "upgrade",
        .usage = "",
        .summary = "execute the supervisor's program anew, containers running on",
        .run = run_upgrade,
    },
    Verb{
        .name = "wait",
        .usage = "ID...",
        .summary = "wait for the next end of containers and print their exit statuses",
        .run = run_wait,
    },
};

int run(const Invocation& invocation) {
    const Verb* verb = kVerbs.data();
    while (verb->name != invocation.operand(0)) {  // it was checked that there is one
        ++verb;
    }
    if (verb->usage.empty() && invocation.arguments.operands().size() > 1) {
        throw Error("takes no arguments");
    }
    return verb->run(invocation);
}

}  // namespace

constexpr Command kCtlCommand{
    .name = "ctl",
    .summary = "ask or tell a running supervisor something about its containers",
    .operands = {.usage = "VERB [ID...]", .at_least = 1, .at_most = kAnyNumber},
    .options = kOptions,
    .verbs = kVerbs,
    .run = run,
};

}  // namespace corun::cli
