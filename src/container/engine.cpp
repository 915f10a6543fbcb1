// What every verb works with. Parent side.
#include "corun/container/engine.hpp"

#include "corun/base/text.hpp"

namespace corun::container {

void Engine::begin(std::string_view part) const {
    log_.debug(part);
    if (options_.timeline != nullptr) {
        options_.timeline->mark(sys::Timeline::Side::parent, part);
    }
}

void Engine::report_start() const {
    if (options_.timeline == nullptr) {
        return;
    }
    for (const sys::Timeline::Span& span : options_.timeline->spans()) {
        if (span.side == sys::Timeline::Side::child) {
            const auto took =
                std::chrono::duration_cast<std::chrono::microseconds>(span.end - span.begin);
            log_.debug(concat("step ", quote(span.name), " took ", took.count(), " us"));
        }
    }
    if (options_.on_started) {
        options_.on_started(*options_.timeline);
    }
}

const CgroupHierarchy& Engine::cgroups() {
    if (!cgroups_) {
        cgroups_ = find_cgroup_hierarchy();
    }
    return *cgroups_;
}

}  // namespace corun::container
