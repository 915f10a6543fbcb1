// The table of commands.
#include "corun/cli/commands.hpp"

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kCommands{
    &kAttachCommand,    &kCheckCommand,  &kCheckpointCommand, &kCreateCommand,   &kCtlCommand,
    &kDeleteCommand,    &kEventsCommand, &kExecCommand,       &kFeaturesCommand, &kKillCommand,
    &kListCommand,      &kLogsCommand,   &kPauseCommand,      &kPsCommand,       &kRestoreCommand,
    &kResumeCommand,    &kRunCommand,    &kSpecCommand,       &kStartCommand,    &kStateCommand,
    &kSuperviseCommand, &kTopCommand,    &kUpdateCommand,
};

}  // namespace

std::span<const Command* const> all_commands() {
    return kCommands;
}

const Command* find_command(std::string_view name) {
    for (const Command* command : kCommands) {
        if (command->name == name) {
            return command;
        }
    }
    return nullptr;
}

}  // namespace corun::cli
