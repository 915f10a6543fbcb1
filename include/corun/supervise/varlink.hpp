// Messages of the varlink protocol: one JSON object and a NUL each. Pure; for both sides.
// https://varlink.org/Method-Call
#pragma once

#include "corun/oci/json_reader.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace corun::supervise {

/// What a server takes as one call, and a client as one reply.
inline constexpr std::size_t kMaxCallBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxReplyBytes = oci::kMaxJsonBytes;

inline constexpr std::string_view kSupervisorInterface = "org.corun.Supervisor";
inline constexpr std::string_view kServiceInterface = "org.varlink.service";

/// How many replies a caller wants, and what becomes of the connection then.
enum class CallKind {
    simple,
    more,     // replies until one that does not continue
    oneway,   // none
    upgrade,  // one; the connection is a plain stream of bytes after it
};

/// `name` of org.corun.Supervisor: `org.corun.Supervisor.Start`.
[[nodiscard]] std::string supervisor_name(std::string_view name);

/// `name` of org.varlink.service.
[[nodiscard]] std::string service_name(std::string_view name);

/// A call to send.
struct VarlinkCall {
    std::string method;             // with its interface
    std::string parameters = "{}";  // a JSON object
    CallKind kind = CallKind::simple;
};

/// A reply to send.
struct VarlinkReply {
    std::string parameters = "{}";  // a JSON object
    std::string error = {};         // its name with its interface; empty: none
    bool continues = false;
};

/// The JSON text, without the NUL.
[[nodiscard]] std::string message_of(const VarlinkCall& call);
[[nodiscard]] std::string message_of(const VarlinkReply& reply);

/// `{"name":"text"}`, what most parameters look like.
[[nodiscard]] std::string one_parameter(std::string_view name, std::string_view text);

/// A call as it came.
class ReceivedCall {
public:
    /// Throws Error for what is no call.
    explicit ReceivedCall(std::string_view message);

    [[nodiscard]] const std::string& method() const { return method_; }

    [[nodiscard]] CallKind kind() const { return kind_; }

    /// An object, or nothing; lives as long as this.
    [[nodiscard]] std::optional<oci::JsonValue> parameters() const { return parameters_; }

private:
    std::unique_ptr<oci::JsonDocument> document_;  // stays where it is when this is moved
    std::string method_;
    CallKind kind_ = CallKind::simple;
    std::optional<oci::JsonValue> parameters_;
};

/// A reply as it came.
class ReceivedReply {
public:
    /// Throws Error for what is no reply.
    explicit ReceivedReply(std::string_view message);

    /// The error's name; empty: none.
    [[nodiscard]] const std::string& error() const { return error_; }

    [[nodiscard]] bool continues() const { return continues_; }

    [[nodiscard]] std::optional<oci::JsonValue> parameters() const { return parameters_; }

    /// A parameter that is a text; empty if there is none of that name.
    [[nodiscard]] std::string text(std::string_view name) const;

private:
    std::unique_ptr<oci::JsonDocument> document_;  // stays where it is when this is moved
    std::string error_;
    bool continues_ = false;
    std::optional<oci::JsonValue> parameters_;
};

}  // namespace corun::supervise
