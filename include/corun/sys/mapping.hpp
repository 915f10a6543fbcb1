// Memory that is shared with whoever holds the same file: mmap(2) of a memfd.
#pragma once

#include "corun/sys/fd.hpp"

#include <cstddef>
#include <utility>

namespace corun::sys {

/// A file's first `size` bytes in memory, readable and writable, shared. The file must be as large.
class Mapping {
public:
    Mapping(FdRef file, std::size_t size);

    Mapping(Mapping&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), size_(other.size_) {}

    Mapping& operator=(Mapping&&) = delete;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    [[nodiscard]] void* address() const { return address_; }

private:
    void* address_;
    std::size_t size_;
};

}  // namespace corun::sys
