// The one error class of the program. No Linux header, no logging.
#include "corun/base/error.hpp"

#include "corun/base/text.hpp"

#include <cerrno>
#include <cstring>

namespace corun {

Error::Error(std::string message, int error_number)
    : message_(std::move(message)), text_(message_), error_number_(error_number) {
    if (error_number_ != 0) {
        text_ += ": " + errno_text(error_number_);
    }
}

void Error::add_context(std::string_view clause) {
    message_ = concat(clause, ": ", message_);
    text_ = concat(clause, ": ", text_);
}

std::string errno_text(int error_number) {
    const char* description = strerrordesc_np(error_number);
    const char* name = strerrorname_np(error_number);
    if (description == nullptr || name == nullptr) {
        return concat("errno ", std::to_string(error_number));
    }
    return concat(description, " (", name, ")");
}

void throw_errno(std::string_view call, std::string_view object) {
    throw_errno_value(errno, call, object);
}

void throw_errno_value(int error_number, std::string_view call, std::string_view object) {
    if (object.empty()) {
        throw Error(std::string(call), error_number);
    }
    throw Error(concat(call, "(\"", object, "\")"), error_number);
}

}  // namespace corun
