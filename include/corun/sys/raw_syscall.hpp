// syscall(2) that leaves errno alone: for code that has no thread-local storage, or shares it with
// another process.
#pragma once

/// The kernel's answer, a negative errno for a failure. In the file of the architecture.
extern "C" long corun_raw_syscall(
    long number, long first, long second, long third, long fourth, long fifth
) noexcept;

namespace corun::sys {

template <typename T>
long syscall_word(T* pointer) {
    return reinterpret_cast<long>(pointer);
}

inline long syscall_word(long value) {
    return value;
}

/// Up to five arguments: numbers and pointers.
template <typename... Arguments>
long raw_syscall(long number, Arguments... arguments) noexcept {
    const long words[5] = {syscall_word(arguments)...};
    return corun_raw_syscall(number, words[0], words[1], words[2], words[3], words[4]);
}

}  // namespace corun::sys
