#include "ordinary_user.hpp"

#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <sys/stat.h>

#include <filesystem>

namespace corun::test {

namespace fs = std::filesystem;

namespace {

// $1 is the home directory; the command follows.
constexpr const char* kBecomeUser = R"(
set -e
home=$1; shift
for file in passwd group subuid subgid; do
    [ -e /etc/$file ] || : > /etc/$file
    mount --bind "$home/etc/$file" /etc/$file
done
cd "$home"
exec setpriv --reuid 64000 --regid 64000 --groups 64000,64007 --reset-env \
    env XDG_RUNTIME_DIR="$home/run" PATH="$PATH" "$@"
)";

void give_to_user(const std::string& path) {
    const Result done = test::run(
        {"chown", "-R", "--no-dereference", concat(OrdinaryUser::kId, ":", OrdinaryUser::kId), path}
    );
    if (done.exit_code != 0) {
        throw HarnessError(concat("chown ", path, ": ", done.err));
    }
}

Json id_map(unsigned container_id, unsigned host_id, unsigned size) {
    return {{"containerID", container_id}, {"hostID", host_id}, {"size", size}};
}

void map(Bundle& bundle, const Json& mappings) {
    bundle.add_namespace("user");
    bundle.linux_section()["uidMappings"] = mappings;
    bundle.linux_section()["gidMappings"] = mappings;
}

}  // namespace

OrdinaryUser::OrdinaryUser() {
    ::chmod(home().c_str(), 0755);
    fs::create_directories(directory_ / "etc");
    write_text(directory_ / "etc/passwd", "root:x:0:0::/root:/bin/sh\nuser:x:64000:64000::/:\n");
    write_text(directory_ / "etc/group", "root:x:0:\nuser:x:64000:\nextra:x:64007:user\n");
    for (const char* name : {"etc/subuid", "etc/subgid"}) {
        write_text(directory_ / name, concat("user:", kFirstSubId, ":", kSubIds, "\n"));
    }
    fs::copy_file(runtime_binary(), binary());
    ::chmod(binary().c_str(), 0755);
    fs::create_directories(runtime_directory());
    ::chmod(runtime_directory().c_str(), 0700);
    give_to_user(runtime_directory());
}

Result OrdinaryUser::run(const std::vector<std::string>& command) const {
    std::vector<std::string> words = {
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        kBecomeUser,
        "become-user",
        home()};
    words.insert(words.end(), command.begin(), command.end());
    return test::run(words);
}

Result OrdinaryUser::corun(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {binary()};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
}

Result OrdinaryUser::run_in_namespaces(
    const std::vector<std::string>& options, const std::string& bundle
) const {
    std::vector<std::string> command = {"unshare"};
    command.insert(command.end(), options.begin(), options.end());
    const std::vector<std::string> words = {binary(), "run", "--bundle", bundle, "inner"};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
}

const std::string& OrdinaryUser::own(const Bundle& bundle) const {
    const std::string& path = bundle.write();
    give_to_user(path);
    return path;
}

void map_only(Bundle& bundle) {
    map(bundle, Json::array({id_map(0, OrdinaryUser::kId, 1)}));
}

void map_all(Bundle& bundle) {
    map(bundle,
        Json::array(
            {id_map(0, OrdinaryUser::kId, 1),
             id_map(1, OrdinaryUser::kFirstSubId, OrdinaryUser::kSubIds)}
        ));
}

}  // namespace corun::test
