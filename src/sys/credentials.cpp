// Ids and capabilities. Capabilities go through libcap's raw capset(2), not cap_set_proc(), as the
// sets are bit masks already and one caller must not allocate.
#include "corun/sys/credentials.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <sys/capability.h>

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace corun::sys {

namespace {

using CapabilityData = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

constexpr unsigned kWordBits = 32;

std::uint64_t join_words(std::uint32_t low, std::uint32_t high) {
    return low | (std::uint64_t{high} << kWordBits);
}

constexpr std::uint32_t low_word(std::uint64_t mask) {
    return static_cast<std::uint32_t>(mask);
}

constexpr std::uint32_t high_word(std::uint64_t mask) {
    return static_cast<std::uint32_t>(mask >> kWordBits);
}

__user_cap_header_struct own_header() {
    return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

/// 1: it is there; 0: it is not; -1: the kernel does not know it.
int read_from_bounding_set(unsigned capability) {
    return ::prctl(PR_CAPBSET_READ, static_cast<unsigned long>(capability), 0UL, 0UL, 0UL);
}

}  // namespace

void setgroups(const std::vector<gid_t>& groups) {
    if (::setgroups(groups.size(), groups.data()) < 0) {
        throw_errno("setgroups");
    }
}

bool try_setgroups(const std::vector<gid_t>& groups) {
    if (::setgroups(groups.size(), groups.data()) == 0) {
        return true;
    }
    if (errno != EPERM) {
        throw_errno("setgroups");
    }
    return false;
}

void setresgid(gid_t gid) {
    if (::setresgid(gid, gid, gid) < 0) {
        throw_errno(concat("setresgid(", gid, ")"));
    }
}

void setresuid(uid_t uid) {
    if (::setresuid(uid, uid, uid) < 0) {
        throw_errno(concat("setresuid(", uid, ")"));
    }
}

CapabilitySets capget() {
    __user_cap_header_struct header = own_header();
    CapabilityData data = {};
    if (::capget(&header, data.data()) < 0) {
        throw_errno("capget");
    }
    return {
        .effective = join_words(data[0].effective, data[1].effective),
        .permitted = join_words(data[0].permitted, data[1].permitted),
        .inheritable = join_words(data[0].inheritable, data[1].inheritable),
    };
}

int capset_errno(const CapabilitySets& sets) noexcept {
    __user_cap_header_struct header = own_header();
    CapabilityData data = {{
        {low_word(sets.effective), low_word(sets.permitted), low_word(sets.inheritable)},
        {high_word(sets.effective), high_word(sets.permitted), high_word(sets.inheritable)},
    }};
    return ::capset(&header, data.data()) < 0 ? errno : 0;
}

void capset(const CapabilitySets& sets) {
    const int error_number = capset_errno(sets);
    if (error_number != 0) {
        throw_errno_value(error_number, "capset");
    }
}

std::uint64_t bounded(std::uint64_t asked) {
    std::uint64_t mask = 0;
    for (unsigned capability = 0; capability < 2 * kWordBits; ++capability) {
        const std::uint64_t bit = std::uint64_t{1} << capability;
        if ((asked & bit) != 0 && read_from_bounding_set(capability) > 0) {
            mask |= bit;
        }
    }
    return mask;
}

void limit_bounding_set(std::uint64_t kept) {
    for (unsigned capability = 0; capability < 2 * kWordBits; ++capability) {
        if ((kept & (std::uint64_t{1} << capability)) != 0 ||
            ::prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(capability), 0UL, 0UL, 0UL) == 0) {
            continue;
        }
        if (errno == EINVAL) {  // above the kernel's last capability
            return;
        }
        const int error_number = errno;
        // Not looked at before: it is dropped whether it is there or not, which is one call.
        if (read_from_bounding_set(capability) > 0) {
            throw_errno_value(error_number, "prctl(PR_CAPBSET_DROP)", capability_name(capability));
        }
    }
}

void clear_ambient_set() {
    if (::prctl(
            PR_CAP_AMBIENT, static_cast<unsigned long>(PR_CAP_AMBIENT_CLEAR_ALL), 0UL, 0UL, 0UL
        ) < 0) {
        throw_errno("prctl(PR_CAP_AMBIENT_CLEAR_ALL)");
    }
}

void raise_ambient(unsigned capability) {
    if (::prctl(
            PR_CAP_AMBIENT,
            static_cast<unsigned long>(PR_CAP_AMBIENT_RAISE),
            static_cast<unsigned long>(capability),
            0UL,
            0UL
        ) < 0) {
        throw_errno("prctl(PR_CAP_AMBIENT_RAISE)", capability_name(capability));
    }
}

void set_keep_capabilities(bool keep) {
    if (::prctl(PR_SET_KEEPCAPS, keep ? 1UL : 0UL, 0UL, 0UL, 0UL) < 0) {
        throw_errno("prctl(PR_SET_KEEPCAPS)");
    }
}

std::string capability_name(unsigned capability) {
    char* name = ::cap_to_name(static_cast<cap_value_t>(capability));
    if (name == nullptr || *name < 'a') {  // libcap writes a number it has no name for as digits
        (void)::cap_free(name);  // fails for a null pointer only, which has nothing to free
        return concat("CAP_", capability);
    }
    std::string text = to_upper(name);
    (void)::cap_free(name);  // as above
    return text;
}

}  // namespace corun::sys
