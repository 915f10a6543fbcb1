// Spec + options + host → Plan: the order of the parts. Parent side, before anything exists.
#include "corun/container/plan_builder.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup_limits.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/plan_process.hpp"
#include "corun/container/state_text.hpp"
#include "corun/oci/sysctl.hpp"
#include "corun/sys/file.hpp"

#include <algorithm>
#include <utility>

namespace corun::container {

namespace {

StateSource state_source(const PlanInput& input) {
    return {
        .oci_version = input.spec.oci_version,
        .id = input.id,
        .bundle = input.bundle,
        .annotations = &input.spec.annotations,
    };
}

setup::HookPlan to_plan(const oci::Hook& hook) {
    setup::HookPlan out{
        .path = hook.path,
        .args = hook.args,
        .env = hook.env,
        .timeout = std::nullopt,
    };
    if (out.args.empty()) {
        out.args.push_back(hook.path);
    }
    if (hook.timeout_seconds) {
        out.timeout = std::chrono::seconds(*hook.timeout_seconds);
    }
    return out;
}

std::vector<setup::HookPlan> to_plan(const std::vector<oci::Hook>& hooks) {
    std::vector<setup::HookPlan> out;
    std::transform(hooks.begin(), hooks.end(), std::back_inserter(out), [](const oci::Hook& hook) {
        return to_plan(hook);
    });
    return out;
}

}  // namespace

void refuse_unsupported(const oci::Spec& spec) {
    oci::Problems problems(oci::Problems::Mode::throw_first);
    report_unsupported(spec, problems);
}

void report_unsupported(const oci::Spec& spec, oci::Problems& problems) {
    (void)limit_writes(spec.linux_.resources, problems);  // what cgroup v2 does not have
}

void plan_hooks(const PlanInput& input, setup::Plan& plan) {
    const oci::Hooks& hooks = input.spec.hooks;
    plan.hooks.parent_has_hooks = !hooks.prestart.empty() || !hooks.create_runtime.empty();
    plan.hooks.create_container = to_plan(hooks.create_container);
    plan.hooks.start_container = to_plan(hooks.start_container);
    if (plan.hooks.create_container.empty() && plan.hooks.start_container.empty()) {
        return;
    }
    HookFiles files = open_hook_files(input.spec.annotations, input.bundle);
    plan.hooks.output = std::move(files.output);
    plan.hooks.error_output = std::move(files.error_output);
    SplitState state = split_state(state_source(input));
    plan.hooks.state_head = std::move(state.before_status);
    plan.hooks.state_middle = std::move(state.before_pid);
    plan.hooks.state_tail = std::move(state.after_pid);
}

setup::Plan build_init_plan(const PlanInput& input) {
    const oci::Spec& spec = input.spec;
    setup::Plan plan;
    plan.id = input.id;
    plan_namespaces(input, plan);
    plan_rootfs(input, plan);
    plan_mounts(input, plan);
    plan_devices(input, plan);
    plan_masks(input, plan);
    for (const auto& [key, value] : spec.linux_.sysctl) {
        plan.sysctls.emplace_back(oci::sysctl_path(key), value);
    }
    plan.hostname = spec.hostname;
    plan.domainname = spec.domainname;
    if (!input.no_new_keyring) {
        plan.session_keyring = concat("_ses.", input.id);
    }
    if (!spec.process) {
        throw Error("/process: required to create a container");
    }
    plan_process(*spec.process, plan);
    plan_groups(spec.annotations, input.privileges, plan);
    plan.terminal.is_container_console = true;
    if (spec.linux_.personality) {
        plan.attributes.personality = spec.linux_.personality->domain;
    }
    if (spec.linux_.memory_policy) {
        const oci::MemoryPolicy& policy = *spec.linux_.memory_policy;
        plan.attributes.memory_policy = setup::MemoryPolicyPlan{
            .mode = static_cast<int>(static_cast<std::uint32_t>(policy.mode) | policy.flags),
            .node_mask = parse_bit_list(policy.nodes),
        };
    }
    plan_hooks(input, plan);
    if (spec.linux_.seccomp) {
        plan_seccomp(
            *spec.linux_.seccomp,
            spec.annotations,
            input.seccomp_cache_root,
            process_state_parts(
                state_source(input), spec.linux_.seccomp->listener_metadata, "creating"
            ),
            plan
        );
    }
    return plan;
}

}  // namespace corun::container
