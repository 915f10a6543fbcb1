// Compiled programs, loaded into a child on the real kernel: what counts is what a system call
// does.
#include "corun/container/seccomp_filter.hpp"

#include "../async/support.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"

#include <doctest/doctest.h>
#include <seccomp.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

using namespace corun;
using oci::SeccompAction;
using oci::SeccompOperator;

namespace {

constexpr int kNotLoaded = 200;

/// Runs `body` in a child under the filter; its return value is the exit code.
template <class Body>
sys::ExitStatus under_filter(const container::CompiledSeccomp& compiled, Body body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        std::string program = compiled.program;
        const sock_fprog wanted = {
            .len = static_cast<unsigned short>(program.size() / sizeof(sock_filter)),
            .filter = reinterpret_cast<sock_filter*>(program.data()),
        };
        if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, compiled.flags, &wanted) < 0) {
            ::_exit(kNotLoaded);
        }
        ::syscall(SYS_exit_group, body());
    }
    return sys::Pidfd::try_open(pid).value().wait();
}

/// The errno that `call` ends with under the filter, 0 for success.
template <class Call>
int errno_under(const oci::Seccomp& profile, Call call) {
    const sys::ExitStatus status =
        under_filter(container::compile_seccomp(profile), [&] { return call() < 0 ? errno : 0; });
    REQUIRE(status.signal == 0);
    return status.code;
}

oci::Seccomp allow_all_but(oci::SeccompSyscall rule) {
    return {.default_action = SeccompAction::allow, .syscalls = {std::move(rule)}};
}

/// An allow list long enough for a child to end.
oci::Seccomp deny_all_but(std::vector<std::string> names, SeccompAction otherwise) {
    names.insert(names.end(), {"exit_group", "exit"});
    return {.default_action = otherwise, .syscalls = {{.names = std::move(names)}}};
}

long try_getppid() {
    return ::syscall(SYS_getppid);
}

/// A harmless call: an unknown option is EINVAL, whatever its upper half, which prctl ignores.
auto prctl_with(unsigned long option) {
    return [option] { return ::syscall(SYS_prctl, option, 0, 0, 0, 0); };
}

oci::Seccomp prctl_rule(std::vector<oci::SeccompArg> args) {
    return allow_all_but(
        {.names = {"prctl"},
         .action = SeccompAction::errno_,
         .errno_ret = EXFULL,
         .args = std::move(args)}
    );
}

std::string refusal(const oci::Seccomp& profile) {
    try {
        (void)container::compile_seccomp(profile);
    } catch (const Error& error) {
        return error.what();
    }
    return "compiled";
}

}  // namespace

TEST_CASE("seccomp: a denied system call gives the errno of its rule, the others work") {
    const oci::Seccomp profile =
        allow_all_but({.names = {"getppid"}, .action = SeccompAction::errno_, .errno_ret = ENOANO});

    CHECK(errno_under(profile, try_getppid) == ENOANO);
    CHECK(errno_under(profile, [] { return ::syscall(SYS_getpid); }) == 0);
}

TEST_CASE("seccomp: without a value the errno is EPERM, for rules and by default") {
    CHECK(
        errno_under(
            allow_all_but({.names = {"getppid"}, .action = SeccompAction::errno_}), try_getppid
        ) == EPERM
    );
    CHECK(errno_under(deny_all_but({}, SeccompAction::errno_), try_getppid) == EPERM);
}

TEST_CASE("seccomp: the default errno is the profile's") {
    oci::Seccomp profile = deny_all_but({}, SeccompAction::errno_);
    profile.default_errno_ret = ENOTUNIQ;

    CHECK(errno_under(profile, try_getppid) == ENOTUNIQ);
}

TEST_CASE("seccomp: kill_process, kill_thread and trap end a process with SIGSYS") {
    for (const SeccompAction action :
         {SeccompAction::kill_process, SeccompAction::kill_thread, SeccompAction::trap}) {
        const container::CompiledSeccomp compiled =
            container::compile_seccomp(allow_all_but({.names = {"getppid"}, .action = action}));
        const sys::ExitStatus status = under_filter(compiled, [] {
            (void)try_getppid();
            return 0;
        });
        CHECK(status.signal == SIGSYS);
    }
}

TEST_CASE("seccomp: trace without a tracer is ENOSYS, log lets the call through") {
    CHECK(
        errno_under(
            allow_all_but({.names = {"getppid"}, .action = SeccompAction::trace, .errno_ret = 7}),
            try_getppid
        ) == ENOSYS
    );
    CHECK(
        errno_under(
            allow_all_but({.names = {"getppid"}, .action = SeccompAction::log}), try_getppid
        ) == 0
    );
}

