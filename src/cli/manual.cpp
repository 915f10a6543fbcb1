// The layout of manual pages. What they say is in the tables and in manual_texts.cpp.
#include "corun/cli/manual.hpp"

#include "corun/base/text.hpp"
#include "corun/cli/build_info.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/global_options.hpp"
#include "corun/supervise/policy_settings.hpp"

#include <algorithm>

namespace corun::cli {

namespace {

/// The day on which the texts were last revised; pages must not differ from build to build.
constexpr std::string_view kRevised = "2026-11-26";

std::string heading(std::string_view page, std::string_view summary) {
    return concat(
        ".TH ",
        roff_text(to_upper(page)),
        " 1 ",
        kRevised,
        " \"corun ",
        kVersion,
        "\" \"User Commands\"\n.SH NAME\n",
        roff_text(page),
        " \\- ",
        roff_text(summary),
        "\n"
    );
}

std::string bold(std::string_view text) {
    return concat("\\fB", roff_text(text), "\\fR");
}

std::string italic(std::string_view text) {
    return concat("\\fI", roff_text(text), "\\fR");
}

/// The words of a usage line: capitals stand for something, the rest is typed or a bracket.
std::string usage_words(std::string_view usage) {
    std::string out;
    for (const std::string_view word : split(usage, ' ')) {
        out += concat(out.empty() ? "" : " ", italic(word));
    }
    return out;
}

/// Source lines of readable length, a new one for each sentence; blanks are one as any.
std::string filled(std::string_view text) {
    constexpr std::size_t kWidth = 78;
    std::string out;
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) {
            out += line + "\n";
            line.clear();
        }
    };
    std::string blanks(text);
    std::replace(blanks.begin(), blanks.end(), '\n', ' ');
    for (const std::string_view part : split(blanks, ' ')) {
        const std::string word = roff_text(part);
        if (line.size() + 1 + word.size() > kWidth) {
            end_line();
        }
        if (!word.empty()) {
            line += concat(line.empty() ? "" : " ", word);
        }
        if (word.ends_with('.')) {
            end_line();
        }
    }
    end_line();
    return out;
}

std::string paragraphs(std::string_view text) {
    std::string out;
    std::string paragraph;
    const std::string ended = concat(text, "\n\n");
    for (const std::string_view line : split(ended, '\n')) {
        if (!line.empty()) {
            paragraph += concat(line, " ");
        } else if (!paragraph.empty()) {
            out += concat(out.empty() ? "" : ".PP\n", filled(paragraph));
            paragraph.clear();
        }
    }
    return out;
}

std::string option_entries(std::span<const Option> options) {
    std::string out;
    for (const Option& option : options) {
        out += concat(".TP\n", bold(concat("--", option.name)));
        if (!option.letter.empty()) {
            out += concat(", ", bold(concat("-", option.letter)));
        }
        if (!option.argument.empty()) {
            out += concat(" ", italic(option.argument));
        }
        out += concat("\n", filled(concat(option.help, ".")));
    }
    return out;
}

std::string verb_entries(std::span<const Verb> verbs) {
    std::string out;
    for (const Verb& verb : verbs) {
        out += concat(
            ".TP\n",
            bold(verb.name),
            verb.usage.empty() ? "" : concat(" ", italic(verb.usage)),
            "\n",
            filled(concat(verb.summary, "."))
        );
    }
    return out;
}

/// What a bundle says of itself with `supervise`.
std::string annotations_section() {
    std::string out = ".SH ANNOTATIONS\n";
    for (const supervise::PolicySetting& setting : supervise::kPolicySettings) {
        out += concat(
            ".TP\n",
            bold(supervise::annotation_of(setting.name)),
            " ",
            italic(setting.argument),
            "\n",
            filled(concat(setting.help, "."))
        );
    }
    return out;
}

std::string example_section(std::string_view example) {
    if (example.empty()) {
        return {};
    }
    std::string out = ".SH EXAMPLES\n.nf\n";
    for (const std::string_view line : split(example, '\n')) {
        out += roff_text(line) + "\n";
    }
    return out + ".fi\n";
}

