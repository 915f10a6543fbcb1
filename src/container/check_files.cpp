// `check`: what must be in the file system: the rootfs, the sources of mounts, device nodes, hooks,
// the program itself.
#include "corun/base/text.hpp"
#include "corun/container/check_parts.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/names.hpp"
#include "corun/oci/validate.hpp"
#include "corun/setup/environment.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/path.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

namespace corun::container {

namespace {

constexpr mode_t kAnyExecute = S_IXUSR | S_IXGRP | S_IXOTH;

/// plan_mounts() of a document that has this mount alone.
void check_mount(
    const CheckSubject& subject, const std::string& rootfs, std::size_t index, Findings& out
) {
    oci::Spec spec = subject.spec();
    spec.mounts = {subject.spec().mounts[index]};
    spec.linux_.mount_label.clear();  // has a finding of its own
    const PlanInput& all = subject.plan_input;
    const PlanInput input{
        .spec = spec,
        .privileges = all.privileges,
        .id = all.id,
        .bundle = all.bundle,
        .cgroup_directory = all.cgroup_directory,
        .seccomp_cache_root = all.seccomp_cache_root,
    };
    out.attempt(concat("/mounts/", index), [&] {
        setup::Plan plan;
        plan.rootfs.path = rootfs;
        plan_mounts(input, plan);
    });
}

/// /proc/filesystems: `nodev\ttmpfs` or `\text4`.
bool is_known_filesystem(std::string_view filesystems, const std::string& type) {
    const std::string name = type == "cgroup" ? "cgroup2" : type;
    return filesystems.empty() || filesystems.find(concat("\t", name, "\n")) != std::string::npos;
}

bool has_filesystem_type(const oci::Mount& mount) {
    const oci::ParsedMountOptions options = oci::parse_mount_options(mount.options);
    return options.bind == oci::BindKind::none && mount.type != "bind" && !options.remount;
}

void check_mounts(const CheckSubject& subject, const std::string& rootfs, Findings& out) {
    const oci::Spec& spec = subject.spec();
    const std::string filesystems =
        sys::try_read_file(sys::FdRef::cwd(), "/proc/filesystems").value_or("");
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        check_mount(subject, rootfs, i, out);
        const oci::Mount& mount = spec.mounts[i];
        if (!has_filesystem_type(mount)) {
            continue;
        }
        const std::string pointer = concat("/mounts/", i, "/type");
        if (mount.type.empty()) {
            out.add(Severity::error, pointer, "is missing, and the options do not say bind");
        } else if (!is_known_filesystem(filesystems, mount.type)) {
            out.add(
                Severity::warning,
                pointer,
                concat(
                    quote(mount.type),
                    " is not in /proc/filesystems: unless a module brings it, mounting fails"
                )
            );
        }
    }
    if (!spec.linux_.mount_label.empty()) {
        oci::Spec label_alone;
        label_alone.linux_.mount_label = spec.linux_.mount_label;
        const PlanInput input{
            .spec = label_alone,
            .privileges = subject.privileges(),
            .id = {},
            .bundle = {},
            .cgroup_directory = {},
            .seccomp_cache_root = {}};
        out.attempt("/linux/mountLabel", [&] {
            setup::Plan plan;
            plan_mounts(input, plan);
        });
    }
}

void check_hook(const oci::Hook& hook, const std::string& pointer, Findings& out) {
    struct stat status = {};
    int error_number = sys::stat_errno(hook.path, status);
    if (error_number == 0 && S_ISDIR(status.st_mode)) {
        error_number = EISDIR;
    }
    if (error_number == 0) {
        error_number = sys::execute_access_errno(hook.path);
    }
    if (error_number != 0) {
        out.add(
            Severity::error,
            concat(pointer, "/path"),
            concat(quote(hook.path), " cannot be executed: ", errno_text(error_number))
        );
    }
}

void check_hooks(const oci::Hooks& hooks, Findings& out) {
    for (const auto& [name, member] : oci::kHookNames) {
        if (name == "startContainer") {
            continue;  // looked up in the container
        }
        const std::vector<oci::Hook>& list = hooks.*member;
        for (std::size_t i = 0; i < list.size(); ++i) {
            check_hook(list[i], concat("/hooks/", name, "/", i), out);
        }
    }
}

// ---------------------------------------------------------------- in the rootfs

/// A mount of the document may cover the path: what is in the rootfs says nothing then.
bool is_below_mount(const oci::Spec& spec, const std::string& path) {
    return std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const oci::Mount& mount) {
        const std::string destination = oci::normalized_destination(mount.destination);
        return destination == "/" || oci::lies_within(path, destination);
    });
}

