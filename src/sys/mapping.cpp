// Shared memory. Used by the supervisor for what must survive it.
#include "corun/sys/mapping.hpp"

#include "corun/base/error.hpp"

#include <sys/mman.h>

namespace corun::sys {

Mapping::Mapping(FdRef file, std::size_t size)
    : address_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0)),
      size_(size) {
    if (address_ == MAP_FAILED) {
        throw_errno("mmap");
    }
}

Mapping::~Mapping() {
    if (address_ != nullptr) {
        (void)::munmap(address_, size_);  // cannot fail: it was mapped
    }
}

}  // namespace corun::sys
