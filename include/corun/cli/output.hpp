// What commands write to standard output. A closed or full output is an error, not silence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corun::cli {

/// Writes all of `text`.
void print(std::string_view text);

/// Rows with their columns aligned as runc's: 12 characters wide at least, 3 blanks between.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace corun::cli
