// Waiting for processes. Runs in the parent.
#include "corun/async/child_exit.hpp"

#include "corun/async/ready.hpp"

namespace corun::async {

Task<sys::ExitStatus> exit_of(const sys::Pidfd& child) {
    co_await readable(child.fd());
    co_return child.wait();  // ended, so this does not block
}

Task<> end_of(const sys::Pidfd& process) {
    co_await readable(process.fd());
}

}  // namespace corun::async
