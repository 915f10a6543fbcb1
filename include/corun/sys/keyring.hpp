// The session keyring of the calling process (keyctl(2)). Used by the child between clone3 and
// exec.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace corun::sys {

/// Permission bits of a key: search, for its owner's uid or for others.
inline constexpr std::uint32_t kKeyUserSearch = 0x00080000;
inline constexpr std::uint32_t kKeyOtherSearch = 0x00000008;

/// Joins the session keyring `name`, or makes it. Its serial number; nothing where the kernel has
/// no keyrings (ENOSYS).
[[nodiscard]] std::optional<std::int32_t> try_join_session_keyring(const std::string& name);

/// Adds permission bits to those the key has.
void add_key_permissions(std::int32_t key, std::uint32_t permissions);

}  // namespace corun::sys
