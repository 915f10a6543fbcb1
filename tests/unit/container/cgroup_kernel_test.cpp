// Cgroups on the running kernel, in a subtree of the test's own that is gone at the end. What needs
// root or a controller is skipped, and says so, where that is missing. On a hybrid host:
//     unshare -m sh -c 'mount -t cgroup2 none /sys/fs/cgroup && unit-tests -tc="cgroup kernel*"'
#include "corun/async/child_exit.hpp"
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace corun;
using namespace corun::container;
using namespace std::chrono_literals;

namespace {

/// Far longer than anything here takes.
constexpr auto kLimit = 20s;

/// A cgroup subtree for one test case; whatever is left in it at the end is killed and removed.
class Subtree {
public:
    Subtree() {
        if (::geteuid() != 0) {
            MESSAGE("skipped: needs root");
            return;
        }
        try {
            hierarchy_.emplace(find_cgroup_hierarchy());
            top_.emplace(Cgroup::create(*hierarchy_, concat("/corun-unit-", ::getpid())));
        } catch (const Error& error) {
            top_.reset();
            MESSAGE("skipped: no writable cgroup2 hierarchy: ", std::string(error.what()));
        }
    }

    Subtree(const Subtree&) = delete;
    Subtree& operator=(const Subtree&) = delete;
    Subtree(Subtree&&) = delete;
    Subtree& operator=(Subtree&&) = delete;

    ~Subtree() {
        if (top_) {
            top_->kill();
            loop.run(top_->remove(kLimit));
        }
    }

    [[nodiscard]] bool missing() const { return !top_; }

    /// As missing(), also where the kernel or the hierarchy lacks a controller.
    [[nodiscard]] bool lacks(std::string_view controller) const {
        if (missing()) {
            return true;
        }
        const std::string all = sys::read_file(hierarchy_->directory, "cgroup.controllers");
        for (const std::string_view one : split(trim(all), ' ')) {
            if (one == controller) {
                return false;
            }
        }
        MESSAGE("skipped: no controller '", std::string(controller), "' in this hierarchy");
        return true;
    }

    [[nodiscard]] const CgroupHierarchy& hierarchy() const { return *hierarchy_; }

    [[nodiscard]] std::string path(std::string_view below) const {
        return concat(top_->path(), "/", below);
    }

    [[nodiscard]] Cgroup create(std::string_view below) const {
        return Cgroup::create(*hierarchy_, path(below));
    }

    [[nodiscard]] bool has(std::string_view below) const {
        return Cgroup::try_open(*hierarchy_, path(below)).has_value();
    }

    async::Loop loop;

private:
    std::optional<CgroupHierarchy> hierarchy_;
    std::optional<Cgroup> top_;
};

/// A process born in `cgroup` that waits for a signal; killed and reaped at the end of the scope.
sys::ChildGuard sleeper_in(const Cgroup& cgroup) {
    sys::Cloned cloned = sys::clone3(0, cgroup.directory());
    if (cloned.in_child()) {
        while (true) {
            ::pause();
        }
    }
    return sys::ChildGuard(std::move(cloned.process));
}

/// As sleeper_in(), once it has used 4 MiB of memory.
sys::ChildGuard hungry_sleeper_in(const Cgroup& cgroup) {
    sys::Pipe ready = sys::make_pipe();
    sys::Cloned cloned = sys::clone3(0, cgroup.directory());
    if (cloned.in_child()) {
        constexpr std::size_t kSize = std::size_t{4} << 20U;
        void* memory = ::mmap(
            nullptr,
            kSize,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
            -1,
            0
        );
        (void)!::write(ready.write_end.ref().number(), memory, 1);  // the parent's read tells
        while (true) {
            ::pause();
        }
    }
    sys::ChildGuard child(std::move(cloned.process));
    char byte = 0;
    REQUIRE(sys::read_some(ready.read_end, &byte, 1) == 1);
    return child;
}

/// Exit code of `body` run in a process of `cgroup`.
template <class Body>
int exit_code_in(const Cgroup& cgroup, Body body) {
    sys::Cloned cloned = sys::clone3(0, cgroup.directory());
    if (cloned.in_child()) {
        ::_exit(body());
    }
    return cloned.process.wait().code;
}

std::string value_of(const Cgroup& cgroup, const std::string& file) {
    return std::string(trim(sys::read_file(cgroup.directory(), file)));
}

/// The text of the error `body` throws, or "no error".
template <class Body>
std::string error_of(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cgroup kernel: create makes the missing directories and a child is born in it") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }

    const Cgroup cgroup = tree.create("a/b");
    const sys::ChildGuard child = sleeper_in(cgroup);

    CHECK(cgroup.path() == tree.path("a/b"));
    CHECK(cgroup.is_populated());
    CHECK(cgroup.processes() == std::vector<pid_t>{child.child().pid()});
    CHECK(try_cgroup_path_of(child.child().pid()) == cgroup.path());
}

TEST_CASE("cgroup kernel: create takes over an empty cgroup and refuses one with processes") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    const Cgroup below = tree.create("a/b");
    CHECK_NOTHROW((void)tree.create("a"));

