// Standard output by descriptor: no stdio buffers, no locale.
#include "corun/cli/output.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"

#include <unistd.h>

#include <algorithm>

namespace corun::cli {

void print(std::string_view text) {
    in_context(
        [] { return "standard output"; }, [&] { sys::write_all(sys::FdRef(STDOUT_FILENO), text); }
    );
}

void write_quietly(sys::FdRef fd, std::string_view text) noexcept {
    try {
        sys::write_all(fd, text);
    } catch (...) {  // NOLINT(bugprone-empty-catch): there is nobody left to tell
    }
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
    constexpr std::size_t kNarrowest = 12;
    constexpr std::size_t kGap = 3;
    std::vector<std::size_t> widths;
    for (const std::vector<std::string>& row : rows) {
        widths.resize(std::max(widths.size(), row.size()), kNarrowest);
        for (std::size_t column = 0; column < row.size(); ++column) {
            widths[column] = std::max(widths[column], row[column].size() + kGap);
        }
    }
    std::string out;
    for (const std::vector<std::string>& row : rows) {
        for (std::size_t column = 0; column < row.size(); ++column) {
            std::string cell = row[column];
            if (column + 1 < row.size()) {
                cell.resize(widths[column], ' ');
            }
            out += cell;
        }
        out += '\n';
    }
    return out;
}

}  // namespace corun::cli
