// Coroutine frames from operator new, one by one: the choice of sanitized builds, where a recycled
// frame would hide a use after free.
#include "corun/async/frame.hpp"

#include <new>

namespace corun::async {

void* allocate_frame(std::size_t size) {
    return ::operator new(size);
}

void release_frame(void* frame, std::size_t size) noexcept {
    ::operator delete(frame, size);
}

}  // namespace corun::async