std::string references(std::span<const std::string> pages) {
    std::string out = ".SH SEE ALSO\n";
    for (std::size_t i = 0; i < pages.size(); ++i) {
        out += concat(".BR ", roff_text(pages[i]), " (1)", i + 1 < pages.size() ? " ," : "", "\n");
    }
    return out;
}

std::string page_of(const Command& command) {
    return concat("corun-", command.name);
}

std::string exit_section(const Command& command) {
    return concat(
        ".SH EXIT STATUS\n",
        filled(concat(
            "0 on success. ",
            command.failure_status,
            " if the command fails; the reason is one line on standard error. ",
            command.failure_status == 1 ? "" : "1 for a wrong use of the command line."
        ))
    );
}

}  // namespace

std::string roff_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '"':
                out += "\\(dq";
                break;
            case '^':
                out += "\\(ha";
                break;
            case '~':
                out += "\\(ti";
                break;
            case '`':
                out += "\\(ga";
                break;
            default:
                out += c;
                break;
        }
    }
    return out.starts_with('.') ? concat("\\&", out) : out;
}

std::string program_manual() {
    std::string out = heading("corun", "Open Container Initiative runtime");
    out += concat(
        ".SH SYNOPSIS\n",
        bold("corun"),
        " [",
        italic("global options"),
        "] ",
        italic("command"),
        " [",
        italic("command options"),
        "] [",
        italic("arguments"),
        "]\n.SH DESCRIPTION\n"
    );
    const ManualText* text = find_manual_text("");
    out += text == nullptr ? "" : paragraphs(text->description);
    out += ".SH COMMANDS\n";
    std::vector<std::string> pages;
    for (const Command* command : all_commands()) {
        pages.push_back(page_of(*command));
        out += concat(
            ".TP\n.BR ", roff_text(pages.back()), " (1)\n", filled(concat(command->summary, "."))
        );
    }
    out += concat(
        ".TP\n",
        bold("corun help"),
        " [",
        italic("COMMAND"),
        "]\nprint the help of the program or of a command.\n.SH GLOBAL OPTIONS\n",
        option_entries(global_option_table())
    );
    out += text == nullptr ? "" : example_section(text->example);
    out += concat(
        ".SH EXIT STATUS\n",
        filled("0 on success, 1 on failure, 3 for an unknown command. The commands run and exec "
               "end as "
               "the process does: with its status, or 128 and the number of the signal it died of."
        ),
        ".SH FILES\n.TP\n.I config.json\n",
        filled("what to run and how, in the bundle: https://github.com/opencontainers/runtime-spec."
        ),
        ".TP\n.I /run/corun\nthe state of the containers of root.\n.TP\n.I "
        "$XDG_RUNTIME_DIR/corun\nthe same of other users.\n"
    );
    return out + references(pages);
}

std::string command_manual(const Command& command) {
    std::string out = heading(page_of(command), command.summary);
    out += concat(
        ".SH SYNOPSIS\n",
        bold("corun"),
        " [",
        italic("global options"),
        "] ",
        bold(command.name),
        command.options.empty() ? "" : concat(" [", italic("options"), "]"),
        command.operands.usage.empty() ? "" : concat(" ", usage_words(command.operands.usage)),
        "\n.SH DESCRIPTION\n"
    );
    const ManualText* text = find_manual_text(command.name);
    out += paragraphs(
        text == nullptr ? concat("It is there to ", command.summary, ".") : text->description
    );
    if (!command.notes.empty()) {
        out += concat(".PP\n", filled(command.notes));
    }
    if (!command.verbs.empty()) {
        out += concat(".SH VERBS\n", verb_entries(command.verbs));
    }
    if (!command.options.empty()) {
        out += concat(".SH OPTIONS\n", option_entries(command.options));
    }
    if (command.name == kSuperviseCommand.name) {
        out += annotations_section();
    }
    out += exit_section(command);
    out += text == nullptr ? "" : example_section(text->example);
    const std::vector<std::string> pages = {"corun"};
    return out + references(pages);
}

}  // namespace corun::cli
