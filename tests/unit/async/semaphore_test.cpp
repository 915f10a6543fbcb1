#include "corun/async/semaphore.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace corun::async {
namespace {

struct Room {
    Semaphore doors{2};
    int inside = 0;
    int most = 0;
    std::vector<int> order;
};

Task<> visit(Room& room, int visitor) {
    const Permit permit = co_await room.doors.acquire();
    room.order.push_back(visitor);
    room.most = std::max(room.most, ++room.inside);
    co_await yield();
    --room.inside;
}

Task<> visit_all(Group& group, Room& room) {
    for (int i = 0; i < 6; ++i) {
        group.spawn(visit(room, i));
    }
    co_return;
}

Task<std::size_t> free_after_release(Semaphore& semaphore) {
    Permit permit = co_await semaphore.acquire();
    Permit moved = std::move(permit);
    moved.release();
    moved.release();  // once only
    co_return semaphore.free();
}

}  // namespace

TEST_CASE("semaphore: no more get in than there are permits, in the order they came") {
    Loop loop;
    Room room;

    loop.run(with_group(visit_all, std::ref(room)));

    CHECK(room.most == 2);
    CHECK(room.order == std::vector<int>{0, 1, 2, 3, 4, 5});
    CHECK(room.doors.free() == 2);
}

TEST_CASE("semaphore: a permit is given back once, wherever it was moved") {
    Loop loop;
    Semaphore semaphore(1);

    CHECK(loop.run(free_after_release(semaphore)) == 1);
}

}  // namespace corun::async
