// Metrics as Prometheus' text format has them: one table of families. Pure.
#include "corun/supervise/metrics.hpp"

#include "corun/base/text.hpp"

#include <array>
#include <charconv>

namespace corun::supervise {

namespace {

// ---------------------------------------------------------------- numbers and labels

/// In the shortest form that reads back the same.
std::string decimal(double value) {
    std::array<char, 32> digits = {};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), end};
}

std::string seconds(std::uint64_t microseconds) {
    return decimal(static_cast<double>(microseconds) / 1e6);
}

std::string seconds(std::chrono::microseconds duration) {
    return seconds(static_cast<std::uint64_t>(duration.count()));
}

/// Writes the samples of one family.
class Samples {
public:
    Samples(std::string& out, std::string_view name) : out_(out), name_(name) {}

    /// `labels` is `a="b",c="d"`, or empty.
    void add(std::string_view labels, std::string_view value) { add("", labels, value); }

    void add(std::string_view suffix, std::string_view labels, std::string_view value) {
        out_ += name_;
        out_ += suffix;
        if (!labels.empty()) {
            out_ += '{';
            out_ += labels;
            out_ += '}';
        }
        out_ += ' ';
        out_ += value;
        out_ += '\n';
    }

private:
    std::string& out_;
    std::string_view name_;
};

std::string label(std::string_view name, std::string_view value) {
    return concat(name, "=\"", escape_label(value), "\"");
}

std::string id_of(const ContainerMetrics& container) {
    return label("id", container.unit.id);
}

// ---------------------------------------------------------------- of one container

void state(Samples& samples, const ContainerMetrics& container) {
    samples.add(concat(id_of(container), ",", label("state", name_of(container.unit.state))), "1");
}

void up(Samples& samples, const ContainerMetrics& container) {
    samples.add(id_of(container), container.unit.pid != 0 ? "1" : "0");
}

void health(Samples& samples, const ContainerMetrics& container) {
    if (container.unit.health != Health::none) {
        samples.add(
            concat(id_of(container), ",", label("health", name_of(container.unit.health))), "1"
        );
    }
}

void uptime(Samples& samples, const ContainerMetrics& container) {
    samples.add(id_of(container), seconds(container.unit.uptime));
}

template <std::uint64_t UnitStatus::*Member>
void unit_counter(Samples& samples, const ContainerMetrics& container) {
    samples.add(id_of(container), concat(container.unit.*Member));
}

template <std::uint64_t LogCounters::*Member>
void log_counter(Samples& samples, const ContainerMetrics& container) {
    samples.add(id_of(container), concat(container.unit.log.*Member));
}

template <std::optional<std::uint64_t> Usage::*Member>
void usage_number(Samples& samples, const ContainerMetrics& container) {
    if (container.usage && container.usage.value().*Member) {
        samples.add(id_of(container), concat(*(container.usage.value().*Member)));
    }
}

void cpu(Samples& samples, const ContainerMetrics& container) {
    if (container.usage) {
        const std::string id = id_of(container);
        samples.add(concat(id, ",mode=\"user\""), seconds(container.usage->cpu_user_us));
        samples.add(concat(id, ",mode=\"system\""), seconds(container.usage->cpu_system_us));
    }
}

void pressure_of(
    Samples& samples,
    const ContainerMetrics& container,
    std::string_view resource,
    const std::optional<PressureTotals>& totals
) {
    if (totals) {
        const std::string labels = concat(id_of(container), ",", label("resource", resource));
        samples.add(concat(labels, ",kind=\"some\""), seconds(totals->some_us));
        samples.add(concat(labels, ",kind=\"full\""), seconds(totals->full_us));
    }
}

void pressure(Samples& samples, const ContainerMetrics& container) {
    if (container.usage) {
        pressure_of(samples, container, "cpu", container.usage->cpu_pressure);
        pressure_of(samples, container, "memory", container.usage->memory_pressure);
        pressure_of(samples, container, "io", container.usage->io_pressure);
    }
}

// ---------------------------------------------------------------- of the supervisor

void info(Samples& samples, const Metrics& metrics) {
    samples.add(label("version", metrics.supervisor.version), "1");
}

void containers(Samples& samples, const Metrics& metrics) {
    samples.add("", concat(metrics.containers.size()));
}

void upgrades(Samples& samples, const Metrics& metrics) {
    samples.add("", concat(metrics.supervisor.upgrades));
}

void own_cpu(Samples& samples, const Metrics& metrics) {
    samples.add("mode=\"user\"", seconds(metrics.own.user));
    samples.add("mode=\"system\"", seconds(metrics.own.system));
}

void own_memory(Samples& samples, const Metrics& metrics) {
    samples.add("", concat(metrics.own.resident_bytes));
}

/// Buckets are summed up: each is of all values up to its bound.
template <Histogram SupervisorStatus::*Member>
void histogram(Samples& samples, const Metrics& metrics) {
    const Histogram& values = metrics.supervisor.*Member;
    std::uint64_t sum = 0;
    for (std::size_t bucket = 0; bucket < values.bounds.size(); ++bucket) {
        sum += bucket < values.counts.size() ? values.counts[bucket] : 0;
        samples.add("_bucket", label("le", decimal(values.bounds[bucket])), concat(sum));
    }
    samples.add("_bucket", "le=\"+Inf\"", concat(values.count));
    samples.add("_sum", "", decimal(values.sum));
    samples.add("_count", "", concat(values.count));
}

// ---------------------------------------------------------------- all

struct Family {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    // One of the two.
    void (*of_container)(Samples& samples, const ContainerMetrics& container) = nullptr;
    void (*of_supervisor)(Samples& samples, const Metrics& metrics) = nullptr;
};

