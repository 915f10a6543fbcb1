// Device rules compiled to eBPF. Pure: the parent loads and attaches the result elsewhere.
//
// The kernel asks with (type, access bits, major, minor); the program answers 1 or 0. It tests the
// rules from the last to the first and keeps in r3 the access bits no rule has decided yet: an
// allowing rule takes its bits out, and none left is yes; a denying rule that has one of them is
// no.
#include "corun/container/cgroup_devices.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace corun::container {

namespace {

constexpr std::uint32_t kAllAccess = oci::kDeviceMknod | oci::kDeviceRead | oci::kDeviceWrite;
/// How the kernel divides a device number; MKDEV() of linux/kdev_t.h.
constexpr std::uint32_t kMinorBits = 20;
constexpr std::uint32_t kLargestMajor = (1U << 12U) - 1;
constexpr std::uint32_t kLargestMinor = (1U << kMinorBits) - 1;
static_assert(oci::kDeviceMknod == BPF_DEVCG_ACC_MKNOD);
static_assert(oci::kDeviceRead == BPF_DEVCG_ACC_READ);
static_assert(oci::kDeviceWrite == BPF_DEVCG_ACC_WRITE);

constexpr oci::DeviceRule allowed(std::uint32_t major, std::optional<std::uint32_t> minor) {
    return {
        .allow = true,
        .type = oci::CgroupDeviceType::character,
        .major = major,
        .minor = minor,
        .access = kAllAccess};
}

constexpr std::array kDefaultRules = {
    oci::DeviceRule{.allow = true, .access = oci::kDeviceMknod},
    allowed(1, 3),               // null
    allowed(1, 5),               // zero
    allowed(1, 7),               // full
    allowed(1, 8),               // random
    allowed(1, 9),               // urandom
    allowed(5, 0),               // tty
    allowed(5, 2),               // ptmx
    allowed(136, std::nullopt),  // pts/*, and so console
    allowed(10, 200),            // net/tun
};

enum Register : std::uint8_t { answer, context, type, undecided, major, minor, device };

constexpr struct bpf_insn instruction(
    unsigned code, Register to, Register from, std::int16_t offset, std::uint32_t value
) {
    struct bpf_insn out = {};
    out.code = static_cast<__u8>(code);
    out.dst_reg = static_cast<__u8>(to & 0xfU);
    out.src_reg = static_cast<__u8>(from & 0xfU);
    out.off = offset;
    out.imm = static_cast<__s32>(value);
    return out;
}

/// Collects instructions. Jumps go forward by a count of instructions to skip. All arithmetic and
/// comparisons are on 32 bits, so that a major number above 2^31 is not taken for a negative one.
class Program {
public:
    void load(Register to, std::size_t offset) {
        code_.push_back(instruction(
            BPF_LDX | BPF_MEM | BPF_W, to, context, static_cast<std::int16_t>(offset), 0
        ));
    }

    void copy(Register to, Register from) {
        code_.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, to, from, 0, 0));
    }

    void mask(Register in, std::uint32_t bits) {
        code_.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, in, answer, 0, bits));
    }

    void add_bits(Register to, Register from) {
        code_.push_back(instruction(BPF_ALU | BPF_OR | BPF_X, to, from, 0, 0));
    }

    void shift_left(Register in, std::uint32_t bits) {
        code_.push_back(instruction(BPF_ALU | BPF_LSH | BPF_K, in, answer, 0, bits));
    }

    void shift_right(Register in, std::uint32_t bits) {
        code_.push_back(instruction(BPF_ALU | BPF_RSH | BPF_K, in, answer, 0, bits));
    }

    void skip_if_equal(Register in, std::uint32_t value, std::int16_t count) {
        code_.push_back(instruction(BPF_JMP32 | BPF_JEQ | BPF_K, in, answer, count, value));
    }

    void skip_unless_equal(Register in, std::uint32_t value, std::int16_t count) {
        code_.push_back(instruction(BPF_JMP32 | BPF_JNE | BPF_K, in, answer, count, value));
    }

    void skip_if_any_bit(Register in, std::uint32_t bits, std::int16_t count) {
        code_.push_back(instruction(BPF_JMP32 | BPF_JSET | BPF_K, in, answer, count, bits));
    }

    void skip(std::int16_t count) {
        code_.push_back(instruction(BPF_JMP | BPF_JA, answer, answer, count, 0));
    }

    void end_with(std::uint32_t value) {
        code_.push_back(instruction(BPF_ALU | BPF_MOV | BPF_K, answer, answer, 0, value));
        code_.push_back(instruction(BPF_JMP | BPF_EXIT, answer, answer, 0, 0));
    }

    void append(const Program& other) {
        code_.insert(code_.end(), other.code_.begin(), other.code_.end());
    }

    /// What a jump over `count` instructions and then this program skips.
    [[nodiscard]] std::int16_t size_after(std::size_t count) const {
        return static_cast<std::int16_t>(count + code_.size());
    }

    [[nodiscard]] std::vector<struct bpf_insn> take() && { return std::move(code_); }

private:
    std::vector<struct bpf_insn> code_;
};

