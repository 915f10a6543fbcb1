// Namespaces made ahead, on the running kernel.
#include "corun/sys/prepared_namespaces.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "forked.hpp"
#include "loopback.hpp"

#include <sched.h>
#include <sys/wait.h>

#include <cerrno>

using namespace corun;
using namespace corun::test;

namespace {

std::string own_network() {
    return sys::readlinkat(sys::FdRef::cwd(), "/proc/self/ns/net");
}

}  // namespace

TEST_CASE(
    "prepared namespaces: who joins it is in a network of its own with a loopback that is up" *
    needs_privilege(Privilege::namespaces)
) {
    CHECK(error_in_child(CLONE_NEWNET, [] {
              const std::string before = own_network();
              expect(!loopback_is_up(), "down");
              const sys::PreparedNamespaces prepared;
              expect_equal(own_network(), before);

              prepared.join();

              expect(own_network() != before, "another network");
              expect(loopback_is_up(), "up");
          }) == "");
}

TEST_CASE(
    "prepared namespaces: it outlives its maker in who has joined it" *
    needs_privilege(Privilege::namespaces)
) {
    CHECK(error_in_child(CLONE_NEWNET, [] {
              {
                  const sys::PreparedNamespaces prepared;
                  prepared.join();
              }
              expect(loopback_is_up(), "up");
              expect(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD, "no process left");
          }) == "");
}

TEST_CASE(
    "prepared namespaces: others are made beside the network, and no more than asked for" *
    needs_privilege(Privilege::namespaces)
) {
    const auto own = [](const char* name) {
        return sys::readlinkat(sys::FdRef::cwd(), std::string("/proc/self/ns/") + name);
    };
    CHECK(error_in_child(CLONE_NEWNET, [&] {
              const std::string ipc = own("ipc");
              const std::string uts = own("uts");
              const sys::PreparedNamespaces prepared(CLONE_NEWIPC);

              prepared.join();

              expect(prepared.kinds() == (CLONE_NEWNET | CLONE_NEWIPC), "kinds");
              expect(own("ipc") != ipc, "another ipc namespace");
              expect_equal(own("uts"), uts);
          }) == "");
}

TEST_CASE("prepared namespaces: one that nobody joins leaves no process") {
    { const sys::PreparedNamespaces prepared; }

    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}
