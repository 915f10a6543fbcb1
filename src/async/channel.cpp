// The part of Channel that does not depend on the type of its values.
#include "corun/async/channel.hpp"

#include "corun/base/error.hpp"

#include <cerrno>

namespace corun::async {

void throw_channel_closed() {
    throw Error("send to a closed channel", EPIPE);
}

}  // namespace corun::async
