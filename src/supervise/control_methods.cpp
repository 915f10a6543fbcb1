// The methods of the control socket over the Control interface. In the supervisor.
#include "corun/supervise/control_methods.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/interface_text.hpp"
#include "corun/supervise/model_json.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace corun::supervise {

namespace {

using Reply = async::Task<VarlinkReply>;

// ---------------------------------------------------------------- parameters and replies

/// Throws as JsonValue does; the error of a missing object is that of its member.
template <class T>
T parameter(const MethodCall& call, std::string_view name) {
    const std::optional<oci::JsonValue> all = call.call->parameters();
    if (!all) {
        throw Error(concat("/parameters/", name, ": required, but missing"), EINVAL);
    }
    T out{};
    read_required(*all, name, out);
    return out;
}

/// `{"name":value}`
template <class T>
VarlinkReply reply_with(std::string_view name, const T& value) {
    return {.parameters = concat("{", json_string(name), ":", to_json(value), "}")};
}

/// Of an error about parameters, `/parameters/rows: expected …`: which one.
VarlinkReply invalid_parameter(const Error& error) {
    constexpr std::string_view kAll = "/parameters/";
    std::string_view name = error.message();
    if (name.starts_with(kAll)) {
        name.remove_prefix(kAll.size());
    }
    name = name.substr(0, name.find_first_of(":/"));
    return {
        .parameters = one_parameter("parameter", name),
        .error = service_name("InvalidParameter"),
    };
}

VarlinkReply failure(const Error& error) {
    return {
        .parameters = one_parameter("message", error.what()),
        .error = supervisor_name("Failed"),
    };
}

/// The reply of a method that only does something.
Reply done_after(async::Task<> task) {
    co_await std::move(task);
    co_return VarlinkReply();
}

// ---------------------------------------------------------------- the methods

Reply list(MethodCall& call) {
    std::string text = "{\"containers\":[";
    for (UnitStatus& unit : call.control->list()) {
        // It would be most of the reply. Status has it.
        unit.history.clear();
        text += text.ends_with('[') ? "" : ",";
        text += to_json(unit);
    }
    co_return VarlinkReply{.parameters = text + "]}"};
}

Reply status_of(Control* control, std::string id) {
    co_return reply_with("container", control->status(std::move(id)));
}

Reply status(MethodCall& call) {
    return status_of(call.control, parameter<std::string>(call, "id"));
}

Reply start(MethodCall& call) {
    return done_after(call.control->start(parameter<std::string>(call, "id")));
}

Reply stop(MethodCall& call) {
    return done_after(call.control->stop(parameter<std::string>(call, "id")));
}

Reply restart(MethodCall& call) {
    return done_after(call.control->restart(parameter<std::string>(call, "id")));
}

Reply reload(MethodCall& call) {
    return done_after(call.control->reload());
}

Reply upgrade(MethodCall& call) {
    return done_after(call.control->upgrade());
}

Reply wait_for(Control* control, std::string id) {
    const ExitRecord record = co_await control->wait(std::move(id));
    co_return reply_with("exit", record);
}

Reply wait(MethodCall& call) {
    return wait_for(call.control, parameter<std::string>(call, "id"));
}

Reply events(MethodCall& call) {
    const std::unique_ptr<EventFollower> follower = call.control->follow_events();
    std::string text = "{}";
    while (true) {
        co_await call.send(std::move(text));
        const Event event = co_await follower->next();
        text = reply_with("event", event).parameters;
    }
}

Reply attach_to(MethodCall* call, std::string id) {
    call->attachment = call->control->attach(std::move(id));
    const bool terminal = call->attachment->terminal;
    co_return VarlinkReply{.parameters = concat("{\"terminal\":", terminal ? "true}" : "false}")};
}

Reply attach(MethodCall& call) {
    return attach_to(&call, parameter<std::string>(call, "id"));
}

Reply resize(Control* control, std::string id, unsigned rows, unsigned columns) {
    control->resize_terminal(std::move(id), rows, columns);
    co_return VarlinkReply();
}

Reply resize_terminal(MethodCall& call) {
    return resize(
        call.control,
        parameter<std::string>(call, "id"),
        parameter<std::uint16_t>(call, "rows"),
        parameter<std::uint16_t>(call, "columns")
    );
}

Reply supervisor(MethodCall& call) {
    co_return reply_with("supervisor", call.control->supervisor());
}

constexpr std::array kMethods{
    ControlMethod{.name = "Attach", .run = attach, .names_container = true, .needs_upgrade = true},
    ControlMethod{.name = "Events", .run = events, .needs_more = true},
    ControlMethod{.name = "List", .run = list},
    ControlMethod{.name = "Reload", .run = reload},
    ControlMethod{.name = "ResizeTerminal", .run = resize_terminal, .names_container = true},
    ControlMethod{.name = "Restart", .run = restart, .names_container = true},
    ControlMethod{.name = "Start", .run = start, .names_container = true},
    ControlMethod{.name = "Status", .run = status, .names_container = true},
    ControlMethod{.name = "Stop", .run = stop, .names_container = true},
    ControlMethod{.name = "Supervisor", .run = supervisor},
    ControlMethod{.name = "Upgrade", .run = upgrade},
    ControlMethod{.name = "Wait", .run = wait, .names_container = true},
};

// ---------------------------------------------------------------- org.varlink.service

constexpr std::string_view kServiceDescription = R"varlink(# What every varlink service answers.
interface org.varlink.service

# Who the service is and which interfaces it has.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# The description of one of them.
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)

