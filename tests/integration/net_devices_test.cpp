// runtime-spec 1.3 config-linux#network-devices: interfaces of the host that a container gets.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace corun::test;

namespace {

void ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    const Result result = run(words);
    if (result.exit_code != 0) {
        throw HarnessError(result.err);
    }
}

/// A pair of interfaces in the test's network namespace. One that was moved goes with its new one,
/// and takes the other along.
class Veth {
public:
    Veth()
        : name_(corun::concat("ct", ::getpid(), "a")), peer_(corun::concat("ct", ::getpid(), "b")) {
        ip({"link", "add", name_, "type", "veth", "peer", "name", peer_});
        ip({"link", "set", peer_, "up"});
    }

    Veth(const Veth&) = delete;
    Veth& operator=(const Veth&) = delete;
    Veth(Veth&&) = delete;
    Veth& operator=(Veth&&) = delete;

    ~Veth() { (void)run({"ip", "link", "del", peer_}); }  // gone already is what is wanted

    [[nodiscard]] const std::string& name() const { return name_; }

    void add_address(const std::string& address) const {
        ip({"addr", "add", address, "dev", name_});
    }

    [[nodiscard]] bool is_here() const { return run({"ip", "link", "show", name_}).exit_code == 0; }

private:
    std::string name_;
    std::string peer_;
};

Bundle& show_interfaces(Bundle& bundle) {
    return bundle.args({"busybox", "ip", "addr"});
}

}  // namespace

TEST_CASE("net devices: one comes with its addresses and is up" * needs(Capability::veth)) {
    Runtime runtime;
    const Veth veth;
    veth.add_address("192.0.2.7/24");
    veth.add_address("2001:db8::7/64");
    Bundle bundle;
    show_interfaces(bundle).linux_section()["netDevices"] = {{veth.name(), Json::object()}};

    const Result result = runtime.run(bundle);

    INFO(result.err);
    CHECK(contains(result.out, veth.name()));
    CHECK(contains(result.out, "inet 192.0.2.7/24"));
    CHECK(contains(result.out, "inet6 2001:db8::7/64"));
    CHECK(contains(result.out, ",UP"));
    CHECK_FALSE(veth.is_here());
}

TEST_CASE("net devices: one gets another name" * needs(Capability::veth)) {
    Runtime runtime;
    const Veth veth;
    veth.add_address("192.0.2.7/24");
    Bundle bundle;
    show_interfaces(bundle).linux_section()["netDevices"] = {{veth.name(), {{"name", "uplink"}}}};

    const std::string out = runtime.run(bundle).out;

    CHECK(contains(out, "uplink@"));
    CHECK(contains(out, "inet 192.0.2.7/24"));
    CHECK_FALSE(contains(out, veth.name()));
}

TEST_CASE("net devices: the kernel fills in a template" * needs(Capability::veth)) {
    Runtime runtime;
    const Veth veth;
    Bundle bundle;
    show_interfaces(bundle).linux_section()["netDevices"] = {{veth.name(), {{"name", "net%d"}}}};

    CHECK(contains(runtime.run(bundle).out, "net0@"));
}

TEST_CASE("net devices: they are there for a user namespace too" * needs(Capability::veth)) {
    Runtime runtime;
    const Veth veth;
    veth.add_address("192.0.2.7/24");
    Bundle bundle;
    show_interfaces(bundle).map_ids(100000, 65536).linux_section()["netDevices"] = {
        {veth.name(), {{"name", "eth0"}}}};

    const Result result = runtime.run(bundle);

    INFO(result.err);
    CHECK(contains(result.out, "eth0@"));
    CHECK(contains(result.out, "inet 192.0.2.7/24"));
}

TEST_CASE("net devices: they are moved into a namespace that is joined" * needs(Capability::veth)) {
    Runtime runtime;
    const Veth veth;
    Bundle sandbox;
    Container holder = runtime.run_detached(sandbox.args({"probe", "pause"}));
    holder.wait_for_output("ready");
    Bundle bundle;
    show_interfaces(bundle)
        .join_namespace("network", corun::concat("/proc/", holder.pid(), "/ns/net"))
        .linux_section()["netDevices"] = {{veth.name(), {{"name", "eth0"}}}};

    CHECK(contains(runtime.run(bundle).out, "eth0@"));

    CHECK(contains(holder.exec({"busybox", "ip", "link"}).out, "eth0@"));
    runtime.expect_success({"delete", "--force", holder.id()});
}

TEST_CASE(
    "net devices: a name that is taken is an error, and nothing is moved" * needs(Capability::veth)
) {
    Runtime runtime;
    const Veth veth;
    Bundle bundle;
    show_interfaces(bundle).linux_section()["netDevices"] = {{veth.name(), {{"name", "lo"}}}};

    const Result result = runtime.run(bundle);

    CHECK(failed_saying(
        "/linux/netDevices/" + veth.name() + ": the container has a network device 'lo'", result
    ));
    CHECK(veth.is_here());
    CHECK(runtime.leftovers().empty());
}

TEST_CASE(
    "net devices: one that does not exist is an error, and nothing is moved" *
    needs(Capability::veth)
) {
    Runtime runtime;
    const Veth veth;
    Bundle bundle;
    show_interfaces(bundle).linux_section()["netDevices"] = {
        {veth.name(), Json::object()}, {"nosuch0", Json::object()}};

    CHECK(failed_saying("/linux/netDevices/nosuch0: no such network device", runtime.run(bundle)));
    CHECK(veth.is_here());
}

TEST_CASE("net devices: the host's namespace takes none" * needs(Capability::veth)) {
    Runtime runtime;
    const Veth veth;
    Bundle bundle;
    show_interfaces(bundle)
        .join_namespace("network", "/proc/self/ns/net")
        .linux_section()["netDevices"] = {{veth.name(), Json::object()}};

    CHECK(failed_saying("network namespace is the host's", runtime.run(bundle)));
    CHECK(veth.is_here());
}

TEST_CASE(
    "net devices: they come back if the container does not come into being" *
    needs(Capability::veth)
) {
    Runtime runtime;
    const Veth veth;
    veth.add_address("192.0.2.7/24");
    Bundle bundle;
    bundle.args({"/nosuch"}).linux_section()["netDevices"] = {{veth.name(), {{"name", "eth0"}}}};

    CHECK(runtime.run(bundle).exit_code != 0);

    REQUIRE(veth.is_here());
    CHECK(contains(run({"ip", "addr", "show", veth.name()}).out, "inet 192.0.2.7/24"));
    CHECK(runtime.leftovers().empty());
}
