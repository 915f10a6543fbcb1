// What `state` and `list` tell of a container. Parent side.
#include "corun/container/summary.hpp"

#include "corun/base/text.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace corun::container {

Summary summarize(Engine& engine, const ContainerDirectory& directory) {
    std::optional<Record> record = directory.load();
    const Observation observed = observe(engine, directory, record);
    return {
        .id = directory.id(),
        .status = observed.status,
        .pid = observed.pid(),
        .record = std::move(record),
    };
}

oci::StateReport report_of(const Summary& summary, std::string owner) {
    const Record record = summary.record.value_or(Record());
    return {
        .state =
            {
                .oci_version = record.oci_version,
                .id = summary.id.text(),
                .status = summary.status,
                .pid = summary.pid,
                .bundle = record.bundle,
                .annotations = record.annotations,
            },
        .rootfs = record.rootfs,
        // Callers parse a time here, also of a container that has none.
        .created = summary.record ? record.created : "0001-01-01T00:00:00Z",
        .owner = std::move(owner),
    };
}

std::string user_name(uid_t uid, const std::string& passwd) {
    const std::string wanted = concat(uid);
    for (const std::string_view line : split(passwd, '\n')) {
        const std::vector<std::string_view> fields = split(line, ':');
        if (fields.size() > 2 && fields[2] == wanted) {
            return std::string(fields[0]);
        }
    }
    return "#" + wanted;
}

}  // namespace corun::container