error MethodNotFound (method: string)

error MethodNotImplemented (method: string)

error InvalidParameter (parameter: string)

# The method replies more than once, or wants the connection: it cannot be called otherwise.
error ExpectedMore ()
)varlink";

VarlinkReply get_info(const Control& control) {
    oci::JsonWriter json;
    json.begin_object();
    json.member("vendor", "corun");
    json.member("product", "corun supervise");
    json.member("version", control.supervisor().version);
    json.member("url", "");
    json.member(
        "interfaces",
        std::vector<std::string>{std::string(kServiceInterface), std::string(kSupervisorInterface)}
    );
    json.end_object();
    return {.parameters = json.take()};
}

VarlinkReply get_interface_description(const MethodCall& call) {
    const auto name = parameter<std::string>(call, "interface");
    const std::optional<std::string_view> text = interface_description(name);
    if (!text) {
        return {
            .parameters = one_parameter("interface", name),
            .error = service_name("InterfaceNotFound"),
        };
    }
    return {.parameters = one_parameter("description", *text)};
}

// ---------------------------------------------------------------- dispatch

/// The part of a method's name behind its interface; nothing if it is of another one.
std::optional<std::string_view> name_in(std::string_view interface, std::string_view method) {
    if (!method.starts_with(interface) || method.size() <= interface.size() ||
        method[interface.size()] != '.') {
        return std::nullopt;
    }
    return method.substr(interface.size() + 1);
}

const ControlMethod* find_method(std::string_view name) {
    for (const ControlMethod& method : kMethods) {
        if (method.name == name) {
            return &method;
        }
    }
    return nullptr;
}

VarlinkReply not_found(const std::string& method) {
    const std::size_t dot = method.rfind('.');
    const std::string_view interface = std::string_view(method).substr(0, dot);
    if (!interface_description(interface)) {
        return {
            .parameters = one_parameter("interface", interface),
            .error = service_name("InterfaceNotFound"),
        };
    }
    return {
        .parameters = one_parameter("method", method),
        .error = service_name("MethodNotFound"),
    };
}

/// Nothing: the container is one of the supervisor's.
std::optional<VarlinkReply> refuse_unknown_container(const MethodCall& call) {
    const auto id = parameter<std::string>(call, "id");
    try {
        (void)call.control->status(id);  // only whether there is one
    } catch (const Error& error) {
        if (error.error_number() != ENOENT) {
            throw;
        }
        return VarlinkReply{
            .parameters = one_parameter("id", id),
            .error = supervisor_name("NoSuchContainer"),
        };
    }
    return std::nullopt;
}

/// A method's task, or what is said without one.
using Begun = std::variant<VarlinkReply, Reply>;

Begun begin_method(const ControlMethod& method, MethodCall& call) {
    if (method.needs_more && call.call->kind() != CallKind::more) {
        return VarlinkReply{.error = service_name("ExpectedMore")};
    }
    if (method.needs_upgrade != (call.call->kind() == CallKind::upgrade)) {
        const std::string_view text = method.needs_upgrade
                                          ? "the method is to be called with \"upgrade\""
                                          : "the method does not take the connection over";
        return VarlinkReply{
            .parameters = one_parameter("message", text), .error = supervisor_name("Failed")};
    }
    if (method.names_container) {
        if (std::optional<VarlinkReply> refusal = refuse_unknown_container(call)) {
            return *std::move(refusal);
        }
    }
    return method.run(call);
}

Begun begin(MethodCall& call) {
    const std::string& name = call.call->method();
    try {
        if (name == service_name("GetInfo")) {
            return get_info(*call.control);
        }
        if (name == service_name("GetInterfaceDescription")) {
            return get_interface_description(call);
        }
        const std::optional<std::string_view> own = name_in(kSupervisorInterface, name);
        const ControlMethod* method = own ? find_method(*own) : nullptr;
        return method == nullptr ? Begun(not_found(name)) : begin_method(*method, call);
    } catch (const Error& error) {
        return invalid_parameter(error);
    }
}

}  // namespace

std::span<const ControlMethod> control_methods() {
    return kMethods;
}

Reply answer(MethodCall& call) {
    Begun begun = begin(call);
    if (auto* const reply = std::get_if<VarlinkReply>(&begun)) {
        co_return std::move(*reply);
    }
    Reply task = std::get<Reply>(std::move(begun));
    try {
        co_return co_await std::move(task);
    } catch (const Error& error) {
        co_return failure(error);
    }
}

std::optional<std::string_view> interface_description(std::string_view interface) {
    if (interface == kSupervisorInterface) {
        return kSupervisorDescription;
    }
    if (interface == kServiceInterface) {
        return kServiceDescription;
    }
    return std::nullopt;
}

}  // namespace corun::supervise
