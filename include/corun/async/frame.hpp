// Memory of coroutine frames. Two implementations, chosen by the build: frame_pool.cpp recycles
// frames per thread; frame_plain.cpp leaves all to operator new, so that a sanitizer sees each one.
#pragma once

#include <cstddef>

namespace corun::async {

/// Room for a frame; throws std::bad_alloc.
[[nodiscard]] void* allocate_frame(std::size_t size);

/// Gives back what allocate_frame(size) gave.
void release_frame(void* frame, std::size_t size) noexcept;

}  // namespace corun::async
