// Annotations are strings of the document: what is wrong with one is told by its JSON pointer.
#include "corun/container/crun_annotations.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <cerrno>

namespace corun::container {

namespace {

sys::UniqueFd open_to_append(
    const oci::StringMap& annotations, const std::string& bundle, const char* key
) {
    constexpr mode_t kMode = 0600;
    const std::optional<std::string> path = find_annotation(annotations, key);
    if (!path) {
        return {};
    }
    return in_context(
        [&] { return concat("/annotations/", key); },
        [&] {
            const std::string absolute =
                path->starts_with('/') ? *path : concat(bundle, "/", *path);
            return sys::open(absolute, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, kMode);
        }
    );
}

}  // namespace

std::optional<std::string> find_annotation(const oci::StringMap& annotations, const char* key) {
    const auto found = annotations.find(key);
    if (found == annotations.end() || found->second.empty()) {
        return std::nullopt;
    }
    return found->second;
}

std::optional<std::string> find_path_annotation(
    const oci::StringMap& annotations, const char* key
) {
    std::optional<std::string> path = find_annotation(annotations, key);
    if (path && !path->starts_with('/')) {
        throw Error(
            concat("/annotations/", key, ": ", quote(*path), " is not an absolute path"), EINVAL
        );
    }
    return path;
}

HookFiles open_hook_files(const oci::StringMap& annotations, const std::string& bundle) {
    return {
        .output = open_to_append(annotations, bundle, kHooksStdout),
        .error_output = open_to_append(annotations, bundle, kHooksStderr),
    };
}

}  // namespace corun::container