    const sys::ChildGuard child = sleeper_in(below);

    CHECK(contains(
        error_of([&] { (void)tree.create("a"); }),
        "container's cgroup is not empty: 1 process(es) found"
    ));
    CHECK(tree.has("a/b"));
}

TEST_CASE("cgroup kernel: create refuses a frozen cgroup, be it empty") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    tree.loop.run(cgroup.freeze(kLimit));

    const std::string error = error_of([&] { (void)tree.create("a"); });
    tree.loop.run(cgroup.thaw(kLimit));

    CHECK(contains(error, "container's cgroup unexpectedly frozen"));
    CHECK_NOTHROW((void)tree.create("a"));
}

TEST_CASE("cgroup kernel: the root is refused as a container's cgroup") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }

    CHECK(contains(
        error_of([&] { (void)Cgroup::create(tree.hierarchy(), "/.."); }),
        "container's cgroup is not empty"
    ));
}

TEST_CASE("cgroup kernel: a create that fails removes what it made, and only that") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    const Cgroup kept = tree.create("kept");

    // The one name that cgroups refuse: it would break the lines of /proc/PID/cgroup.
    const std::string error = error_of([&] { (void)tree.create("kept/made/a\nb"); });

    CHECK(contains(error, "Invalid argument (EINVAL)"));
    CHECK_FALSE(tree.has("kept/made"));
    CHECK(tree.has("kept"));
}

TEST_CASE("cgroup kernel: remove_created removes the directories that create made") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    const Cgroup kept = tree.create("kept");

    tree.create("kept/made/leaf").remove_created();
    tree.create("kept").remove_created();

    CHECK_FALSE(tree.has("kept/made"));
    CHECK(tree.has("kept"));
}

TEST_CASE("cgroup kernel: try_open finds what is there and nothing else") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    const Cgroup cgroup = tree.create("a/b");

    CHECK_FALSE(Cgroup::try_open(tree.hierarchy(), tree.path("absent")).has_value());
    CHECK(Cgroup::try_open(tree.hierarchy(), tree.path("a"))->path() == tree.path("a"));
}

TEST_CASE("cgroup kernel: try_open_below stays below") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    const Cgroup cgroup = tree.create("a");
    const Cgroup below = tree.create("a/b");

    CHECK(cgroup.try_open_below("b")->path() == tree.path("a/b"));
    CHECK(cgroup.try_open_below("/b/../b/")->path() == tree.path("a/b"));
    CHECK(cgroup.try_open_below("")->path() == tree.path("a"));
    CHECK_FALSE(cgroup.try_open_below("absent").has_value());
    for (const char* escape : {"..", "b/../..", "../a", "../../a/b", "/../a"}) {
        CAPTURE(escape);
        CHECK(contains(
            error_of([&] { (void)cgroup.try_open_below(escape); }), " is not a sub cgroup path"
        ));
    }
}

TEST_CASE("cgroup kernel: freeze stops the processes and thaw lets them go") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    const sys::ChildGuard child = sleeper_in(tree.create("a/b"));

    CHECK_FALSE(cgroup.is_frozen());
    tree.loop.run(cgroup.freeze(kLimit));
    CHECK(cgroup.is_frozen());
    tree.loop.run(cgroup.thaw(kLimit));
    CHECK_FALSE(cgroup.is_frozen());
}

