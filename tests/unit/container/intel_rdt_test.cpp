// Classes of service in a directory tree that stands in for resctrl: few machines have one.
#include "corun/container/intel_rdt.hpp"

#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace corun;
using namespace corun::container;

namespace {

/// A resctrl of plain files. The kernel fills each new directory by itself; here fill() does.
class FakeResctrl {
public:
    FakeResctrl() {
        make(root() + "/info");
        put(root() + "/info/last_cmd_status", "ok\n");
    }

    [[nodiscard]] std::string root() const { return directory_.path(); }

    void fill(const std::string& path, const std::string& schemata) const {
        put(path + "/schemata", schemata);
        put(path + "/tasks", "");
    }

    void empty(const std::string& path) const {
        for (const char* file : {"/schemata", "/tasks"}) {
            sys::unlinkat(sys::FdRef::cwd(), path + file);
        }
    }

    void make(const std::string& path) const { sys::make_directories(path, 0755); }

    void put(const std::string& path, const std::string& text) const {
        const sys::UniqueFd file = sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        sys::write_all(file, text);
    }

    [[nodiscard]] std::string get(const std::string& path) const {
        return sys::read_file(sys::FdRef::cwd(), path);
    }

    [[nodiscard]] bool has(const std::string& path) const {
        return sys::try_fstatat(sys::FdRef::cwd(), path).has_value();
    }

private:
    testing::TemporaryRoot directory_;
};

std::string refusal(const FakeResctrl& resctrl, const oci::IntelRdt& config) {
    try {
        (void)choose_rdt_group(resctrl.root(), config, "web");
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("intel rdt: cache comes first, then bandwidth, then other lines") {
    CHECK(
        schemata_text(
            {.l3_cache_schema = "L3:0=f",
             .mem_bw_schema = "MB:0=20",
             .schemata = {"L2:0=3", "X:1=1"}}
        ) == "L3:0=f\nMB:0=20\nL2:0=3\nX:1=1\n"
    );
    CHECK(schemata_text({.l3_cache_schema = "MB:0=9", .mem_bw_schema = "MB:0=20"}) == "MB:0=20\n");
    CHECK(schemata_text({}).empty());
}

TEST_CASE("intel rdt: values are compared as the kernel writes them") {
    const std::string_view actual = "    MB:0= 20;1=100\n    L3:0=000ff;1=FF\n";

    CHECK(has_schemata(actual, "L3:0=ff\nMB:0=20\n"));
    CHECK(has_schemata(actual, "L3:1=0ff"));
    CHECK(has_schemata(actual, ""));
    CHECK_FALSE(has_schemata(actual, "L3:0=f"));
    CHECK_FALSE(has_schemata(actual, "L3:2=ff"));
    CHECK_FALSE(has_schemata(actual, "L2:0=ff"));
}

TEST_CASE("intel rdt: a container has a group of its own unless closID names one") {
    const FakeResctrl resctrl;
    const oci::IntelRdt config{.l3_cache_schema = "L3:0=f"};
    const RdtGroup group = choose_rdt_group(resctrl.root(), config, "web");
    CHECK(group.path == resctrl.root() + "/web");
    CHECK(group.created);
    CHECK_FALSE(resctrl.has(group.path));

    make_rdt_group(group);
    resctrl.fill(group.path, "L3:0=ff\n");
    write_schemata(group, config);
    join_rdt_group(group, 42);
    CHECK(resctrl.get(group.path + "/schemata").starts_with("L3:0=f\n"));
    CHECK(resctrl.get(group.path + "/tasks") == "42");
    resctrl.empty(group.path);

    remove_rdt_group(group);
    CHECK_FALSE(resctrl.has(group.path));
    CHECK_NOTHROW(remove_rdt_group(group));
}

TEST_CASE("intel rdt: a group that was there is joined, not written and not removed") {
    const FakeResctrl resctrl;
    const std::string path = resctrl.root() + "/gold";
    resctrl.make(path);
    resctrl.fill(path, "    L3:0=00f;1=ff\n");
    const oci::IntelRdt config{.clos_id = "gold", .l3_cache_schema = "L3:0=f"};

    const RdtGroup group = choose_rdt_group(resctrl.root(), config, "web");
    make_rdt_group(group);
    write_schemata(group, config);
    join_rdt_group(group, 42);
    remove_rdt_group(group);

    CHECK_FALSE(group.created);
    CHECK(resctrl.get(path + "/schemata") == "    L3:0=00f;1=ff\n");
    CHECK(resctrl.get(path + "/tasks") == "42");
}

TEST_CASE("intel rdt: a closID must exist or be described, and be as described") {
    const FakeResctrl resctrl;
    const std::string path = resctrl.root() + "/gold";

    CHECK(
        refusal(resctrl, {.clos_id = "gold"}) ==
        "/linux/intelRdt/closID: no class of service '" + path +
            "', and no schema: No such file or directory (ENOENT)"
    );
    CHECK(refusal(resctrl, {.clos_id = "gold", .schemata = {"L3:0=1"}}) == "accepted");
    resctrl.make(path);
    resctrl.fill(path, "L3:0=f\n");
    CHECK(refusal(resctrl, {.clos_id = "gold"}) == "accepted");
    CHECK(
        refusal(resctrl, {.clos_id = "gold", .schemata = {"L3:0=1"}}) ==
        "/linux/intelRdt/closID: '" + path + "/schemata' says 'L3:0=f', not what is asked for"
    );
}

TEST_CASE("intel rdt: a group under the container's name is somebody else's") {
    const FakeResctrl resctrl;
    resctrl.make(resctrl.root() + "/web");

    CHECK(refusal(resctrl, {}).find("exists already") != std::string::npos);
}

TEST_CASE("intel rdt: monitoring has a group of the container's own in any class") {
    const FakeResctrl resctrl;
    const std::string path = resctrl.root() + "/gold";
    resctrl.make(path + "/mon_groups");
    resctrl.fill(path, "L3:0=f\n");

    const RdtGroup group =
        choose_rdt_group(resctrl.root(), {.clos_id = "gold", .enable_monitoring = true}, "web");
    make_rdt_group(group);
    CHECK(group.monitoring == path + "/mon_groups/web");
    CHECK(resctrl.has(group.monitoring));
    resctrl.fill(group.monitoring, "");
    join_rdt_group(group, 42);
    CHECK(resctrl.get(group.monitoring + "/tasks") == "42");
    resctrl.empty(group.monitoring);

    remove_rdt_group(group);
    CHECK_FALSE(resctrl.has(group.monitoring));
    CHECK(resctrl.has(path));
}

TEST_CASE("intel rdt: a refusal comes with the kernel's own words") {
    const FakeResctrl resctrl;
    const oci::IntelRdt config{.l3_cache_schema = "L3:0=5"};
    const RdtGroup group = choose_rdt_group(resctrl.root(), config, "web");
    make_rdt_group(group);  // without files: the write fails
    resctrl.put(resctrl.root() + "/info/last_cmd_status", "mask f5 has non-consecutive 1-bits\n");

    CHECK_THROWS_WITH_AS(
        write_schemata(group, config),
        ("/linux/intelRdt: write 'L3:0=5' to '" + group.path +
         "/schemata' (kernel: mask f5 has non-consecutive 1-bits): "
         "No such file or directory (ENOENT)")
            .c_str(),
        Error
    );
    remove_rdt_group(group);
}
