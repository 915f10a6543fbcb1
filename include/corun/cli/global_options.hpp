// The options in front of the command. Read before anything else, as they say where errors go.
#pragma once

#include "corun/base/log.hpp"
#include "corun/cli/command.hpp"
#include "corun/cli/options.hpp"

#include <span>
#include <string>

namespace corun::cli {

/// Their table, for the help.
[[nodiscard]] std::span<const Option> global_option_table();

struct LogOptions {
    std::string path;  // empty: standard error
    LogFormat format = LogFormat::plain;
    LogLevel level = LogLevel::warning;
};

/// `--log`, `--log-format`, `--log-level`, `--debug`. Throws Error for a wrong value.
[[nodiscard]] LogOptions log_options(const Arguments& arguments);

/// The others. Throws Error for a wrong value.
[[nodiscard]] GlobalOptions global_options(const Arguments& arguments);

}  // namespace corun::cli
