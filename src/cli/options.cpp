// Reading and printing of options. Pure.
#include "corun/cli/options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cassert>
#include <optional>

namespace corun::cli {

namespace {

constexpr std::string_view kOn = "true";

const Option* find_option(std::span<const Option> options, std::string_view name) {
    for (const Option& option : options) {
        if (name == option.name || (!option.letter.empty() && name == option.letter)) {
            return &option;
        }
    }
    return nullptr;
}

/// What Go's strconv.ParseBool takes.
std::optional<bool> parse_switch(std::string_view text) {
    constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::string_view kFalse[] = {"0", "f", "F", "false", "FALSE", "False"};
    if (std::find(std::begin(kTrue), std::end(kTrue), text) != std::end(kTrue)) {
        return true;
    }
    if (std::find(std::begin(kFalse), std::end(kFalse), text) != std::end(kFalse)) {
        return false;
    }
    return std::nullopt;
}

/// A word taken apart: `--name=value`.
struct Word {
    const Option* option = nullptr;  // that it names; none: it is a value or an operand
    std::optional<std::string_view> value;
};

/// Go's flag package, whose dialect callers of runc speak, has one dash or two in front of long
/// names and letters alike, and lets a value be empty (`--log=`).
Word take_apart(std::span<const Option> options, std::string_view word) {
    const std::size_t dashes = word.find_first_not_of('-');
    if (dashes != 1 && dashes != 2) {
        return {};
    }
    const std::string_view body = word.substr(dashes);
    const std::size_t equals = body.find('=');
    Word out{.option = find_option(options, body.substr(0, equals)), .value = std::nullopt};
    if (equals != std::string_view::npos) {
        out.value = body.substr(equals + 1);
    }
    return out;
}

/// The words as CLI11 takes them, last one first. Words that name no option stay as they are, and
/// so does what follows "--".
std::vector<std::string> from_go_dialect(
    std::span<const Option> options, std::span<const std::string> words
) {
    std::vector<std::string> out;
    bool only_operands = false;
    for (const std::string& text : words) {
        only_operands = only_operands || text == "--";
        const Word word = take_apart(options, text);
        if (only_operands || word.option == nullptr) {
            out.push_back(text);
        } else if (!word.value) {
            out.push_back(concat("--", word.option->name));
        } else if (word.value->empty()) {
            out.push_back(concat("--", word.option->name));
            out.emplace_back();
        } else {
            out.push_back(concat("--", word.option->name, "=", *word.value));
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

/// Those that the words name. To declare an option costs CLI11 more than all the rest of its work.
std::vector<const Option*> named_options(
    std::span<const Option> options, std::span<const std::string> words
) {
    std::vector<const Option*> out;
    for (const std::string& text : words) {
        const Option* const option = take_apart(options, text).option;
        if (option != nullptr && std::find(out.begin(), out.end(), option) == out.end()) {
            out.push_back(option);
        }
    }
    return out;
}

/// The table as CLI11 wants it, and back.
class Parser {
public:
    Parser(const Syntax& syntax, std::span<const std::string> words)
        : syntax_(syntax), named_(named_options(syntax.options, words)) {
        app_.set_help_flag();
        if (syntax.place == OptionPlace::before_operands) {
            app_.prefix_command();
        } else {
            app_.allow_extras();
        }
        for (const Option* option : named_) {
            const std::string name = concat("--", option->name);
            if (option->argument.empty()) {
                app_.add_flag(name);
            } else {
                app_.add_option(name)->expected(1)->multi_option_policy(
                    CLI::MultiOptionPolicy::TakeAll
                );
            }
        }
    }

    Arguments parse(std::span<const std::string> words) {
        try {
            app_.parse(from_go_dialect(syntax_.options, words));
        } catch (const CLI::ArgumentMismatch&) {
            throw Error(concat("flag needs an argument: ", words.back()));
        } catch (const CLI::ParseError& error) {
            throw Error(error.what());
        }
        Arguments result(syntax_.options);
        for (const Option* option : named_) {
            take_values(*option, result);
        }
        take_operands(words, result);
        return result;
    }

private:
    void take_values(const Option& option, Arguments& result) const {
        for (const std::string& value : app_.get_option(concat("--", option.name))->results()) {
            if (!option.argument.empty()) {
                result.add_value(option.name, value);
                continue;
            }
            const std::optional<bool> on = parse_switch(value);
            if (!on) {
                throw Error(concat(
                    "--", option.name, ": expected true or false, found ", double_quote(value)
                ));
            }
            result.add_value(option.name, *on ? "true" : "false");
        }
    }

    /// The operands are what CLI11 left over; what looks like an option among them is an unknown
    /// one. Those of another program are the last words, as they were written.
    void take_operands(std::span<const std::string> words, Arguments& result) const {
        const std::vector<std::string> left = app_.remaining();
        const bool are_anothers = syntax_.place == OptionPlace::before_operands;
        bool may_be_option = true;
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (may_be_option && left[i] == "--") {
                may_be_option = false;
                continue;
            }
            if (may_be_option && left[i].size() > 1 && left[i].front() == '-') {
                throw Error(concat("flag provided but not defined: ", left[i]));
            }
            may_be_option = may_be_option && !are_anothers;
            result.add_operand(are_anothers ? words[words.size() - left.size() + i] : left[i]);
        }
    }

    const Syntax& syntax_;
    std::vector<const Option*> named_;
    CLI::App app_;
};

std::string option_label(const Option& option) {
    std::string label = concat("--", option.name);
    if (!option.letter.empty()) {
        label += concat(", -", option.letter);
    }
    if (!option.argument.empty()) {
        label += concat(" ", option.argument);
    }
    return label;
}

}  // namespace

bool Arguments::is_on(std::string_view option) const {
    return text(option) == kOn;
}

std::string Arguments::text(std::string_view option) const {
    const std::vector<std::string> all = texts(option);
    return all.empty() ? std::string() : all.back();
}

std::vector<std::string> Arguments::texts(std::string_view option) const {
    assert(find_option(options_, option) != nullptr);
    const auto found = values_.find(option);
    return found == values_.end() ? std::vector<std::string>() : found->second;
}

unsigned Arguments::number(std::string_view option) const {
    if (!was_given(option)) {
        return 0;
    }
    const std::string value = text(option);
    const auto parsed = parse_number<unsigned>(value);
    if (!parsed) {
        throw Error(concat("--", option, ": expected a number, found ", double_quote(value)));
    }
    return *parsed;
}

bool Arguments::was_given(std::string_view option) const {
    assert(find_option(options_, option) != nullptr);
    return values_.contains(option);
}

void Arguments::add_value(std::string_view option, std::string value) {
    values_[std::string(option)].push_back(std::move(value));
}

Arguments parse_arguments(const Syntax& syntax, std::span<const std::string> words) {
    return Parser(syntax, words).parse(words);
}

std::string describe_options(std::span<const Option> options) {
    std::size_t width = 0;
    for (const Option& option : options) {
        width = std::max(width, option_label(option).size());
    }
    std::string out;
    for (const Option& option : options) {
        std::string label = option_label(option);
        label.resize(width, ' ');
        out += concat("   ", label, "  ", option.help, "\n");
    }
    return out;
}

}  // namespace corun::cli
