// Id mappings written as a mount option. Pure.
#include "corun/oci/idmap_text.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace corun::oci {

namespace {

std::uint32_t parse_id(std::string_view text) {
    const std::optional<std::uint32_t> id = parse_number<std::uint32_t>(text);
    if (!id) {
        throw Error(concat(double_quote(text), " is no id"));
    }
    return *id;
}

std::uint32_t host_id_of(std::uint32_t id, const std::vector<IdMapping>& mappings) {
    for (const IdMapping& mapping : mappings) {
        if (id >= mapping.container_id && id - mapping.container_id < mapping.size) {
            return mapping.host_id + (id - mapping.container_id);
        }
    }
    throw Error(concat("id ", id, " is not mapped in the container's user namespace"));
}

IdMapping parse_triplet(std::string_view text, const std::vector<IdMapping>& mappings) {
    const bool is_relative = text.starts_with('@');
    const std::vector<std::string_view> numbers = split(text.substr(is_relative ? 1 : 0), '-');
    if (numbers.size() != 3) {
        throw Error(concat(double_quote(text), ": expected FIRST-MAPPED-SIZE"));
    }
    const std::uint32_t mapped = parse_id(numbers[1]);
    return {
        .container_id = parse_id(numbers[0]),
        .host_id = is_relative ? host_id_of(mapped, mappings) : mapped,
        .size = parse_id(numbers[2]),
    };
}

std::vector<IdMapping> parse_list(std::string_view text, const std::vector<IdMapping>& mappings) {
    std::vector<IdMapping> out;
    for (const std::string_view triplet : split(text, '#')) {
        out.push_back(parse_triplet(triplet, mappings));
    }
    return out;
}

}  // namespace

IdmapText parse_idmap_text(
    std::string_view text, const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids
) {
    constexpr std::string_view kUids = "uids=";
    constexpr std::string_view kGids = "gids=";
    IdmapText out;
    for (const std::string_view part : split(text, ';')) {
        if (part.starts_with(kUids)) {
            out.uids = parse_list(part.substr(kUids.size()), uids);
        } else if (part.starts_with(kGids)) {
            out.gids = parse_list(part.substr(kGids.size()), gids);
        } else {
            throw Error(concat(double_quote(part), ": expected uids=… or gids=…"));
        }
    }
    if (out.uids.empty() || out.gids.empty()) {
        throw Error("expected both uids=… and gids=…");
    }
    return out;
}

}  // namespace corun::oci
