// The file behind a turn: its lock is the turn, its only byte the mark.
#include "corun/container/freezer_turn.hpp"

#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <utility>

namespace corun::container {

namespace {

constexpr const char* kFile = "freezer.lock";

}  // namespace

FreezerTurn FreezerTurn::take(sys::FdRef directory) {
    sys::UniqueFd file = sys::openat(directory, kFile, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    sys::lock_exclusive(file);
    return FreezerTurn(std::move(file));
}

std::optional<FreezerTurn> FreezerTurn::try_take(sys::FdRef directory) {
    std::optional<sys::UniqueFd> file = sys::try_openat(directory, kFile, O_RDWR | O_NOFOLLOW);
    if (!file || !sys::try_lock_exclusive(*file)) {
        return std::nullopt;
    }
    return FreezerTurn(*std::move(file));
}

bool FreezerTurn::is_freeze_abandoned() const {
    return sys::fstat(file_).st_size > 0;
}

void FreezerTurn::mark() const {
    sys::write_all(file_, "1");
}

void FreezerTurn::unmark() const {
    sys::empty_file(file_);
}

}  // namespace corun::container
