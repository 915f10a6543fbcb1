// D-Bus by libdbus. Parent side, one thread.
// libdbus has one watch for reading and one for writing on its socket; whichever it has switched on
// is awaited and then handled, until the message that is wanted is in its queue.
#include "corun/container/bus.hpp"

#include "corun/async/ready.hpp"
#include "corun/base/text.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <dbus/dbus.h>
#include <new>
#include <utility>

namespace corun::container {

namespace {

void require_memory(dbus_bool_t done) {
    if (done == FALSE) {
        throw std::bad_alloc();
    }
}

// ---------------------------------------------------------------- values → message

void append(DBusMessageIter& iterator, const DbusValue& value);

template <class Wire, class Content>
void append_basic(DBusMessageIter& iterator, const DbusValue& value) {
    const auto wire = static_cast<Wire>(std::get<Content>(value.content));
    require_memory(::dbus_message_iter_append_basic(&iterator, value.signature.front(), &wire));
}

void append_text(DBusMessageIter& iterator, const DbusValue& value) {
    const auto& text = std::get<std::string>(value.content);
    // libdbus takes invalid text for a mistake of ours and aborts.
    const bool is_valid =
        (value.signature == "s" && ::dbus_validate_utf8(text.c_str(), nullptr) != FALSE) ||
        (value.signature == "o" && ::dbus_validate_path(text.c_str(), nullptr) != FALSE) ||
        (value.signature == "g" && ::dbus_signature_validate(text.c_str(), nullptr) != FALSE);
    if (!is_valid) {
        throw Error(concat(quote(text), " is no valid text of D-Bus type ", value.signature));
    }
    const char* const wire = text.c_str();
    require_memory(::dbus_message_iter_append_basic(&iterator, value.signature.front(), &wire));
}

void append_container(DBusMessageIter& iterator, const DbusValue& value) {
    const bool is_array = value.signature.front() == 'a';
    const std::string element = is_array ? value.signature.substr(1) : std::string();
    DBusMessageIter inside{};
    require_memory(::dbus_message_iter_open_container(
        &iterator,
        is_array ? DBUS_TYPE_ARRAY : DBUS_TYPE_STRUCT,
        is_array ? element.c_str() : nullptr,
        &inside
    ));
    try {
        for (const DbusValue& member : std::get<std::vector<DbusValue>>(value.content)) {
            append(inside, member);
        }
    } catch (...) {
        ::dbus_message_iter_abandon_container(&iterator, &inside);
        throw;
    }
    require_memory(::dbus_message_iter_close_container(&iterator, &inside));
}

void append_variant(DBusMessageIter& iterator, const DbusValue& value) {
    const DbusValue& content = std::get<std::vector<DbusValue>>(value.content).front();
    DBusMessageIter inside{};
    require_memory(::dbus_message_iter_open_container(
        &iterator, DBUS_TYPE_VARIANT, content.signature.c_str(), &inside
    ));
    try {
        append(inside, content);
    } catch (...) {
        ::dbus_message_iter_abandon_container(&iterator, &inside);
        throw;
    }
    require_memory(::dbus_message_iter_close_container(&iterator, &inside));
}

void append(DBusMessageIter& iterator, const DbusValue& value) {
    switch (value.signature.front()) {
        case DBUS_TYPE_BOOLEAN:
            return append_basic<dbus_bool_t, bool>(iterator, value);
        case DBUS_TYPE_BYTE:
            return append_basic<unsigned char, std::uint64_t>(iterator, value);
        case DBUS_TYPE_INT16:
            return append_basic<dbus_int16_t, std::int64_t>(iterator, value);
        case DBUS_TYPE_UINT16:
            return append_basic<dbus_uint16_t, std::uint64_t>(iterator, value);
        case DBUS_TYPE_INT32:
            return append_basic<dbus_int32_t, std::int64_t>(iterator, value);
        case DBUS_TYPE_UINT32:
            return append_basic<dbus_uint32_t, std::uint64_t>(iterator, value);
        case DBUS_TYPE_INT64:
            return append_basic<dbus_int64_t, std::int64_t>(iterator, value);
        case DBUS_TYPE_UINT64:
            return append_basic<dbus_uint64_t, std::uint64_t>(iterator, value);
        case DBUS_TYPE_DOUBLE:
            return append_basic<double, double>(iterator, value);
        case DBUS_TYPE_VARIANT:
            return append_variant(iterator, value);
        case DBUS_TYPE_ARRAY:
        case DBUS_STRUCT_BEGIN_CHAR:
            return append_container(iterator, value);
        default:
            return append_text(iterator, value);
    }
}

// ---------------------------------------------------------------- message → values

template <class Wire>
Wire basic(DBusMessageIter& iterator) {
    Wire wire{};
    ::dbus_message_iter_get_basic(&iterator, &wire);
    return wire;
}

/// Nothing for a type that no answer we read has.
std::optional<DbusValue> read(DBusMessageIter& iterator) {
    const int type = ::dbus_message_iter_get_arg_type(&iterator);
    const std::string signature(1, static_cast<char>(type));
    switch (type) {
        case DBUS_TYPE_BOOLEAN:
            return dbus_bool(basic<dbus_bool_t>(iterator) != FALSE);
        case DBUS_TYPE_UINT32:
            return dbus_uint32(basic<dbus_uint32_t>(iterator));
        case DBUS_TYPE_UINT64:
            return dbus_uint64(basic<dbus_uint64_t>(iterator));
        case DBUS_TYPE_STRING:
        case DBUS_TYPE_OBJECT_PATH:
            return DbusValue{.signature = signature, .content = basic<const char*>(iterator)};
        case DBUS_TYPE_VARIANT: {
            DBusMessageIter inside{};
            ::dbus_message_iter_recurse(&iterator, &inside);
            return read(inside);
        }
        default:
            return std::nullopt;
    }
}

std::string text_or_empty(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

BusMessage read_message(DBusMessage* message) {
    BusMessage out;
    out.path = text_or_empty(::dbus_message_get_path(message));
    out.member = text_or_empty(::dbus_message_get_member(message));
    if (::dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR) {
        out.error_name = text_or_empty(::dbus_message_get_error_name(message));
    }
    DBusMessageIter iterator{};
    dbus_bool_t more = ::dbus_message_iter_init(message, &iterator);
    while (more != FALSE) {
        if (std::optional<DbusValue> value = read(iterator)) {
            out.arguments.push_back(*std::move(value));
        }
        more = ::dbus_message_iter_next(&iterator);
    }
    return out;
}

// ---------------------------------------------------------------- watches

using Watches = std::array<DBusWatch*, 4>;

dbus_bool_t add_watch(DBusWatch* watch, void* data) {
    auto& watches = *static_cast<Watches*>(data);
    auto* const free_place = std::find(watches.begin(), watches.end(), nullptr);
    if (free_place == watches.end()) {
        return FALSE;
    }
    *free_place = watch;
    return TRUE;
}

void remove_watch(DBusWatch* watch, void* data) {
    auto& watches = *static_cast<Watches*>(data);
    std::replace(watches.begin(), watches.end(), watch, static_cast<DBusWatch*>(nullptr));
}

void toggle_watch(DBusWatch* /*watch*/, void* /*data*/) {
    // Whether it is on is asked when it is waited for.
}

/// An errno for the errors of opening that callers tell apart.
int errno_of(const DBusError& error) {
    if (::dbus_error_has_name(&error, DBUS_ERROR_FILE_NOT_FOUND) != FALSE) {
        return ENOENT;
    }
    if (::dbus_error_has_name(&error, DBUS_ERROR_ACCESS_DENIED) != FALSE) {
        return EACCES;
    }
    return ::dbus_error_has_name(&error, DBUS_ERROR_NO_SERVER) != FALSE ? ECONNREFUSED : 0;
}

}  // namespace

std::string BusMessage::text(std::size_t index) const {
    if (index >= arguments.size()) {
        return {};
    }
    const auto* text = std::get_if<std::string>(&arguments[index].content);
    return text == nullptr ? std::string() : *text;
}

void Bus::Released::operator()(DBusMessage* message) const noexcept {
    ::dbus_message_unref(message);
}

Bus::Bus(std::string address) : address_(std::move(address)) {}

std::unique_ptr<Bus> Bus::open(const std::string& address) {
    // Its default changes what SIGPIPE does in the whole process; it sends with MSG_NOSIGNAL
    // anyway.
    ::dbus_connection_set_change_sigpipe(FALSE);
    std::unique_ptr<Bus> bus(new Bus(address));
    DBusError error = DBUS_ERROR_INIT;
    bus->connection_ = ::dbus_connection_open_private(address.c_str(), &error);
    if (bus->connection_ == nullptr) {
        const std::string message = concat("D-Bus ", quote(address), ": ", error.message);
        const int error_number = errno_of(error);
        ::dbus_error_free(&error);
        throw Error(message, error_number);
    }
    ::dbus_connection_set_exit_on_disconnect(bus->connection_, FALSE);
    require_memory(::dbus_connection_set_watch_functions(
        bus->connection_, add_watch, remove_watch, toggle_watch, &bus->watches_, nullptr
    ));
    return bus;
}

Bus::~Bus() {
    if (connection_ != nullptr) {
        ::dbus_connection_close(connection_);
        // Its watches go before the place where they are kept.
        (void)::dbus_connection_set_watch_functions(
            connection_, nullptr, nullptr, nullptr, nullptr, nullptr
        );
        ::dbus_connection_unref(connection_);
    }
}

std::uint32_t Bus::send(const BusCall& call) {
    const OwnedMessage message(::dbus_message_new_method_call(
        call.destination.empty() ? nullptr : call.destination.c_str(),
        call.path.c_str(),
        call.interface.c_str(),
        call.method.c_str()
    ));
    require_memory(message ? TRUE : FALSE);
    DBusMessageIter iterator{};
    ::dbus_message_iter_init_append(message.get(), &iterator);
    for (const DbusValue& argument : call.arguments) {
        append(iterator, argument);
    }
    dbus_uint32_t serial = 0;
    require_memory(::dbus_connection_send(connection_, message.get(), &serial));
    return serial;
}

DBusWatch* Bus::watch_for(unsigned flag) const {
    for (DBusWatch* watch : watches_) {
        if (watch != nullptr && ::dbus_watch_get_enabled(watch) != FALSE &&
            (::dbus_watch_get_flags(watch) & flag) != 0) {
            return watch;
        }
    }
    return nullptr;
}

void Bus::throw_closed() const {
    throw Error(concat("D-Bus ", quote(address_), ": the connection was closed"), ECONNRESET);
}

async::Task<Bus::OwnedMessage> Bus::receive() {
    while (true) {
        OwnedMessage message(::dbus_connection_pop_message(connection_));
        if (message &&
            ::dbus_message_is_signal(message.get(), DBUS_INTERFACE_LOCAL, "Disconnected") !=
                FALSE) {
            throw_closed();
        }
        if (message) {
            co_return message;
        }
        if (DBusWatch* const writing = watch_for(DBUS_WATCH_WRITABLE)) {
            co_await async::writable(sys::FdRef(::dbus_watch_get_unix_fd(writing)));
            require_memory(::dbus_watch_handle(writing, DBUS_WATCH_WRITABLE));
        } else if (DBusWatch* const reading = watch_for(DBUS_WATCH_READABLE)) {
            co_await async::readable(sys::FdRef(::dbus_watch_get_unix_fd(reading)));
            require_memory(::dbus_watch_handle(reading, DBUS_WATCH_READABLE));
        } else {
            throw_closed();
        }
    }
}

void Bus::keep(DBusMessage* message) {
    switch (::dbus_message_get_type(message)) {
        case DBUS_MESSAGE_TYPE_SIGNAL:
            signals_.push_back(read_message(message));
            break;
        case DBUS_MESSAGE_TYPE_METHOD_RETURN:
        case DBUS_MESSAGE_TYPE_ERROR:
            replies_.insert_or_assign(
                ::dbus_message_get_reply_serial(message), read_message(message)
            );
            break;
        default:
            break;  // a call to us: nothing here can be called
    }
}

async::Task<BusMessage> Bus::reply(std::uint32_t serial) {
    while (replies_.count(serial) == 0) {
        const OwnedMessage message = co_await receive();
        keep(message.get());
    }
    co_return std::move(replies_.extract(serial).mapped());
}

async::Task<BusMessage> Bus::signal() {
    while (signals_.empty()) {
        const OwnedMessage message = co_await receive();
        keep(message.get());
    }
    BusMessage first = std::move(signals_.front());
    signals_.pop_front();
    co_return first;
}

}  // namespace corun::container
