// JSON text to a flat table of nodes, by way of nlohmann's event parser; the only file that
// includes that library. Runs in the parent; must neither recurse nor go quadratic on any input.
#include "corun/oci/json_reader.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

// No streams and no silent conversions: only the parser is wanted.
#define JSON_NO_IO 1                     // NOLINT(cppcoreguidelines-macro-usage): library's switch
#define JSON_USE_IMPLICIT_CONVERSIONS 0  // NOLINT(cppcoreguidelines-macro-usage): as above
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace corun::oci {
namespace {

using Json = nlohmann::json;

/// At most this much of a document's text is repeated in an error.
constexpr std::size_t kShownBytes = 80;

/// `text` in double quotes, cut to a readable length.
std::string shown(std::string_view text) {
    if (text.size() <= kShownBytes) {
        return double_quote(text);
    }
    return concat(double_quote(text.substr(0, kShownBytes)), "…");
}

void append_pointer_token(std::string& pointer, std::string_view key) {
    pointer += '/';
    std::string token;
    for (const char c : key.substr(0, kShownBytes)) {
        if (c == '~') {
            token += "~0";
        } else if (c == '/') {
            token += "~1";
        } else {
            token += c;
        }
    }
    const std::string escaped = double_quote(token);
    pointer.append(escaped, 1, escaped.size() - 2);
}

std::uint32_t position_among_siblings(const std::vector<JsonNode>& nodes, std::uint32_t index) {
    std::uint32_t position = 0;
    std::uint32_t sibling = nodes[nodes[index].parent].first_child;
    while (sibling != index) {
        sibling = nodes[sibling].next;
        ++position;
    }
    return position;
}

std::string pointer_to(const std::vector<JsonNode>& nodes, std::uint32_t index) {
    std::vector<std::uint32_t> path;
    for (std::uint32_t at = index; at != 0; at = nodes[at].parent) {
        path.push_back(at);
    }
    std::string pointer;
    for (auto at = path.rbegin(); at != path.rend(); ++at) {
        if (nodes[nodes[*at].parent].kind == JsonKind::array) {
            pointer += concat("/", position_among_siblings(nodes, *at));
        } else {
            append_pointer_token(pointer, nodes[*at].key);
        }
    }
    return pointer;
}

/// `line 3, column 7` of the byte that was read last.
std::string place_of(std::string_view text, std::size_t bytes_read) {
    const std::string_view before = text.substr(0, bytes_read == 0 ? 0 : bytes_read - 1);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;
    return concat("line ", lines + 1, ", column ", before.size() - line_start + 1);
}

/// The library's message without its own position and without a copy of the input.
std::string_view reason_in(std::string_view message) {
    constexpr std::string_view kStart = ": syntax error ";
    const std::size_t start = message.find(kStart);
    if (start != std::string_view::npos) {
        message.remove_prefix(start + 2);
    } else if (const std::size_t bracket = message.find("] "); bracket != std::string_view::npos) {
        message.remove_prefix(bracket + 2);
    }
    return message.substr(0, message.find("; last read: "));
}

std::string_view kind_name(JsonKind kind) {
    switch (kind) {
        case JsonKind::null:
            return "null";
        case JsonKind::boolean:
            return "a boolean";
        case JsonKind::negative:
        case JsonKind::natural:
        case JsonKind::other_number:
            return "a number";
        case JsonKind::string:
            return "a string";
        case JsonKind::array:
            return "an array";
        case JsonKind::object:
            return "an object";
    }
    return {};
}

/// Receives the parser's events, in document order, and appends nodes.
class TableBuilder {
public:
    TableBuilder(std::string_view text, std::string& strings, std::vector<JsonNode>& nodes)
        : text_(text), strings_(strings), nodes_(nodes) {
        // Decoded strings are never longer than their spelling, so that views into the buffer stay
        // valid: it is never grown.
        strings_.reserve(text.size());
        constexpr std::size_t kBytesPerValue = 12;  // of text; few documents are denser
        nodes_.reserve(text.size() / kBytesPerValue + 1);
    }

    // Names and signatures of the functions below are the library's.
    bool null() {
        append(JsonKind::null);
        return true;
    }

    bool boolean(bool value) {
        append(JsonKind::boolean).number = value ? 1 : 0;
        return true;
    }

    bool number_integer(Json::number_integer_t value) {
        append(JsonKind::negative).number = static_cast<std::uint64_t>(value);
        return true;
    }

    bool number_unsigned(Json::number_unsigned_t value) {
        append(JsonKind::natural).number = value;
        return true;
    }

    bool number_float(Json::number_float_t /*value*/, const Json::string_t& spelling) {
        append(JsonKind::other_number).text = keep(spelling);
        return true;
    }

    bool string(const Json::string_t& value) {
        append(JsonKind::string).text = keep(value);
        return true;
    }

    bool binary(const Json::binary_t& /*value*/) { return false; }

    bool key(const Json::string_t& value) {
        key_ = keep(value);
        return true;
    }

    bool start_object(std::size_t /*size*/) {
        open(JsonKind::object);
        return true;
    }

    bool start_array(std::size_t /*size*/) {
        open(JsonKind::array);
        return true;
    }

    bool end_object() {
        refuse_duplicate_keys();
        open_.pop_back();
        return true;
    }

    bool end_array() {
        open_.pop_back();
        return true;
    }

    [[noreturn]] bool parse_error(
        std::size_t bytes_read, const std::string& /*token*/, const Json::exception& error
    ) {
        throw Error(concat(place_of(text_, bytes_read), ": ", reason_in(error.what())));
    }

private:
    struct Open {
        std::uint32_t index = 0;
        std::uint32_t last_child = 0;
    };

    std::string_view keep(const std::string& value) {
        const std::size_t start = strings_.size();
        strings_ += value;
        return std::string_view(strings_).substr(start);
    }

    JsonNode& append(JsonKind kind) {
        if (nodes_.size() == kMaxJsonValues) {
            throw Error(concat("more than ", kMaxJsonValues, " values in the JSON text"));
        }
        const auto index = static_cast<std::uint32_t>(nodes_.size());
        JsonNode& node = nodes_.emplace_back();
        node.kind = kind;
        if (!open_.empty()) {
            link(node, index);
        }
        return node;
    }

    void link(JsonNode& node, std::uint32_t index) {
        Open& parent = open_.back();
        node.parent = parent.index;
        node.key = key_;
        key_ = {};
        if (parent.last_child == 0) {
            nodes_[parent.index].first_child = index;
        } else {
            nodes_[parent.last_child].next = index;
        }
        parent.last_child = index;
        ++nodes_[parent.index].child_count;
    }

    void open(JsonKind kind) {
        append(kind);
        const auto index = static_cast<std::uint32_t>(nodes_.size() - 1);
        if (open_.size() == kMaxJsonDepth) {
            throw Error(concat(
                pointer_to(nodes_, open_[3].index),
                ": nested deeper than ",
                kMaxJsonDepth,
                " levels"
            ));
        }
        open_.push_back({.index = index});
    }

    void refuse_duplicate_keys() {
        const JsonNode& object = nodes_[open_.back().index];
        siblings_.clear();
        for (std::uint32_t at = object.first_child; at != 0; at = nodes_[at].next) {
            siblings_.push_back(at);
        }
        std::sort(siblings_.begin(), siblings_.end(), [this](std::uint32_t a, std::uint32_t b) {
            return nodes_[a].key < nodes_[b].key;
        });
        const auto twin = std::adjacent_find(
            siblings_.begin(),
            siblings_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return nodes_[a].key == nodes_[b].key; }
        );
        if (twin != siblings_.end()) {
            throw Error(concat(pointer_to(nodes_, *twin), ": this key is given twice"));
        }
    }

    std::string_view text_;
    std::string& strings_;
    std::vector<JsonNode>& nodes_;
    std::vector<Open> open_;
    std::vector<std::uint32_t> siblings_;
    std::string_view key_;
};

}  // namespace

