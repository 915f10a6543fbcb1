// Running a program of the host: hooks, newuidmap, ps. The child shares the parent's memory until
// it has executed, as with vfork(2), so the cost does not grow with the parent's memory.
// Parent side, and in a container's child for its hooks: then all three streams must be given, as
// /dev/null is a path there that a rootfs decides on. (R3)
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <optional>
#include <string>
#include <vector>

namespace corun::sys {

/// Whose session and process group the program runs in.
enum class Session { of_caller, own };

/// What becomes of the program when its parent dies first. `of_caller`: it is killed
/// (PR_SET_PDEATHSIG(2const)), though not what it has started itself, nor once it has executed a
/// set-user-ID program.
enum class Lifetime { its_own, of_caller };

/// What to run. Descriptors are lent for the call; all others are closed in the program.
struct SpawnRequest {
    std::string path;                      // absolute: nothing is searched for
    std::vector<std::string> arguments;    // with argv[0]; empty: the path alone
    std::vector<std::string> environment;  // all of it
    std::string directory;                 // working directory; empty: the caller's
    std::optional<FdRef> standard_input;   // absent, here and below: /dev/null
    std::optional<FdRef> standard_output;
    std::optional<FdRef> standard_error;
    Session session = Session::of_caller;
    Lifetime lifetime = Lifetime::its_own;
};

/// Starts the program, with all signals at their defaults and none blocked. Throws
/// `exec("/path"): cause` if it cannot be executed; then no child is left.
[[nodiscard]] Pidfd spawn(const SpawnRequest& request);

/// Signals all of the process group that `leader` leads. Only while `leader` has not been reaped:
/// until then its number is not given to another. False when nobody is left in it.
bool signal_process_group(const Pidfd& leader, int signal);

/// The environment of this process, for programs that get it unchanged.
[[nodiscard]] std::vector<std::string> current_environment();

/// Absolute path of an executable `name` in the directories of $PATH (or of the system's default);
/// nothing if there is none. Relative entries of $PATH are passed over.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);

}  // namespace corun::sys
