// The cache in a directory of its own: what it finds, and what it must not believe.
#include "corun/container/seccomp_cache.hpp"

#include "corun/container/id.hpp"
#include "corun/sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

using namespace corun;
using container::compiled_seccomp;

namespace {

/// A state root that is removed again, cache and all.
class StateRoot {
public:
    StateRoot() {
        char path[] = "/tmp/corun-seccomp-XXXXXX";
        path_ = ::mkdtemp(path);
    }

    StateRoot(const StateRoot&) = delete;
    StateRoot& operator=(const StateRoot&) = delete;
    StateRoot(StateRoot&&) = delete;
    StateRoot& operator=(StateRoot&&) = delete;

    ~StateRoot() {
        if (const auto cache = sys::try_open(cache_path(), O_RDONLY | O_DIRECTORY)) {
            for (const std::string& name : sys::list_directory(*cache)) {
                sys::unlinkat(*cache, name);
            }
            sys::unlinkat(sys::FdRef::cwd(), cache_path(), AT_REMOVEDIR);
        }
        if (sys::try_fstatat(sys::FdRef::cwd(), path_ + "/.~cache")) {
            sys::unlinkat(sys::FdRef::cwd(), path_ + "/.~cache", AT_REMOVEDIR);
        }
        sys::unlinkat(sys::FdRef::cwd(), path_, AT_REMOVEDIR);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::string cache_path() const { return path_ + "/.~cache/seccomp"; }

    [[nodiscard]] std::vector<std::string> files() const {
        return sys::list_directory(sys::open(cache_path(), O_RDONLY | O_DIRECTORY));
    }

    [[nodiscard]] std::string only_file() const {
        REQUIRE(files().size() == 1);
        return cache_path() + "/" + files().front();
    }

private:
    std::string path_;
};

oci::Seccomp profile() {
    return {
        .default_action = oci::SeccompAction::errno_,
        .syscalls = {{.names = {"read", "write"}}, {.names = {"getppid"}}},
    };
}

/// Makes the file's program another one of the same length, checksum and all left as they were.
void damage(const std::string& path) {
    const sys::UniqueFd file = sys::open(path, O_RDWR);
    const off_t size = sys::fstat(file).st_size;
    REQUIRE(::pwrite(file.ref().number(), "\x77", 1, size - 1) == 1);
}

/// A file that would be believed, but with `flags` that the compiler would not give.
void plant(const std::string& path) {
    const sys::UniqueFd file = sys::open(path, O_RDWR);
    const char flags = 0;
    REQUIRE(::pwrite(file.ref().number(), &flags, 1, 32) == 1);
}

}  // namespace

TEST_CASE("seccomp cache: the second time the program comes from the file, unchanged") {
    const StateRoot root;
    const container::CompiledSeccomp first = compiled_seccomp(profile(), root.path());
    const struct stat before = *sys::try_fstatat(sys::FdRef::cwd(), root.only_file());

    const container::CompiledSeccomp second = compiled_seccomp(profile(), root.path());

    CHECK(first == container::compile_seccomp(profile()));
    CHECK(second == first);
    const struct stat after = *sys::try_fstatat(sys::FdRef::cwd(), root.only_file());
    CHECK(after.st_ino == before.st_ino);
    CHECK(after.st_mode == (S_IFREG | 0600));
}

TEST_CASE("seccomp cache: each difference in a profile makes another key") {
    const std::string key = container::seccomp_cache_key(profile());
    oci::Seccomp other = profile();
    SUBCASE("a name") {
        other.syscalls[1].names = {"getpid"};
    }
    SUBCASE("a name on the other side of a border") {
        other.syscalls[0].names = {"readwrite"};
    }
    SUBCASE("an action") {
        other.syscalls[1].action = oci::SeccompAction::log;
    }
    SUBCASE("an errno") {
        other.syscalls[1].errno_ret = 1;
    }
    SUBCASE("an argument") {
        other.syscalls[1].args = {{.index = 0, .value = 1}};
    }
    SUBCASE("the default errno") {
        other.default_errno_ret = 1;
    }
    SUBCASE("flags") {
        other.flags = 0;
    }
    SUBCASE("an architecture") {
        other.architectures = {"x86"};
    }

    CHECK(container::seccomp_cache_key(other) != key);
}

TEST_CASE("seccomp cache: what is not part of the program is not part of the key") {
    oci::Seccomp other = profile();
    other.listener_path = "/run/agent.sock";
    other.listener_metadata = "x";

    CHECK(container::seccomp_cache_key(other) == container::seccomp_cache_key(profile()));
}

TEST_CASE("seccomp cache: a file that was changed is not believed but replaced") {
    const StateRoot root;
    const container::CompiledSeccomp good = compiled_seccomp(profile(), root.path());
    const std::string file = root.only_file();
    SUBCASE("in its program") {
        damage(file);
    }
    SUBCASE("in its flags") {
        plant(file);
    }
    SUBCASE("in its length") {
        REQUIRE(::truncate(file.c_str(), 100) == 0);
    }
    SUBCASE("to nothing") {
        REQUIRE(::truncate(file.c_str(), 0) == 0);
    }
    const std::string changed = sys::read_file(sys::FdRef::cwd(), file);

    CHECK(compiled_seccomp(profile(), root.path()) == good);
    CHECK(sys::read_file(sys::FdRef::cwd(), root.only_file()) != changed);
    CHECK(compiled_seccomp(profile(), root.path()) == good);
}

TEST_CASE("seccomp cache: a file or directory that others may write is not used") {
    const StateRoot root;
    (void)compiled_seccomp(profile(), root.path());
    const std::string file = root.only_file();
    SUBCASE("the file") {
        REQUIRE(::chmod(file.c_str(), 0666) == 0);
        const auto inode = sys::try_fstatat(sys::FdRef::cwd(), file)->st_ino;
        CHECK(compiled_seccomp(profile(), root.path()) == container::compile_seccomp(profile()));
        CHECK(sys::try_fstatat(sys::FdRef::cwd(), file)->st_ino != inode);
    }
    SUBCASE("the directory") {
        damage(file);
        const std::string changed = sys::read_file(sys::FdRef::cwd(), file);
        REQUIRE(::chmod(root.cache_path().c_str(), 0777) == 0);
        CHECK(compiled_seccomp(profile(), root.path()) == container::compile_seccomp(profile()));
        CHECK(sys::read_file(sys::FdRef::cwd(), file) == changed);
    }
}

TEST_CASE("seccomp cache: a symlink in the place of the file is not followed") {
    const StateRoot root;
    (void)compiled_seccomp(profile(), root.path());
    const std::string file = root.only_file();
    const std::string elsewhere = root.path() + "/elsewhere";
    REQUIRE(::rename(file.c_str(), elsewhere.c_str()) == 0);
    sys::symlinkat(elsewhere, sys::FdRef::cwd(), file);
    damage(elsewhere);

    CHECK(compiled_seccomp(profile(), root.path()) == container::compile_seccomp(profile()));
    sys::unlinkat(sys::FdRef::cwd(), elsewhere);
}

TEST_CASE("seccomp cache: without a state root the profile is just compiled") {
    const container::CompiledSeccomp expected = container::compile_seccomp(profile());

    CHECK(compiled_seccomp(profile(), "") == expected);
    CHECK(compiled_seccomp(profile(), "/nonexistent/root") == expected);
}

TEST_CASE("seccomp cache: its directory cannot be taken for a container") {
    const StateRoot root;
    (void)compiled_seccomp(profile(), root.path());

    for (const std::string& name :
         sys::list_directory(sys::open(root.path(), O_RDONLY | O_DIRECTORY))) {
        CHECK_FALSE(container::is_container_id(name));
    }
}

TEST_CASE("seccomp cache: many different programs do not stay for ever") {
    const StateRoot root;
    for (std::uint32_t i = 1; i <= 300; ++i) {
        oci::Seccomp other = profile();
        other.default_errno_ret = i;
        (void)compiled_seccomp(other, root.path());
    }

    CHECK(root.files().size() < 256);
}