TEST_CASE("seccomp: each operator compares all 64 bits of an argument, unsigned") {
    constexpr unsigned long kValue = 0x8000000105f0e005;
    constexpr unsigned long kSameLowHalf = 0x0000000005f0e005;
    constexpr unsigned long kSameHighHalf = 0x8000000105f0e004;

    struct Case {
        SeccompOperator op;
        unsigned long argument;
        bool matches;
    };
    using enum SeccompOperator;
    for (const Case& c : {
             Case{equal, kValue, true},
             Case{equal, kSameLowHalf, false},
             Case{equal, kSameHighHalf, false},
             Case{not_equal, kValue, false},
             Case{not_equal, kSameLowHalf, true},
             Case{less_than, kSameHighHalf, true},
             Case{less_than, kSameLowHalf, true},
             Case{less_than, kValue, false},
             Case{less_equal, kValue, true},
             Case{less_equal, kValue + 1, false},
             Case{greater_than, kValue, false},
             Case{greater_than, kValue + 1, true},
             Case{greater_than, kSameLowHalf, false},
             Case{greater_equal, kValue, true},
             Case{greater_equal, kSameHighHalf, false},
         }) {
        const oci::Seccomp profile = prctl_rule({{.index = 0, .value = kValue, .op = c.op}});
        CAPTURE(static_cast<int>(c.op));
        CAPTURE(c.argument);
        CHECK(errno_under(profile, prctl_with(c.argument)) == (c.matches ? EXFULL : EINVAL));
    }
}

TEST_CASE("seccomp: masked_equal takes the mask from value and the result from valueTwo") {
    const oci::Seccomp profile = prctl_rule(
        {{.index = 0,
          .value = 0xffff00000000ff00,
          .value_two = 0xabcd000000004200,
          .op = SeccompOperator::masked_equal}}
    );

    CHECK(errno_under(profile, prctl_with(0xabcd123456784299)) == EXFULL);
    CHECK(errno_under(profile, prctl_with(0xabcd123456784399)) == EINVAL);
    CHECK(errno_under(profile, prctl_with(0xabce123456784299)) == EINVAL);
}

TEST_CASE("seccomp: different arguments of a rule must all match, the same one twice is either") {
    const oci::Seccomp both = prctl_rule({{.index = 0, .value = 9991}, {.index = 1, .value = 1}});
    CHECK(errno_under(both, prctl_with(9991)) == EINVAL);
    CHECK(errno_under(both, [] { return ::syscall(SYS_prctl, 9991, 1, 0, 0, 0); }) == EXFULL);

    const oci::Seccomp either =
        prctl_rule({{.index = 0, .value = 9991}, {.index = 0, .value = 9992}});
    CHECK(errno_under(either, prctl_with(9991)) == EXFULL);
    CHECK(errno_under(either, prctl_with(9992)) == EXFULL);
    CHECK(errno_under(either, prctl_with(9993)) == EINVAL);
}

TEST_CASE("seccomp: a call newer than the profile is ENOSYS, an older one has the default action") {
    const oci::Seccomp profile = deny_all_but({"openat2"}, SeccompAction::errno_);

    CHECK(errno_under(profile, [] {
              return ::syscall(SYS_landlock_restrict_self, -1, 0);
          }) == ENOSYS);
    CHECK(errno_under(profile, [] { return ::syscall(9999); }) == ENOSYS);
    CHECK(errno_under(profile, try_getppid) == EPERM);
}

TEST_CASE("seccomp: a call newer than the profile is ENOSYS also where the default kills") {
    const oci::Seccomp profile = deny_all_but({"openat2"}, SeccompAction::kill_process);

    CHECK(errno_under(profile, [] { return ::syscall(9999); }) == ENOSYS);
}

TEST_CASE("seccomp: a profile that lets unknown calls through is left alone") {
    const oci::Seccomp profile =
        allow_all_but({.names = {"getppid"}, .action = SeccompAction::errno_, .errno_ret = ENOANO});
    // Differential: without a stub the program is libseccomp's own, instruction for instruction.
    const scmp_filter_ctx reference = ::seccomp_init(SCMP_ACT_ALLOW);
    ::seccomp_rule_add(reference, SCMP_ACT_ERRNO(ENOANO), SCMP_SYS(getppid), 0);
    const sys::UniqueFd file = sys::memfd_create("reference");
    ::seccomp_export_bpf(reference, file.ref().number());
    ::lseek(file.ref().number(), 0, SEEK_SET);
    const std::string expected = sys::read_all(file, 1 << 20);
    ::seccomp_release(reference);

    CHECK(container::compile_seccomp(profile).program == expected);
}

TEST_CASE("seccomp: names that are not known are passed over and can be listed") {
    oci::Seccomp profile =
        allow_all_but({.names = {"no_such_call", "getppid"}, .action = SeccompAction::errno_});

    CHECK(errno_under(profile, try_getppid) == EPERM);
    CHECK(container::unknown_syscalls(profile) == std::vector<std::string>{"no_such_call"});
}

TEST_CASE("seccomp: a rule that repeats the default action is no error") {
    CHECK(errno_under(allow_all_but({.names = {"getppid"}}), try_getppid) == 0);
}