constexpr Family of_container(
    std::string_view name,
    std::string_view type,
    std::string_view help,
    void (*write)(Samples& samples, const ContainerMetrics& container)
) {
    return {.name = name, .type = type, .help = help, .of_container = write};
}

constexpr Family of_supervisor(
    std::string_view name,
    std::string_view type,
    std::string_view help,
    void (*write)(Samples& samples, const Metrics& metrics)
) {
    return {.name = name, .type = type, .help = help, .of_supervisor = write};
}

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";

constexpr std::array kFamilies{
    of_supervisor("corun_supervisor_info", kGauge, "The supervisor's version.", info),
    of_supervisor("corun_supervisor_containers", kGauge, "Containers supervised.", containers),
    of_supervisor(
        "corun_supervisor_upgrades_total", kCounter, "Upgrades of the running supervisor.", upgrades
    ),
    of_supervisor(
        "corun_supervisor_cpu_seconds_total", kCounter, "Processor time of the supervisor.", own_cpu
    ),
    of_supervisor(
        "corun_supervisor_resident_memory_bytes", kGauge, "Resident memory of it.", own_memory
    ),
    of_supervisor(
        "corun_supervisor_start_latency_seconds",
        "histogram",
        "From the decision to start a container until its program executes.",
        histogram<&SupervisorStatus::start_latency>
    ),
    of_supervisor(
        "corun_supervisor_loop_lag_seconds",
        "histogram",
        "How much later than asked for a timer of the supervisor fires.",
        histogram<&SupervisorStatus::loop_lag>
    ),
    of_container("corun_container_state", kGauge, "1 for the state that it is in.", state),
    of_container("corun_container_up", kGauge, "Whether its first process exists.", up),
    of_container(
        "corun_container_health", kGauge, "1 for what its health checks say, if it has any.", health
    ),
    of_container("corun_container_uptime_seconds", kGauge, "Time since its start.", uptime),
    of_container(
        "corun_container_starts_total", kCounter, "Starts.", unit_counter<&UnitStatus::starts>
    ),
    of_container(
        "corun_container_restarts_total",
        kCounter,
        "Starts that nobody asked for.",
        unit_counter<&UnitStatus::restarts>
    ),
    of_container(
        "corun_container_oom_kills_total",
        kCounter,
        "Processes killed for want of memory.",
        unit_counter<&UnitStatus::oom_kills>
    ),
    of_container("corun_container_cpu_seconds_total", kCounter, "Processor time.", cpu),
    of_container(
        "corun_container_memory_bytes",
        kGauge,
        "Memory charged to it.",
        usage_number<&Usage::memory_bytes>
    ),
    of_container(
        "corun_container_memory_peak_bytes",
        kGauge,
        "The most memory ever charged to it.",
        usage_number<&Usage::memory_peak_bytes>
    ),
    of_container(
        "corun_container_processes",
        kGauge,
        "Processes and threads in it.",
        usage_number<&Usage::processes>
    ),
    of_container(
        "corun_container_io_read_bytes_total",
        kCounter,
        "Bytes read from block devices.",
        usage_number<&Usage::read_bytes>
    ),
    of_container(
        "corun_container_io_written_bytes_total",
        kCounter,
        "Bytes written to block devices.",
        usage_number<&Usage::written_bytes>
    ),
    of_container(
        "corun_container_pressure_seconds_total",
        kCounter,
        "Time in which some or all of its tasks waited for a resource.",
        pressure
    ),
    of_container(
        "corun_container_log_bytes_total",
        kCounter,
        "Bytes it wrote to its output.",
        log_counter<&LogCounters::bytes>
    ),
    of_container(
        "corun_container_log_lines_total",
        kCounter,
        "Lines it wrote to its output.",
        log_counter<&LogCounters::lines>
    ),
    of_container(
        "corun_container_log_dropped_bytes_total",
        kCounter,
        "Bytes of its output that were thrown away.",
        log_counter<&LogCounters::dropped_bytes>
    ),
    of_container(
        "corun_container_log_rotations_total",
        kCounter,
        "Rotations of its log.",
        log_counter<&LogCounters::rotations>
    ),
    of_container(
        "corun_container_log_errors_total",
        kCounter,
        "Failed writes of its log.",
        log_counter<&LogCounters::errors>
    ),
};

void append_samples(std::string& out, const Family& family, const Metrics& metrics) {
    Samples samples(out, family.name);
    if (family.of_supervisor != nullptr) {
        family.of_supervisor(samples, metrics);
        return;
    }
    for (const ContainerMetrics& container : metrics.containers) {
        family.of_container(samples, container);
    }
}

}  // namespace

std::size_t metric_families() {
    return kFamilies.size();
}

void append_family(std::string& out, std::size_t index, const Metrics& metrics) {
    const Family& family = kFamilies.at(index);
    const std::size_t before = out.size();
    out += concat("# HELP ", family.name, " ", family.help, "\n");
    out += concat("# TYPE ", family.name, " ", family.type, "\n");
    const std::size_t headed = out.size();
    append_samples(out, family, metrics);
    if (out.size() == headed) {
        out.resize(before);
    }
}

std::string metrics_text(const Metrics& metrics) {
    std::string out;
    for (std::size_t family = 0; family < metric_families(); ++family) {
        append_family(out, family, metrics);
    }
    return out;
}

std::string escape_label(std::string_view value) {
    std::string out;
    for (const char c : value) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '"':
                out += "\\\"";
                break;
            case '\n':
                out += "\\n";
                break;
            default:
                out += c;
                break;
        }
    }
    return out;
}

}  // namespace corun::supervise
