#include "step_child.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <span>

namespace corun::test {

namespace {

constexpr std::size_t kTextSize = 64 * 1024;

/// Text in memory that both processes see: no descriptor that a step could close.
class SharedText {
public:
    SharedText()
        : memory_(static_cast<char*>(
              ::mmap(nullptr, kTextSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
          )) {
        if (memory_ == MAP_FAILED) {
            throw_errno("mmap");
        }
    }

    SharedText(const SharedText&) = delete;
    SharedText& operator=(const SharedText&) = delete;
    SharedText(SharedText&&) = delete;
    SharedText& operator=(SharedText&&) = delete;

    ~SharedText() { (void)::munmap(memory_, kTextSize); }

    void set(std::string_view text) {
        std::memcpy(memory_, text.data(), std::min(text.size(), kTextSize - 1));
    }

    [[nodiscard]] std::string get() const { return memory_; }

private:
    char* memory_;
};

void map_root(pid_t child) {
    const std::string directory = concat("/proc/", child, "/");
    const sys::FdRef cwd = sys::FdRef::cwd();
    const bool is_root = ::geteuid() == 0;
    if (!is_root) {
        sys::write_file(cwd, directory + "setgroups", "deny");
    }
    // Root maps the ids as they are; anybody else may map only himself.
    const std::string uid_map = is_root ? "0 0 65536" : concat("0 ", ::geteuid(), " 1");
    const std::string gid_map = is_root ? "0 0 65536" : concat("0 ", ::getegid(), " 1");
    sys::write_file(cwd, directory + "uid_map", uid_map);
    sys::write_file(cwd, directory + "gid_map", gid_map);
}

[[noreturn]] void run_child(
    setup::ChildContext& context,
    sys::FdRef go,
    sys::FdRef output,
    const StepBody& body,
    SharedText& found,
    SharedText& failure
) noexcept {
    try {
        char ready = 0;
        (void)sys::read_some(go, &ready, 1);
        sys::dup2(output, 1);
        sys::dup2(output, 2);
        found.set(body(context));
    } catch (const std::exception& error) {
        failure.set(error.what());
    } catch (const setup::ParentGone&) {
        failure.set("parent gone");
    }
    ::_exit(EXIT_SUCCESS);
}

/// Descriptors that come along live as long as the child speaks: a pty's master closed at once
/// would hang up on it.
std::vector<setup::Message> all_messages(sys::FdRef socket) {
    std::vector<setup::Message> out;
    std::vector<sys::UniqueFd> held;
    while (true) {
        setup::Message message;
        sys::Received received =
            sys::receive_record(socket, std::as_writable_bytes(std::span(&message, 1)));
        if (received.closed()) {
            return out;
        }
        out.push_back(message);
        held.push_back(std::move(received.fd));
    }
}

}  // namespace

StepOutcome run_in_child(
    const setup::Plan& plan,
    const StepBody& body,
    std::uint64_t namespaces,
    std::vector<setup::Message> answers
) {
    if (::geteuid() != 0) {
        namespaces |= CLONE_NEWUSER;
    }
    SharedText found;
    SharedText failure;
    const sys::UniqueFd output = sys::memfd_create("output");
    sys::Pipe go = sys::make_pipe();
    sys::SocketPair pair = sys::make_seqpacket_pair();
    for (const setup::Message& answer : answers) {
        setup::send_message(pair.second, answer);
    }
    const sys::Cloned child = sys::clone3(namespaces);
    if (child.in_child()) {
        go.write_end.reset();
        pair.second.reset();
        setup::ChildContext context{
            .plan = plan, .handshake = setup::Handshake(std::move(pair.first))};
        context.step = "test";
        run_child(context, go.read_end, output, body, found, failure);
    }
    pair.first.reset();
    if ((namespaces & CLONE_NEWUSER) != 0) {
        map_root(child.pid);
    }
    sys::write_all(go.write_end, "g");
    StepOutcome outcome;
    outcome.messages = all_messages(pair.second);
    outcome.status = child.process.wait();
    outcome.found = found.get();
    outcome.error = failure.get();
    outcome.output = sys::read_at(output, 0, kTextSize);
    return outcome;
}

setup::Message proceed() {
    return {.kind = setup::MessageKind::proceed};
}

std::string own_status(std::string_view key) {
    const std::string status = sys::read_file(sys::FdRef::cwd(), "/proc/self/status");
    for (const std::string_view line : split(status, '\n')) {
        if (line.starts_with(concat(key, ":"))) {
            return std::string(trim(line.substr(key.size() + 1)));
        }
    }
    return "absent";
}

}  // namespace corun::test
