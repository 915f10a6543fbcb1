// The options of `checkpoint` and `restore`: what they have in common, and as requests. Pure but
// for paths: nothing is opened.
#pragma once

#include "corun/cli/command.hpp"
#include "corun/container/checkpoint.hpp"
#include "corun/container/restore.hpp"

#include <array>
#include <string>
#include <string_view>

namespace corun::cli {

inline constexpr std::array kCriuOptions{
    Option{
        .name = "image-path",
        .letter = "",
        .argument = "DIR",
        .help = "directory of the image files (default: ./checkpoint)",
    },
    Option{
        .name = "work-path",
        .letter = "",
        .argument = "DIR",
        .help = "directory of logs and working files (default: that of the images)",
    },
    Option{
        .name = "tcp-established",
        .letter = "",
        .argument = "",
        .help = "keep open TCP connections",
    },
    Option{
        .name = "ext-unix-sk",
        .letter = "",
        .argument = "",
        .help = "allow Unix sockets that lead out of the container",
    },
    Option{
        .name = "shell-job",
        .letter = "",
        .argument = "",
        .help = "allow a session that began outside of the container",
    },
    Option{
        .name = "lazy-pages",
        .letter = "",
        .argument = "",
        .help = "memory is read from the page server as it is needed",
    },
    Option{.name = "file-locks", .letter = "", .argument = "", .help = "keep locks of files"},
    Option{
        .name = "manage-cgroups-mode",
        .letter = "",
        .argument = "MODE",
        .help = "soft (the default), full, strict or ignore",
    },
    Option{
        .name = "network-lock",
        .letter = "",
        .argument = "METHOD",
        .help = "what holds connections meanwhile: iptables or nftables",
    },
    Option{
        .name = "empty-ns",
        .letter = "",
        .argument = "KIND",
        .help = "`network`, which always comes back without devices",
    },
    Option{
        .name = "auto-dedup",
        .letter = "",
        .argument = "",
        .help = "drop pages from images once they are in later ones, or restored",
    },
};

/// What both commands say of cgroups and networks, checked.
[[nodiscard]] container::CriuFlags criu_flags(const Arguments& arguments);

/// `ADDRESS:PORT`, `[ADDRESS]:PORT`.
[[nodiscard]] container::CriuPageServer parse_page_server(std::string_view text);

[[nodiscard]] container::CheckpointRequest checkpoint_request(const Invocation& invocation);

[[nodiscard]] container::RestoreRequest restore_request(
    const Invocation& invocation, const std::string& notify_socket
);

}  // namespace corun::cli
