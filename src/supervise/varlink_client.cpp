// A client of the control socket. In commands.
#include "corun/supervise/varlink_client.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/model_json.hpp"
#include "corun/supervise/varlink_server.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/stream_socket.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace corun::supervise {

namespace {

/// The supervisor reads calls at once, unless it is stopped or being upgraded.
constexpr auto kSendLimit = std::chrono::seconds(30);

struct ErrorText {
    std::string_view name;  // with its interface
    std::string_view text;
};

constexpr ErrorText kErrorTexts[] = {
    {"org.corun.Supervisor.NoSuchContainer", "container does not exist"},
    {"org.corun.Supervisor.Upgrading", "the supervisor is being upgraded"},
    {"org.corun.Supervisor.Busy", "the supervisor has too many clients"},
    {"org.varlink.service.MethodNotFound", "this supervisor is too old for that"},
    {"org.varlink.service.InterfaceNotFound", "this is no supervisor of corun's"},
};

std::string id_parameter(const std::string& id) {
    return one_parameter("id", id);
}

/// The value that a reply is about.
template <class T>
T value_of(const ReceivedReply& reply, std::string_view name) {
    const std::optional<oci::JsonValue> parameters = reply.parameters();
    if (!parameters) {
        throw Error(concat("the supervisor's reply has no ", quote(name)), EPROTO);
    }
    T value{};
    in_context(
        [] { return "the supervisor's reply"; }, [&] { read_required(*parameters, name, value); }
    );
    return value;
}

}  // namespace

// ---------------------------------------------------------------- any service

VarlinkClient::VarlinkClient(sys::UniqueFd socket) : stream_(std::move(socket), kMaxReplyBytes) {}

async::Task<> VarlinkClient::send(VarlinkCall call) {
    try {
        co_await stream_.send(message_of(call), kSendLimit);
    } catch (const Error& error) {
        // It has closed the connection, and may have said why: next_reply() tells.
        if (error.error_number() != EPIPE) {
            throw;
        }
    }
}

async::Task<ReceivedReply> VarlinkClient::next_reply() {
    const std::optional<std::string> message = co_await stream_.next();
    if (!message) {
        throw Error("the supervisor has closed the connection", ECONNRESET);
    }
    co_return ReceivedReply(*message);
}

async::Task<ReceivedReply> VarlinkClient::call(VarlinkCall call) {
    co_await send(std::move(call));
    ReceivedReply reply = co_await next_reply();
    throw_if_error(reply);
    co_return reply;
}

void throw_if_error(const ReceivedReply& reply) {
    if (reply.error().empty()) {
        return;
    }
    for (const ErrorText& known : kErrorTexts) {
        if (known.name == reply.error()) {
            throw Error(std::string(known.text));
        }
    }
    // Its message says all, the errno too.
    if (reply.error() == supervisor_name("Failed")) {
        throw Error(reply.text("message"));
    }
    if (reply.error() == service_name("InvalidParameter")) {
        throw Error(concat("invalid parameter ", quote(reply.text("parameter"))), EINVAL);
    }
    throw Error(concat("the supervisor says ", quote(reply.error())));
}

bool is_upgrading(const ReceivedReply& reply) {
    return reply.error() == supervisor_name("Upgrading");
}

// ---------------------------------------------------------------- the supervisor

sys::UniqueFd ControlClient::connect(const std::string& root) {
    const std::string path = control_socket_path(root);
    const std::size_t slash = path.rfind('/');
    // By way of the directory: the 108 bytes of sun_path do not limit the root's path.
    const std::optional<sys::UniqueFd> directory =
        sys::try_open(path.substr(0, slash), O_PATH | O_DIRECTORY);
    sys::Accepted connected{.socket = {}, .error_number = ENOENT};
    if (directory) {
        connected = sys::try_connect_stream(*directory, path.substr(slash + 1));
    }
    const int error_number = connected.error_number;
    if (error_number == ENOENT || error_number == ECONNREFUSED) {
        throw Error(
            concat("no supervisor runs with root ", quote(root), ": connect ", quote(path)),
            error_number
        );
    }
    if (error_number != 0) {
        throw Error(concat("connect ", quote(path)), error_number);
    }
    return std::move(connected.socket);
}

/// Made again for as long as the supervisor says that it is being upgraded: for calls that may be.
async::Task<ReceivedReply> ControlClient::ask(VarlinkCall call) {
    while (true) {
        co_await client_.send(call);
        ReceivedReply reply = co_await client_.next_reply();
        if (!is_upgrading(reply)) {
            throw_if_error(reply);
            co_return reply;
        }
    }
}

