// All containers of a state root. Parent side.
#include "corun/container/list.hpp"

#include "corun/base/error.hpp"

#include <optional>

namespace corun::container {

async::Task<Listing> list(Engine& engine, ListRequest /*request*/) {
    Listing listing;
    for (const ContainerId& id : engine.store().list()) {
        // One damaged state must not hide the others.
        try {
            const std::optional<ContainerDirectory> directory = engine.store().try_open(id);
            if (directory) {
                listing.containers.push_back(summarize(engine, *directory));
            }
        } catch (const Error& error) {
            listing.failures.emplace_back(error.what());
        }
    }
    co_return listing;
}

}  // namespace corun::container