JsonDocument::JsonDocument(std::string_view text, Problems* problems)
    : table_{.nodes = {}, .problems = problems} {
    if (text.size() > kMaxJsonBytes) {
        throw Error(concat("the JSON text is larger than ", kMaxJsonBytes, " bytes"));
    }
    TableBuilder builder(text, strings_, table_.nodes);
    Json::sax_parse(text.data(), text.data() + text.size(), &builder);
}

std::vector<JsonValue> JsonDocument::unread_members() const {
    std::vector<JsonValue> unread;
    std::vector<bool> was_read(table_.nodes.size());
    was_read[0] = true;
    for (std::uint32_t i = 1; i < table_.nodes.size(); ++i) {
        const JsonNode& node = table_.nodes[i];
        const bool is_element = table_.nodes[node.parent].kind == JsonKind::array;
        was_read[i] = was_read[node.parent] && (is_element || node.asked_for);
        if (was_read[node.parent] && !was_read[i]) {
            unread.emplace_back(table_, i);
        }
    }
    return unread;
}

std::string_view JsonValue::key() const {
    const std::string_view key = node().key;
    if (key.find('\0') != std::string_view::npos) {
        fail("a NUL character is in the key");
    }
    return key;
}

bool JsonValue::boolean() const {
    return check_kind(JsonKind::boolean, "a boolean") && node().number != 0;
}

std::string_view JsonValue::string() const {
    if (!check_kind(JsonKind::string, "a string")) {
        return {};
    }
    const std::string_view text = node().text;
    if (text.find('\0') != std::string_view::npos) {
        fail("a NUL character is in the string");
        return {};
    }
    return text;
}