namespace {

/// In a child: touches, from within the kernel, memory that userfaultfd(2) never fills. The freezer
/// cannot reach it there. A second process tells through `ready` that it got there. Returns errno.
int wait_in_the_kernel(sys::FdRef ready) {
    const long faults = ::syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {};
    api.api = UFFD_API;
    if (faults < 0 || ::ioctl(static_cast<int>(faults), UFFDIO_API, &api) < 0) {
        return errno;
    }
    constexpr std::size_t kSize = 65536;
    void* memory =
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {};
    range.range.start = reinterpret_cast<std::uintptr_t>(memory);
    range.range.len = kSize;
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (::ioctl(static_cast<int>(faults), UFFDIO_REGISTER, &range) < 0) {
        return errno;
    }
    if (::fork() == 0) {
        struct uffd_msg message = {};
        if (::read(static_cast<int>(faults), &message, sizeof message) > 0) {
            (void)!::write(ready.number(), "x", 1);  // the parent's read tells
        }
        ::_exit(0);
    }
    // A pipe of its own: the write holds the pipe's lock for ever.
    const sys::Pipe pipe = sys::make_pipe();
    (void)!::write(pipe.write_end.ref().number(), memory, 1);  // never returns
    return 0;
}

}  // namespace

TEST_CASE("cgroup kernel: a freeze that does not end in time leaves nothing frozen") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    sys::Pipe ready = sys::make_pipe();
    sys::Cloned cloned = sys::clone3(0, cgroup.directory());
    if (cloned.in_child()) {
        ::_exit(wait_in_the_kernel(ready.write_end));
    }
    const sys::ChildGuard child(std::move(cloned.process));
    ready.write_end.reset();
    char byte = 0;
    if (sys::read_some(ready.read_end, &byte, 1) == 0) {
        MESSAGE("skipped: no userfaultfd(2), and so no process that cannot be frozen");
        return;
    }

    const std::string error = error_of([&] { tree.loop.run(cgroup.freeze(50ms)); });

    CHECK(contains(error, "freeze cgroup '" + cgroup.path() + "'"));
    CHECK(contains(error, "(ETIMEDOUT)"));
    CHECK(value_of(cgroup, "cgroup.freeze") == "0");
}

TEST_CASE("cgroup kernel: thaw under a frozen ancestor names it") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup above = tree.create("a");
    Cgroup cgroup = tree.create("a/b");
    tree.loop.run(above.freeze(kLimit));

    const std::string error = error_of([&] { tree.loop.run(cgroup.thaw(10ms)); });
    tree.loop.run(above.thaw(kLimit));

    CHECK(contains(error, "its ancestor '" + above.path() + "' is frozen"));
}

TEST_CASE("cgroup kernel: kill ends every process below, frozen ones too") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    const sys::ChildGuard first = sleeper_in(tree.create("a/b"));
    tree.loop.run(cgroup.freeze(kLimit));

    cgroup.kill();

    const sys::ExitStatus status = tree.loop.run(async::exit_of(first.child()));
    CHECK(status.signal == SIGKILL);
    tree.loop.run(cgroup.wait_until_empty(kLimit));
    CHECK_FALSE(cgroup.is_populated());
    tree.loop.run(cgroup.thaw(kLimit));
}

TEST_CASE("cgroup kernel: wait_until_empty ends with the last process, not before") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    const sys::ChildGuard child = sleeper_in(cgroup);

    const std::string error = error_of([&] { tree.loop.run(cgroup.wait_until_empty(10ms)); });
    cgroup.kill();
    tree.loop.run(cgroup.wait_until_empty(kLimit));

    CHECK(contains(error, concat("still has 1 process(es): ", child.child().pid())));
    CHECK(contains(error, "(ETIMEDOUT)"));
    CHECK_FALSE(cgroup.is_populated());
}

TEST_CASE("cgroup kernel: remove waits for killed processes and takes the cgroups below along") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    (void)tree.create("a/b/c");
    (void)tree.create("a/d");
    const sys::ChildGuard first = sleeper_in(cgroup);
    const sys::ChildGuard second = sleeper_in(tree.create("a/b/e"));

    cgroup.kill();
    tree.loop.run(cgroup.remove(kLimit));

    CHECK_FALSE(tree.has("a"));
}

