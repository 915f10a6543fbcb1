// `update`: new limits for a container.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/update_options.hpp"
#include "corun/container/intel_rdt.hpp"
#include "corun/container/update.hpp"
#include "corun/oci/json_reader.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace corun::cli {

namespace {

std::string read_text(const std::string& file) {
    if (file == "-") {
        return sys::read_all(sys::FdRef(STDIN_FILENO), oci::kMaxJsonBytes);
    }
    return sys::read_file(sys::FdRef::cwd(), file, oci::kMaxJsonBytes);
}

std::string label_of(const std::string& file) {
    return concat("--resources ", file == "-" ? "-" : quote(file));
}

void warn_of_ignored(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    for (const std::string_view option : {"kernel-memory", "kernel-memory-tcp"}) {
        if (!arguments.text(option).empty()) {
            invocation.log.warning(concat("--", option, " is ignored"));
        }
    }
    if (arguments.text("resources").empty()) {
        return;
    }
    for (const std::string_view option : limits_given(arguments)) {
        invocation.log.warning(concat("--", option, " is ignored: --resources is given"));
    }
}

/// One line for one resource. Throws, naming the option, if there is no resctrl to take it.
std::string schema_of(const Arguments& arguments, std::string_view option) {
    std::string schema = arguments.text(option);
    if (!schema.empty()) {
        in_context(
            [&] { return concat("--", option); },
            [&] {
                (void)container::resctrl_root();
                if (schema.find('\n') != std::string::npos) {
                    throw Error("a newline is in the schema");
                }
            }
        );
    }
    return schema;
}

void update(const Invocation& invocation, oci::Resources resources) {
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    container::UpdateRequest request{
        .id = invocation.id(),
        .resources = std::move(resources),
        .l3_cache_schema = schema_of(invocation.arguments, "l3-cache-schema"),
        .mem_bw_schema = schema_of(invocation.arguments, "mem-bw-schema"),
    };
    loop.run(container::update(engine, std::move(request)));
}

int run(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    warn_of_ignored(invocation);
    const std::string file = arguments.text("resources");
    if (!file.empty()) {
        in_context(
            [&] { return label_of(file); },
            [&] { update(invocation, oci::read_resources(read_text(file))); }
        );
        return 0;
    }
    oci::Resources resources = resources_from_options(arguments);
    try {
        update(invocation, std::move(resources));
    } catch (const Error& error) {
        throw Error(name_options(error.message()), error.error_number());
    }
    return 0;
}

}  // namespace

constexpr Command kUpdateCommand{
    .name = "update",
    .summary = "change the limits of a container",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kUpdateOptions,
    .notes =
        "Sizes take a unit: 512m, 1.5g. What is not given stays as it is; a rule for devices\n"
        "in the JSON is left out. With --resources the other limits are ignored.",
    .run = run,
};

}  // namespace corun::cli
