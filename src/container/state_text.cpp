// The container's state as JSON text. Parent side; pure.
#include "corun/container/state_text.hpp"

#include "corun/base/text.hpp"

namespace corun::container {

namespace {

std::string annotations_member(const StateSource& source) {
    if (source.annotations == nullptr || source.annotations->empty()) {
        return {};
    }
    std::string out = ",\"annotations\":{";
    for (const auto& [key, value] : *source.annotations) {
        if (out.back() != '{') {
            out += ',';
        }
        out += concat(json_string(key), ":", json_string(value));
    }
    return out + "}";
}

}  // namespace

std::string state_text(
    const StateSource& source, std::string_view status, std::optional<pid_t> pid
) {
    const SplitState parts = split_state(source);
    if (!pid) {
        return concat(parts.before_status, status, "\"}");
    }
    return concat(parts.before_status, status, parts.before_pid, *pid, parts.after_pid);
}

SplitState split_state(const StateSource& source) {
    return {
        .before_status = concat(
            "{\"ociVersion\":",
            json_string(source.oci_version),
            ",\"id\":",
            json_string(source.id),
            ",\"bundle\":",
            json_string(source.bundle),
            annotations_member(source),
            ",\"status\":\""
        ),
        .before_pid = "\",\"pid\":",
        .after_pid = "}",
    };
}

std::vector<std::string> process_state_parts(
    const StateSource& source,
    std::string_view metadata,
    std::string_view status,
    std::optional<pid_t> container_pid
) {
    const SplitState state = split_state(source);
    std::string head =
        concat("{\"ociVersion\":", json_string(source.oci_version), ",\"fds\":[\"seccompFd\"],");
    if (!metadata.empty()) {
        head += concat("\"metadata\":", json_string(metadata), ",");
    }
    if (container_pid) {
        return {
            concat(head, "\"pid\":"),
            concat(",\"state\":", state_text(source, status, *container_pid), "}"),
        };
    }
    return {
        concat(head, "\"pid\":"),
        concat(",\"state\":", state.before_status, status, state.before_pid),
        concat(state.after_pid, "}"),
    };
}

}  // namespace corun::container
