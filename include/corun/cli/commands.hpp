// The table of commands. Each is defined in cmd_<name>.cpp.
#pragma once

#include "corun/cli/command.hpp"

#include <span>
#include <string_view>

namespace corun::cli {

extern const Command kAttachCommand;
extern const Command kCheckCommand;
extern const Command kCheckpointCommand;
extern const Command kCreateCommand;
extern const Command kCtlCommand;
extern const Command kDeleteCommand;
extern const Command kEventsCommand;
extern const Command kExecCommand;
extern const Command kFeaturesCommand;
extern const Command kKillCommand;
extern const Command kListCommand;
extern const Command kLogsCommand;
extern const Command kPauseCommand;
extern const Command kPsCommand;
extern const Command kRestoreCommand;
extern const Command kResumeCommand;
extern const Command kRunCommand;
extern const Command kSpecCommand;
extern const Command kStartCommand;
extern const Command kStateCommand;
extern const Command kSuperviseCommand;
extern const Command kTopCommand;
extern const Command kUpdateCommand;

/// All of them, by name.
[[nodiscard]] std::span<const Command* const> all_commands();

/// Null if there is none of that name.
[[nodiscard]] const Command* find_command(std::string_view name);

}  // namespace corun::cli
