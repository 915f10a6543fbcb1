// Completions: one walk over the tables for each shell.
#include "corun/cli/completion.hpp"

#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/global_options.hpp"
#include "corun/oci/names.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace corun::cli {

namespace {

// ---------------------------------------------------------------- what the tables say

enum class ValueKind { none, words, directory, file, capability, other };

ValueKind value_kind(const Option& option) {
    const std::string_view argument = option.argument;
    if (argument.empty()) {
        return ValueKind::none;
    }
    if (argument.find('|') != std::string_view::npos) {
        return ValueKind::words;
    }
    if (argument == "DIR") {
        return ValueKind::directory;
    }
    if (argument == "FILE" || argument == "PATH") {
        return ValueKind::file;
    }
    return argument == "CAP_NAME" ? ValueKind::capability : ValueKind::other;
}

std::string words_of(const Option& option) {
    std::string words(option.argument);
    std::replace(words.begin(), words.end(), '|', ' ');
    return words;
}

std::string capability_words() {
    std::string words;
    for (const std::string_view name : oci::kCapabilityNames) {
        words += concat(words.empty() ? "" : " ", name);
    }
    return words;
}

constexpr std::string_view kSignalWords = "HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH";

bool is_repeatable(const Option& option) {
    return option.help.find("may be repeated") != std::string_view::npos;
}

/// The first operand is the id of a container that exists.
bool takes_existing_id(const Command& command) {
    constexpr std::array<std::string_view, 3> kMakers{"create", "run", "restore"};
    return command.operands.usage.starts_with("ID") &&
           std::find(kMakers.begin(), kMakers.end(), command.name) == kMakers.end();
}

std::string verb_words(const Command& command) {
    std::string words;
    for (const Verb& verb : command.verbs) {
        words += concat(words.empty() ? "" : " ", verb.name);
    }
    return words;
}

bool takes_signal(const Command& command) {
    return command.operands.usage.find("SIGNAL") != std::string_view::npos;
}

/// The option's spellings, for a pattern: `--bundle|-b`.
std::string spellings(const Option& option, std::string_view separator) {
    std::string out = concat("--", option.name);
    if (!option.letter.empty()) {
        out += concat(separator, "-", option.letter);
    }
    return out;
}

std::string option_words(std::span<const Option> options) {
    std::string out;
    for (const Option& option : options) {
        out += concat(out.empty() ? "" : " ", spellings(option, " "));
    }
    return out;
}

// Helps of options are broken by hand for the terminal.
std::string on_one_line(std::string_view help) {
    std::string out;
    for (const std::string_view word : split(help, ' ')) {
        if (!trim(word).empty()) {
            out += concat(out.empty() ? "" : " ", trim(word));
        }
    }
    return out;
}

/// In single quotes, for any of the shells but fish.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return out + "'";
}

// ---------------------------------------------------------------- bash

std::string bash_value(const Option& option) {
    switch (value_kind(option)) {
        case ValueKind::words:
            return concat("_corun_words ", shell_quoted(words_of(option)));
        case ValueKind::capability:
            return concat("_corun_words ", shell_quoted(capability_words()));
        case ValueKind::directory:
            return "_corun_paths -d";
        case ValueKind::file:
            return "_corun_paths -f";
        case ValueKind::none:
        case ValueKind::other:
            break;
    }
    return ":";
}

/// Cases of the option in front of the word under the cursor.
std::string bash_value_cases(std::string_view scope, std::span<const Option> options) {
    std::string out;
    for (const Option& option : options) {
        if (option.argument.empty()) {
            continue;
        }
        out += concat(
            "        ",
            shell_quoted(concat(scope, " --", option.name)),
            option.letter.empty() ? ""
                                  : concat("|", shell_quoted(concat(scope, " -", option.letter))),
            ") ",
            bash_value(option),
            "; return ;;\n"
        );
    }
    return out;
}

/// The spellings of all options that take a value.
std::string valued_options(std::span<const Option> options, std::string_view separator) {
    std::string out;
    for (const Option& option : options) {
        if (!option.argument.empty()) {
            out += concat(out.empty() ? "" : separator, spellings(option, separator));
        }
    }
    return out;
}

std::string bash_command_cases() {
    std::string out;
    for (const Command* command : all_commands()) {
        out += concat(
            "        ",
            command->name,
            ")\n            options=",
            shell_quoted(option_words(command->options)),
            " valued=",
            shell_quoted(valued_options(command->options, " ")),
            "\n"
        );
        if (takes_existing_id(*command)) {
            out += "            operands=(_corun_ids)\n";
        }
        if (!command->verbs.empty()) {
            out += concat(
                "            operands=(\"_corun_words ", verb_words(*command), "\" _corun_ids)\n"
            );
        }
        if (takes_signal(*command)) {
            out += concat("            operands+=(\"_corun_words ", kSignalWords, "\")\n");
        }
        out += "            ;;\n";
    }
    return out;
}

// ---------------------------------------------------------------- zsh

/// Inside a `[…]` of _arguments, within single quotes.
std::string zsh_description(std::string_view text) {
    std::string out;
    for (const char c : on_one_line(text)) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') {
            out += '\\';
        }
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return out;
}

std::string zsh_value(const Option& option) {
    switch (value_kind(option)) {
        case ValueKind::none:
            return {};
        case ValueKind::words:
            return concat(":value:(", words_of(option), ")");
        case ValueKind::capability:
            return concat(":capability:(", capability_words(), ")");
        case ValueKind::directory:
            return ":directory:_files -/";
        case ValueKind::file:
            return ":file:_files";
        case ValueKind::other:
            return concat(":", option.argument, ":( )");
    }
    return {};
}

