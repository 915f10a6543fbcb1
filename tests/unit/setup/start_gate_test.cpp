// Who may open the gate, and what the child does about those who only look.
#include "corun/setup/start_gate.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <span>
#include <string>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

namespace {

constexpr const char* kGate = "start";

/// A state directory with a listener in it; both go with the test.
class Gate {
public:
    Gate() {
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
        directory_ = sys::open(path_, O_RDONLY | O_DIRECTORY);
        plan_.gate.kind = GateKind::socket;
        plan_.gate.listener = sys::listen_seqpacket(directory_, kGate);
    }

    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    Gate(Gate&&) = delete;
    Gate& operator=(Gate&&) = delete;

    ~Gate() {
        (void)::unlink((path_ + "/" + kGate).c_str());
        (void)::rmdir(path_.c_str());
    }

    [[nodiscard]] const Plan& plan() const { return plan_; }

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] sys::UniqueFd connect() const {
        std::optional<sys::UniqueFd> socket = sys::try_connect_seqpacket(directory_, kGate);
        REQUIRE(socket);
        return std::move(*socket);
    }

private:
    std::string path_ = "/tmp/corun-gate-XXXXXX";
    sys::UniqueFd directory_;
    Plan plan_;
};

std::string wait_and_warn(ChildContext& context) {
    wait_at_gate(context);
    context.handshake.warn("started");
    return "through";
}

std::string next_text(sys::FdRef socket) {
    Message message;
    const sys::Received received =
        sys::receive_record(socket, std::as_writable_bytes(std::span(&message, 1)));
    return received.closed() ? "closed" : std::string(message.text_view());
}

}  // namespace

TEST_CASE("start gate: the one who says Proceed hears what follows") {
    const Gate gate;
    const sys::UniqueFd starter = gate.connect();
    send_message(starter, test::proceed());

    const test::StepOutcome outcome = test::run_in_child(gate.plan(), wait_and_warn);

    CHECK(outcome.error == "");
    CHECK(outcome.found == "through");
    CHECK(outcome.messages.empty());  // the creator hears nothing any more
    CHECK(next_text(starter) == "started");
}

TEST_CASE("start gate: once Ready, what asks a process to end does not go by unheard") {
    const Gate gate;

    const auto heeds_termination = [](ChildContext& context) -> std::string {
        report_ready(context);
        for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
            struct sigaction action = {};
            if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) {
                return "lost";
            }
        }
        return "heeded";
    };
    const test::StepOutcome outcome =
        test::run_in_child(gate.plan(), heeds_termination, 0, {test::proceed()});

    CHECK(outcome.error == "");
    CHECK(outcome.found == "heeded");
}

TEST_CASE("start gate: a connection that is closed without a word does not start anything") {
    const Gate gate;
    gate.connect().reset();  // `corun state`
    const sys::UniqueFd starter = gate.connect();
    send_message(starter, test::proceed());

    const test::StepOutcome outcome = test::run_in_child(gate.plan(), wait_and_warn);

    CHECK(outcome.found == "through");
    CHECK(next_text(starter) == "started");
}

TEST_CASE("start gate: another word than Proceed is not a start") {
    const Gate gate;
    const sys::UniqueFd odd = gate.connect();
    send_message(odd, {.kind = MessageKind::ready});
    const sys::UniqueFd starter = gate.connect();
    send_message(starter, test::proceed());

    const test::StepOutcome outcome = test::run_in_child(gate.plan(), wait_and_warn);

    CHECK(next_text(odd) == "closed");
    CHECK(next_text(starter) == "started");
}

TEST_CASE(
    "start gate: another user than the creator cannot open it" * needs_privilege(Privilege::root)
) {
    const Gate gate;
    REQUIRE(::chmod(gate.path().c_str(), 0755) == 0);
    REQUIRE(::chmod((gate.path() + "/" + kGate).c_str(), 0777) == 0);
    // Even where the directory's mode were lost: the peer's uid is asked for.
    const test::StepOutcome stranger = test::run_in_child({}, [&](ChildContext&) {
        const sys::UniqueFd directory = sys::open(gate.path(), O_PATH | O_DIRECTORY);
        (void)::setresuid(1000, 1000, 1000);
        const std::optional<sys::UniqueFd> socket = sys::try_connect_seqpacket(directory, kGate);
        send_message(*socket, test::proceed());
        return std::string("connected");
    });
    REQUIRE(stranger.found == "connected");
    const sys::UniqueFd starter = gate.connect();
    send_message(starter, test::proceed());

    const test::StepOutcome outcome = test::run_in_child(gate.plan(), wait_and_warn);

    CHECK(outcome.found == "through");
    CHECK(next_text(starter) == "started");
}

TEST_CASE("start gate: once open it is closed to others") {
    const Gate gate;
    const sys::UniqueFd starter = gate.connect();
    send_message(starter, test::proceed());
    const int listener = gate.plan().gate.listener.ref().number();

    const test::StepOutcome outcome = test::run_in_child(gate.plan(), [&](ChildContext& context) {
        wait_at_gate(context);
        return std::string(::fcntl(listener, F_GETFD) < 0 ? "closed" : "open");
    });

    CHECK(outcome.found == "closed");
}

TEST_CASE("start gate: without one nothing is waited for") {
    CHECK(test::run_in_child({}, wait_and_warn).found == "through");
}

TEST_CASE("start gate: the child outlives its parent from Ready on") {
    const auto report = [](ChildContext& context) {
        sys::set_parent_death_signal(SIGKILL);
        report_ready(context);
        int signal = -1;
        ::prctl(PR_GET_PDEATHSIG, &signal);
        return std::to_string(signal);
    };

    const test::StepOutcome outcome = test::run_in_child({}, report, 0, {test::proceed()});

    CHECK(outcome.found == "0");
    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].kind == MessageKind::ready);
}
