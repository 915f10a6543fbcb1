// The state root: claims, locks, and what a crash at any point leaves.
#include "corun/container/store.hpp"

#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

using namespace corun;
using namespace corun::container;
using container::testing::TemporaryRoot;

namespace {

const ContainerId kWeb("web");

std::string error_of(const auto& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

TEST_CASE("store: the root and a container's directory are private") {
    const TemporaryRoot root;
    const Store store(root.path() + "/a/state");

    ContainerDirectory directory = store.create(kWeb);

    CHECK((sys::fstat(directory.fd()).st_mode & 07777U) == 0700);
    CHECK((sys::fstat(sys::open(store.root(), O_PATH)).st_mode & 07777U) == 0700);
    CHECK(directory.path() == store.root() + "/web");
}

TEST_CASE("store: an id can be claimed once") {
    const TemporaryRoot root;
    const Store store(root.path());
    const ContainerDirectory first = store.create(kWeb);

    CHECK(error_of([&] { (void)store.create(kWeb); }) == "container with given ID already exists");
}

TEST_CASE("store: an unknown id is said not to exist in the words callers match") {
    const TemporaryRoot root;
    const Store store(root.path() + "/never-made");

    CHECK(error_of([&] { (void)store.open(kWeb); }) == "container does not exist");
    CHECK_FALSE(store.try_open(kWeb));
    CHECK(store.list().empty());
}

TEST_CASE("store: containers are listed by id, other names are not") {
    const TemporaryRoot root;
    const Store store(root.path());
    (void)store.create(ContainerId("web"));
    (void)store.create(ContainerId("db"));
    sys::mkdirat(sys::open(root.path(), O_PATH), "@cache", 0700);

    CHECK(store.list() == std::vector<ContainerId>{ContainerId("db"), ContainerId("web")});
}

TEST_CASE("store: what was saved last is loaded") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);
    CHECK_FALSE(directory.load());

    Record record;
    record.bundle = "/one";
    directory.save(record);
    record.bundle = "/two";
    directory.save(record);

    CHECK(store.open(kWeb).load().value().bundle == "/two");
}

TEST_CASE("store: it is told whether another has added a record") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);
    directory.save(Record{.bundle = "/one"});
    directory.save(Record{.bundle = "/two"});
    CHECK(directory.is_as_saved());
    const ContainerDirectory moved = std::move(directory);
    CHECK(moved.is_as_saved());

    store.open(kWeb).save(Record{.bundle = "/another's"});

    CHECK_FALSE(moved.is_as_saved());
}

TEST_CASE("store: a save that was killed half way does not disturb the next") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);
    directory.save(Record{.bundle = "/old"});
    sys::append_to_file(directory.fd(), "state.json", "\n{\"format\":", 0600);

    CHECK(directory.load().value().bundle == "/old");
    directory.save(Record{.bundle = "/new"});
    CHECK(directory.load().value().bundle == "/new");
}

TEST_CASE("store: a first save that was killed half way counts as none") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);
    for (const char* half : {"", "\n", "{\"format\":1,"}) {
        sys::append_to_file(directory.fd(), "state.json", half, 0600);
        CHECK_FALSE(directory.load().has_value());
    }

    directory.save(Record{.bundle = "/new"});
    CHECK(directory.load().value().bundle == "/new");
}

TEST_CASE("store: a damaged record is an error that names the container") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);
    sys::append_to_file(directory.fd(), "state.json", "{}\n", 0600);

    CHECK(error_of([&] { (void)directory.load(); }).starts_with("read state of 'web': "));
}

TEST_CASE("store: the configuration is kept beside the record") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);

    directory.save_config("{\"a\":1}");

    CHECK(store.open(kWeb).load_config() == "{\"a\":1}");
}

TEST_CASE("store: a new container is locked for others until it is let go") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory mine = store.create(kWeb);
    ContainerDirectory theirs = store.open(kWeb);

    CHECK(theirs.is_busy());
    CHECK_FALSE(mine.is_busy());
    CHECK_FALSE(theirs.try_lock());
    mine.unlock();
    CHECK_FALSE(theirs.is_busy());
    CHECK(theirs.try_lock());
    CHECK(mine.is_busy());
}

TEST_CASE("store: a child's copy of the descriptor does not keep the lock") {
    const TemporaryRoot root;
    const Store store(root.path());
    std::optional<ContainerDirectory> mine(store.create(kWeb));
    const container::testing::Sleeper child;

    mine.reset();

    CHECK_FALSE(store.open(kWeb).is_busy());
}

TEST_CASE("store: a removed directory is gone with all that is in it") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory directory = store.create(kWeb);
    directory.save(Record());
    directory.save_config("{}");
    sys::mkdirat(directory.fd(), "notify", 0755);
    sys::symlinkat(root.path(), directory.fd(), "notify/link");

    directory.remove();

    CHECK_FALSE(exists(root.path() + "/web"));
    CHECK(exists(root.path()));
    CHECK(directory.is_gone());
}

TEST_CASE("store: a directory without a record, left by a killed create, can be removed") {
    const TemporaryRoot root;
    const Store store(root.path());
    (void)store.create(kWeb);

    ContainerDirectory left_over = store.open(kWeb);
    left_over.lock();
    left_over.remove();

    CHECK_FALSE(store.try_open(kWeb));
}

TEST_CASE("store: who gets the lock of a directory that was deleted meanwhile is told") {
    const TemporaryRoot root;
    const Store store(root.path());
    ContainerDirectory mine = store.create(kWeb);
    ContainerDirectory late = store.open(kWeb);

    mine.remove();
    mine.unlock();

    CHECK(error_of([&] { late.lock(); }) == "container does not exist");
    CHECK(error_of([&] { (void)late.try_lock(); }) == "container does not exist");
}

TEST_CASE("store: the default root is root's, unless root is so only inside") {
    const auto choose = [](uid_t uid, bool inside, const char* user, const char* runtime_dir) {
        return default_root({
            .effective_uid = uid,
            .in_user_namespace = inside,
            .user = user,
            .xdg_runtime_dir = runtime_dir,
        });
    };
    CHECK(choose(0, false, "root", "/run/user/0") == "/run/corun");
    CHECK(choose(0, false, "", "/run/user/0") == "/run/corun");
    CHECK(choose(0, true, "root", "/run/user/0") == "/run/corun");
    CHECK(choose(0, true, "alice", "/run/user/1000") == "/run/user/1000/corun");
    CHECK(choose(1000, false, "alice", "/run/user/1000") == "/run/user/1000/corun");
    CHECK(choose(1000, false, "alice", "") == "/run/corun");
}