std::string zsh_option(const Option& option) {
    const std::string tail =
        concat("'[", zsh_description(option.help), "]", zsh_value(option), "'");
    const std::string star = is_repeatable(option) ? "\\*" : "";
    if (option.letter.empty()) {
        return concat(star, "--", option.name, tail);
    }
    const std::string exclusion =
        is_repeatable(option) ? "" : concat("'(--", option.name, " -", option.letter, ")'");
    return concat(exclusion, star, "{--", option.name, ",-", option.letter, "}", tail);
}

std::string zsh_arguments(std::span<const Option> options, std::string_view indent) {
    std::string out;
    for (const Option& option : options) {
        out += concat(indent, zsh_option(option), " \\\n");
    }
    return out;
}

std::string zsh_command_cases() {
    std::string out;
    for (const Command* command : all_commands()) {
        out += concat(
            "                ",
            command->name,
            ")\n                    _arguments \\\n",
            zsh_arguments(command->options, "                        ")
        );
        if (takes_existing_id(*command)) {
            out += "                        '1:container:_corun_ids' \\\n";
        }
        if (!command->verbs.empty()) {
            out += concat(
                "                        '1:verb:(",
                verb_words(*command),
                ")' '*:container:_corun_ids' \\\n"
            );
        }
        if (takes_signal(*command)) {
            out += concat("                        '2:signal:(", kSignalWords, ")' \\\n");
        }
        out += "                        && return 0\n                    ;;\n";
    }
    return out;
}

// ---------------------------------------------------------------- fish

std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : on_one_line(text)) {
        if (c == '\'' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "'";
}

std::string fish_value(const Option& option) {
    switch (value_kind(option)) {
        case ValueKind::none:
            return {};
        case ValueKind::words:
            return concat(" -x -a ", fish_quoted(words_of(option)));
        case ValueKind::capability:
            return concat(" -x -a ", fish_quoted(capability_words()));
        case ValueKind::directory:
            return " -x -a '(__fish_complete_directories)'";
        case ValueKind::file:
            return " -r -F";
        case ValueKind::other:
            return " -x";
    }
    return {};
}

std::string fish_options(std::string_view condition, std::span<const Option> options) {
    std::string out;
    for (const Option& option : options) {
        out += concat("complete -c corun -n ", condition, " -l ", option.name);
        if (!option.letter.empty()) {
            out += concat(" -s ", option.letter);
        }
        out += concat(fish_value(option), " -d ", fish_quoted(option.help), "\n");
    }
    return out;
}

// ---------------------------------------------------------------- the whole

struct Replacement {
    std::string_view marker;
    std::string text;
};

std::string filled(std::string text, std::span<const Replacement> replacements) {
    for (const Replacement& replacement : replacements) {
        std::size_t at = text.find(replacement.marker);
        while (at != std::string::npos) {
            text.replace(at, replacement.marker.size(), replacement.text);
            at = text.find(replacement.marker, at + replacement.text.size());
        }
    }
    return text;
}

std::string command_names() {
    std::string names;
    for (const Command* command : all_commands()) {
        names += concat(names.empty() ? "" : " ", command->name);
    }
    return names;
}

}  // namespace

std::string bash_completion(std::string frame) {
    std::string value_cases = bash_value_cases("", global_option_table());
    for (const Command* command : all_commands()) {
        value_cases += bash_value_cases(command->name, command->options);
    }
    const std::array replacements{
        Replacement{"@COMMANDS@", command_names()},
        Replacement{"@COMMAND_CASES@", bash_command_cases()},
        Replacement{"@VALUE_CASES@", std::move(value_cases)},
        Replacement{"@GLOBAL_OPTIONS@", option_words(global_option_table())},
        Replacement{"@GLOBAL_VALUED@", valued_options(global_option_table(), "|")},
    };
    return filled(std::move(frame), replacements);
}

std::string zsh_completion(std::string frame) {
    std::string descriptions;
    for (const Command* command : all_commands()) {
        descriptions +=
            concat("        '", command->name, ":", zsh_description(command->summary), "'\n");
    }
    const std::array replacements{
        Replacement{"@DESCRIPTIONS@", std::move(descriptions)},
        Replacement{"@GLOBAL_OPTIONS@", zsh_arguments(global_option_table(), "        ")},
        Replacement{"@COMMAND_CASES@", zsh_command_cases()},
    };
    return filled(std::move(frame), replacements);
}

std::string fish_completion(std::string frame) {
    constexpr std::string_view kWithoutCommand = "\"not __fish_seen_subcommand_from $commands\"";
    std::string options = fish_options(kWithoutCommand, global_option_table());
    for (const Command* command : all_commands()) {
        const std::string condition = concat("'__fish_seen_subcommand_from ", command->name, "'");
        options += concat(
            "\ncomplete -c corun -n ",
            kWithoutCommand,
            " -a ",
            command->name,
            " -d ",
            fish_quoted(command->summary),
            "\n",
            fish_options(condition, command->options)
        );
        if (takes_existing_id(*command)) {
            options += concat("complete -c corun -n ", condition, " -a '(__corun_ids)'\n");
        }
        if (!command->verbs.empty()) {
            const std::string words = fish_quoted(verb_words(*command));
            options += concat("complete -c corun -n ", condition, " -a ", words, "\n");
            options += concat("complete -c corun -n ", condition, " -a '(__corun_ids)'\n");
        }
        if (takes_signal(*command)) {
            options +=
                concat("complete -c corun -n ", condition, " -a ", fish_quoted(kSignalWords), "\n");
        }
    }
    const std::array replacements{
        Replacement{"@COMMANDS@", command_names()},
        Replacement{"@OPTIONS@", std::move(options)},
    };
    return filled(std::move(frame), replacements);
}

}  // namespace corun::cli
