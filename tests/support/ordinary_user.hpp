// A user who is not root, with subordinate ids of their own, as a machine with Debian's uidmap
// package has them; in a mount namespace whose /etc knows them. Needs root and newuidmap.
#pragma once

#include "bundle.hpp"
#include "proc.hpp"

#include <string>
#include <vector>

namespace corun::test {

class OrdinaryUser {
public:
    static constexpr unsigned kId = 64000;          // of the user and of their group
    static constexpr unsigned kExtraGroup = 64007;  // they are in it as well
    static constexpr unsigned kFirstSubId = 200000;
    static constexpr unsigned kSubIds = 65536;

    OrdinaryUser();

    /// Runs a command as the user, with $XDG_RUNTIME_DIR, in their home directory.
    [[nodiscard]] Result run(const std::vector<std::string>& command) const;

    /// `corun WORDS`, from a copy of the binary that the user may read.
    [[nodiscard]] Result corun(const std::vector<std::string>& words) const;

    /// `corun run`, as one who has been through `unshare OPTIONS` before.
    [[nodiscard]] Result run_in_namespaces(
        const std::vector<std::string>& options, const std::string& bundle
    ) const;

    /// Writes the bundle and gives it to the user.
    const std::string& own(const Bundle& bundle) const;

    [[nodiscard]] const std::string& home() const { return directory_.path(); }

    [[nodiscard]] std::string runtime_directory() const { return directory_ / "run"; }

    [[nodiscard]] std::string binary() const { return directory_ / "corun"; }

private:
    TempDir directory_;
};

/// In which the user alone is 0.
void map_only(Bundle& bundle);

/// In which the user is 0 and their subordinate ids follow.
void map_all(Bundle& bundle);

}  // namespace corun::test
