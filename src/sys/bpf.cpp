// bpf(2) for device programs of cgroups. Parent side, privileged.
#include "corun/sys/bpf.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace corun::sys {

namespace {

long bpf(int command, union bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

/// The kernel takes pointers as 64-bit numbers.
std::uint64_t address_of(const void* pointer) {
    return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(pointer)
    );  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast): the ABI's form
}

/// An attribute block with every byte zero, as the kernel demands of what a command does not use.
union bpf_attr zeroed() {
    union bpf_attr attributes;  // NOLINT(cppcoreguidelines-pro-type-member-init): memset does it
    std::memset(&attributes, 0, sizeof attributes);
    return attributes;
}

/// Nothing when the program is gone again.
std::optional<BpfProgram> try_program_by_id(std::uint32_t id) {
    union bpf_attr by_id = zeroed();
    by_id.prog_id = id;
    const long fd = bpf(BPF_PROG_GET_FD_BY_ID, by_id);
    if (fd < 0 && errno == ENOENT) {
        return std::nullopt;
    }
    if (fd < 0) {
        throw_errno("bpf(BPF_PROG_GET_FD_BY_ID)");
    }
    UniqueFd program(static_cast<int>(fd));
    struct bpf_prog_info info = {};
    union bpf_attr query = zeroed();
    query.info.bpf_fd = static_cast<std::uint32_t>(program.ref().number());
    query.info.info_len = sizeof info;
    query.info.info = address_of(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, query) < 0) {
        throw_errno("bpf(BPF_OBJ_GET_INFO_BY_FD)");
    }
    return BpfProgram{std::move(program), static_cast<const char*>(info.name)};
}

}  // namespace

UniqueFd load_device_program(std::span<const struct bpf_insn> instructions, std::string_view name) {
    static constexpr std::string_view kLicense = "Apache-2.0";
    union bpf_attr attributes = zeroed();
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.expected_attach_type = BPF_CGROUP_DEVICE;
    attributes.insns = address_of(instructions.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(instructions.size());
    attributes.license = address_of(kLicense.data());
    const std::size_t length = std::min<std::size_t>(name.size(), BPF_OBJ_NAME_LEN - 1);
    std::memcpy(static_cast<char*>(attributes.prog_name), name.data(), length);
    const long fd = bpf(BPF_PROG_LOAD, attributes);
    if (fd < 0) {
        throw_errno("bpf(BPF_PROG_LOAD)");
    }
    return UniqueFd(static_cast<int>(fd));
}

void attach_device_program(FdRef cgroup, FdRef program, std::optional<FdRef> replaced) {
    union bpf_attr attributes = zeroed();
    attributes.target_fd = static_cast<std::uint32_t>(cgroup.number());
    attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.number());
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = static_cast<std::uint32_t>(replaced->number());
    }
    if (bpf(BPF_PROG_ATTACH, attributes) < 0) {
        throw_errno("bpf(BPF_PROG_ATTACH)");
    }
}

void detach_device_program(FdRef cgroup, FdRef program) {
    union bpf_attr attributes = zeroed();
    attributes.target_fd = static_cast<std::uint32_t>(cgroup.number());
    attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.number());
    attributes.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, attributes) < 0) {
        throw_errno("bpf(BPF_PROG_DETACH)");
    }
}

std::vector<BpfProgram> device_programs_of(FdRef cgroup) {
    constexpr std::uint32_t kMostPrograms = 64;  // the kernel's own limit, BPF_CGROUP_MAX_PROGS
    std::array<std::uint32_t, kMostPrograms> ids = {};
    union bpf_attr attributes = zeroed();
    attributes.query.target_fd = static_cast<std::uint32_t>(cgroup.number());
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_cnt = kMostPrograms;
    attributes.query.prog_ids = address_of(ids.data());
    if (bpf(BPF_PROG_QUERY, attributes) < 0) {
        throw_errno("bpf(BPF_PROG_QUERY)");
    }
    std::vector<BpfProgram> programs;
    for (std::uint32_t i = 0; i < attributes.query.prog_cnt; ++i) {
        if (std::optional<BpfProgram> program = try_program_by_id(ids.at(i))) {
            programs.push_back(std::move(*program));
        }
    }
    return programs;
}

}  // namespace corun::sys
