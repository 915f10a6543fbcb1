// From cgroupsPath to the name of a unit and its place in the tree. Pure.
#include "corun/container/systemd_unit.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <algorithm>
#include <vector>

namespace corun::container {

namespace {

constexpr std::string_view kSliceSuffix = ".slice";
constexpr std::string_view kRootSlice = "-.slice";
constexpr std::size_t kLongestName = 255;  // UNIT_NAME_MAX, and NAME_MAX for the directory

bool may_be_in_unit_name(char c) {
    constexpr std::string_view kOthers = ":-_.\\@";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
}

std::string slice_name(std::string_view text, std::string_view default_slice) {
    if (text.empty()) {
        return std::string(default_slice);
    }
    return text == "-" ? std::string(kRootSlice) : std::string(text);
}

std::string own_name(std::string_view prefix, std::string_view name) {
    if (name.ends_with(kSliceSuffix)) {
        return std::string(name);
    }
    return concat(
        escape_unit_name(prefix), prefix.empty() ? "" : "-", escape_unit_name(name), ".scope"
    );
}

}  // namespace

UnitName unit_name_for(
    std::string_view cgroups_path, std::string_view id, std::string_view default_slice
) {
    const std::string path =
        cgroups_path.empty() ? concat(":corun:", id) : std::string(cgroups_path);
    const std::vector<std::string_view> parts = split(path, ':');
    if (parts.size() != 3 || parts[2].empty()) {
        throw Error(concat(
            "/linux/cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" for "
            "systemd cgroups, got ",
            double_quote(path),
            " instead"
        ));
    }
    UnitName unit{
        .name = own_name(parts[1], parts[2]), .slice = slice_name(parts[0], default_slice)};
    if (unit.name.size() > kLongestName) {
        throw Error(
            concat("/linux/cgroupsPath: the name of unit ", quote(unit.name), " is too long")
        );
    }
    (void)unit_cgroup(unit);  // refuses slices that are none
    return unit;
}

std::string expand_slice(std::string_view slice) {
    if (slice == kRootSlice) {
        return {};
    }
    const std::string_view name =
        slice.substr(0, slice.size() - std::min(slice.size(), kSliceSuffix.size()));
    bool is_valid = slice.ends_with(kSliceSuffix) && !name.empty();
    std::string path;
    std::string prefix;
    for (const std::string_view part : split(name, '-')) {
        is_valid = is_valid && !part.empty();
        for (const char c : part) {
            is_valid = is_valid && may_be_in_unit_name(c) && c != '@';
        }
        prefix += concat(prefix.empty() ? "" : "-", part);
        path += concat("/", prefix, kSliceSuffix);
    }
    if (!is_valid) {
        throw Error(concat("/linux/cgroupsPath: invalid slice name: ", slice));
    }
    return path;
}

std::string unit_cgroup(const UnitName& unit) {
    if (unit.is_slice()) {
        return expand_slice(unit.name);
    }
    return concat(expand_slice(unit.slice), "/", unit.name);
}

std::string escape_unit_name(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        if (may_be_in_unit_name(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xFU];
    }
    return out;
}

}  // namespace corun::container
