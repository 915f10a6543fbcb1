// What commands write to standard output. A closed or full output is an error, not silence.
#pragma once

#include "corun/sys/fd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace corun::cli {

/// Writes all of `text`.
void print(std::string_view text);

/// As far as it can be written: nothing can be done about a standard error or a log that does not
/// take it.
void write_quietly(sys::FdRef fd, std::string_view text) noexcept;

/// Rows with their columns aligned as runc's: 12 characters wide at least, 3 blanks between.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace corun::cli
