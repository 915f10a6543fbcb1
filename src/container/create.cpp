// The verb `create`. Parent side; everything is in container/creation, this is the last word.
#include "corun/container/create.hpp"

#include "corun/container/creation.hpp"
#include "corun/container/launch.hpp"

namespace corun::container {

async::Task<> create(Engine& engine, CreateRequest request) {
    Created created =
        co_await create_container(engine, std::move(request), setup::GateKind::socket, Detach::yes);
    proceed(created.launched);
    engine.report_start();
    // From here on the container is its caller's: it outlives this process.
    (void)created.launched.child.release();
}

}  // namespace corun::container
