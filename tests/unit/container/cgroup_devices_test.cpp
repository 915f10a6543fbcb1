// The device filter, run by an interpreter of the few instructions it is made of: what the kernel
// would answer, without needing one. That the kernel takes the program: cgroup_kernel_test.cpp.
#include "corun/container/cgroup_devices.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

using namespace corun;
using namespace corun::container;

namespace {

struct Question {
    std::uint32_t type;
    std::uint32_t access;
    std::uint32_t major;
    std::uint32_t minor;
};

constexpr std::uint32_t kRead = oci::kDeviceRead;
constexpr std::uint32_t kWrite = oci::kDeviceWrite;
constexpr std::uint32_t kMknod = oci::kDeviceMknod;
constexpr std::uint32_t kBlock = BPF_DEVCG_DEV_BLOCK;
constexpr std::uint32_t kCharacter = BPF_DEVCG_DEV_CHAR;

bool runs_to_yes(const std::vector<struct bpf_insn>& program, const Question& question) {
    const std::array<std::uint32_t, 3> context = {
        question.type | (question.access << 16U), question.major, question.minor};
    std::array<std::uint32_t, 11> registers = {};
    for (std::size_t at = 0; at < program.size(); ++at) {
        const struct bpf_insn& step = program.at(at);
        std::uint32_t& to = registers.at(step.dst_reg);
        const auto value = static_cast<std::uint32_t>(step.imm);
        bool jumps = false;
        switch (step.code) {
            case BPF_LDX | BPF_MEM | BPF_W:
                to = context.at(static_cast<std::size_t>(step.off) / 4);
                break;
            case BPF_ALU | BPF_MOV | BPF_X:
                to = registers.at(step.src_reg);
                break;
            case BPF_ALU | BPF_MOV | BPF_K:
                to = value;
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                to &= value;
                break;
            case BPF_ALU | BPF_RSH | BPF_K:
                to >>= value;
                break;
            case BPF_ALU | BPF_LSH | BPF_K:
                to <<= value;
                break;
            case BPF_ALU | BPF_OR | BPF_X:
                to |= registers.at(step.src_reg);
                break;
            case BPF_JMP32 | BPF_JEQ | BPF_K:
                jumps = to == value;
                break;
            case BPF_JMP32 | BPF_JNE | BPF_K:
                jumps = to != value;
                break;
            case BPF_JMP32 | BPF_JSET | BPF_K:
                jumps = (to & value) != 0;
                break;
            case BPF_JMP | BPF_JA:
                jumps = true;
                break;
            case BPF_JMP | BPF_EXIT:
                return registers[0] != 0;
            default:
                throw std::runtime_error("unknown instruction");
        }
        if (jumps) {
            at += static_cast<std::size_t>(step.off);
        }
    }
    throw std::runtime_error("ran past the end");
}

bool allowed(const std::vector<oci::DeviceRule>& rules, const Question& question) {
    return runs_to_yes(device_program(rules), question);
}

constexpr oci::DeviceRule kAllowAll = {.allow = true};
constexpr oci::DeviceRule kDenyAll = {.allow = false};

oci::DeviceRule rule(
    bool allow,
    oci::CgroupDeviceType type,
    std::optional<std::uint32_t> major,
    std::optional<std::uint32_t> minor,
    std::uint32_t access
) {
    return {.allow = allow, .type = type, .major = major, .minor = minor, .access = access};
}

constexpr auto kB = oci::CgroupDeviceType::block;
constexpr auto kC = oci::CgroupDeviceType::character;

}  // namespace

TEST_CASE("cgroup devices: without rules only the default devices are allowed") {
    for (const std::uint32_t minor : {3U, 5U, 7U, 8U, 9U}) {
        CHECK(allowed({}, {kCharacter, kRead | kWrite, 1, minor}));
    }
    CHECK(allowed({}, {kCharacter, kRead | kWrite, 136, 42}));
    CHECK(allowed({}, {kCharacter, kRead, 5, 2}));
    CHECK_FALSE(allowed({}, {kCharacter, kRead, 1, 1}));
    CHECK_FALSE(allowed({}, {kBlock, kRead, 1, 3}));
    CHECK_FALSE(allowed({}, {kBlock, kRead, 8, 0}));
}

TEST_CASE("cgroup devices: any node may be made, but not opened") {
    CHECK(allowed({kDenyAll}, {kBlock, kMknod, 8, 0}));
    CHECK(allowed({kDenyAll}, {kCharacter, kMknod, 1, 1}));
    CHECK_FALSE(allowed({kDenyAll}, {kBlock, kMknod | kRead, 8, 0}));
}

TEST_CASE("cgroup devices: default devices stay allowed whatever the rules say") {
    CHECK(allowed({kDenyAll}, {kCharacter, kRead | kWrite, 1, 3}));
    CHECK(allowed({rule(false, kC, 1, 3, kRead)}, {kCharacter, kRead, 1, 3}));
}

