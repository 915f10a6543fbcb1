// Filters, loaded for real into a child.
#include "corun/setup/seccomp.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/capabilities.hpp"
#include "corun/setup/payload.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

namespace {

constexpr std::uint32_t kEacces = SECCOMP_RET_ERRNO | EACCES;

/// `action` for one system call, the others are allowed.
std::string filter_for(long system_call, std::uint32_t action) {
    const std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(system_call)},
        {BPF_RET | BPF_K, 0, 0, action},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    std::string out(sizeof program, '\0');
    std::memcpy(out.data(), program.data(), sizeof program);
    return out;
}

std::string load_and_try_uname(ChildContext& context) {
    set_no_new_privileges(context);
    load_seccomp(context);
    std::array<char, 512> buffer{};
    const long result = ::syscall(SYS_uname, buffer.data());
    return result < 0 ? std::to_string(errno) : "allowed";
}

}  // namespace

TEST_CASE("seccomp: the filter of the plan is in force") {
    Plan plan;
    plan.seccomp.program = filter_for(SYS_uname, kEacces);

    const test::StepOutcome outcome = test::run_in_child(plan, load_and_try_uname);

    CHECK(outcome.messages.empty());
    CHECK(outcome.found == std::to_string(EACCES));
}

TEST_CASE(
    "seccomp: without no_new_privs the kept CAP_SYS_ADMIN loads it and is gone afterwards" *
    needs_privilege(Privilege::namespaces)
) {
    Plan plan;
    plan.credentials.capabilities = Capabilities{};
    plan.seccomp.program = filter_for(SYS_uname, kEacces);

    const test::StepOutcome outcome = test::run_in_child(
        plan,
        [](ChildContext& context) {
            drop_capabilities(context);
            load_seccomp(context);
            finish_capabilities(context);
            return concat(
                test::own_status("Seccomp"),
                " ",
                test::own_status("CapPrm"),
                " ",
                test::own_status("NoNewPrivs")
            );
        },
        CLONE_NEWUSER
    );

    CHECK(outcome.messages.empty());
    CHECK(outcome.found == "2 0000000000000000 0");
}

TEST_CASE("seccomp: a program that the kernel refuses is reported without an exception") {
    Plan plan;
    plan.seccomp.program = std::string(sizeof(sock_filter), '\xff');

    const test::StepOutcome outcome = test::run_in_child(plan, load_and_try_uname);

    CHECK(outcome.found == "");
    CHECK(outcome.error == "");
    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].error_number == EINVAL);
    CHECK(
        std::string(outcome.messages[0].text_view()) ==
        "step 'test': seccomp(SECCOMP_SET_MODE_FILTER)"
    );
}

TEST_CASE("seccomp: the agent gets the state and the notify descriptor in one message") {
    sys::SocketPair agent = sys::make_seqpacket_pair();
    Plan plan;
    plan.seccomp.program = filter_for(SYS_uname, SECCOMP_RET_USER_NOTIF);
    plan.seccomp.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    plan.seccomp.agent = std::move(agent.first);
    plan.seccomp.agent_state_parts = {"{\"pid\":", ",\"state\":{\"pid\":", "}}"};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        context.host_pid = 4321;
        set_no_new_privileges(context);
        load_seccomp(context);
        return std::string("loaded");
    });

    CHECK(outcome.found == "loaded");
    std::array<char, 256> text{};
    const sys::Received received =
        sys::receive_record(agent.second, std::as_writable_bytes(std::span(text)));
    CHECK(std::string(text.data()) == "{\"pid\":4321,\"state\":{\"pid\":4321}}");
    CHECK(static_cast<bool>(received.fd));
}

TEST_CASE("seccomp: an agent that is gone is an error") {
    sys::SocketPair agent = sys::make_seqpacket_pair();
    Plan plan;
    plan.seccomp.program = filter_for(SYS_uname, SECCOMP_RET_USER_NOTIF);
    plan.seccomp.flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    plan.seccomp.agent = std::move(agent.first);
    plan.seccomp.agent_state_parts = {"{}"};
    agent.second.reset();

    const test::StepOutcome outcome = test::run_in_child(plan, load_and_try_uname);

    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].error_number == EPIPE);
}

TEST_CASE("seccomp: a failing exec is reported even under a filter that refuses memory and sendmsg"
) {
    Plan plan;
    plan.payload.args = {"x"};

    for (const long system_call : {long{SYS_sendmsg}, long{SYS_brk}, long{SYS_mmap}}) {
        plan.seccomp.program = filter_for(system_call, SECCOMP_RET_KILL_PROCESS);
        const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
            context.executable = "/no/such/file";
            set_no_new_privileges(context);
            prepare_exec(context);
            load_seccomp(context);
            exec_payload(context);
            return std::string();
        });

        CAPTURE(system_call);
        REQUIRE(outcome.messages.size() == 1);
        CHECK(
            std::string(outcome.messages[0].text_view()) ==
            "step 'test': exec /no/such/file: no such file or directory"
        );
    }
}
