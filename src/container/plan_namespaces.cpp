// The namespaces of a Plan: which are made, which are joined, and whether ids are mapped. Parent
// side.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/id_maps.hpp"
#include "corun/container/plan_builder.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <algorithm>

namespace corun::container {

namespace {

std::string_view name_of(oci::NamespaceKind kind) {
    switch (kind) {
        case oci::NamespaceKind::time:
            return "time";
        case oci::NamespaceKind::mount:
            return "mount";
        case oci::NamespaceKind::cgroup:
            return "cgroup";
        case oci::NamespaceKind::uts:
            return "uts";
        case oci::NamespaceKind::ipc:
            return "ipc";
        case oci::NamespaceKind::user:
            return "user";
        case oci::NamespaceKind::pid:
            return "pid";
        case oci::NamespaceKind::network:
            return "network";
    }
    return "unknown";
}

setup::JoinedNamespace open_namespace(const oci::Namespace& ns) {
    const int kind = static_cast<int>(ns.kind);
    sys::UniqueFd fd = sys::open(ns.path, O_RDONLY);
    if (sys::namespace_kind(fd) != kind) {
        throw Error(concat(quote(ns.path), " is not a ", name_of(ns.kind), " namespace"));
    }
    return {.kind = kind, .fd = std::move(fd), .path = ns.path};
}

bool maps_root(const std::vector<oci::IdMapping>& mappings) {
    return std::any_of(mappings.begin(), mappings.end(), [](const oci::IdMapping& mapping) {
        return mapping.container_id == 0;
    });
}

}  // namespace

void plan_namespaces(const PlanInput& input, setup::Plan& plan) {
    const oci::Linux& config = input.spec.linux_;
    setup::NamespacePlan& out = plan.namespaces;
    for (std::size_t i = 0; i < config.namespaces.size(); ++i) {
        const oci::Namespace& ns = config.namespaces[i];
        if (!ns.path.empty()) {
            out.joined.push_back(in_context(
                [&] { return concat("/linux/namespaces/", i, "/path"); },
                [&] { return open_namespace(ns); }
            ));
        } else if (ns.kind == oci::NamespaceKind::cgroup) {
            out.creates_cgroup_namespace = true;
        } else {
            out.created |= static_cast<std::uint32_t>(ns.kind);
        }
    }
    if (input.prepared != nullptr) {
        out.created &= ~static_cast<std::uint64_t>(input.prepared->kinds());
        out.prepared = input.prepared;
    }
    out.brings_loopback_up = out.creates(CLONE_NEWNET);
    out.maps_ids = out.creates(CLONE_NEWUSER);
    out.becomes_root =
        out.joins(CLONE_NEWUSER) ||
        (out.maps_ids && maps_root(config.uid_mappings) && maps_root(config.gid_mappings));
    out.time_offsets = time_offsets_text(config.time_offsets);
    if (!out.time_offsets.empty()) {
        out.created &= ~static_cast<std::uint64_t>(CLONE_NEWTIME);  // the relay makes it
    }
}

}  // namespace corun::container
