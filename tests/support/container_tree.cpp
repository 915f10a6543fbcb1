#include "container_tree.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/propagation.hpp"
#include "corun/setup/rootfs.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"
#include "forked.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>

namespace corun::test {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kCanaryText = "alive";

std::string listing(const fs::path& directory) {
    std::string out;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
        out += concat(entry.path().filename().string(), ";");
    }
    return out;
}

}  // namespace

ContainerTree::ContainerTree() {
    std::string pattern = fs::temp_directory_path() / "corun-setup.XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw_errno("mkdtemp", pattern);
    }
    top_ = pattern;
    fs::create_directories(top_ / "rootfs");
    fs::create_directories(top_ / "host/victim");
    const sys::UniqueFd canary = sys::open(top_ / "host/victim/canary", O_WRONLY | O_CREAT, 0644);
    sys::write_all(canary, kCanaryText);
}

ContainerTree::~ContainerTree() {
    std::error_code ignored;  // a leftover in /tmp fails no test
    fs::remove_all(top_, ignored);
}

void ContainerTree::directory(const std::string& path, unsigned mode) const {
    fs::create_directories(in_rootfs(path));
    fs::permissions(in_rootfs(path), static_cast<fs::perms>(mode));
}

void ContainerTree::file(const std::string& path, std::string_view text) const {
    fs::create_directories(in_rootfs(path).parent_path());
    sys::write_all(sys::open(in_rootfs(path), O_WRONLY | O_CREAT | O_TRUNC, 0644), text);
}

void ContainerTree::symlink(const std::string& path, const std::string& target) const {
    fs::create_directories(in_rootfs(path).parent_path());
    fs::create_symlink(target, in_rootfs(path));
}

fs::path ContainerTree::in_rootfs(const std::string& path) const {
    return top_ / "rootfs" / fs::path(path).relative_path();
}

fs::path ContainerTree::on_host(const std::string& path) const {
    return top_ / "host" / path;
}

bool ContainerTree::host_is_untouched() const {
    const fs::path canary = top_ / "host/victim/canary";
    return listing(top_ / "host") == "victim;canary;" &&
           sys::read_file(sys::FdRef::cwd(), canary) == kCanaryText &&
           fs::status(canary).permissions() == static_cast<fs::perms>(0644);
}

setup::Plan ContainerTree::plan() const {
    setup::Plan plan;
    plan.rootfs.path = top_ / "rootfs";
    plan.rootfs.source.path = plan.rootfs.path;
    plan.rootfs.source.depth = sys::Depth::recursive;
    plan.rootfs.propagation = MS_SLAVE;
    return plan;
}

std::string error_of_steps(
    std::uint64_t namespaces,
    const setup::Plan& plan,
    const std::function<void(setup::ChildContext&)>& steps
) {
    return error_in_child(namespaces, [&] {
        setup::ChildContext ctx{.plan = plan, .handshake = setup::Handshake(sys::UniqueFd())};
        setup::set_propagation(ctx);
        setup::attach_rootfs(ctx);
        steps(ctx);
    });
}

std::string read_in(const setup::ChildContext& ctx, const std::string& path) {
    return sys::read_all(ctx.root->open(path, O_RDONLY), 1U << 20U);
}

std::string mount_options_at(const std::string& path) {
    std::string options;
    const std::string mountinfo =
        sys::read_file(sys::FdRef::cwd(), "/proc/self/mountinfo", 64U << 20U);
    for (const std::string_view line : split(mountinfo, '\n')) {
        const std::vector<std::string_view> fields = split(line, ' ');
        if (fields.size() > 6 && fields[4] == path) {
            options = fields[5];
        }
    }
    return options;
}

}  // namespace corun::test
