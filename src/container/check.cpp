// The order of a check, and what there is to say of the document alone.
#include "corun/container/check.hpp"

#include "corun/base/text.hpp"
#include "corun/container/bundle.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/container/privileges.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/oci/state.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace corun::container {

namespace {

/// Sections of the specification for platforms other than Linux.
constexpr std::array<std::string_view, 6> kOtherPlatforms{
    "/windows",
    "/solaris",
    "/vm",
    "/zos",
    "/freebsd",
    "/process/commandLine",
};

/// The minor number of a version 1.x; the reader lets nothing else through.
unsigned minor_of(std::string_view version) {
    const std::vector<std::string_view> numbers = split(version, '.');
    return numbers.size() < 2 ? 0 : parse_number<unsigned>(numbers[1]).value_or(0);
}

void check_version(const oci::Spec& spec, Findings& out) {
    if (minor_of(spec.oci_version) > minor_of(oci::kOciVersion)) {
        out.add(
            Severity::note,
            "/ociVersion",
            concat("is newer than ", oci::kOciVersion, ", the version that corun knows")
        );
    }
}

/// What this build knows and does not do.
void check_support(const oci::Spec& spec, Findings& out) {
    if (!spec.process) {
        out.add(Severity::error, "/process", "required to create a container");
    }
    oci::Problems problems(oci::Problems::Mode::keep_all);
    report_unsupported(spec, problems);
    for (const oci::Problem& problem : problems.list()) {
        out.add(Severity::error, problem.pointer, problem.reason);
    }
}

}  // namespace

void check_unread(const oci::Spec& spec, const std::vector<std::string>& unread, Findings& out) {
    for (const std::string& pointer : unread) {
        const bool is_elsewhere =
            std::find(kOtherPlatforms.begin(), kOtherPlatforms.end(), pointer) !=
            kOtherPlatforms.end();
        if (is_elsewhere) {
            out.add(Severity::note, pointer, "is for another platform and ignored");
        } else if (pointer == "/process/consoleSize" && spec.process && !spec.process->terminal) {
            out.add(Severity::note, pointer, "is ignored without a terminal");
        } else {
            out.add(Severity::warning, pointer, "is no property that corun knows, and ignored");
        }
    }
}

Findings check(const EngineOptions& options, const CheckRequest& request) {
    const BundleFiles bundle = read_bundle(request.bundle, request.config_file);
    std::optional<oci::DocumentFindings> document;
    Findings out;
    if (!out.attempt("", [&] { document.emplace(oci::examine_spec(bundle.config)); })) {
        return out;
    }
    out = Findings(document->problems);
    const oci::Spec& spec = document->spec;
    check_unread(spec, document->unread, out);
    check_version(spec, out);
    check_support(spec, out);
    const PlanInput input{
        .spec = spec,
        .privileges = probe_privileges(),
        .id = "check",
        .bundle = bundle.path,
        .cgroup_directory = "",
        .seccomp_cache_root = "",
    };
    const CheckSubject subject{.plan_input = input, .options = options};
    check_process(subject, out);
    check_namespaces(subject, out);
    check_id_mappings(subject, out);
    check_files(subject, out);
    check_cgroup(subject, out);
    check_seccomp(subject, out);
    return out;
}

}  // namespace corun::container
