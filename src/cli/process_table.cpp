// Which lines of ps(1) are a container's. Pure.
#include "corun/cli/process_table.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <algorithm>
#include <optional>

namespace corun::cli {

namespace {

/// The words of a line, separated by blanks.
std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words = split(line, ' ');
    std::erase_if(words, [](std::string_view word) { return word.empty(); });
    return words;
}

std::size_t pid_column(std::string_view header) {
    const std::vector<std::string_view> names = words_of(header);
    const auto found = std::find(names.begin(), names.end(), "PID");
    if (found == names.end()) {
        throw Error("ps: couldn't find PID field in its output");
    }
    return static_cast<std::size_t>(found - names.begin());
}

pid_t pid_of(std::string_view line, std::size_t column) {
    const std::vector<std::string_view> words = words_of(line);
    const auto pid =
        column < words.size() ? parse_number<pid_t>(words[column]) : std::optional<pid_t>();
    if (!pid) {
        throw Error(concat("ps: no pid in ", quote(line)));
    }
    return *pid;
}

}  // namespace

std::string select_processes(std::string_view table, const std::vector<pid_t>& pids) {
    const std::vector<std::string_view> lines = split(table, '\n');
    const std::size_t column = pid_column(lines.front());
    std::string out = concat(lines.front(), "\n");
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (!lines[i].empty() &&
            std::binary_search(pids.begin(), pids.end(), pid_of(lines[i], column))) {
            out += concat(lines[i], "\n");
        }
    }
    return out;
}

}  // namespace corun::cli
