// The top level of config.json and the checks shared by its sections.
// Runs in the parent; pure. Sections of other platforms are not read: they are not for this one.
#include "corun/oci/read_spec.hpp"

#include "corun/base/text.hpp"
#include "corun/oci/number_list.hpp"
#include "corun/oci/read_sections.hpp"
#include "corun/oci/validate.hpp"

#include <algorithm>

namespace corun::oci {
/// What uname(2) can hold of a host or domain name (__NEW_UTS_LEN).
constexpr std::size_t kMaxHostNameBytes = 64;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr bool is_identifier_character(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

static bool is_semver_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit) &&
           (text.size() == 1 || text[0] != '0');
}

enum class LeadingZeros : std::uint8_t {
    allowed,
    refused,
};

static bool are_semver_identifiers(std::string_view text, LeadingZeros zeros) {
    const std::vector<std::string_view> parts = split(text, '.');
    return std::all_of(parts.begin(), parts.end(), [zeros](std::string_view part) {
        const bool numeric = std::all_of(part.begin(), part.end(), is_digit);
        return !part.empty() && std::all_of(part.begin(), part.end(), is_identifier_character) &&
               (zeros == LeadingZeros::allowed || !numeric || is_semver_number(part));
    });
}

/// SemVer 2.0.0: `1.2.3-pre.1+build.7`.
static bool is_semver(std::string_view text) {
    const std::size_t plus = text.find('+');
    if (plus != std::string_view::npos &&
        !are_semver_identifiers(text.substr(plus + 1), LeadingZeros::allowed)) {
        return false;
    }
    const std::string_view release = text.substr(0, plus);
    const std::size_t dash = release.find('-');
    if (dash != std::string_view::npos &&
        !are_semver_identifiers(release.substr(dash + 1), LeadingZeros::refused)) {
        return false;
    }
    const std::vector<std::string_view> numbers = split(release.substr(0, dash), '.');
    return numbers.size() == 3 && std::all_of(numbers.begin(), numbers.end(), is_semver_number);
}

static std::string_view read_version(JsonValue value) {
    const std::string_view version = value.string();
    if (!is_semver(version)) {
        value.fail_expected("a SemVer version such as \"1.0.2\"");
    }
    if (!version.starts_with("1.")) {
        value.fail_expected("a version 1.x of the runtime specification");
    }
    return version;
}

static void read_value(JsonValue value, Root& out) {
    out.path = read_filled(value.require("path"));
    read_optional(value, "readonly", out.readonly);
}

static void read_host_name(JsonValue object, std::string_view member, std::string& out) {
    read_optional(object, member, out);
    if (out.size() > kMaxHostNameBytes) {
        object.require(member).fail(concat("longer than ", kMaxHostNameBytes, " bytes"));
    }
}

static void read_annotations(JsonValue value, StringMap& out) {
    read_value(value, out);
    if (out.contains("")) {
        value.fail("an annotation's key is empty");
    }
}

static void read_value(JsonValue value, Spec& out) {
    out.oci_version = read_version(value.require("ociVersion"));
    read_required(value, "root", out.root);
    read_optional(value, "mounts", out.mounts);
    read_optional(value, "process", out.process);
    read_host_name(value, "hostname", out.hostname);
    read_host_name(value, "domainname", out.domainname);
    read_optional(value, "hooks", out.hooks);
    if (const auto annotations = value.find("annotations")) {
        read_annotations(*annotations, out.annotations);
    }
    read_optional(value, "linux", out.linux_);
}

std::string_view read_absolute_path(JsonValue value) {
    const std::string_view path = value.string();
    if (!path.starts_with('/')) {
        value.fail_expected("an absolute path");
    }
    return path;
}

std::string_view read_filled(JsonValue value) {
    const std::string_view text = value.string();
    if (text.empty()) {
        value.fail("must not be empty");
    }
    return text;
}

std::string_view read_number_list(JsonValue value) {
    const std::string_view text = value.string();
    if (!parse_number_list(text)) {
        value.fail_expected("a list of numbers such as \"0-3,7\"");
    }
    return text;
}

Spec read_spec(std::string_view text) {
    const JsonDocument document(text);
    Spec spec;
    read_value(document.root(), spec);
    validate(spec);
    return spec;
}

DocumentFindings examine_spec(std::string_view text) {
    DocumentFindings findings;
    Problems problems(Problems::Mode::keep_all);
    const JsonDocument document(text, problems);
    read_value(document.root(), findings.spec);
    validate(findings.spec, problems);
    findings.problems = problems.list();
    for (const JsonValue member : document.unread_members()) {
        findings.unread.push_back(member.pointer());
    }
    return findings;
}

Process read_process(std::string_view text) {
    const JsonDocument document(text);
    Process process;
    read_value(document.root(), process);
    validate(process);
    return process;
}

Resources read_resources(std::string_view text) {
    const JsonDocument document(text);
    Resources resources;
    read_value(document.root(), resources);
    validate(resources);
    return resources;
}

}  // namespace corun::oci
