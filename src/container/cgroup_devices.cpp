// Device rules compiled to eBPF. Pure: the parent loads and attaches the result elsewhere.
//
// The kernel asks with (type, access bits, major, minor); the program answers 1 or 0. It tests the
// rules from the last to the first and keeps in r3 the access bits no rule has decided yet: an
// allowing rule takes its bits out, and none left is yes; a denying rule that has one of them is
// no.
#include "corun/container/cgroup_devices.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace corun::container {

namespace {

constexpr std::uint32_t kAllAccess = oci::kDeviceMknod | oci::kDeviceRead | oci::kDeviceWrite;
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

constexpr oci::DeviceRule mknod_allowed(oci::CgroupDeviceType type) {
    return {.allow = true, .type = type, .access = oci::kDeviceMknod};
}

constexpr std::array kDefaultRules = {
    mknod_allowed(oci::CgroupDeviceType::character),
    mknod_allowed(oci::CgroupDeviceType::block),
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

enum Register : std::uint8_t { answer, context, type, undecided, major, minor };

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

    void shift_right(Register in, std::uint32_t bits) {
        code_.push_back(instruction(BPF_ALU | BPF_RSH | BPF_K, in, answer, 0, bits));
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

    [[nodiscard]] std::int16_t size() const { return static_cast<std::int16_t>(code_.size()); }

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

/// Each test that fails jumps over the rest of the rule.
void add_rule(const oci::DeviceRule& rule, Program& program) {
    const Program body = verdict(rule);
    const bool has_type = rule.type != oci::CgroupDeviceType::all;
    auto left =
        static_cast<std::int16_t>(body.size() + (rule.major ? 1 : 0) + (rule.minor ? 1 : 0));
    if (has_type) {
        const bool is_block = rule.type == oci::CgroupDeviceType::block;
        program.skip_unless_equal(type, is_block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, left);
    }
    if (rule.major) {
        program.skip_unless_equal(major, *rule.major, --left);
    }
    if (rule.minor) {
        program.skip_unless_equal(minor, *rule.minor, --left);
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
    for (auto rule = std::rbegin(kDefaultRules); rule != std::rend(kDefaultRules); ++rule) {
        add_rule(*rule, program);
    }
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
        add_rule(*rule, program);
        if (matches_all(*rule) && rule->access == kAllAccess) {
            return std::move(program).take();  // the kernel refuses code that nothing reaches
        }
    }
    program.end_with(0);
    return std::move(program).take();
}

}  // namespace corun::container
