// The compiler of linux.seccomp: libseccomp does the work, this file speaks the specification's
// language on one side and libseccomp's on the other. Parent side, no privileges.
#include "corun/container/seccomp_filter.hpp"

#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/container/seccomp_stub.hpp"
#include "corun/sys/file.hpp"

#include <seccomp.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>

namespace corun::container {

namespace {

constexpr std::string_view kPointer = "/linux/seccomp";
/// Up when the same profile compiles to something else than it did before.
constexpr int kCompilerVersion = 1;

class Filter : NonCopyable {
public:
    explicit Filter(std::uint32_t default_action) : context_(::seccomp_init(default_action)) {
        if (context_ == nullptr) {
            throw Error(concat(kPointer, ": seccomp_init"), EINVAL);
        }
    }

    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;
    Filter(Filter&&) = delete;
    Filter& operator=(Filter&&) = delete;

    ~Filter() { ::seccomp_release(context_); }

    [[nodiscard]] scmp_filter_ctx get() const { return context_; }

private:
    scmp_filter_ctx context_;
};

[[noreturn]] void refuse(const std::string& pointer, std::string_view reason) {
    throw Error(concat(kPointer, pointer, ": ", reason), EINVAL);
}

/// libseccomp returns negative errnos.
void check(int result, std::string_view call, const std::string& pointer) {
    if (result < 0) {
        throw Error(concat(kPointer, pointer, ": ", call), -result);
    }
}

std::string_view action_name(oci::SeccompAction action) {
    using enum oci::SeccompAction;
    switch (action) {
        case kill_process:
            return "SCMP_ACT_KILL_PROCESS";
        case kill_thread:
            return "SCMP_ACT_KILL_THREAD";
        case trap:
            return "SCMP_ACT_TRAP";
        case errno_:
            return "SCMP_ACT_ERRNO";
        case trace:
            return "SCMP_ACT_TRACE";
        case allow:
            return "SCMP_ACT_ALLOW";
        case log:
            return "SCMP_ACT_LOG";
        case notify:
            return "SCMP_ACT_NOTIFY";
    }
    return "SCMP_ACT_?";
}

/// `pointer` is the field of the errno, for messages.
std::uint32_t action_value(
    oci::SeccompAction action, std::optional<std::uint32_t> errno_ret, const std::string& pointer
) {
    using enum oci::SeccompAction;
    constexpr std::uint32_t kLargestErrno = 4094;    // libseccomp's; the kernel's is 4095
    constexpr std::uint32_t kLargestTrace = 0xffff;  // SECCOMP_RET_DATA
    if (errno_ret && action != errno_ && action != trace) {
        refuse(pointer, concat(action_name(action), " takes no value"));
    }
    const std::uint32_t value = errno_ret.value_or(EPERM);
    if (value > (action == trace ? kLargestTrace : kLargestErrno)) {
        refuse(pointer, concat(value, " is too large for ", action_name(action)));
    }
    switch (action) {
        case kill_process:
            return SCMP_ACT_KILL_PROCESS;
        case kill_thread:
            return SCMP_ACT_KILL_THREAD;
        case trap:
            return SCMP_ACT_TRAP;
        case errno_:
            return SCMP_ACT_ERRNO(value);
        case trace:
            return SCMP_ACT_TRACE(value);
        case allow:
            return SCMP_ACT_ALLOW;
        case log:
            return SCMP_ACT_LOG;
        case notify:
            return SCMP_ACT_NOTIFY;
    }
    refuse(pointer, "unknown action");
}

std::uint32_t default_action(const oci::Seccomp& profile) {
    if (profile.default_action == oci::SeccompAction::notify) {
        // What hands the notify descriptor over would itself wait for an answer.
        refuse("/defaultAction", "SCMP_ACT_NOTIFY cannot be the default action");
    }
    return action_value(profile.default_action, profile.default_errno_ret, "/defaultErrnoRet");
}

/// The tokens of the profile's architectures, the native one first. SCMP_ARCH_* are the kernel's
/// AUDIT_ARCH_* but for x32.
std::vector<std::uint32_t> architectures(const oci::Seccomp& profile) {
    std::vector<std::uint32_t> tokens = {::seccomp_arch_native()};
    for (std::size_t i = 0; i < profile.architectures.size(); ++i) {
        const std::string& name = profile.architectures[i];
        const std::uint32_t token = ::seccomp_arch_resolve_name(name.c_str());
        if (token == 0) {
            refuse(
                concat("/architectures/", i), concat("unknown architecture ", double_quote(name))
            );
        }
        if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) {
            tokens.push_back(token);
        }
    }
    return tokens;
}

void add_architectures(const Filter& filter, const std::vector<std::uint32_t>& tokens) {
    for (const std::uint32_t token : std::span(tokens).subspan(1)) {  // the native one is there
        check(::seccomp_arch_add(filter.get(), token), "seccomp_arch_add", "/architectures");
    }
}

std::vector<scmp_arg_cmp> conditions(const std::vector<oci::SeccompArg>& args) {
    std::vector<scmp_arg_cmp> result;
    result.reserve(args.size());
    for (const oci::SeccompArg& arg : args) {
        result.push_back(
            {.arg = arg.index,
             .op = static_cast<scmp_compare>(arg.op),
             .datum_a = arg.value,
             .datum_b = arg.value_two}
        );
    }
    return result;
}

bool names_an_argument_twice(const std::vector<oci::SeccompArg>& args) {
    std::array<bool, 6> seen = {};
    for (const oci::SeccompArg& arg : args) {
        if (std::exchange(seen.at(arg.index), true)) {
            return true;
        }
    }
    return false;
}

class RuleAdder {
public:
    RuleAdder(const Filter& filter, std::uint32_t default_action)
        : filter_(filter), default_action_(default_action) {}

