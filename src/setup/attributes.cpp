// Applies what the plan names and leaves the rest as the caller had it.
#include "corun/setup/attributes.hpp"

#include "corun/sys/scheduling.hpp"

namespace corun::setup {

namespace {

void set_scheduler(const SchedulerPlan& scheduler) {
    sys::sched_setattr({
        .policy = scheduler.policy,
        .flags = scheduler.flags,
        .nice = scheduler.nice,
        .priority = scheduler.priority,
        .runtime_ns = scheduler.runtime_ns,
        .deadline_ns = scheduler.deadline_ns,
        .period_ns = scheduler.period_ns,
    });
}

}  // namespace

void set_initial_affinity(ChildContext& context) {
    sys::sched_setaffinity(context.plan.attributes.initial_cpu_affinity);
}

void set_attributes(ChildContext& context) {
    const AttributesPlan& attributes = context.plan.attributes;
    // Affinity before the scheduler: SCHED_DEADLINE refuses a later change of affinity. sched(7)
    if (!attributes.cpu_affinity.empty()) {
        sys::sched_setaffinity(attributes.cpu_affinity);
    }
    if (attributes.scheduler) {
        set_scheduler(*attributes.scheduler);
    }
    if (attributes.io_priority) {
        sys::ioprio_set(*attributes.io_priority);
    }
    if (attributes.memory_policy) {
        sys::set_mempolicy(attributes.memory_policy->mode, attributes.memory_policy->node_mask);
    }
    if (attributes.personality) {
        sys::personality(*attributes.personality);
    }
}

}  // namespace corun::setup
