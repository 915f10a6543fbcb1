// What `state` and `list` tell of a container. Parent side.
#include "corun/container/summary.hpp"

#include "corun/base/text.hpp"

#include <string_view>

namespace corun::container {

namespace {

/// Puts the members of one object together, in one line or one line each.
class ObjectWriter {
public:
    /// `indent`: blanks in front of a member; 0: everything in one line.
    explicit ObjectWriter(std::size_t indent) : indent_(indent) {}

    void add(std::string_view key, std::string_view json_value) {
        out_ += out_.empty() ? "{" : ",";
        if (indent_ > 0) {
            out_ += '\n';
            out_.append(indent_, ' ');
        }
        out_ += concat(json_string(key), indent_ > 0 ? ": " : ":", json_value);
    }

    [[nodiscard]] std::string finish(std::size_t outer_indent) {
        if (indent_ > 0) {
            out_ += '\n';
            out_.append(outer_indent, ' ');
        }
        return out_ + "}";
    }

private:
    std::size_t indent_;
    std::string out_;
};

std::string annotations_json(const Record& record, std::size_t indent) {
    ObjectWriter object(2 * indent);
    for (const auto& [key, value] : record.annotations) {
        object.add(key, json_string(value));
    }
    return object.finish(indent);
}

std::string summary_json(const Summary& summary, const std::string& owner, std::size_t indent) {
    const Record record = summary.record.value_or(Record());
    ObjectWriter object(indent);
    object.add("ociVersion", json_string(record.oci_version));
    object.add("id", json_string(summary.id.text()));
    object.add("pid", concat(summary.pid));
    object.add("status", json_string(name_of(summary.status)));
    object.add("bundle", json_string(record.bundle));
    object.add("rootfs", json_string(record.rootfs));
    // Callers parse a time here, also of a container that has none.
    object.add("created", json_string(summary.record ? record.created : "0001-01-01T00:00:00Z"));
    if (!record.annotations.empty()) {
        object.add("annotations", annotations_json(record, indent));
    }
    object.add("owner", json_string(owner));
    return object.finish(0);
}

}  // namespace

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

std::string indented_json(const Summary& summary, const std::string& owner) {
    return summary_json(summary, owner, 2);
}

std::string compact_json(const Summary& summary, const std::string& owner) {
    return summary_json(summary, owner, 0);
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