    void add(const oci::SeccompSyscall& rule, std::size_t index) {
        const std::string pointer = concat("/syscalls/", index);
        const std::uint32_t action =
            action_value(rule.action, rule.errno_ret, concat(pointer, "/errnoRet"));
        const std::vector<scmp_arg_cmp> wanted = conditions(checked(rule.args, pointer));
        const bool alternatives = names_an_argument_twice(rule.args);
        for (const std::string& name : rule.names) {
            if (rule.action == oci::SeccompAction::notify && name == "sendmsg") {
                refuse(
                    pointer,
                    "SCMP_ACT_NOTIFY cannot be used for sendmsg, which hands over the descriptor"
                );
            }
            // A rule that does what happens anyway is refused by libseccomp (EACCES).
            if (action == default_action_) {
                continue;
            }
            const int number = ::seccomp_syscall_resolve_name(name.c_str());
            if (number == __NR_SCMP_ERROR) {
                continue;  // unknown_syscalls() tells of it
            }
            add_one(action, number, wanted, alternatives, concat(pointer, " (", name, ")"));
        }
    }

private:
    [[nodiscard]] static const std::vector<oci::SeccompArg>& checked(
        const std::vector<oci::SeccompArg>& args, const std::string& pointer
    ) {
        constexpr std::uint32_t kArguments = 6;
        for (std::size_t i = 0; i < args.size(); ++i) {
            if (args[i].index >= kArguments) {
                refuse(
                    concat(pointer, "/args/", i, "/index"), concat(args[i].index, " is above 5")
                );
            }
        }
        return args;
    }

    void add_one(
        std::uint32_t action,
        int number,
        const std::vector<scmp_arg_cmp>& wanted,
        bool alternatives,
        const std::string& pointer
    ) const {
        if (!alternatives) {
            add_array(action, number, wanted, pointer);
            return;
        }
        // libseccomp takes an argument once in a rule; profiles that name one twice have meant
        // "or" since the first runtimes.
        for (const scmp_arg_cmp& condition : wanted) {
            add_array(action, number, std::span(&condition, 1), pointer);
        }
    }

    void add_array(
        std::uint32_t action,
        int number,
        std::span<const scmp_arg_cmp> wanted,
        const std::string& pointer
    ) const {
        check(
            ::seccomp_rule_add_array(
                filter_.get(), action, number, static_cast<unsigned>(wanted.size()), wanted.data()
            ),
            "seccomp_rule_add",
            pointer
        );
    }

    const Filter& filter_;
    std::uint32_t default_action_;
};

/// A chain of comparisons is slow for the system calls at its end. libseccomp up to 2.5.4 makes a
/// wrong tree of no rules at all, and one of few is not worth it.
void search_by_tree_if_large(const Filter& filter, const oci::Seccomp& profile) {
    constexpr std::size_t kWorthATree = 32;
    constexpr std::uint32_t kBinaryTree = 2;
    std::size_t names = 0;
    for (const oci::SeccompSyscall& rule : profile.syscalls) {
        names += rule.names.size();
    }
    if (names > kWorthATree) {
        check(
            ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree),
            "seccomp_attr_set",
            ""
        );
    }
}

std::string export_program(const Filter& filter) {
    const sys::UniqueFd file = sys::memfd_create("seccomp");
    check(::seccomp_export_bpf(filter.get(), file.ref().number()), "seccomp_export_bpf", "");
    sys::seek_to_start(file);
    constexpr std::size_t kLimit = 1 << 20;
    return sys::read_all(file, kLimit);
}

