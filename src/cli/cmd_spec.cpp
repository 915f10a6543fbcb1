// `spec`: a config.json to start from.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/oci/default_spec.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace corun::cli {

namespace {

constexpr const char* kFileName = "config.json";

constexpr std::array kOptions{
    Option{
        .name = "bundle",
        .letter = "b",
        .argument = "DIR",
        .help = "write it there (default: the working directory)",
    },
    Option{
        .name = "rootless",
        .letter = "",
        .argument = "",
        .help = "make one that a user without privileges can run",
    },
};

int run(const Invocation& invocation) {
    const std::string bundle =
        invocation.arguments.was_given("bundle") ? invocation.arguments.text("bundle") : ".";
    const std::string text = invocation.arguments.is_on("rootless")
                                 ? oci::rootless_spec_json(::geteuid(), ::getegid())
                                 : oci::default_spec_json();
    const sys::UniqueFd directory = sys::open(bundle, O_PATH | O_DIRECTORY);
    if (sys::try_fstatat(directory, kFileName, AT_SYMLINK_NOFOLLOW)) {
        throw Error(concat("File ", kFileName, " exists. Remove it first"));
    }
    constexpr mode_t kMode = 0666;  // less the umask
    const sys::UniqueFd file =
        sys::openat(directory, kFileName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kMode);
    in_context([] { return concat("write ", kFileName); }, [&] { sys::write_all(file, text); });
    return 0;
}

}  // namespace

constexpr Command kSpecCommand{
    .name = "spec",
    .summary = "write a config.json to start from",
    .operands = {.usage = "", .at_least = 0, .at_most = 0},
    .options = kOptions,
    .run = run,
};

}  // namespace corun::cli
