// Manual pages and completions: that the tables are in them, and that no text is a roff request.
#include "corun/cli/manual.hpp"

#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/completion.hpp"
#include "corun/cli/global_options.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::cli;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("manual: every command has a text, and its page every option") {
    for (const Command* command : all_commands()) {
        CAPTURE(command->name);
        const std::string page = command_manual(*command);

        CHECK(find_manual_text(command->name) != nullptr);
        for (const Option& option : command->options) {
            CAPTURE(option.name);
            CHECK(contains(page, roff_text(concat("--", option.name))));
        }
    }
}

TEST_CASE("manual: the page of supervise has every annotation") {
    const std::string page = command_manual(*find_command("supervise"));

    CHECK(contains(page, "\\fBorg.corun.health.start\\-period\\fR \\fISPAN\\fR"));
    CHECK(contains(page, "\\fBorg.corun.restart\\fR \\fIPOLICY\\fR"));
}

TEST_CASE("manual: corun(1) names all commands and global options") {
    const std::string page = program_manual();

    for (const Command* command : all_commands()) {
        CHECK(contains(page, concat("corun\\-", command->name, " (1)")));
    }
    for (const Option& option : global_option_table()) {
        CHECK(contains(page, roff_text(concat("--", option.name))));
    }
}

TEST_CASE("manual: what roff would take for its own is printed as it is") {
    CHECK(roff_text(".TH x") == "\\&.TH x");
    CHECK(roff_text("'quoted'") == "\\(aqquoted\\(aq");
    CHECK(roff_text("a-b\\c") == "a\\-b\\ec");
}

TEST_CASE("completion: the frame's markers are replaced by what the tables have") {
    const std::string bash = bash_completion("@COMMANDS@|@GLOBAL_VALUED@|@VALUE_CASES@");

    CHECK(bash.starts_with("attach check checkpoint create ctl delete"));
    CHECK(contains(bash, "|--root|--log|--log-format"));
    CHECK(contains(bash, "'exec --env'|'exec -e') :; return ;;"));
    CHECK(contains(bash, "'list --format'|'list -f') _corun_words 'table json'; return ;;"));
    CHECK_FALSE(contains(bash, "@"));
    CHECK(zsh_completion("@DESCRIPTIONS@").starts_with("        'attach:connect"));
    CHECK(contains(
        fish_completion("@OPTIONS@"),
        "complete -c corun -n '__fish_seen_subcommand_from list' -l format -s f -x -a 'table json'"
    ));
}