/// What follows once a rule is known to match. Falls through to the next rule if bits are left.
Program verdict(const oci::DeviceRule& rule) {
    Program program;
    if (rule.access == kAllAccess) {
        program.end_with(rule.allow ? 1 : 0);
    } else if (rule.allow) {
        program.mask(undecided, ~rule.access);
        program.skip_unless_equal(undecided, 0, 2);
        program.end_with(1);
    } else {
        program.skip_if_any_bit(undecided, rule.access, 1);
        program.skip(2);
        program.end_with(0);
    }
    return program;
}

bool matches_all(const oci::DeviceRule& rule) {
    return rule.type == oci::CgroupDeviceType::all && !rule.major && !rule.minor;
}

/// A comparison that tells whether a rule's numbers are the device's.
struct NumberTest {
    Register in = device;
    std::uint32_t value = 0;
};

/// Rules beside each other that differ only in their numbers, and so share a verdict.
struct RuleGroup {
    oci::DeviceRule effect;
    /// One of the rules has no numbers: no test is needed.
    bool any_number = false;
    std::vector<NumberTest> tests;

    [[nodiscard]] bool accepts(const oci::DeviceRule& rule) const {
        constexpr std::size_t kMostTests = 30'000;  // a jump of 16 bits reaches over them
        return rule.allow == effect.allow && rule.type == effect.type &&
               rule.access == effect.access && tests.size() < kMostTests;
    }

    /// A rule with a number that no device can have matches nothing and is left out.
    void add(const oci::DeviceRule& rule) {
        if (rule.major.value_or(0) > kLargestMajor || rule.minor.value_or(0) > kLargestMinor) {
            return;
        }
        if (rule.major && rule.minor) {
            tests.push_back({device, (*rule.major << kMinorBits) | *rule.minor});
        } else if (rule.major) {
            tests.push_back({major, *rule.major});
        } else if (rule.minor) {
            tests.push_back({minor, *rule.minor});
        } else {
            any_number = true;
        }
    }
};

/// From the last rule to the first, default rules being after all others.
std::vector<RuleGroup> group_backwards(const std::vector<oci::DeviceRule>& rules) {
    std::vector<RuleGroup> groups;
    const auto take = [&](const oci::DeviceRule& rule) {
        if (groups.empty() || !groups.back().accepts(rule)) {
            groups.push_back({.effect = rule});
        }
        groups.back().add(rule);
    };
    std::for_each(std::rbegin(kDefaultRules), std::rend(kDefaultRules), take);
    std::for_each(rules.rbegin(), rules.rend(), take);
    return groups;
}

/// True if no rule before this group can matter any more.
bool is_final(const RuleGroup& group) {
    return group.any_number && group.effect.type == oci::CgroupDeviceType::all &&
           group.effect.access == kAllAccess;
}

/// [not this type: skip all] [this number: skip to the verdict]... [not this last one: skip it]
/// verdict
void add_group(const RuleGroup& group, Program& program) {
    const Program body = verdict(group.effect);
    const std::size_t tests = group.any_number ? 0 : group.tests.size();
    if (group.effect.type != oci::CgroupDeviceType::all) {
        const bool is_block = group.effect.type == oci::CgroupDeviceType::block;
        program.skip_unless_equal(
            type, is_block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, body.size_after(tests)
        );
    }
    for (std::size_t i = 0; i < tests; ++i) {
        const NumberTest& test = group.tests[i];
        const std::size_t left = tests - 1 - i;
        if (left > 0) {
            program.skip_if_equal(test.in, test.value, static_cast<std::int16_t>(left));
        } else {
            program.skip_unless_equal(test.in, test.value, body.size_after(0));
        }
    }
    program.append(body);
}

Program prologue() {
    constexpr std::uint32_t kTypeBits = 0xffff;
    constexpr std::uint32_t kAccessShift = 16;
    Program program;
    program.load(type, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    program.copy(undecided, type);
    program.mask(type, kTypeBits);
    program.shift_right(undecided, kAccessShift);
    program.load(major, offsetof(struct bpf_cgroup_dev_ctx, major));
    program.load(minor, offsetof(struct bpf_cgroup_dev_ctx, minor));
    program.copy(device, major);
    program.shift_left(device, kMinorBits);
    program.add_bits(device, minor);
    return program;
}

}  // namespace

std::span<const oci::DeviceRule> default_device_rules() {
    return kDefaultRules;
}

bool allow_everything(const std::vector<oci::DeviceRule>& rules) {
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
        if (!rule->allow) {
            return false;
        }
        if (matches_all(*rule) && rule->access == kAllAccess) {
            return true;
        }
    }
    return false;
}

std::vector<struct bpf_insn> device_program(const std::vector<oci::DeviceRule>& rules) {
    Program program = prologue();
    for (const RuleGroup& group : group_backwards(rules)) {
        if (!group.any_number && group.tests.empty()) {
            continue;
        }
        add_group(group, program);
        if (is_final(group)) {
            return std::move(program).take();  // the kernel refuses code that nothing reaches
        }
    }
    program.end_with(0);
    return std::move(program).take();
}

}  // namespace corun::container
