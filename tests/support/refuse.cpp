// refuse CALL[,ARGUMENT=VALUE]... ERRNO COMMAND...: runs COMMAND with a seccomp filter, inherited
// by all it starts, under which that system call fails with that error. So a test makes a step fail
// that nothing else makes fail for root. Needs CAP_SYS_ADMIN: no_new_privs would be inherited as
// well.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <seccomp.h>

#include <unistd.h>

#include <cstring>
#include <iostream>
#include <string>
#include <vector>

namespace {

using corun::concat;
using corun::Error;

int error_number_of(const std::string& name) {
    constexpr int kLast = 134;
    for (int number = 1; number < kLast; ++number) {
        const char* candidate = ::strerrorname_np(number);
        if (candidate != nullptr && name == candidate) {
            return number;
        }
    }
    throw Error(concat("unknown error ", corun::quote(name)));
}

/// "0=4": the lower half of that argument, which is all of an int.
scmp_arg_cmp comparison_of(std::string_view text) {
    constexpr scmp_datum_t kLowerHalf = 0xffffffff;
    const std::vector<std::string_view> sides = corun::split(text, '=');
    const auto argument = corun::parse_number<unsigned>(sides.at(0));
    const auto value = corun::parse_number<std::uint32_t>(sides.at(1));
    if (!argument || !value) {
        throw Error(concat("not ARGUMENT=VALUE: ", corun::quote(text)));
    }
    return {*argument, SCMP_CMP_MASKED_EQ, kLowerHalf, *value};
}

void check(int result, const char* call) {
    if (result < 0) {
        corun::throw_errno_value(-result, call);
    }
}

void refuse(const std::string& rule, int error_number) {
    const std::vector<std::string_view> parts = corun::split(rule, ',');
    const int call = ::seccomp_syscall_resolve_name(std::string(parts[0]).c_str());
    if (call == __NR_SCMP_ERROR) {
        throw Error(concat("unknown system call ", corun::quote(parts[0])));
    }
    std::vector<scmp_arg_cmp> comparisons;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        comparisons.push_back(comparison_of(parts[i]));
    }
    const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
    check(::seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0), "seccomp_attr_set");
    check(
        ::seccomp_rule_add_array(
            filter,
            SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error_number)),
            call,
            static_cast<unsigned>(comparisons.size()),
            comparisons.data()
        ),
        "seccomp_rule_add_array"
    );
    check(::seccomp_load(filter), "seccomp_load");
    ::seccomp_release(filter);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc < 4) {
            throw Error("usage: refuse CALL[,ARGUMENT=VALUE]... ERRNO COMMAND...");
        }
        refuse(argv[1], error_number_of(argv[2]));
        ::execvp(argv[3], argv + 3);
        corun::throw_errno("execvp", argv[3]);
    } catch (const std::exception& error) {
        std::cerr << "refuse: " << error.what() << '\n';
    }
    return 125;
}