std::int64_t JsonValue::whole_number(std::int64_t least, std::int64_t most) const {
    if (!check_number()) {
        return 0;
    }
    const auto value = static_cast<std::int64_t>(node().number);
    const bool fits = kind() == JsonKind::negative
                          ? value >= least && value <= most
                          : kind() == JsonKind::natural &&
                                std::cmp_less_equal(node().number, most) &&
                                std::cmp_greater_equal(node().number, least);
    if (!fits) {
        fail_expected(concat("a whole number from ", least, " to ", most));
        return 0;
    }
    return value;
}

std::uint64_t JsonValue::natural_number(std::uint64_t most) const {
    if (!check_number()) {
        return 0;
    }
    if (kind() != JsonKind::natural || node().number > most) {
        fail_expected(concat("a whole number from 0 to ", most));
        return 0;
    }
    return node().number;
}

double JsonValue::decimal_number() const {
    switch (kind()) {
        case JsonKind::negative:
            return static_cast<double>(static_cast<std::int64_t>(node().number));
        case JsonKind::natural:
            return static_cast<double>(node().number);
        case JsonKind::other_number:
            break;
        default:
            fail_expected("a number");
            return 0;
    }
    const std::string_view text = node().text;
    double value = 0;
    // The parser has seen to the form; what is out of range stays 0.
    (void)std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

JsonChildren JsonValue::elements() const {
    return children(JsonKind::array, "an array");
}

JsonChildren JsonValue::members() const {
    const JsonChildren all = children(JsonKind::object, "an object");
    for (const JsonValue member : all) {
        member.node().asked_for = true;
    }
    return all;
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
    for (const JsonValue member : children(JsonKind::object, "an object")) {
        if (member.node().key == name) {
            member.node().asked_for = true;
            return member.kind() == JsonKind::null ? std::nullopt : std::optional(member);
        }
    }
    return std::nullopt;
}

JsonValue JsonValue::require(std::string_view name) const {
    if (const std::optional<JsonValue> value = find(name)) {
        return *value;
    }
    if (!table_->is_absent) {
        add_problem(concat(pointer(), "/", name), "required, but missing");
    }
    return absent();
}

std::string JsonValue::pointer() const {
    return pointer_to(table_->nodes, index_);
}

void JsonValue::fail(std::string_view problem) const {
    if (!table_->is_absent) {
        add_problem(pointer(), problem);
    }
}

void JsonValue::fail_expected(std::string_view what) const {
    std::string found;
    switch (kind()) {
        case JsonKind::negative:
            found = concat(static_cast<std::int64_t>(node().number));
            break;
        case JsonKind::natural:
            found = concat(node().number);
            break;
        case JsonKind::other_number:
            found = node().text.substr(0, kShownBytes);
            break;
        case JsonKind::string:
            found = shown(node().text);
            break;
        default:
            found = kind_name(kind());
            break;
    }
    fail(concat("expected ", what, ", found ", found));
}

void JsonValue::fail_unknown(std::string_view noun) const {
    fail(concat("unknown ", noun, " ", shown(string())));
}

void JsonValue::add_problem(std::string_view pointer, std::string_view problem) const {
    if (table_->problems != nullptr) {
        table_->problems->add_misread(pointer, problem);
        return;
    }
    Problems(Problems::Mode::throw_first).add(pointer, problem);
}

bool JsonValue::check_kind(JsonKind kind, std::string_view what) const {
    if (node().kind != kind) {
        fail(concat("expected ", what, ", found ", kind_name(node().kind)));
        return false;
    }
    return true;
}

bool JsonValue::check_number() const {
    switch (kind()) {
        case JsonKind::negative:
        case JsonKind::natural:
        case JsonKind::other_number:
            return true;
        default:
            fail(concat("expected a whole number, found ", kind_name(kind())));
            return false;
    }
}

JsonChildren JsonValue::children(JsonKind kind, std::string_view what) const {
    return JsonChildren(check_kind(kind, what) ? *this : absent());
}

JsonValue JsonValue::absent() {
    static const JsonTable kAbsent{
        .nodes = std::vector<JsonNode>(1), .problems = nullptr, .is_absent = true};
    return {kAbsent, 0};
}

void read_value(JsonValue value, bool& out) {
    out = value.boolean();
}

void read_value(JsonValue value, double& out) {
    out = value.decimal_number();
}

void read_value(JsonValue value, std::string& out) {
    out = value.string();
}

void read_value(JsonValue value, std::map<std::string, std::string, std::less<>>& out) {
    for (const JsonValue member : value.members()) {
        out.emplace(member.key(), member.string());
    }
}

}  // namespace corun::oci