async::Task<ReceivedReply> ControlClient::ask_about(const char* method, std::string id) {
    VarlinkCall call{.method = supervisor_name(method), .parameters = id_parameter(id)};
    co_return co_await ask(std::move(call));
}

async::Task<std::vector<UnitStatus>> ControlClient::list() {
    VarlinkCall call{.method = supervisor_name("List")};
    const ReceivedReply reply = co_await ask(std::move(call));
    co_return value_of<std::vector<UnitStatus>>(reply, "containers");
}

async::Task<SupervisorStatus> ControlClient::supervisor() {
    VarlinkCall call{.method = supervisor_name("Supervisor")};
    const ReceivedReply reply = co_await ask(std::move(call));
    co_return value_of<SupervisorStatus>(reply, "supervisor");
}

async::Task<UnitStatus> ControlClient::status(std::string id) {
    const ReceivedReply reply = co_await ask_about("Status", std::move(id));
    co_return value_of<UnitStatus>(reply, "container");
}

async::Task<ExitRecord> ControlClient::wait(std::string id) {
    const ReceivedReply reply = co_await ask_about("Wait", std::move(id));
    co_return value_of<ExitRecord>(reply, "exit");
}

async::Task<> ControlClient::start(std::string id) {
    (void)co_await ask_about("Start", std::move(id));  // says nothing more
}

async::Task<> ControlClient::stop(std::string id) {
    (void)co_await ask_about("Stop", std::move(id));  // says nothing more
}

async::Task<> ControlClient::restart(std::string id) {
    // Not again upon an upgrade: it could restart twice.
    VarlinkCall call{.method = supervisor_name("Restart"), .parameters = id_parameter(id)};
    (void)co_await client_.call(std::move(call));  // says nothing more
}

async::Task<> ControlClient::reload() {
    VarlinkCall call{.method = supervisor_name("Reload")};
    (void)co_await ask(std::move(call));  // says nothing more
}

async::Task<> ControlClient::upgrade() {
    VarlinkCall call{.method = supervisor_name("Upgrade")};
    co_await client_.send(std::move(call));
    const ReceivedReply reply = co_await client_.next_reply();
    // That it happens before the reply is said is a success.
    if (!is_upgrading(reply)) {
        throw_if_error(reply);
    }
}

async::Task<> ControlClient::resize_terminal(std::string id, unsigned rows, unsigned columns) {
    VarlinkCall call{
        .method = supervisor_name("ResizeTerminal"),
        .parameters =
            concat("{\"id\":", json_string(id), ",\"rows\":", rows, ",\"columns\":", columns, "}"),
    };
    (void)co_await ask(std::move(call));  // says nothing more
}

async::Task<> ControlClient::follow_events() {
    VarlinkCall call{.method = supervisor_name("Events"), .kind = CallKind::more};
    return client_.send(std::move(call));
}

async::Task<Event> ControlClient::next_event() {
    while (true) {
        const ReceivedReply reply = co_await client_.next_reply();
        if (is_upgrading(reply)) {
            co_await follow_events();
            continue;
        }
        throw_if_error(reply);
        // The first reply only says that events follow.
        if (reply.parameters() && reply.parameters()->find("event")) {
            co_return value_of<Event>(reply, "event");
        }
    }
}

async::Task<Attached> ControlClient::attach(std::string id) {
    VarlinkCall call{
        .method = supervisor_name("Attach"),
        .parameters = id_parameter(id),
        .kind = CallKind::upgrade,
    };
    const ReceivedReply reply = co_await ask(std::move(call));
    Attached attached{
        .socket = client_.stream().release_socket(),
        .first_output = client_.stream().take_unread(),
        .terminal = value_of<bool>(reply, "terminal"),
    };
    co_return attached;
}

namespace {

async::Task<std::vector<UnitStatus>> list_units(std::string root) {
    ControlClient client(ControlClient::connect(root));
    co_return co_await client.list();
}

}  // namespace

async::Task<std::optional<std::vector<UnitStatus>>> try_list_units(
    std::string root, std::chrono::milliseconds limit
) {
    struct stat status = {};
    if (sys::stat_errno(control_socket_path(root), status) != 0) {
        co_return std::nullopt;  // the usual case, without an exception's cost
    }
    try {
        co_return co_await async::with_deadline(limit, list_units(std::move(root)));
    } catch (const Error&) {
        co_return std::nullopt;
    }
}

}  // namespace corun::supervise