TEST_CASE("cgroup kernel: remove of a cgroup in use names the processes and removes nothing") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    const sys::ChildGuard child = sleeper_in(cgroup);

    const std::string error = error_of([&] { tree.loop.run(cgroup.remove(10ms)); });

    CHECK(contains(error, concat("with 1 process(es): ", child.child().pid())));
    CHECK(tree.has("a"));
}

TEST_CASE("cgroup kernel: what is gone is empty, thawed, dead and removed") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    tree.loop.run(cgroup.remove(kLimit));

    CHECK_NOTHROW(tree.loop.run(cgroup.remove(kLimit)));
    CHECK_NOTHROW(tree.loop.run(cgroup.wait_until_empty(kLimit)));
    CHECK_NOTHROW(cgroup.kill());
    CHECK_FALSE(cgroup.is_populated());
    CHECK_FALSE(cgroup.is_frozen());
    CHECK(cgroup.processes().empty());
}

TEST_CASE("cgroup kernel: a tree deeper than descriptors allow is walked and removed") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("deep");
    constexpr int kDepth = 1500;
    sys::UniqueFd here = sys::openat(cgroup.directory(), ".", O_PATH | O_DIRECTORY);
    for (int i = 0; i < kDepth; ++i) {
        sys::mkdirat(here, "d", 0755);
        here = sys::openat(here, "d", O_PATH | O_DIRECTORY);
    }
    sys::Cloned cloned = sys::clone3(0, here);
    if (cloned.in_child()) {
        while (true) {
            ::pause();
        }
    }
    const sys::ChildGuard child(std::move(cloned.process));

    CHECK(cgroup.processes() == std::vector<pid_t>{child.child().pid()});
    cgroup.kill();
    tree.loop.run(cgroup.remove(kLimit));
    CHECK_FALSE(tree.has("deep"));
}

TEST_CASE("cgroup kernel: delegation gives away the directory and its files, not the limits") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    constexpr uid_t kOwner = 1234;

    cgroup.delegate_to(kOwner);

    const auto owner_of = [&](const std::string& file) {
        return sys::try_fstatat(cgroup.directory(), file)->st_uid;
    };
    CHECK(owner_of(".") == kOwner);
    CHECK(owner_of("cgroup.procs") == kOwner);
    CHECK(owner_of("cgroup.subtree_control") == kOwner);
    CHECK(owner_of("cgroup.threads") == kOwner);
    CHECK(owner_of("cgroup.freeze") == 0);
    CHECK(owner_of("cgroup.max.depth") == 0);
}

TEST_CASE("cgroup kernel: a controller nobody has is an error that names it") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.unified["nonsense.max"] = "1";

    const std::string error = error_of([&] { cgroup.apply(resources); });

    CHECK(contains(
        error,
        "/linux/resources/unified/nonsense.max: controller 'nonsense' is not available: '" +
            tree.hierarchy().mount_point + "/cgroup.controllers' has "
    ));
}

TEST_CASE("cgroup kernel: core files of unified need no controller") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.unified["cgroup.max.descendants"] = "3";

    cgroup.apply(resources);

    CHECK(value_of(cgroup, "cgroup.max.descendants") == "3");
}

TEST_CASE("cgroup kernel: limits enable their controllers all the way down") {
    Subtree tree;
    if (tree.lacks("pids") || tree.lacks("memory") || tree.lacks("cpu")) {
        return;
    }
    Cgroup cgroup = tree.create("x/y/z");
    oci::Resources resources;
    resources.pids.limit = 10;
    resources.memory = {.limit = 64 << 20, .reservation = 32 << 20, .swap = 64 << 20};
    resources.cpu = {.shares = 2048, .quota_us = 20000, .burst_us = 1000, .period_us = 50000};

    cgroup.apply(resources);

    CHECK(value_of(cgroup, "pids.max") == "10");
    CHECK(value_of(cgroup, "memory.max") == "67108864");
    CHECK(value_of(cgroup, "memory.low") == "33554432");
    CHECK(value_of(cgroup, "cpu.weight") == "174");
    CHECK(value_of(cgroup, "cpu.max") == "20000 50000");
    CHECK(value_of(cgroup, "cpu.max.burst") == "1000");
}

