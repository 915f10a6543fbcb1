// `features`: what this build can do, as JSON; dockerd and containerd ask for it when they start.
#include "corun/base/text.hpp"
#include "corun/cli/build_info.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/container/criu_messages.hpp"
#include "corun/container/systemd.hpp"
#include "corun/container/systemd_properties.hpp"
#include "corun/oci/features.hpp"
#include "corun/oci/names.hpp"
#include "corun/sys/seccomp.hpp"

#include <seccomp.h>

namespace corun::cli {

namespace {

std::vector<std::string> seccomp_architectures() {
    std::vector<std::string> names;
    for (const auto& architecture : oci::kSeccompArchNames) {
        if (::seccomp_arch_resolve_name(std::string(architecture.value).c_str()) != 0) {
            names.emplace_back(architecture.name);
        }
    }
    return names;
}

std::uint32_t seccomp_flags() {
    std::uint32_t flags = 0;
    for (const auto& flag : oci::kSeccompFlagNames) {
        if (sys::has_seccomp_flag(flag.value)) {
            flags |= flag.value;
        }
    }
    return flags;
}

int run(const Invocation& /*invocation*/) {
    const scmp_version* library = ::seccomp_version();
    const oci::FeatureFacts facts{
        .systemd_cgroup = container::has_systemd_driver(),
        .systemd_user_cgroup = container::has_systemd_driver(),
        .rdma = true,
        .seccomp = true,
        .seccomp_architectures = seccomp_architectures(),
        .seccomp_supported_flags = seccomp_flags(),
        .apparmor = true,
        .selinux = true,
        .intel_rdt = true,
        .memory_policy = true,
        .idmapped_mounts = true,
        .net_devices = true,
        .annotations =
            {
                {"io.github.seccomp.libseccomp.version",
                 concat(library->major, ".", library->minor, ".", library->micro)},
                {"org.corun.commit", std::string(kCommit)},
                {"org.corun.version", std::string(kVersion)},
                // Asked for under runc's name by podman and CRI-O, whatever the runtime.
                {"org.opencontainers.runc.checkpoint.enabled",
                 container::knows_criu() ? "true" : "false"},
            },
        .unsafe_annotations =
            {"org.criu.config",
             std::string(container::kPropertyAnnotation),
             "run.oci.delegate-cgroup",
             "run.oci.systemd.subgroup",
             "run.oci.hooks.stderr",
             "run.oci.hooks.stdout",
             "run.oci.keep_original_groups",
             "run.oci.pidfd_receiver",
             "run.oci.seccomp.receiver"},
    };
    print(oci::features_json(facts) + "\n");
    return 0;
}

}  // namespace

constexpr Command kFeaturesCommand{
    .name = "features",
    .summary = "print what this build supports",
    .operands = {.usage = "", .at_least = 0, .at_most = 0},
    .options = {},
    .run = run,
};

}  // namespace corun::cli
