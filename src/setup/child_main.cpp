// Entry of the child's half. Runs between clone3 and exec; single-threaded; no coroutine, no log,
// no exit handlers.
#include "corun/setup/child_main.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>

namespace corun::setup {

void child_main(std::span<const Step> steps, const Plan& plan, sys::UniqueFd socket) noexcept {
    ChildContext context{.plan = plan, .handshake = Handshake(std::move(socket))};
    try {
        for (const Step& step : steps) {
            if (step.wanted(plan)) {
                context.step = step.name;
                if (plan.timeline != nullptr) {
                    plan.timeline->mark(sys::Timeline::Side::child, step.name);
                }
                step.run(context);
            }
        }
        throw Error("returned from the last step");
    } catch (Error& error) {
        error.add_context(concat("step ", quote(context.step)));
        context.handshake.report(error);
    } catch (const ParentGone&) {  // NOLINT(bugprone-empty-catch): nobody to tell, just end
    } catch (const std::exception& error) {
        context.handshake.report(Error(concat("step ", quote(context.step), ": ", error.what())));
    }
    ::_exit(EXIT_FAILURE);
}

}  // namespace corun::setup
