// The options of `update`: one table says how each is written, and which property it is. Pure.
#include "corun/cli/update_options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/units.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/oci/read_spec.hpp"

#include <array>

namespace corun::cli {

namespace {

enum class Form {
    number,
    size,  // bytes with a unit; -1: unlimited
    text,
};

/// An option that is one property of linux.resources.
struct LimitOption {
    std::string_view name;
    std::string_view section;
    std::string_view member;
    Form form;
};

/// Those of one section stand together.
constexpr std::array kLimitOptions{
    LimitOption{"blkio-weight", "blockIO", "weight", Form::number},
    LimitOption{"cpu-burst", "cpu", "burst", Form::number},
    LimitOption{"cpu-idle", "cpu", "idle", Form::number},
    LimitOption{"cpu-period", "cpu", "period", Form::number},
    LimitOption{"cpu-quota", "cpu", "quota", Form::number},
    LimitOption{"cpu-rt-period", "cpu", "realtimePeriod", Form::number},
    LimitOption{"cpu-rt-runtime", "cpu", "realtimeRuntime", Form::number},
    LimitOption{"cpu-share", "cpu", "shares", Form::number},
    LimitOption{"cpuset-cpus", "cpu", "cpus", Form::text},
    LimitOption{"cpuset-mems", "cpu", "mems", Form::text},
    LimitOption{"memory", "memory", "limit", Form::size},
    LimitOption{"memory-reservation", "memory", "reservation", Form::size},
    LimitOption{"memory-swap", "memory", "swap", Form::size},
    LimitOption{"pids-limit", "pids", "limit", Form::number},
};

/// An empty value counts as none, as in runc.
bool is_given(const Arguments& arguments, std::string_view option) {
    return !arguments.text(option).empty();
}

[[noreturn]] void refuse(
    std::string_view option, std::string_view value, std::string_view expected
) {
    throw Error(concat("--", option, ": expected ", expected, ", found ", double_quote(value)));
}

std::int64_t parse_limit(const LimitOption& option, const std::string& value) {
    if (option.form == Form::number) {
        const auto number = parse_number<std::int64_t>(value);
        return number ? *number : (refuse(option.name, value, "a number"), 0);
    }
    const auto size = value == "-1" ? std::optional<std::int64_t>(-1) : parse_size(value);
    return size ? *size : (refuse(option.name, value, "a size such as 512m, or -1"), 0);
}

/// The options as the document they stand for, so that the same rules hold.
std::string json_of(const Arguments& arguments) {
    oci::JsonWriter json;
    std::string_view section;
    json.begin_object();
    for (const LimitOption& option : kLimitOptions) {
        if (!is_given(arguments, option.name)) {
            continue;
        }
        if (section != option.section) {
            if (!section.empty()) {
                json.end_object();
            }
            section = option.section;
            json.key(section);
            json.begin_object();
        }
        const std::string value = arguments.text(option.name);
        if (option.form == Form::text) {
            json.member(option.member, value);
        } else {
            json.member(option.member, parse_limit(option, value));
        }
    }
    if (!section.empty()) {
        json.end_object();
    }
    json.end_object();
    return json.take();
}

}  // namespace

std::vector<std::string_view> limits_given(const Arguments& arguments) {
    std::vector<std::string_view> names;
    for (const LimitOption& option : kLimitOptions) {
        if (is_given(arguments, option.name)) {
            names.push_back(option.name);
        }
    }
    return names;
}

oci::Resources resources_from_options(const Arguments& arguments) {
    try {
        return oci::read_resources(json_of(arguments));
    } catch (const Error& error) {
        throw Error(name_options(error.message()), error.error_number());
    }
}

std::string name_options(std::string_view error) {
    constexpr std::string_view kResources = "/linux/resources";
    std::string_view pointer = error.substr(0, error.find(": "));
    const std::string_view rest = error.substr(pointer.size());
    if (pointer.starts_with(kResources)) {
        pointer.remove_prefix(kResources.size());
    }
    for (const LimitOption& option : kLimitOptions) {
        if (pointer == concat("/", option.section, "/", option.member)) {
            return concat("--", option.name, rest);
        }
    }
    return std::string(error);
}

}  // namespace corun::cli
