// Reading mountinfo. Pure.
#include "corun/container/mountinfo.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <algorithm>
#include <optional>

namespace corun::container {

namespace {

/// `\ooo` is the byte of that octal number.
std::string unescape(std::string_view text) {
    constexpr std::size_t kDigits = 3;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::optional<unsigned> byte =
            text[i] == '\\' ? parse_number<unsigned>(text.substr(i + 1, kDigits), 8) : std::nullopt;
        if (byte && *byte < 256) {
            out += static_cast<char>(*byte);
            i += kDigits;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_option(std::string_view options, std::string_view wanted) {
    const std::vector<std::string_view> words = split(options, ',');
    return std::find(words.begin(), words.end(), wanted) != words.end();
}

/// id parent major:minor root mount-point options [tags…] - type source super-options
MountEntry parse_line(std::string_view line) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    const std::optional<std::uint64_t> id = parse_number<std::uint64_t>(fields[0]);
    constexpr std::ptrdiff_t kBeforeTags = 6;
    if (!id || dash - fields.begin() < kBeforeTags || fields.end() - dash < 2) {
        throw Error(concat("mountinfo: ", quote(line)));
    }
    return {
        .id = *id,
        .device = std::string(fields[2]),
        .root = unescape(fields[3]),
        .mount_point = unescape(fields[4]),
        .readonly = has_option(fields[5], "ro"),
        .type = std::string(*(dash + 1)),
    };
}

}  // namespace

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
    std::vector<MountEntry> mounts;
    for (const std::string_view line : split(text, '\n')) {
        if (!line.empty()) {
            mounts.push_back(parse_line(line));
        }
    }
    return mounts;
}

const MountEntry* find_mount(const std::vector<MountEntry>& mounts, std::uint64_t id) {
    for (const MountEntry& mount : mounts) {
        if (mount.id == id) {
            return &mount;
        }
    }
    return nullptr;
}

}  // namespace corun::container