/// Why it cannot be executed; empty: it can, or a mount decides.
std::string obstacle_to(const sys::RootDir& root, const oci::Spec& spec, const std::string& path) {
    if (is_below_mount(spec, sys::clean_absolute(path))) {
        return {};
    }
    const std::optional<sys::UniqueFd> file = root.try_open(path, O_PATH);
    if (!file) {
        return "does not exist in the rootfs";
    }
    const mode_t mode = sys::fstat(*file).st_mode;
    if (S_ISDIR(mode)) {
        return "is a directory";
    }
    return (mode & kAnyExecute) == 0 ? "has no execute bit" : "";
}

void check_program(const sys::RootDir& root, const oci::Spec& spec, Findings& out) {
    const oci::Process& process = *spec.process;
    if (process.args.empty() || process.args.front().empty()) {
        return;
    }
    const std::string& name = process.args.front();
    if (name.find('/') != std::string::npos) {
        const std::string path = name.front() == '/' ? name : concat(process.cwd, "/", name);
        const std::string obstacle = obstacle_to(root, spec, path);
        if (!obstacle.empty()) {
            out.add(Severity::error, "/process/args/0", concat(quote(path), " ", obstacle));
        }
        return;
    }
    const std::string_view path =
        setup::find_variable(process.env, "PATH").value_or("/bin:/usr/bin");
    const std::vector<std::string_view> directories = split(path, ':');
    const bool found =
        std::any_of(directories.begin(), directories.end(), [&](std::string_view directory) {
            return obstacle_to(root, spec, concat(directory, "/", name)).empty();
        });
    if (!found) {
        out.add(
            Severity::error,
            "/process/args/0",
            concat("no executable ", quote(name), " is in the rootfs in $PATH (", path, ")")
        );
    }
}

void check_working_directory(const sys::RootDir& root, const oci::Spec& spec, Findings& out) {
    const std::string& path = spec.process->cwd;
    if (path.empty() || is_below_mount(spec, sys::clean_absolute(path))) {
        return;
    }
    const std::optional<sys::UniqueFd> directory = root.try_open(path, O_PATH);
    if (!directory) {
        out.add(Severity::note, "/process/cwd", "does not exist in the rootfs and will be made");
    } else if (!S_ISDIR(sys::fstat(*directory).st_mode)) {
        out.add(Severity::error, "/process/cwd", concat(quote(path), " is not a directory"));
    }
}

void check_container_hooks(const sys::RootDir& root, const oci::Spec& spec, Findings& out) {
    const std::vector<oci::Hook>& hooks = spec.hooks.start_container;
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        const std::string obstacle = obstacle_to(root, spec, hooks[i].path);
        if (!obstacle.empty()) {
            out.add(
                Severity::error,
                concat("/hooks/startContainer/", i, "/path"),
                concat(quote(hooks[i].path), " ", obstacle)
            );
        }
    }
}

void check_rootfs(const CheckSubject& subject, const setup::Plan& plan, Findings& out) {
    const oci::Spec& spec = subject.spec();
    const sys::RootDir root(sys::open(plan.rootfs.path, O_PATH | O_DIRECTORY));
    const auto attempt = [&](std::string_view pointer, auto check) {
        out.attempt(pointer, [&] { check(root, spec, out); });
    };
    attempt("/hooks/startContainer", check_container_hooks);
    if (spec.process) {
        attempt("/process/args/0", check_program);
        attempt("/process/cwd", check_working_directory);
    }
}

}  // namespace

void check_files(const CheckSubject& subject, Findings& out) {
    const PlanInput& input = subject.plan_input;
    const oci::Linux& config = subject.spec().linux_;
    setup::Plan plan;
    // As far as the other parts look at it; what cannot be joined has its finding.
    for (const oci::Namespace& ns : config.namespaces) {
        plan.namespaces.created |= static_cast<std::uint32_t>(ns.kind);
    }
    const bool has_rootfs = out.attempt("/root/path", [&] { plan_rootfs(input, plan); });
    check_mounts(subject, plan.rootfs.path, out);
    out.attempt("/linux/devices", [&] { plan_devices(input, plan); });
    out.attempt("/linux/maskedPaths", [&] { plan_masks(input, plan); });
    check_hooks(subject.spec().hooks, out);
    if (has_rootfs) {
        check_rootfs(subject, plan, out);
    }
}

}  // namespace corun::container
