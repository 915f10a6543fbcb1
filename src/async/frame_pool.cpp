// Coroutine frames from free lists, one per size class and thread: what one task gives back the
// next one takes, without malloc's header and bookkeeping. Chunks are never given back to malloc.
#include "corun/async/frame.hpp"

#include <array>
#include <cstddef>
#include <new>

namespace corun::async {

namespace {

constexpr std::size_t kStep = 32;       // sizes are rounded up to a multiple of it
constexpr std::size_t kLargest = 1024;  // larger frames are malloc's
constexpr std::size_t kChunk = 65536;   // what is taken from malloc at a time

struct FreeFrame {
    FreeFrame* next;
};

// The only mutable state without an owner in the program: an allocator has no object to live in,
// and the thread that frees is the one that allocates. Zero-initialised, so free of constructors.
struct Pool {
    std::array<FreeFrame*, kLargest / kStep> lists;
    std::byte* unused;
    std::size_t unused_bytes;
};

thread_local constinit Pool pool = {};

[[nodiscard]] constexpr std::size_t class_of(std::size_t size) {
    return (size - 1) / kStep;
}

[[nodiscard]] void* carve(std::size_t size) {
    if (pool.unused_bytes < size) {
        pool.unused = static_cast<std::byte*>(::operator new(kChunk));
        pool.unused_bytes = kChunk;
    }
    std::byte* const frame = pool.unused;
    pool.unused += size;
    pool.unused_bytes -= size;
    return frame;
}

}  // namespace

void* allocate_frame(std::size_t size) {
    if (size > kLargest) {
        return ::operator new(size);
    }
    const std::size_t size_class = class_of(size);
    FreeFrame*& list = pool.lists[size_class];
    if (list == nullptr) {
        return carve((size_class + 1) * kStep);
    }
    FreeFrame* const frame = list;
    list = frame->next;
    return frame;
}

void release_frame(void* frame, std::size_t size) noexcept {
    if (size > kLargest) {
        ::operator delete(frame, size);
        return;
    }
    FreeFrame*& list = pool.lists[class_of(size)];
    list = new (frame) FreeFrame{.next = list};
}

}  // namespace corun::async
