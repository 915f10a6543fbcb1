// `org.systemd.property.*`: which of a unit's properties an annotation may set, and how it is read.
// Pure.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/gvariant_text.hpp"
#include "corun/container/systemd_properties.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace corun::container {

namespace {

/// What only limits, delays, orders or describes the container's own unit. Not here, and thus
/// refused: whatever runs a program (Exec*), changes as whom (User), reads files, or starts and
/// stops other units (Wants, Requires, BindsTo, Conflicts, OnFailure …).
constexpr std::array<std::string_view, 62> kHarmless{
    // description and life cycle
    "CollectMode",
    "DefaultDependencies",
    "Description",
    "Documentation",
    "JobRunningTimeoutUSec",
    "JobTimeoutUSec",
    "KillMode",
    "KillSignal",
    "FinalKillSignal",
    "RestartKillSignal",
    "RuntimeMaxUSec",
    "RuntimeRandomizedExtraUSec",
    "SendSIGHUP",
    "SendSIGKILL",
    "TimeoutStartUSec",
    "TimeoutStopUSec",
    "TimeoutAbortUSec",
    // order
    "After",
    "Before",
    // limits and accounting
    "AllowedCPUs",
    "AllowedMemoryNodes",
    "BlockIOAccounting",
    "CPUAccounting",
    "CPUQuotaPerSecUSec",
    "CPUQuotaPeriodUSec",
    "CPUWeight",
    "DefaultMemoryLow",
    "DefaultMemoryMin",
    "IOAccounting",
    "IODeviceLatencyTargetUSec",
    "IODeviceWeight",
    "IOReadBandwidthMax",
    "IOReadIOPSMax",
    "IOWeight",
    "IOWriteBandwidthMax",
    "IOWriteIOPSMax",
    "IPAccounting",
    "IPAddressAllow",
    "IPAddressDeny",
    "ManagedOOMMemoryPressure",
    "ManagedOOMMemoryPressureLimit",
    "ManagedOOMPreference",
    "ManagedOOMSwap",
    "MemoryAccounting",
    "MemoryHigh",
    "MemoryLow",
    "MemoryMax",
    "MemoryMin",
    "MemoryPressureThresholdUSec",
    "MemoryPressureWatch",
    "MemorySwapMax",
    "MemoryZSwapMax",
    "OOMPolicy",
    "RestrictNetworkInterfaces",
    "StartupAllowedCPUs",
    "StartupAllowedMemoryNodes",
    "StartupCPUWeight",
    "StartupIOWeight",
    "StartupMemoryHigh",
    "StartupMemoryMax",
    "TasksAccounting",
    "TasksMax",
};

bool is_harmless(std::string_view name) {
    return std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end();
}

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_letter(char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/// "RuntimeMaxSec", but not "RuntimeMaxUSec".
bool is_in_seconds(std::string_view name) {
    constexpr std::string_view kSuffix = "Sec";
    return name.ends_with(kSuffix) && name.size() > kSuffix.size() &&
           is_lower(name[name.size() - kSuffix.size() - 1]);
}

/// Any number of seconds as microseconds.
DbusValue to_microseconds(const DbusValue& seconds) {
    constexpr std::uint64_t kFactor = 1'000'000;
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / kFactor;
    if (const auto* real = std::get_if<double>(&seconds.content)) {
        if (*real >= 0 && *real < static_cast<double>(kMost)) {
            return dbus_uint64(static_cast<std::uint64_t>(std::round(*real * 1e6)));
        }
        throw Error("seconds out of range");
    }
    std::uint64_t whole = 0;
    if (const auto* plain = std::get_if<std::uint64_t>(&seconds.content)) {
        whole = *plain;
    } else if (const auto* with_sign = std::get_if<std::int64_t>(&seconds.content);
               with_sign != nullptr && *with_sign >= 0) {
        whole = static_cast<std::uint64_t>(*with_sign);
    } else {
        throw Error("a number of seconds expected");
    }
    if (whole > kMost) {
        throw Error("seconds out of range");
    }
    return dbus_uint64(whole * kFactor);
}

UnitProperty read_property(std::string_view name, std::string_view text) {
    constexpr std::size_t kShortest = 3;
    if (name.size() < kShortest || !std::all_of(name.begin(), name.end(), is_letter)) {
        throw Error(concat("invalid name of a systemd property: ", quote(name)));
    }
    const bool in_seconds = is_in_seconds(name);
    std::string own(name);
    if (in_seconds) {
        own.replace(own.size() - 3, 3, "USec");
    }
    if (!is_harmless(own)) {
        throw Error(concat("property ", quote(own), " must not be set by an annotation"));
    }
    DbusValue value = parse_gvariant(text);
    return {
        .name = std::move(own), .value = in_seconds ? to_microseconds(value) : std::move(value)};
}

}  // namespace

std::vector<UnitProperty> annotation_properties(const oci::StringMap& annotations) {
    std::vector<UnitProperty> properties;
    for (const auto& [key, text] : annotations) {
        if (!key.starts_with(kPropertyAnnotation)) {
            continue;
        }
        const std::string_view name = std::string_view(key).substr(kPropertyAnnotation.size());
        properties.push_back(in_context(
            [&] { return concat("/annotations/", key); }, [&] { return read_property(name, text); }
        ));
    }
    return properties;
}

}  // namespace corun::container
