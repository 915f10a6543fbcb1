// Explanations of failures of execve(2).
#include "corun/setup/exec_explanation.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <optional>

namespace corun::setup {

namespace {

// ---------------------------------------------------------------- paths

std::string octal(mode_t mode) {
    std::string digits = "0000";
    for (std::size_t i = digits.size(); i-- > 0; mode >>= 3U) {
        digits[i] = static_cast<char>('0' + (mode & 7U));
    }
    return digits;
}

std::string owner_and_mode(const struct stat& status) {
    return concat(
        "mode ", octal(status.st_mode & 07777U), ", owner ", status.st_uid, ":", status.st_gid
    );
}

std::string caller() {
    return concat("uid ", ::geteuid(), " gid ", ::getegid());
}

std::string explain_absence(const std::string& path) {
    struct stat status = {};
    const bool is_symlink = sys::lstat_errno(path, status) == 0 && S_ISLNK(status.st_mode);
    return is_symlink ? concat(
                            quote(path),
                            " is a symlink to ",
                            quote(sys::readlinkat(sys::FdRef::cwd(), path)),
                            ", which does not exist"
                        )
                      : concat(quote(path), " does not exist");
}

/// What keeps the caller from what is in the directory; empty: nothing.
std::string explain_directory(const std::string& path) {
    struct stat status = {};
    switch (sys::stat_errno(path, status)) {
        case 0:
            break;
        case ENOENT:
            return explain_absence(path);
        case ELOOP:
            return concat(quote(path), " is a symlink that leads to itself");
        default:
            return {};
    }
    if (!S_ISDIR(status.st_mode)) {
        return concat(quote(path), " is a file, where a directory is expected");
    }
    if (sys::execute_access_errno(path) == 0) {
        return {};
    }
    return concat(
        caller(),
        " has no x permission on directory ",
        quote(path),
        " (",
        owner_and_mode(status),
        "): chmod a+x it, or run as another user"
    );
}

std::string explain_leaf(const std::string& path) {
    struct stat status = {};
    switch (sys::stat_errno(path, status)) {
        case 0:
            break;
        case ENOENT:
            return explain_absence(path);
        default:
            return {};
    }
    if (S_ISDIR(status.st_mode) || sys::execute_access_errno(path) == 0) {
        return {};
    }
    if (sys::is_mounted_noexec(path)) {
        return concat("the file system of ", quote(path), " is mounted noexec");
    }
    if (!S_ISREG(status.st_mode)) {
        return concat(quote(path), " is no regular file");
    }
    return concat(
        caller(),
        " has no x permission on ",
        quote(path),
        " (",
        owner_and_mode(status),
        "): chmod a+x it, or run as another user"
    );
}

// ---------------------------------------------------------------- formats

/// What the kernel reads of a file to find out what it is is less (BINPRM_BUF_SIZE); this also has
/// an ELF file's program headers, where linkers put them.
constexpr std::size_t kHeadSize = 4096;

/// Empty where the file cannot be read or is none.
sys::UniqueFd open_regular(const std::string& path) {
    // Never waits for the writer of a fifo, never takes a terminal.
    int error_number = 0;
    sys::UniqueFd file = sys::openat2_nothrow(
        sys::FdRef::cwd(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, error_number
    );
    if (!file || !S_ISREG(sys::fstat(file).st_mode)) {
        return {};
    }
    return file;
}

ExecForecast forecast_of(const std::string& what, const std::string& path) {
    const std::string obstacle = explain_path(path);
    if (obstacle.empty()) {
        return {};
    }
    struct stat status = {};
    const int error_number = sys::stat_errno(path, status);
    return {
        .error_number = error_number != 0 ? error_number : EACCES,
        .reason = concat(what, " ", quote(path), ": ", obstacle),
    };
}

ExecForecast forecast_script(std::string_view interpreter) {
    if (interpreter.ends_with('\r')) {
        return {
            .error_number = ENOENT,
            .reason = concat(
                "its first line ends in CR LF, and so the interpreter is ", quote(interpreter)
            ),
        };
    }
    return forecast_of("it is a script whose interpreter is", std::string(interpreter));
}

struct Machine {
    std::string_view name;  // as uname(2) says
    Elf64_Half number;
};

constexpr std::array<Machine, 11> kMachines{{
    {"x86_64", EM_X86_64},
    {"i386", EM_386},
    {"aarch64", EM_AARCH64},
    {"arm", EM_ARM},
    {"riscv64", EM_RISCV},
    {"ppc64le", EM_PPC64},
    {"ppc64", EM_PPC64},
    {"s390x", EM_S390},
    {"mips64", EM_MIPS},
    {"mips", EM_MIPS},
    {"loongarch64", 258},
}};

std::string machine_name(Elf64_Half number) {
    const auto* const found = std::find_if(
        kMachines.begin(), kMachines.end(), [&](const Machine& row) { return row.number == number; }
    );
    return found == kMachines.end() ? concat("ELF machine ", number) : std::string(found->name);
}

/// The structure at `offset` of the text; nothing if it is not all there.
template <class Structure>
std::optional<Structure> structure_at(std::string_view text, std::uint64_t offset) {
    if (offset > text.size() || text.size() - offset < sizeof(Structure)) {
        return std::nullopt;
    }
    Structure out;
    std::memcpy(&out, text.data() + offset, sizeof out);
    return out;
}

/// The path of the dynamic loader; empty: none, or not where linkers put it.
template <class Header, class Segment>
std::string loader_of(std::string_view head) {
    const auto header = structure_at<Header>(head, 0);
    if (!header || header->e_phentsize != sizeof(Segment)) {
        return {};
    }
    for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
        const auto segment = structure_at<Segment>(head, header->e_phoff + i * sizeof(Segment));
        if (!segment) {
            return {};
        }
        if (segment->p_type == PT_INTERP && segment->p_offset < head.size()) {
            const std::string_view text = head.substr(segment->p_offset, segment->p_filesz);
            return std::string(text.substr(0, text.find('\0')));
        }
    }
    return {};
}

ExecForecast forecast_elf(std::string_view head) {
    const auto header = structure_at<Elf32_Ehdr>(head, 0);  // what is asked for is the same in both
    if (!header) {
        return {.error_number = ENOEXEC, .reason = "it is cut off"};
    }
    constexpr unsigned char kOwnOrder =
        std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    utsname system = {};
    if (header->e_ident[EI_DATA] != kOwnOrder) {
        return {.error_number = ENOEXEC, .reason = "it is for a machine of the other byte order"};
    }
    const bool is_64 = header->e_ident[EI_CLASS] == ELFCLASS64;
    const std::string loader =
        is_64 ? loader_of<Elf64_Ehdr, Elf64_Phdr>(head) : loader_of<Elf32_Ehdr, Elf32_Phdr>(head);
    const std::string machine = machine_name(header->e_machine);
    if (::uname(&system) == 0 && !std::string_view(system.machine).starts_with(machine)) {
        // Said only if the kernel does say ENOEXEC: it may run other architectures. (binfmt_misc)
        return {
            .error_number = ENOEXEC,
            .reason = concat("it is for ", machine, ", this machine is ", system.machine),
        };
    }
    return loader.empty() ? ExecForecast() : forecast_of("it needs the dynamic loader", loader);
}

}  // namespace

std::string explain_path(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        std::string obstacle = explain_directory(slash == 0 ? "/" : path.substr(0, slash));
        if (!obstacle.empty()) {
            return obstacle;
        }
    }
    return explain_leaf(path);
}

std::string_view interpreter_of(std::string_view head) {
    constexpr std::size_t kLine = 256;  // what the kernel looks at
    if (!head.starts_with("#!")) {
        return {};
    }
    std::string_view line = head.substr(2, kLine - 2);
    line = line.substr(0, line.find('\n'));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.substr(0, line.find_first_of(" \t"));
}

ExecForecast forecast_exec(const std::string& path) {
    const sys::UniqueFd file = open_regular(path);
    if (!file) {
        return {};
    }
    std::array<char, kHeadSize> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    const sys::Transferred got = sys::try_read(file, buffer.data(), buffer.size());
    if (got.error_number != 0) {
        return {};
    }
    const std::string_view head(buffer.data(), got.size);
    if (head.empty()) {
        return {.error_number = ENOEXEC, .reason = "it is empty"};
    }
    if (head.starts_with(ELFMAG)) {
        return forecast_elf(head);
    }
    const std::string_view interpreter = interpreter_of(head);
    if (!interpreter.empty()) {
        return forecast_script(interpreter);
    }
    return {
        .error_number = ENOEXEC,
        .reason = "it is neither a binary nor a script: its first line does not begin with #!",
    };
}

}  // namespace corun::setup
