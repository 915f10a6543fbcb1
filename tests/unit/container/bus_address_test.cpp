#include "corun/container/bus_address.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace corun;
using namespace corun::container;

namespace {

/// A user's runtime directory, with or without sockets in it.
class RuntimeDirectory {
public:
    RuntimeDirectory() {
        std::string name = "/tmp/corun-bus,XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }

    ~RuntimeDirectory() {
        const std::string command = "rm -rf '" + path_ + "'";
        (void)std::system(command.c_str());
    }

    void add(const std::string& command) const {
        REQUIRE(std::system(("cd '" + path_ + "' && " + command).c_str()) == 0);
    }

    [[nodiscard]] BusAddress find() const {
        return find_bus_address(SystemdInstance::user, {.runtime_dir = path_}, 1000);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace

TEST_CASE("bus address: what the environment says goes first") {
    const BusEnvironment environment{
        .session_bus_address = "unix:path=/s", .system_bus_address = "unix:path=/y"};

    CHECK(find_bus_address(SystemdInstance::user, environment, 0).address == "unix:path=/s");
    CHECK(find_bus_address(SystemdInstance::system, environment, 0).address == "unix:path=/y");
}

TEST_CASE("bus address: systemd's own socket serves where there is no bus") {
    const RuntimeDirectory directory;
    directory.add("mkdir systemd && touch systemd/private");

    CHECK(directory.find().is_peer);
    CHECK(directory.find().address.ends_with("/systemd/private"));

    directory.add("touch bus");

    CHECK_FALSE(directory.find().is_peer);
    CHECK(directory.find().address.ends_with("/bus"));
    CHECK(directory.find().address.starts_with("unix:path=/tmp/corun-bus%2c"));
}

TEST_CASE("bus address: without either socket the error names both") {
    const RuntimeDirectory directory;

    try {
        (void)directory.find();
        FAIL("found one");
    } catch (const Error& error) {
        const std::string text = error.what();
        CHECK(text.find(concat("'", directory.path(), "/bus'")) != std::string::npos);
        CHECK(text.find(concat("'", directory.path(), "/systemd/private'")) != std::string::npos);
        CHECK(text.find("XDG_RUNTIME_DIR") != std::string::npos);
    }
}

TEST_CASE("bus address: the bridge is given the whole address as one argument") {
    const BusAddress bridged =
        through_bridge({.address = "unix:path=/run/user/1/bus,guid=1", .is_peer = true});

    CHECK(
        bridged.address ==
        "unixexec:path=systemd-stdio-bridge,argv1=--bus-path%3d"
        "unix%3apath%3d/run/user/1/bus%2cguid%3d1"
    );
    CHECK(bridged.is_peer);
}
