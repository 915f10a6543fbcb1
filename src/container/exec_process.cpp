// The process object of an exec. Parent side.
#include "corun/container/exec_process.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/names.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/oci/validate.hpp"
#include "corun/sys/file.hpp"

#include <cerrno>

namespace corun::container {

namespace {

constexpr std::size_t kProcessLimit = 16U << 20U;  // bytes

oci::Process base_process(const ExecRequest& request, const oci::Spec& spec) {
    if (!request.process_file.empty()) {
        const std::string text =
            sys::read_file(sys::FdRef::cwd(), request.process_file, kProcessLimit);
        return in_context(
            [&] { return request.process_file; }, [&] { return oci::read_process(text); }
        );
    }
    if (!spec.process) {
        throw Error("the container has no process object to start from", EINVAL);
    }
    oci::Process process = *spec.process;
    process.args = request.args;
    process.terminal = false;
    process.console_size.reset();
    return process;
}

/// Bounding, effective and permitted; inheritable never, so that an unprivileged program does not
/// come to hold them by a file's inheritable set. (CVE-2022-29162)
void add_capabilities(const std::vector<std::string>& names, oci::Process& process) {
    if (names.empty()) {
        return;
    }
    if (!process.capabilities) {
        process.capabilities.emplace();
    }
    oci::Capabilities& sets = *process.capabilities;
    for (const std::string& name : names) {
        const std::optional<unsigned> number = oci::find_capability(name);
        if (!number) {
            sets.bounding.unknown.push_back(name);  // a warning, as for the document's own
            continue;
        }
        const std::uint64_t bit = std::uint64_t{1} << *number;
        sets.bounding.mask |= bit;
        sets.effective.mask |= bit;
        sets.permitted.mask |= bit;
        if ((sets.inheritable.mask & bit) != 0) {
            sets.ambient.mask |= bit;  // as runc
        }
    }
}

void apply_options(const ExecRequest& request, oci::Process& process) {
    if (request.tty) {
        process.terminal = true;
    }
    if (!request.cwd.empty()) {
        process.cwd = request.cwd;
    }
    process.env.insert(process.env.end(), request.env.begin(), request.env.end());
    if (request.user) {
        process.user.uid = request.user->uid;
        process.user.gid = request.user->gid.value_or(process.user.gid);
    }
    process.user.additional_gids.insert(
        process.user.additional_gids.end(),
        request.additional_gids.begin(),
        request.additional_gids.end()
    );
    add_capabilities(request.capabilities, process);
    if (!request.process_label.empty()) {
        process.selinux_label = request.process_label;
    }
    if (!request.apparmor.empty()) {
        process.apparmor_profile = request.apparmor;
    }
    process.no_new_privileges = process.no_new_privileges || request.no_new_privileges;
}

}  // namespace

oci::Process exec_process(const ExecRequest& request, const oci::Spec& spec) {
    oci::Process process = base_process(request, spec);
    if (request.process_file.empty()) {
        apply_options(request, process);
    }
    oci::validate(process);
    return process;
}

}  // namespace corun::container
