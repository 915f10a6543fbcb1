// Manual pages made from the table of commands, in the man(7) language. Pure; used when corun is
// built, not in corun itself.
#pragma once

#include "corun/cli/command.hpp"

#include <string>
#include <string_view>

namespace corun::cli {

/// What a page says beyond the tables; empty where they say it all.
struct ManualText {
    std::string_view command;
    std::string_view description;  // paragraphs, separated by empty lines
    std::string_view example;      // lines as typed
};

/// Null if there is none for the command.
[[nodiscard]] const ManualText* find_manual_text(std::string_view command);

/// corun(1).
[[nodiscard]] std::string program_manual();

/// corun-COMMAND(1).
[[nodiscard]] std::string command_manual(const Command& command);

/// Text as roff prints it literally: what would be a request or an escape is not.
[[nodiscard]] std::string roff_text(std::string_view text);

}  // namespace corun::cli
