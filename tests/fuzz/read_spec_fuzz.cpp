// libFuzzer target: any bytes given to the document readers end in structs or in one clean Error.
// Built with -Dfuzz=true and clang; run: read-spec-fuzz -dict=tests/fuzz/read_spec.dict CORPUS/
#include "corun/base/error.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/oci/validate.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace corun;
using namespace corun::oci;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// What promises read_spec's header makes of errors: one line, of readable length.
template <class Read>
void run(Read read, std::string_view text) {
    try {
        read(text);
    } catch (const Error& error) {
        const std::string_view line(error.what());
        require(!line.empty() && line.size() < 16384);
        for (const char c : line) {
            require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
        }
    }
}

void read_whole(std::string_view text) {
    const Spec spec = read_spec(text);
    require(spec.oci_version.starts_with("1."));
    require(!spec.process || !spec.process->args.empty());
    for (const Mount& mount : spec.mounts) {
        (void)parse_mount_options(mount.options);
        const std::string path = normalized_destination(mount.destination);
        require(path.starts_with('/') && normalized_destination(path) == path);
    }
    validate(spec);
}

/// The reader that goes on after a problem: it must find one just where the other throws.
void examine_whole(std::string_view text) {
    const DocumentFindings findings = examine_spec(text);
    for (const Problem& problem : findings.problems) {
        require(problem.pointer.empty() || problem.pointer.starts_with('/'));
        require(!problem.reason.empty());
    }
    bool throws = false;
    try {
        (void)read_spec(text);
    } catch (const Error&) {
        throws = true;
    }
    require(throws == !findings.problems.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    run(read_whole, text);
    run(examine_whole, text);
    run([](std::string_view process) { (void)read_process(process); }, text);
    run([](std::string_view resources) { (void)read_resources(resources); }, text);
    return 0;
}
