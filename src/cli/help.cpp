// Help texts, laid out as runc's, and the version.
#include "corun/cli/help.hpp"

#include "corun/base/text.hpp"
#include "corun/cli/build_info.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/global_options.hpp"
#include "corun/oci/state.hpp"

#include <seccomp.h>

#include <algorithm>

namespace corun::cli {

namespace {

std::string command_lines() {
    std::size_t width = 0;
    for (const Command* command : all_commands()) {
        width = std::max(width, command->name.size());
    }
    std::string out;
    for (const Command* command : all_commands()) {
        std::string name(command->name);
        name.resize(width, ' ');
        out += concat("   ", name, "  ", command->summary, "\n");
    }
    return out;
}

std::string verb_lines(std::span<const Verb> verbs) {
    std::vector<std::string> words;
    std::size_t width = 0;
    for (const Verb& verb : verbs) {
        words.push_back(concat(verb.name, verb.usage.empty() ? "" : " ", verb.usage));
        width = std::max(width, words.back().size());
    }
    std::string out;
    for (std::size_t i = 0; i < verbs.size(); ++i) {
        words[i].resize(width, ' ');
        out += concat("   ", words[i], "  ", verbs[i].summary, "\n");
    }
    return out;
}

std::string libseccomp_version() {
    const scmp_version* version = ::seccomp_version();
    return concat(version->major, ".", version->minor, ".", version->micro);
}

}  // namespace

std::string program_help() {
    return concat(
        "NAME:\n"
        "   corun - Open Container Initiative runtime\n"
        "\n"
        "USAGE:\n"
        "   corun [global options] command [command options] [arguments...]\n"
        "\n"
        "COMMANDS:\n",
        command_lines(),
        "   help      print the help of the program or of a command\n"
        "\n"
        "GLOBAL OPTIONS:\n",
        describe_options(global_option_table())
    );
}

std::string command_help(const Command& command) {
    const bool has_options = !command.options.empty();
    std::string out = concat(
        "NAME:\n   corun ",
        command.name,
        " - ",
        command.summary,
        "\n\nUSAGE:\n   corun ",
        command.name,
        has_options ? " [command options]" : "",
        command.operands.usage.empty() ? "" : " ",
        command.operands.usage,
        "\n"
    );
    if (!command.verbs.empty()) {
        out += concat("\nVERBS:\n", verb_lines(command.verbs));
    }
    if (!command.notes.empty()) {
        out += concat("\nDESCRIPTION:\n   ", command.notes, "\n");
    }
    if (has_options) {
        out += concat("\nOPTIONS:\n", describe_options(command.options));
    }
    return out;
}

std::string version_text() {
    return concat(
        "corun version ",
        kVersion,
        "\ncommit: ",
        kCommit,
        "\nspec: ",
        oci::kOciVersion,
        "\nlibseccomp: ",
        libseccomp_version(),
        "\n"
    );
}

}  // namespace corun::cli
