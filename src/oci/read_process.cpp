// The `process` section; config.md#process.
// Runs in the parent; pure.
#include "corun/base/text.hpp"
#include "corun/oci/read_sections.hpp"

namespace corun::oci {
static void read_value(JsonValue value, ConsoleSize& out) {
    read_required(value, "height", out.height);
    read_required(value, "width", out.width);
}

static void read_value(JsonValue value, User& out) {
    read_optional(value, "uid", out.uid);
    read_optional(value, "gid", out.gid);
    read_optional(value, "additionalGids", out.additional_gids);
    if (const auto umask = value.find("umask")) {
        out.umask = static_cast<std::uint32_t>(umask->natural_number(0777));
    }
}

static void read_value(JsonValue value, Rlimit& out) {
    out.resource = read_name(value.require("type"), "rlimit", kRlimitNames, -1);
    read_required(value, "soft", out.soft);
    read_required(value, "hard", out.hard);
}

static void read_rlimits(JsonValue value, std::vector<Rlimit>& out) {
    std::uint32_t seen = 0;
    for (const JsonValue element : value.elements()) {
        read_value(element, out.emplace_back());
        if (out.back().resource < 0) {
            continue;
        }
        const std::uint32_t bit = 1U << static_cast<unsigned>(out.back().resource);
        if ((seen & bit) != 0) {
            const JsonValue type = element.require("type");
            type.fail(concat("rlimit ", double_quote(type.string()), " is given twice"));
        }
        seen |= bit;
    }
}

static void read_value(JsonValue value, CapabilitySet& out) {
    for (const JsonValue element : value.elements()) {
        if (const std::optional<unsigned> number = find_capability(element.string())) {
            out.mask |= std::uint64_t{1} << *number;
        } else {
            out.unknown.emplace_back(element.string());
        }
    }
}

static void read_value(JsonValue value, Capabilities& out) {
    read_optional(value, "bounding", out.bounding);
    read_optional(value, "effective", out.effective);
    read_optional(value, "inheritable", out.inheritable);
    read_optional(value, "permitted", out.permitted);
    read_optional(value, "ambient", out.ambient);
}

static void read_value(JsonValue value, Scheduler& out) {
    out.policy = read_name(value.require("policy"), "scheduling policy", kSchedulerPolicyNames);
    if (const auto nice = value.find("nice")) {
        out.nice = static_cast<std::int32_t>(nice->whole_number(-20, 19));
    }
    if (const auto priority = value.find("priority")) {
        out.priority = static_cast<std::int32_t>(priority->whole_number(0, 99));
    }
    if (const auto flags = value.find("flags")) {
        out.flags = read_flags(*flags, "scheduling flag", kSchedulerFlagNames);
    }
    read_optional(value, "runtime", out.runtime_ns);
    read_optional(value, "deadline", out.deadline_ns);
    read_optional(value, "period", out.period_ns);
}

static void read_value(JsonValue value, IoPriority& out) {
    out.io_class = read_name(value.require("class"), "I/O priority class", kIoPriorityClassNames);
    if (const auto priority = value.find("priority")) {
        out.priority = static_cast<std::uint32_t>(priority->natural_number(7));
    }
}

static void read_value(JsonValue value, ExecCpuAffinity& out) {
    if (const auto initial = value.find("initial")) {
        out.initial = read_number_list(*initial);
    }
    if (const auto final = value.find("final")) {
        out.final = read_number_list(*final);
    }
}

static void read_arguments(JsonValue value, std::vector<std::string>& out) {
    read_value(value, out);
    if (out.empty()) {
        value.fail("at least one argument is required");
    }
}

void read_value(JsonValue value, Process& out) {
    read_optional(value, "terminal", out.terminal);
    // config.md#process: without a terminal consoleSize is ignored, whatever it holds.
    if (out.terminal) {
        read_optional(value, "consoleSize", out.console_size);
    }
    read_optional(value, "user", out.user);
    read_arguments(value.require("args"), out.args);
    read_optional(value, "env", out.env);
    out.cwd = read_absolute_path(value.require("cwd"));
    if (const auto rlimits = value.find("rlimits")) {
        read_rlimits(*rlimits, out.rlimits);
    }
    read_optional(value, "capabilities", out.capabilities);
    read_optional(value, "apparmorProfile", out.apparmor_profile);
    read_optional(value, "selinuxLabel", out.selinux_label);
    read_optional(value, "noNewPrivileges", out.no_new_privileges);
    if (const auto score = value.find("oomScoreAdj")) {
        out.oom_score_adj = static_cast<int>(score->whole_number(-1000, 1000));
    }
    read_optional(value, "scheduler", out.scheduler);
    read_optional(value, "ioPriority", out.io_priority);
    read_optional(value, "execCPUAffinity", out.exec_cpu_affinity);
}

}  // namespace corun::oci
