// A rootfs for tests of single steps, and beside it a piece of "host" that nothing may change.
#pragma once

#include "corun/setup/plan.hpp"
#include "corun/setup/step.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace corun::test {

class ContainerTree {
public:
    ContainerTree();
    ContainerTree(const ContainerTree&) = delete;
    ContainerTree& operator=(const ContainerTree&) = delete;
    ContainerTree(ContainerTree&&) = delete;
    ContainerTree& operator=(ContainerTree&&) = delete;
    ~ContainerTree();

    /// In the rootfs.
    void directory(const std::string& path, unsigned mode = 0755) const;
    void file(const std::string& path, std::string_view text = "") const;
    void symlink(const std::string& path, const std::string& target) const;

    [[nodiscard]] std::filesystem::path in_rootfs(const std::string& path) const;

    /// In the host's part, which holds the directory `victim` with the file `canary`.
    [[nodiscard]] std::filesystem::path on_host(const std::string& path) const;

    /// True as long as the host's part is as it was made.
    [[nodiscard]] bool host_is_untouched() const;

    /// A plan whose root is the rootfs.
    [[nodiscard]] setup::Plan plan() const;

private:
    std::filesystem::path top_;
};

/// Runs `steps` in order, then `check`, in a child with new `namespaces` and the rootfs attached.
[[nodiscard]] std::string error_of_steps(
    std::uint64_t namespaces,
    const setup::Plan& plan,
    const std::function<void(setup::ChildContext&)>& steps
);

/// Text of a file below the container's root.
[[nodiscard]] std::string read_in(const setup::ChildContext& ctx, const std::string& path);

/// Mount options (field 6) of the topmost mount at `path`, as the process sees it.
[[nodiscard]] std::string mount_options_at(const std::string& path);

}  // namespace corun::test
