// The cache of compiled seccomp programs. Parent side, as the owner of the state root. A file holds
// all that the program was made from; its name is only a place to look. Two writers at once do no
// harm: each renames a whole file of its own into place.
#include "corun/container/seccomp_cache.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cache_directory.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace corun::container {

namespace {

constexpr const char* kDirectory = "seccomp";
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kLargestFile = 4 << 20;
/// Beyond this many programs someone generates profiles; then the cache starts anew.
constexpr std::size_t kMostFiles = 256;

/// 128 bits that differ for different texts unless someone tries hard; whoever can write here need
/// not try, and the key is compared whole.
struct Hash {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    bool operator==(const Hash&) const = default;
};

Hash hash_of(std::string_view text) {
    // Two lanes of multiply and rotate over words of 8 bytes; odd constants from the golden ratio
    // and from pi.
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
    constexpr std::uint64_t kPi = 0x243f6a8885a308d3;
    Hash hash = {.first = kGolden ^ text.size(), .second = kPi};
    for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, std::min(sizeof word, text.size() - at));
        hash.first = std::rotl((hash.first ^ word) * kGolden, 29) + hash.second;
        hash.second = std::rotl((hash.second + word) * kPi, 31) ^ hash.first;
    }
    hash.first ^= hash.second >> 32U;
    hash.second ^= hash.first * kGolden;
    return hash;
}

/// What a file begins with; key and program follow.
struct FileHeader {
    char magic[16] = {'c', 'o', 'r', 'u', 'n', '-', 's', 'e', 'c', 'c', 'o', 'm', 'p', '-', '1', 0};
    std::uint64_t key_size = 0;
    std::uint64_t program_size = 0;
    std::uint32_t flags = 0;
    std::uint32_t wants_listener = 0;
    Hash checksum;  // of everything else

    bool operator==(const FileHeader&) const = default;
};

static_assert(std::has_unique_object_representations_v<FileHeader>);

std::string_view bytes_of(const FileHeader& header) {
    return {reinterpret_cast<const char*>(&header), sizeof header};
}

FileHeader header_for(std::string_view key, const CompiledSeccomp& compiled) {
    FileHeader header = {
        .key_size = key.size(),
        .program_size = compiled.program.size(),
        .flags = compiled.flags,
        .wants_listener = compiled.wants_listener ? 1U : 0U,
        .checksum = {},
    };
    header.checksum = hash_of(concat(bytes_of(header), key, compiled.program));
    return header;
}

sys::UniqueFd open_cache(const std::string& state_root) {
    return open_private_directory(open_cache_directory(state_root), kDirectory);
}

std::string file_name(std::string_view key) {
    const Hash hash = hash_of(key);
    return concat(hash.first, "-", hash.second);
}

/// Nothing unless every byte is as store() would write it for this key.
std::optional<CompiledSeccomp> parse(std::string_view content, std::string_view key) {
    FileHeader header;
    if (content.size() < sizeof header) {
        return std::nullopt;
    }
    std::memcpy(&header, content.data(), sizeof header);
    content.remove_prefix(sizeof header);
    if (header.key_size != key.size() || content.size() - key.size() != header.program_size ||
        !content.starts_with(key)) {
        return std::nullopt;
    }
    content.remove_prefix(key.size());
    CompiledSeccomp compiled = {
        .program = std::string(content),
        .flags = header.flags,
        .wants_listener = header.wants_listener != 0,
    };
    const bool whole = !content.empty() && content.size() % sizeof(sock_filter) == 0;
    if (!whole || header != header_for(key, compiled)) {
        return std::nullopt;
    }
    return compiled;
}

std::optional<CompiledSeccomp> load(sys::FdRef cache, std::string_view key) {
    // Not blocking: a fifo in the file's place must not stop us.
    const std::optional<sys::UniqueFd> file =
        sys::try_openat(cache, file_name(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) {
        return std::nullopt;
    }
    const struct stat status = sys::fstat(*file);
    if (!S_ISREG(status.st_mode) || !is_private(status)) {
        return std::nullopt;
    }
    return parse(sys::read_all(*file, kLargestFile), key);
}

void remove_all_if_many(sys::FdRef cache) {
    const std::vector<std::string> names = sys::list_directory(cache);
    if (names.size() < kMostFiles) {
        return;
    }
    for (const std::string& name : names) {
        (void)sys::try_unlinkat(cache, name);  // another may be cleaning up as well
    }
}

void store(sys::FdRef cache, std::string_view key, const CompiledSeccomp& compiled) {
    remove_all_if_many(cache);
    // The name has our pid in it, so that two writers of the same program do not share a file.
    const std::string name = file_name(key);
    const std::string temporary = concat(name, ".", ::getpid(), ".tmp");
    sys::replace_file(
        cache,
        temporary,
        concat(bytes_of(header_for(key, compiled)), key, compiled.program),
        kFileMode
    );
    sys::renameat(cache, temporary, cache, name);
}

/// Appends fields so that no two different sequences give the same bytes.
class KeyWriter {
public:
    void number(std::uint64_t value) {
        key_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }

    void optional(std::optional<std::uint32_t> value) {
        constexpr std::uint64_t kAbsent = ~std::uint64_t{0};
        number(value ? *value : kAbsent);
    }

    void text(std::string_view value) {
        number(value.size());
        key_ += value;
    }

    [[nodiscard]] std::string take() { return std::move(key_); }

private:
    std::string key_;
};

void write_rule(KeyWriter& key, const oci::SeccompSyscall& rule) {
    key.number(static_cast<std::uint64_t>(rule.action));
    key.optional(rule.errno_ret);
    key.number(rule.names.size());
    for (const std::string& name : rule.names) {
        key.text(name);
    }
    key.number(rule.args.size());
    for (const oci::SeccompArg& arg : rule.args) {
        key.number(arg.index);
        key.number(arg.value);
        key.number(arg.value_two);
        key.number(static_cast<std::uint64_t>(arg.op));
    }
}

}  // namespace

std::string seccomp_cache_key(const oci::Seccomp& profile) {
    KeyWriter key;
    key.text(compiler_identity());
    key.number(static_cast<std::uint64_t>(profile.default_action));
    key.optional(profile.default_errno_ret);
    key.optional(profile.flags);
    key.number(profile.architectures.size());
    for (const std::string& name : profile.architectures) {
        key.text(name);
    }
    key.number(profile.syscalls.size());
    for (const oci::SeccompSyscall& rule : profile.syscalls) {
        write_rule(key, rule);
    }
    return key.take();
}

CompiledSeccomp compiled_seccomp(const oci::Seccomp& profile, const std::string& state_root) {
    if (state_root.empty()) {
        return compile_seccomp(profile);
    }
    const std::string key = seccomp_cache_key(profile);
    sys::UniqueFd cache;
    // The only handlers of Error here: without its cache a start is slower, not wrong.
    try {
        cache = open_cache(state_root);
        if (std::optional<CompiledSeccomp> found = load(cache, key)) {
            return *std::move(found);
        }
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): as above
    }
    CompiledSeccomp compiled = compile_seccomp(profile);
    if (cache) {
        try {
            store(cache, key, compiled);
        } catch (const Error&) {  // NOLINT(bugprone-empty-catch): as above
        }
    }
    return compiled;
}

}  // namespace corun::container
