// What is known of one container. Parent side.
#include "corun/container/state.hpp"

namespace corun::container {

async::Task<Summary> state(Engine& engine, StateRequest request) {
    const ContainerDirectory directory = engine.store().open(request.id);
    co_return summarize(engine, directory);
}

}  // namespace corun::container