TEST_CASE("cgroup devices: the last matching rule wins") {
    const oci::DeviceRule deny = rule(false, kB, 8, 0, kRead | kWrite | kMknod);
    const oci::DeviceRule allow = rule(true, kB, 8, 0, kRead | kWrite | kMknod);
    const Question question = {kBlock, kRead, 8, 0};

    CHECK(allowed({deny, allow}, question));
    CHECK_FALSE(allowed({allow, deny}, question));
    CHECK(allowed({kDenyAll, allow}, question));
    CHECK_FALSE(allowed({allow, kDenyAll}, question));
    CHECK(allowed({deny, kAllowAll}, question));
    CHECK_FALSE(allowed({kAllowAll, deny}, question));
    CHECK(allowed({kAllowAll, deny}, {kBlock, kRead, 8, 1}));
}

TEST_CASE("cgroup devices: each kind of access is decided by the last rule that names it") {
    const std::vector<oci::DeviceRule> rules = {
        kDenyAll, rule(true, kB, 8, 0, kRead), rule(true, kB, 8, std::nullopt, kWrite)};

    CHECK(allowed(rules, {kBlock, kRead, 8, 0}));
    CHECK(allowed(rules, {kBlock, kWrite, 8, 0}));
    CHECK(allowed(rules, {kBlock, kRead | kWrite, 8, 0}));
    CHECK(allowed(rules, {kBlock, kWrite, 8, 1}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead | kWrite, 8, 1}));
}

TEST_CASE("cgroup devices: denying to write leaves reading") {
    const std::vector<oci::DeviceRule> rules = {
        kAllowAll, rule(false, kB, std::nullopt, std::nullopt, kWrite)};

    CHECK(allowed(rules, {kBlock, kRead, 8, 0}));
    CHECK_FALSE(allowed(rules, {kBlock, kWrite, 8, 0}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead | kWrite, 8, 0}));
    CHECK(allowed(rules, {kCharacter, kRead | kWrite, 4, 1}));
}

TEST_CASE("cgroup devices: a rule for all types matches both, by its numbers") {
    const std::vector<oci::DeviceRule> rules = {
        rule(true, oci::CgroupDeviceType::all, 7, std::nullopt, kRead)};

    CHECK(allowed(rules, {kBlock, kRead, 7, 1}));
    CHECK(allowed(rules, {kCharacter, kRead, 7, 1}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 8, 1}));
    CHECK_FALSE(allowed(rules, {kBlock, kWrite, 7, 1}));
}

TEST_CASE("cgroup devices: the largest numbers are compared as they are") {
    const std::vector<oci::DeviceRule> rules = {rule(true, kB, 4095, 1048575, kRead)};

    CHECK(allowed(rules, {kBlock, kRead, 4095, 1048575}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 4095, 1048574}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 4094, 1048575}));
}

TEST_CASE("cgroup devices: a rule whose number no device can have matches nothing") {
    const std::vector<oci::DeviceRule> rules = {
        rule(true, kB, 4096, std::nullopt, kRead),
        rule(true, kB, 0, 1048576, kRead),
        rule(true, kB, std::nullopt, 0xffffffffU, kRead)};

    CHECK_FALSE(allowed(rules, {kBlock, kRead, 0, 0}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 1, 0}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 4095, 1048575}));
}

TEST_CASE("cgroup devices: rules that differ only in their numbers each match") {
    const std::vector<oci::DeviceRule> rules = {
        rule(true, kB, 8, 0, kRead),
        rule(true, kB, 8, 1, kRead),
        rule(true, kB, 9, std::nullopt, kRead),
        rule(true, kB, std::nullopt, 77, kRead),
        rule(false, kB, 9, 5, kRead)};

    CHECK(allowed(rules, {kBlock, kRead, 8, 0}));
    CHECK(allowed(rules, {kBlock, kRead, 8, 1}));
    CHECK(allowed(rules, {kBlock, kRead, 9, 4}));
    CHECK(allowed(rules, {kBlock, kRead, 10, 77}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 9, 5}));
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 8, 2}));
    CHECK_FALSE(allowed(rules, {kBlock, kWrite, 8, 0}));
    CHECK_FALSE(allowed(rules, {kCharacter, kRead, 8, 0}));
}

TEST_CASE("cgroup devices: more rules of a kind than a jump can pass over are each heard") {
    std::vector<oci::DeviceRule> rules = {kDenyAll};
    for (std::uint32_t number = 0; number < 40'000; ++number) {
        rules.push_back(rule(true, kB, 8, number, kRead));
    }

    for (const std::uint32_t minor : {0U, 39'999U}) {
        CHECK(allowed(rules, {kBlock, kRead, 8, minor}));
    }
    CHECK_FALSE(allowed(rules, {kBlock, kRead, 8, 40'000}));
    CHECK(allowed(rules, {kCharacter, kRead, 1, 3}));
}

TEST_CASE("cgroup devices: only rules that can deny nothing need no program") {
    CHECK(allow_everything({kAllowAll}));
    CHECK(allow_everything({kDenyAll, kAllowAll}));
    CHECK(allow_everything({kAllowAll, rule(true, kB, 8, 0, kRead)}));
    CHECK_FALSE(allow_everything({}));
    CHECK_FALSE(allow_everything({kDenyAll}));
    CHECK_FALSE(allow_everything({kAllowAll, rule(false, kB, 8, 0, kRead)}));
    CHECK_FALSE(allow_everything({rule(true, kB, std::nullopt, std::nullopt, kRead)}));
}
