// Messages of the varlink protocol. Pure.
#include "corun/supervise/varlink.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <cerrno>

namespace corun::supervise {

namespace {

/// A member that is true; missing or null is false.
bool is_set(oci::JsonValue object, std::string_view name) {
    bool set = false;
    read_optional(object, name, set);
    return set;
}

std::optional<oci::JsonValue> parameters_of(oci::JsonValue message) {
    const std::optional<oci::JsonValue> parameters = message.find("parameters");
    if (parameters && parameters->kind() != oci::JsonKind::object) {
        parameters->fail_expected("an object");
    }
    return parameters;
}

std::string_view member_of(CallKind kind) {
    switch (kind) {
        case CallKind::simple:
            return "";
        case CallKind::more:
            return ",\"more\":true";
        case CallKind::oneway:
            return ",\"oneway\":true";
        case CallKind::upgrade:
            return ",\"upgrade\":true";
    }
    return {};
}

CallKind kind_of(oci::JsonValue message) {
    const bool more = is_set(message, "more");
    const bool oneway = is_set(message, "oneway");
    const bool upgrade = is_set(message, "upgrade");
    if ((more ? 1 : 0) + (oneway ? 1 : 0) + (upgrade ? 1 : 0) > 1) {
        throw Error("a call is one of more, oneway and upgrade", EINVAL);
    }
    if (more) {
        return CallKind::more;
    }
    if (oneway) {
        return CallKind::oneway;
    }
    return upgrade ? CallKind::upgrade : CallKind::simple;
}

}  // namespace

std::string supervisor_name(std::string_view name) {
    return concat(kSupervisorInterface, ".", name);
}

std::string service_name(std::string_view name) {
    return concat(kServiceInterface, ".", name);
}

std::string message_of(const VarlinkCall& call) {
    return concat(
        "{\"method\":",
        json_string(call.method),
        ",\"parameters\":",
        call.parameters,
        member_of(call.kind),
        "}"
    );
}

std::string message_of(const VarlinkReply& reply) {
    return concat(
        "{",
        reply.error.empty() ? "" : concat("\"error\":", json_string(reply.error), ","),
        "\"parameters\":",
        reply.parameters,
        reply.continues ? ",\"continues\":true}" : "}"
    );
}

std::string one_parameter(std::string_view name, std::string_view text) {
    return concat("{", json_string(name), ":", json_string(text), "}");
}

ReceivedCall::ReceivedCall(std::string_view message)
    : document_(std::make_unique<oci::JsonDocument>(message)) {
    const oci::JsonValue root = document_->root();
    read_required(root, "method", method_);
    kind_ = kind_of(root);
    parameters_ = parameters_of(root);
}

ReceivedReply::ReceivedReply(std::string_view message)
    : document_(std::make_unique<oci::JsonDocument>(message)) {
    const oci::JsonValue root = document_->root();
    read_optional(root, "error", error_);
    continues_ = is_set(root, "continues");
    parameters_ = parameters_of(root);
}

std::string ReceivedReply::text(std::string_view name) const {
    std::string out;
    if (parameters_) {
        read_optional(*parameters_, name, out);
    }
    return out;
}

}  // namespace corun::supervise
