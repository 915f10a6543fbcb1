// Reading and printing of options. Pure.
#include "corun/cli/options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

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

/// `--name=value`, taken apart.
struct OptionWord {
    std::string_view name;
    std::optional<std::string_view> value;
};

OptionWord take_apart(std::string_view word) {
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
        return {.name = word, .value = std::nullopt};
    }
    return {.name = word.substr(0, equals), .value = word.substr(equals + 1)};
}

bool is_option_word(std::string_view word) {
    return word.size() > 1 && word.front() == '-';  // "-" alone is an operand
}

/// Reads the words from left to right.
class Parser {
public:
    Parser(const Syntax& syntax, std::span<const std::string> words)
        : syntax_(syntax), words_(words), result_(syntax.options) {}

    Arguments parse() {
        while (!words_.empty()) {
            const std::string_view word = words_.front();
            if (word == "--") {
                words_ = words_.subspan(1);
                break;
            }
            if (is_option_word(word)) {
                read_option(word);
                continue;
            }
            if (syntax_.place == OptionPlace::before_operands) {
                break;
            }
            result_.add_operand(next());
        }
        while (!words_.empty()) {
            result_.add_operand(next());
        }
        return std::move(result_);
    }

private:
    std::string next() {
        std::string word = words_.front();
        words_ = words_.subspan(1);
        return word;
    }

    void read_option(std::string_view word) {
        words_ = words_.subspan(1);
        const OptionWord parts = take_apart(word);
        const Option* option = find_option(syntax_.options, parts.name);
        if (option == nullptr) {
            throw Error(concat("flag provided but not defined: ", word));
        }
        if (option->argument.empty()) {
            read_switch(*option, parts.value);
            return;
        }
        if (!parts.value && words_.empty()) {
            throw Error(concat("flag needs an argument: ", word));
        }
        result_.add_value(option->name, parts.value ? std::string(*parts.value) : next());
    }

    void read_switch(const Option& option, std::optional<std::string_view> value) {
        const std::optional<bool> on = parse_switch(value.value_or(kOn));
        if (!on) {
            throw Error(
                concat("--", option.name, ": expected true or false, found ", double_quote(*value))
            );
        }
        result_.add_value(option.name, *on ? "true" : "false");
    }

    const Syntax& syntax_;
    std::span<const std::string> words_;
    Arguments result_;
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
    return Parser(syntax, words).parse();
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