/// Whether what the profile does not name is let through, or answered with ENOSYS anyway. A tracer
/// answers for itself.
bool treats_unknown_well(const oci::Seccomp& profile) {
    using enum oci::SeccompAction;
    return profile.default_action == allow || profile.default_action == log ||
           profile.default_action == trace ||
           (profile.default_action == errno_ && profile.default_errno_ret == ENOSYS);
}

std::optional<std::uint32_t> newest_number(const oci::Seccomp& profile, std::uint32_t token) {
    int newest = 0;
    for (const oci::SeccompSyscall& rule : profile.syscalls) {
        for (const std::string& name : rule.names) {
            // Negative: not on this architecture.
            newest = std::max(newest, ::seccomp_syscall_resolve_name_arch(token, name.c_str()));
        }
    }
    return newest > 0 ? std::optional(static_cast<std::uint32_t>(newest)) : std::nullopt;
}

std::vector<NewestSyscall> newest_syscalls(
    const oci::Seccomp& profile, const std::vector<std::uint32_t>& tokens
) {
    std::vector<NewestSyscall> result;
    for (const std::uint32_t token : tokens) {
        const std::uint32_t arch = token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token;
        auto entry = std::find_if(result.begin(), result.end(), [&](const NewestSyscall& known) {
            return known.audit_arch == arch;
        });
        if (entry == result.end()) {
            entry = result.insert(entry, {.audit_arch = arch, .number = std::nullopt});
        }
        (token == SCMP_ARCH_X32 ? entry->x32_number : entry->number) =
            newest_number(profile, token);
    }
    return result;
}

bool wants_listener(const oci::Seccomp& profile) {
    return std::any_of(
        profile.syscalls.begin(),
        profile.syscalls.end(),
        [](const oci::SeccompSyscall& rule) { return rule.action == oci::SeccompAction::notify; }
    );
}

unsigned filter_flags(const oci::Seccomp& profile) {
    // Without the document's word for it, a filter does not cost the payload the mitigation of
    // Speculative Store Bypass, which slows it down; as runc does.
    unsigned flags = profile.flags.value_or(SECCOMP_FILTER_FLAG_SPEC_ALLOW);
    if (!wants_listener(profile)) {
        // It is about notifications only, and the kernel refuses it (EINVAL) where there are none.
        return flags & ~static_cast<unsigned>(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    }
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if ((flags & SECCOMP_FILTER_FLAG_TSYNC) != 0) {
        // Both give their answer as the return value; this tells them apart. (Linux 5.7)
        flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    }
    return flags;
}

/// All that corun's oldest kernel (5.14) has, without asking the kernel about each: what libseccomp
/// would find out by a dozen system calls, and differently inside another sandbox.
void set_api_level() {
    constexpr unsigned kLevel = 6;  // seccomp_api_get(3)
    check(::seccomp_api_set(kLevel), "seccomp_api_set", "");
}

}  // namespace

CompiledSeccomp compile_seccomp(const oci::Seccomp& profile) {
    set_api_level();
    const std::uint32_t action = default_action(profile);
    const std::vector<std::uint32_t> tokens = architectures(profile);
    const Filter filter(action);
    add_architectures(filter, tokens);
    search_by_tree_if_large(filter, profile);
    RuleAdder rules(filter, action);
    for (std::size_t i = 0; i < profile.syscalls.size(); ++i) {
        rules.add(profile.syscalls[i], i);
    }

    CompiledSeccomp result = {
        .program = "", .flags = filter_flags(profile), .wants_listener = wants_listener(profile)};
    if (!treats_unknown_well(profile)) {
        const std::vector<sock_filter> stub = enosys_stub(newest_syscalls(profile, tokens));
        result.program.assign(
            reinterpret_cast<const char*>(stub.data()), stub.size() * sizeof(sock_filter)
        );
    }
    result.program += export_program(filter);
    if (result.program.size() > BPF_MAXINSNS * sizeof(sock_filter)) {
        refuse("", concat("the program has more than ", BPF_MAXINSNS, " instructions"));
    }
    return result;
}

std::vector<std::string> unknown_syscalls(const oci::Seccomp& profile) {
    std::vector<std::string> unknown;
    for (const oci::SeccompSyscall& rule : profile.syscalls) {
        for (const std::string& name : rule.names) {
            if (::seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR) {
                unknown.push_back(name);
            }
        }
    }
    return unknown;
}

std::string compiler_identity() {
    const scmp_version* version = ::seccomp_version();
    utsname kernel = {};
    if (::uname(&kernel) < 0) {
        throw_errno("uname");
    }
    return concat(
        "corun ",
        kCompilerVersion,
        ", libseccomp ",
        version->major,
        ".",
        version->minor,
        ".",
        version->micro,
        ", ",
        kernel.machine,
        " ",
        ::seccomp_arch_native(),
        ", Linux ",
        kernel.release
    );
}

}  // namespace corun::container
