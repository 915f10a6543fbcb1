// Options of the command line as data: declared in tables, read by one function, printed by
// another. They are written as with runc, whose flags come from Go's `flag` package: `-name` is
// `--name`, `--name=value` is `--name value`, a switch is turned off by `--name=false`.
// Pure. CLI11 does the reading; only options.cpp includes it.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corun::cli {

struct Option {
    std::string_view name;      // without dashes
    std::string_view letter;    // one letter, or none
    std::string_view argument;  // what to call its value in the help; empty: a switch
    std::string_view help;
};

/// One table after the other.
template <std::size_t First, std::size_t Second>
[[nodiscard]] constexpr std::array<Option, First + Second> joined(
    const std::array<Option, First>& first, const std::array<Option, Second>& second
) {
    std::array<Option, First + Second> all;
    for (std::size_t i = 0; i < First; ++i) {
        all[i] = first[i];
    }
    for (std::size_t i = 0; i < Second; ++i) {
        all[First + i] = second[i];
    }
    return all;
}

/// Where options may stand.
enum class OptionPlace {
    anywhere,
    before_operands,  // the first operand ends them: what follows is another program's
};

/// What the words after the command are.
struct Syntax {
    std::span<const Option> options;
    OptionPlace place = OptionPlace::anywhere;
};

/// What was given. The names asked for must be in the table.
class Arguments {
public:
    explicit Arguments(std::span<const Option> options) : options_(options) {}

    [[nodiscard]] bool is_on(std::string_view option) const;

    [[nodiscard]] bool was_given(std::string_view option) const;

    /// The option's value, the last one if it was repeated; empty if it was not given.
    [[nodiscard]] std::string text(std::string_view option) const;

    [[nodiscard]] std::vector<std::string> texts(std::string_view option) const;

    /// 0 if it was not given. Throws Error for what is no number.
    [[nodiscard]] unsigned number(std::string_view option) const;

    [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }

    void add_value(std::string_view option, std::string value);

    void add_operand(std::string operand) { operands_.push_back(std::move(operand)); }

private:
    std::span<const Option> options_;
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
    std::vector<std::string> operands_;
};

/// Throws Error: `flag provided but not defined: --x`, `flag needs an argument: --x`.
[[nodiscard]] Arguments parse_arguments(const Syntax& syntax, std::span<const std::string> words);

/// One line for each option, indented.
[[nodiscard]] std::string describe_options(std::span<const Option> options);

}  // namespace corun::cli
