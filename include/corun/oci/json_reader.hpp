// A read-only view of a JSON text whose every error names the JSON pointer of the culprit.
// Pure; used by read_spec in the parent, and by whoever reads corun's own files. The JSON library
// stays behind this header: its events fill a flat table of nodes, no tree of its own is built.
//
// The first error is thrown, unless the document was given a Problems that keeps all. Then a value
// that is not as it should be reads as false, 0, "" or as empty, and its reader goes on: after
// fail() nothing may be taken for granted.
#pragma once

#include "corun/base/scope.hpp"
#include "corun/oci/problems.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// Limits that keep a hostile document from costing more than it is worth.
inline constexpr std::size_t kMaxJsonBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxJsonDepth = 128;
inline constexpr std::size_t kMaxJsonValues = 1'000'000;

enum class JsonKind : std::uint8_t {
    null,
    boolean,
    /// A negative whole number that fits 64 bits.
    negative,
    /// A whole number from 0 that fits 64 bits.
    natural,
    /// Any other number: a fraction, an exponent, or too large.
    other_number,
    string,
    array,
    object,
};

/// One value in the table; links are indices, 0 (the root) standing for "none".
struct JsonNode {
    std::string_view key;
    std::string_view text;
    std::uint64_t number = 0;
    std::uint32_t parent = 0;
    std::uint32_t first_child = 0;
    std::uint32_t next = 0;
    std::uint32_t child_count = 0;
    JsonKind kind = JsonKind::null;
    /// Somebody has asked for it, by its name or as one of all members.
    mutable bool asked_for = false;
};

struct JsonTable {
    std::vector<JsonNode> nodes;
    /// Null: the first is thrown.
    Problems* problems = nullptr;
    /// Stands for a value that is missing, which was told already.
    bool is_absent = false;
};

class JsonChildren;

/// One value of a JsonDocument, which must outlive it. Cheap to copy.
class JsonValue {
public:
    JsonValue(const JsonTable& table, std::uint32_t index) : table_(&table), index_(index) {}

    [[nodiscard]] JsonKind kind() const { return node().kind; }

    /// The name under which the enclosing object holds this value; fails if a NUL is in it.
    [[nodiscard]] std::string_view key() const;

    /// Each of these fails unless the value is of that type.
    [[nodiscard]] bool boolean() const;
    /// Never holds a NUL: what comes out may become a C string.
    [[nodiscard]] std::string_view string() const;
    [[nodiscard]] std::int64_t whole_number(std::int64_t least, std::int64_t most) const;
    [[nodiscard]] std::uint64_t natural_number(std::uint64_t most) const;
    /// Any number.
    [[nodiscard]] double decimal_number() const;
    [[nodiscard]] JsonChildren elements() const;
    [[nodiscard]] JsonChildren members() const;

    /// The member of that name; nothing if it is missing or null. Fails if this is no object.
    [[nodiscard]] std::optional<JsonValue> find(std::string_view name) const;

    /// The same, but fails with `/pointer/name: required, but missing`.
    [[nodiscard]] JsonValue require(std::string_view name) const;

    /// `/linux/namespaces/0`; RFC 6901, except that control characters are escaped.
    [[nodiscard]] std::string pointer() const;

    /// Throws Error `pointer: problem`, or adds that to the problems and returns.
    void fail(std::string_view problem) const;

    /// As fail(): `pointer: expected <what>, found <this value>`.
    void fail_expected(std::string_view what) const;

    /// As fail(): `pointer: unknown <noun> "<this string>"`.
    void fail_unknown(std::string_view noun) const;

private:
    friend class JsonChildren;

    [[nodiscard]] const JsonNode& node() const { return table_->nodes[index_]; }

    void add_problem(std::string_view pointer, std::string_view problem) const;

    /// Each fails and is false unless the value is of that kind.
    [[nodiscard]] bool check_kind(JsonKind kind, std::string_view what) const;
    [[nodiscard]] bool check_number() const;

    /// Fails and has none unless it is of that kind.
    [[nodiscard]] JsonChildren children(JsonKind kind, std::string_view what) const;

    /// Null and empty, and whatever is wrong with it has been told.
    [[nodiscard]] static JsonValue absent();

    const JsonTable* table_;
    std::uint32_t index_;
};

/// The elements of an array or the members of an object, for range-for.
class JsonChildren {
public:
    class Iterator {
    public:
        explicit Iterator(JsonValue value) : value_(value) {}

        JsonValue operator*() const { return value_; }

        Iterator& operator++() {
            value_.index_ = value_.node().next;
            return *this;
        }

        bool operator!=(const Iterator& other) const {
            return value_.index_ != other.value_.index_;
        }

    private:
        JsonValue value_;
    };

    explicit JsonChildren(JsonValue parent) : parent_(parent) {}

    [[nodiscard]] std::size_t size() const { return parent_.node().child_count; }

    [[nodiscard]] Iterator begin() const {
        return Iterator(JsonValue(*parent_.table_, parent_.node().first_child));
    }

    [[nodiscard]] Iterator end() const { return Iterator(JsonValue(*parent_.table_, 0)); }

private:
    JsonValue parent_;
};

/// A parsed text; owns what its JsonValues refer to.
class JsonDocument : NonCopyable {
public:
    /// Throws Error `line 3, column 7: …` on a syntax error; also for duplicate keys, bytes that
    /// are not UTF-8, and texts beyond the limits above. `text` need not outlive the call.
    explicit JsonDocument(std::string_view text) : JsonDocument(text, nullptr) {}

    /// What readers complain about goes to `problems`, which must outlive this; the constructor
    /// throws all the same.
    JsonDocument(std::string_view text, Problems& problems) : JsonDocument(text, &problems) {}

    [[nodiscard]] JsonValue root() const { return JsonValue(table_, 0); }

    /// Members that no reader has asked for, of objects that were read; in document order.
    [[nodiscard]] std::vector<JsonValue> unread_members() const;

private:
    JsonDocument(std::string_view text, Problems* problems);

    std::string strings_;
    JsonTable table_;
};

// read_value(): one overload per type; sections of the spec add theirs in read_sections.hpp.

void read_value(JsonValue value, bool& out);
void read_value(JsonValue value, double& out);
void read_value(JsonValue value, std::string& out);
void read_value(JsonValue value, std::map<std::string, std::string, std::less<>>& out);

template <std::unsigned_integral Number>
void read_value(JsonValue value, Number& out) {
    out = static_cast<Number>(value.natural_number(std::numeric_limits<Number>::max()));
}

template <std::signed_integral Number>
void read_value(JsonValue value, Number& out) {
    using Limits = std::numeric_limits<Number>;
    out = static_cast<Number>(value.whole_number(Limits::min(), Limits::max()));
}

template <class T>
void read_value(JsonValue value, std::vector<T>& out) {
    const JsonChildren elements = value.elements();
    out.reserve(elements.size());
    for (const JsonValue element : elements) {
        read_value(element, out.emplace_back());
    }
}

template <class T>
void read_value(JsonValue value, std::optional<T>& out) {
    read_value(value, out.emplace());
}

/// Leaves `out` alone if the member is missing or null.
template <class T>
void read_optional(JsonValue object, std::string_view name, T& out) {
    if (const std::optional<JsonValue> value = object.find(name)) {
        read_value(*value, out);
    }
}

template <class T>
void read_required(JsonValue object, std::string_view name, T& out) {
    read_value(object.require(name), out);
}

}  // namespace corun::oci
