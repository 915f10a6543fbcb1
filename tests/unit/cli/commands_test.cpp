// The table of commands is consistent.
#include "corun/cli/commands.hpp"

#include "corun/cli/help.hpp"
#include "corun/sys/entry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace corun::cli;

TEST_CASE("commands: each has a function and is found by its name, in order") {
    std::string previous;
    for (const Command* command : all_commands()) {
        const std::string name(command->name);
        CAPTURE(name);
        CHECK(name > previous);
        CHECK(find_command(name) == command);
        CHECK((command->run != nullptr));
        CHECK(command->operands.at_least <= command->operands.at_most);
        previous = name;
    }
    CHECK(find_command("") == nullptr);
    CHECK(find_command("lis") == nullptr);
}

TEST_CASE("commands: no option occurs twice in one, by name or letter") {
    for (const Command* command : all_commands()) {
        std::set<std::string_view> seen{"help", "h"};
        for (const Option& option : command->options) {
            CAPTURE(std::string(option.name));
            CHECK(seen.insert(option.name).second);
            CHECK((option.letter.empty() || seen.insert(option.letter).second));
            CHECK_FALSE(option.help.empty());
        }
    }
}

TEST_CASE("commands: all are in the help of the program") {
    const std::string help = program_help();
    for (const Command* command : all_commands()) {
        CHECK(help.find("\n   " + std::string(command->name) + " ") != std::string::npos);
        CHECK(command_help(*command).starts_with("NAME:\n   corun " + std::string(command->name)));
    }
}

TEST_CASE("commands: the version's first line is what docker parses") {
    CHECK(version_text().starts_with("corun version "));
    CHECK(version_text().find("\ncommit: ") != std::string::npos);
    CHECK(version_text().find("\nspec: 1.") != std::string::npos);
}

TEST_CASE("commands: the entry knows each command that puts a process into a container") {
    for (const Command* command : all_commands()) {
        const bool known = std::ranges::find(corun::sys::kEnteringCommands, command->name) !=
                           corun::sys::kEnteringCommands.end();
        CAPTURE(command->name);
        CHECK((!command->enters_container || known));
    }
}
