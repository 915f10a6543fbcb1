// In place of criu_messages.cpp where libcriu's message types are not to be had.
#include "corun/base/error.hpp"
#include "corun/container/criu_messages.hpp"

#include <cerrno>

namespace corun::container {

namespace {

[[noreturn]] void refuse() {
    throw Error("this corun was built without CRIU (meson option 'criu')", ENOTSUP);
}

}  // namespace

bool knows_criu() noexcept {
    return false;
}

std::string encode(const CriuRequest& /*request*/) {
    refuse();
}

CriuReply decode_criu_reply(std::string_view /*bytes*/) {
    refuse();
}

}  // namespace corun::container