TEST_CASE("cgroup kernel: a quota below the old burst is applied with its smaller burst") {
    Subtree tree;
    if (tree.lacks("cpu")) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.cpu = {.quota_us = 20000, .burst_us = 15000, .period_us = 50000};
    cgroup.apply(resources);

    resources.cpu = {.quota_us = 10000, .burst_us = 5000, .period_us = 50000};
    cgroup.apply(resources);
    CHECK(value_of(cgroup, "cpu.max") == "10000 50000");
    CHECK(value_of(cgroup, "cpu.max.burst") == "5000");

    resources.cpu = {.quota_us = 30000, .burst_us = 25000, .period_us = 50000};
    cgroup.apply(resources);
    CHECK(value_of(cgroup, "cpu.max.burst") == "25000");
}

TEST_CASE("cgroup kernel: idle and back, with shares") {
    Subtree tree;
    if (tree.lacks("cpu")) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.cpu = {.shares = 2048, .idle = 1};
    cgroup.apply(resources);
    CHECK(value_of(cgroup, "cpu.idle") == "1");

    resources.cpu.idle = 0;
    cgroup.apply(resources);
    CHECK(value_of(cgroup, "cpu.idle") == "0");
    CHECK(value_of(cgroup, "cpu.weight") == "174");
}

TEST_CASE("cgroup kernel: a pids limit of 0 lets one process in, which cannot fork") {
    Subtree tree;
    if (tree.lacks("pids")) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.pids.limit = 0;

    cgroup.apply(resources);

    const int fork_errno = exit_code_in(cgroup, [] { return ::fork() < 0 ? errno : 0; });
    CHECK(fork_errno == EAGAIN);
}

TEST_CASE("cgroup kernel: checkBeforeUpdate refuses a limit below the usage, and writes nothing") {
    Subtree tree;
    if (tree.lacks("memory") || tree.lacks("pids")) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.memory.limit = 64 << 20;
    cgroup.apply(resources);
    const sys::ChildGuard child = hungry_sleeper_in(cgroup);

    resources.memory = {.limit = 1, .check_before_update = true};
    resources.pids.limit = 7;
    const std::string error = error_of([&] { cgroup.apply(resources); });

    CHECK(contains(error, "/linux/resources/memory/limit: limit 1 is not above the usage "));
    CHECK(value_of(cgroup, "memory.max") == "67108864");
    CHECK(value_of(cgroup, "pids.max") == "max");
}

TEST_CASE("cgroup kernel: a refused value names property, value and file") {
    Subtree tree;
    if (tree.lacks("cpu")) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.cpu = {.quota_us = 1, .period_us = 1};

    CHECK(
        error_of([&] { cgroup.apply(resources); }) ==
        concat(
            "/linux/resources/cpu/quota: write '1 1' to '",
            cgroup.host_path(),
            "/cpu.max': Invalid argument (EINVAL)"
        )
    );
}

TEST_CASE("cgroup kernel: a parent with processes cannot give controllers, and the error says so") {
    Subtree tree;
    if (tree.lacks("memory")) {
        return;
    }
    const Cgroup parent = tree.create("a");
    Cgroup cgroup = tree.create("a/b");
    const sys::ChildGuard child = sleeper_in(parent);
    oci::Resources resources;
    resources.memory.limit = 64 << 20;

    const std::string error = error_of([&] { cgroup.apply(resources); });

    CHECK(contains(
        error,
        concat(
            "/linux/resources/memory/limit: write '+memory' to '",
            parent.host_path(),
            "/cgroup.subtree_control' (it holds processes itself"
        )
    ));
    CHECK(contains(error, "(EBUSY)"));
}

TEST_CASE("cgroup kernel: enable_available_controllers gives all there are") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a/b");

    cgroup.enable_available_controllers();

    CHECK(
        value_of(cgroup, "cgroup.controllers") ==
        trim(sys::read_file(tree.hierarchy().directory, "cgroup.controllers"))
    );
}