TEST_CASE("seccomp: a large profile with its tree of comparisons decides as a small one") {
    std::vector<std::string> names;
    for (int number = 0; number < 300; ++number) {
        char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name != nullptr && std::string_view(name) != "getppid") {
            names.emplace_back(name);
        }
        std::free(name);  // NOLINT(cppcoreguidelines-no-malloc): libseccomp's malloc
    }
    const oci::Seccomp profile = deny_all_but(names, SeccompAction::errno_);

    CHECK(errno_under(profile, try_getppid) == EPERM);
    CHECK(errno_under(profile, [] { return ::syscall(SYS_getpid); }) == 0);
    CHECK(errno_under(profile, [] { return ::syscall(SYS_getuid); }) == 0);
}

#ifdef __x86_64__
namespace {

/// A 32-bit call by int 0x80; SIGSEGV where the kernel takes none.
long call_of_x86(long number) {
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
    return number;
}

}  // namespace

TEST_CASE("seccomp: another architecture of the profile is filtered by its own numbers") {
    constexpr long kGetppid = 64;
    const sys::Pidfd unfiltered = async::testing::spawn_child([] {
        (void)std::signal(SIGSEGV, SIG_DFL);  // doctest's handler would tell of a failure
        return call_of_x86(kGetppid) > 0 ? 0 : 1;
    });
    if (unfiltered.wait().signal == SIGSEGV) {
        MESSAGE("skipped: this kernel takes no 32-bit system calls");
        return;
    }
    oci::Seccomp profile = deny_all_but({"openat2"}, SeccompAction::errno_);
    profile.architectures = {"x86", "x32"};

    const sys::ExitStatus status = under_filter(container::compile_seccomp(profile), [] {
        return call_of_x86(kGetppid) == -EPERM && call_of_x86(9999) == -ENOSYS ? 0 : 1;
    });

    CHECK(status.signal == 0);
    CHECK(status.code == 0);
}
#endif

TEST_CASE("seccomp: flags are the profile's, and without any speculation is allowed") {
    oci::Seccomp profile = allow_all_but({.names = {"getppid"}, .action = SeccompAction::errno_});
    CHECK(container::compile_seccomp(profile).flags == SECCOMP_FILTER_FLAG_SPEC_ALLOW);

    profile.flags = 0;
    CHECK(container::compile_seccomp(profile).flags == 0);

    profile.flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC;
    CHECK(container::compile_seccomp(profile).flags == *profile.flags);
    CHECK(errno_under(profile, try_getppid) == EPERM);
}

TEST_CASE("seccomp: notify asks for a listener, and the kernel takes the flags together") {
    oci::Seccomp profile = allow_all_but({.names = {"getppid"}, .action = SeccompAction::notify});
    profile.flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

    const container::CompiledSeccomp compiled = container::compile_seccomp(profile);

    CHECK(compiled.wants_listener);
    CHECK((compiled.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0);
    CHECK(under_filter(compiled, [] { return 0; }).code == 0);
}

TEST_CASE("seccomp: wait_killable_recv without notify is no error") {
    oci::Seccomp profile = allow_all_but({.names = {"getppid"}, .action = SeccompAction::errno_});
    profile.flags = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

    CHECK(errno_under(profile, try_getppid) == EPERM);
}

TEST_CASE("seccomp: what cannot be compiled is refused with its place in the document") {
    CHECK(
        refusal(allow_all_but({.names = {"getppid"}, .errno_ret = 5})) ==
        "/linux/seccomp/syscalls/0/errnoRet: SCMP_ACT_ALLOW takes no value: "
        "Invalid argument (EINVAL)"
    );
    CHECK(
        refusal({.default_action = SeccompAction::kill_process, .default_errno_ret = 1}) ==
        "/linux/seccomp/defaultErrnoRet: SCMP_ACT_KILL_PROCESS takes no value: "
        "Invalid argument (EINVAL)"
    );
    CHECK(
        refusal(allow_all_but(
            {.names = {"getppid"}, .action = SeccompAction::errno_, .errno_ret = 70000}
        )) ==
        "/linux/seccomp/syscalls/0/errnoRet: 70000 is too large for SCMP_ACT_ERRNO: "
        "Invalid argument (EINVAL)"
    );
    CHECK(
        refusal(allow_all_but({.names = {"sendmsg"}, .action = SeccompAction::notify})) ==
        "/linux/seccomp/syscalls/0: SCMP_ACT_NOTIFY cannot be used for sendmsg, which hands over "
        "the descriptor: Invalid argument (EINVAL)"
    );
    CHECK(
        refusal({.default_action = SeccompAction::notify}) ==
        "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be the default action: "
        "Invalid argument (EINVAL)"
    );
    CHECK(
        refusal({.architectures = {"x86_64", "vax"}}) ==
        "/linux/seccomp/architectures/1: unknown architecture \"vax\": Invalid argument (EINVAL)"
    );
    CHECK(
        refusal(prctl_rule({{.index = 6}})) ==
        "/linux/seccomp/syscalls/0/args/0/index: 6 is above 5: Invalid argument (EINVAL)"
    );
}
