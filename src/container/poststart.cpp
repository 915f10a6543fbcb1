// The poststart hooks. Parent side, in the runtime's namespaces; the payload runs already.
#include "corun/container/poststart.hpp"

#include "corun/base/error.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/hooks.hpp"

#include <csignal>

namespace corun::container {

StateSource state_source(const ContainerId& id, const Record& record) {
    return {
        .oci_version = record.oci_version,
        .id = id.text(),
        .bundle = record.bundle,
        .annotations = &record.annotations,
    };
}

async::Task<> run_poststart_hooks(
    const oci::Spec* spec, StateSource source, const sys::Pidfd* process
) {
    if (spec->hooks.poststart.empty()) {
        co_return;
    }
    HookSurroundings surroundings;
    surroundings.state = state_text(source, "running", process->pid());
    surroundings.directory = source.bundle;
    surroundings.lifetime = sys::Lifetime::of_caller;
    const HookFiles files = open_hook_files(*source.annotations, source.bundle);
    surroundings.write_to(files.output, files.error_output);
    try {
        co_await run_hooks(spec->hooks.poststart, "poststart", surroundings);
    } catch (const Error&) {
        (void)process->send_signal(SIGKILL);  // already gone is as good
        throw;
    }
}

}  // namespace corun::container