TEST_CASE("cgroup kernel: io limits reach the device") {
    Subtree tree;
    if (tree.lacks("io")) {
        return;
    }
    const std::vector<std::string> disks =
        sys::list_directory(sys::open("/sys/block", O_RDONLY | O_DIRECTORY));
    if (disks.empty()) {
        MESSAGE("skipped: no block device");
        return;
    }
    const std::string number = std::string(
        trim(sys::read_file(sys::FdRef::cwd(), concat("/sys/block/", disks.front(), "/dev")))
    );
    const std::vector<std::string_view> parts = split(number, ':');
    Cgroup cgroup = tree.create("a");
    oci::Resources resources;
    resources.block_io.throttle_read_bps_device = {
        {.major = *parse_number<std::uint32_t>(parts.at(0)),
         .minor = *parse_number<std::uint32_t>(parts.at(1)),
         .rate = 1048576}};

    cgroup.apply(resources);

    CHECK(value_of(cgroup, "io.max") == number + " rbps=1048576 wbps=max riops=max wiops=max");
}

namespace {

/// Errno of making and opening a device node for reading in a process of `cgroup`; 0: worked.
int errno_of_opening(const Cgroup& cgroup, mode_t type, unsigned major, unsigned minor) {
    const std::string node = concat("/tmp/corun-unit-node-", ::getpid());
    const int code = exit_code_in(cgroup, [&] {
        if (::mknod(node.c_str(), type | 0600, ::makedev(major, minor)) < 0) {
            return errno;
        }
        const int fd = ::open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        return fd < 0 ? errno : 0;
    });
    ::unlink(node.c_str());
    return code;
}

/// False, with a word about it, where the kernel has no device programs.
bool install(Cgroup& cgroup, const std::vector<oci::DeviceRule>& rules) {
    try {
        cgroup.apply_devices(rules);
        return true;
    } catch (const Error& error) {
        MESSAGE("skipped: no eBPF device filter: ", std::string(error.what()));
        return false;
    }
}

constexpr oci::DeviceRule kDenyAll = {.allow = false};
constexpr oci::DeviceRule kAllowAll = {.allow = true};

}  // namespace

TEST_CASE("cgroup kernel: a denied device cannot be opened, a default one can") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    if (!install(cgroup, {kDenyAll})) {
        return;
    }

    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 1) == EPERM);   // mem
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 11) == EPERM);  // kmsg
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 3) == 0);       // null
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 9) == 0);       // urandom
}

TEST_CASE("cgroup kernel: an allowed device can be opened beside denied ones") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    const oci::DeviceRule kmsg = {
        .allow = true,
        .type = oci::CgroupDeviceType::character,
        .major = 1,
        .minor = 11,
        .access = oci::kDeviceRead};
    if (!install(cgroup, {kDenyAll, kmsg})) {
        return;
    }

    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 11) == 0);
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 1) == EPERM);
}

TEST_CASE("cgroup kernel: making a node of a denied device is allowed, as in runc") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    if (!install(cgroup, {kDenyAll})) {
        return;
    }

    const std::string node = concat("/tmp/corun-unit-node-", ::getpid());
    const int made = exit_code_in(cgroup, [&] {
        return ::mknod(node.c_str(), S_IFBLK | 0600, ::makedev(8, 0)) < 0 ? errno : 0;
    });
    ::unlink(node.c_str());
    CHECK(made == 0);
}

TEST_CASE("cgroup kernel: a later filter replaces the earlier one, of another command too") {
    Subtree tree;
    if (tree.missing()) {
        return;
    }
    Cgroup cgroup = tree.create("a");
    if (!install(cgroup, {kDenyAll})) {
        return;
    }
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 11) == EPERM);

    Cgroup again = *Cgroup::try_open(tree.hierarchy(), tree.path("a"));
    again.apply_devices({kDenyAll, {.allow = true, .type = oci::CgroupDeviceType::character}});
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 11) == 0);

    again.apply_devices({kDenyAll});
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 11) == EPERM);

    again.apply_devices({kAllowAll});
    CHECK(errno_of_opening(cgroup, S_IFCHR, 1, 11) == 0);
}
