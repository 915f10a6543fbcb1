// runtime-spec config#mounts and config#root: what is mounted where, and that nothing lands
// outside.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <set>

using namespace corun::test;

namespace {

/// A directory of the host with a file in it, for bind mounts.
class HostDirectory {
public:
    HostDirectory() { write_text(directory_ / "file", "of the host\n"); }

    [[nodiscard]] const std::string& path() const { return directory_.path(); }

    [[nodiscard]] std::string file() const { return directory_ / "file"; }

private:
    TempDir directory_;
};

/// A tmpfs of the host at a directory of its own, unmounted at the end of the scope.
class HostMount {
public:
    explicit HostMount(const std::string& path) : path_(path) {
        ::mkdir(path_.c_str(), 0755);
        if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, nullptr) != 0) {
            throw HarnessError("cannot mount a tmpfs");
        }
    }

    HostMount(const HostMount&) = delete;
    HostMount& operator=(const HostMount&) = delete;
    HostMount(HostMount&&) = delete;
    HostMount& operator=(HostMount&&) = delete;

    ~HostMount() { ::umount2(path_.c_str(), MNT_DETACH); }

    void set_propagation(unsigned long type) const {
        if (::mount(nullptr, path_.c_str(), nullptr, type, nullptr) != 0) {
            throw HarnessError("cannot change propagation");
        }
    }

    /// Of the mount, not of the file system.
    void set_flags(unsigned long flags) const {
        const unsigned long remount = MS_REMOUNT | MS_BIND;
        if (::mount(nullptr, path_.c_str(), nullptr, remount | flags, nullptr) != 0) {
            throw HarnessError("cannot change flags");
        }
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// Thousands of mounts of the host, gone with the scope.
class ManyMounts {
public:
    explicit ManyMounts(const std::string& path) : top_(path) {
        constexpr int kMany = 3000;
        for (int i = 0; i < kMany; ++i) {
            const std::string place = corun::concat(path, "/", i);
            if (::mkdir(place.c_str(), 0755) != 0 ||
                ::mount("tmpfs", place.c_str(), "tmpfs", 0, nullptr) != 0) {
                throw HarnessError("cannot mount a tmpfs");
            }
        }
    }

private:
    HostMount top_;
};

bool has_option(std::string_view option, std::string_view options) {
    for (const std::string_view word : corun::split(options, ',')) {
        if (word == option) {
            return true;
        }
    }
    return false;
}

/// The mount at `path` as the container sees it: the output of `probe mount`.
std::string mount_seen(Bundle& bundle, const std::string& path) {
    Runtime runtime;
    bundle.args({"probe", "mount", path});
    const Result result = runtime.run(bundle);
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return result.out;
}

/// Mount point and options of each line of mountinfo.
std::vector<std::string> mounts_listed(const Result& result) {
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    std::vector<std::string> out;
    for (const std::string_view line : corun::split(result.out, '\n')) {
        const std::vector<std::string_view> fields = corun::split(line, ' ');
        if (fields.size() > 5) {
            out.push_back(corun::concat(fields[4], " ", fields[5]));
        }
    }
    return out;
}

using Flags = std::set<std::string, std::less<>>;
using ChangeBundle = std::function<void(Bundle&)>;

Bundle bundle_with_bind(
    const HostMount& source, const std::vector<std::string>& options, const ChangeBundle& change
) {
    Bundle bundle;
    bundle.directory("/mnt").mount({"/mnt", "bind", source.path(), options});
    if (change) {
        change(bundle);
    }
    return bundle;
}

/// The flags of a bind of `source` with `options`, as the container sees them.
Flags flags_bound(
    const HostMount& source,
    const std::vector<std::string>& options,
    const ChangeBundle& change = nullptr
) {
    Bundle bundle = bundle_with_bind(source, options, change);
    const std::string seen = value_of("options", mount_seen(bundle, "/mnt"));
    Flags out;
    for (const std::string_view flag : corun::split(seen, ',')) {
        out.emplace(flag);
    }
    return out;
}

std::string bind_error(
    const HostMount& source, const std::vector<std::string>& options, const ChangeBundle& change
) {
    Bundle bundle = bundle_with_bind(source, options, change);
    Runtime runtime;
    bundle.args({"true"});
    return runtime.run(bundle).err;
}

}  // namespace

TEST_CASE("root: a read-only root cannot be written") {
    Runtime runtime;
    Bundle bundle;
    bundle.readonly_root().args({"probe", "try-write", "/new", ",", "try-mkdir", "/etc/new"});

    const Result result = runtime.run(bundle);

    CHECK(has_line("write /new: EROFS", result.out));
    CHECK(has_line("mkdir /etc/new: EROFS", result.out));
}

TEST_CASE("root: a writable root is written in the bundle") {
    Runtime runtime;
    Bundle bundle;
    bundle.writable_root().args({"probe", "try-write", "/new", "content"});

    const Result result = runtime.run(bundle);

    CHECK(has_line("write /new: ok", result.out));
    CHECK(read_text(bundle.in_rootfs("/new")) == "content");
}

TEST_CASE("root: the host's root cannot be seen from the container's") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.args({"probe", "stat", host.file(), ",", "stat", "/../../../../.." + host.file()});

    const Result result = runtime.run(bundle);

    CHECK(contains(result.out, host.file() + ": ENOENT"));
    CHECK_FALSE(contains(result.out, ": file"));
}

TEST_CASE("root: a root that is absent is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.json()["root"]["path"] = "nowhere";
    bundle.args({"true"});

    CHECK(failed_saying("nowhere", runtime.run(bundle)));
}

TEST_CASE("root: a relative path is relative to the bundle, an absolute one is not") {
    Runtime runtime;
    Bundle bundle;
    bundle.json()["root"]["path"] = bundle.in_rootfs("");
    bundle.args({"probe", "exit", "3"});

    CHECK(runtime.run(bundle).exit_code == 3);
}

TEST_CASE("root: rootfsPropagation is that of the container's root") {
    if (!is_corun()) {
        return;  // runc and crun differ
    }
    for (const auto& [word, seen] : std::vector<std::pair<std::string, std::string>>{
             {"private", ""}, {"shared", "shared:"}, {"unbindable", "unbindable"}}) {
        INFO(word);
        Bundle bundle;
        bundle.linux_section()["rootfsPropagation"] = word;

        CHECK(contains(value_of("propagation", mount_seen(bundle, "/")), seen));
    }
}

TEST_CASE("mounts: the default ones are there with their options") {
    Runtime runtime;
    Bundle bundle;
    bundle.args(
        {"probe",
         "mount",
         "/proc",
         ",",
         "mount",
         "/dev",
         ",",
         "mount",
         "/dev/pts",
         ",",
         "mount",
         "/dev/shm",
         ",",
         "mount",
         "/dev/mqueue",
         ",",
         "mount",
         "/sys"}
    );

    const Result result = runtime.run(bundle);

    for (const char* type : {"proc", "tmpfs", "devpts", "mqueue", "sysfs"}) {
        CHECK_MESSAGE(has_line(corun::concat("type=", type), result.out), type);
    }
    CHECK(contains(result.out, "gid=5,mode=620,ptmxmode=666"));
}

TEST_CASE("mounts: options become flags of the mount") {
    Bundle bundle;
    bundle.directory("/mnt").mount(
        {"/mnt", "tmpfs", "tmpfs", {"nosuid", "nodev", "noexec", "noatime", "ro"}}
    );

    const std::string seen = mount_seen(bundle, "/mnt");

    const std::string options = value_of("options", seen);
    for (const char* option : {"nosuid", "nodev", "noexec", "noatime", "ro"}) {
        CHECK_MESSAGE(has_option(option, options), option);
    }
}

TEST_CASE("mounts: what is no flag is data for the file system") {
    Bundle bundle;
    bundle.directory("/mnt").mount(
        {"/mnt", "tmpfs", "tmpfs", {"size=64k", "mode=0701", "nr_inodes=50"}}
    );

    const std::string super = value_of("super", mount_seen(bundle, "/mnt"));

    CHECK(has_option("size=64k", super));
    CHECK(has_option("mode=701", super));
    CHECK(has_option("nr_inodes=50", super));
}

TEST_CASE("mounts: data that the file system refuses is an error that names mount and option") {
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/mnt").args({"true"}).mount({"/mnt", "tmpfs", "tmpfs", {"nonsense=1"}});

    const Result result = runtime.run(bundle);

    CHECK(failed_saying("/mnt", result));
    CHECK(failed_saying("nonsense", result));
}

TEST_CASE("mounts: an unknown file system is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/mnt").args({"true"}).mount({"/mnt", "nosuchfs", "none", {}});

    const Result result = runtime.run(bundle);

    CHECK(failed_saying("nosuchfs", result));
    CHECK(failed_saying("/mnt", result));
}

TEST_CASE("mounts: they are made in the order of the document") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.directory("/mnt").mount({"/mnt", "tmpfs", "tmpfs", {}});
    bundle.mount({"/mnt/inner", "bind", host.path(), {"bind"}});
    bundle.args({"probe", "read", "/mnt/inner/file"});

    CHECK(runtime.run(bundle).out == "of the host\n");
}

TEST_CASE("mounts: a read-only tmpfs takes the mounts that come later, and is read-only then") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.directory("/mnt").mount({"/mnt", "tmpfs", "tmpfs", {"ro"}});
    bundle.mount({"/mnt/inner", "bind", host.path(), {"bind"}});
    bundle.args({"probe", "read", "/mnt/inner/file", ",", "try-write", "/mnt/new"});

    CHECK(runtime.run(bundle).out == "of the host\nwrite /mnt/new: EROFS\n");
}

TEST_CASE("mounts: /dev with ro is filled, and is read-only then") {
    Runtime runtime;
    Bundle bundle;
    for (Json& mount : bundle.json()["mounts"]) {
        if (mount["destination"] == "/dev") {
            mount["options"].push_back("ro");
        }
    }
    bundle.args({"probe", "try-write", "/dev/new", ",", "try-write", "/dev/null"});

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(has_line("write /dev/new: EROFS", result.out), result.err);
    CHECK(has_line("write /dev/null: ok", result.out));
}

TEST_CASE("mounts: a destination may be spelled as the host sees it, below the rootfs") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.mount({bundle.in_rootfs("/mnt"), "bind", host.path(), {"bind"}});
    bundle.args({"probe", "read", "/mnt/file"});

    CHECK(runtime.run(bundle).out == "of the host\n");
}

TEST_CASE("mounts: a host with thousands has a start leave from a bare namespace, which shows not"
) {
    const HostDirectory host;
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/data").mount({"/data", "bind", host.path(), {"bind", "ro"}});
    bundle.args({"probe", "read", "/proc/self/mountinfo"});
    const auto run = [&] {
        return runtime({"--timings", "run", "--bundle", bundle.write(), runtime.new_id()});
    };
    // As systemd has /run.
    const HostMount state(runtime.root());
    state.set_propagation(MS_SHARED);
    const std::string kept = runtime.root() + "/.~cache/mounts/namespace";
    const Result with_few = run();
    const Result once_more = run();
    CHECK_FALSE(std::filesystem::exists(kept));
    CHECK(!contains(once_more.err, "mount-namespace"));

    const ManyMounts many(host.path() + "/many");
    const Result first = run();
    const Result second = run();
    bundle.hook("createContainer", "cat " + host.file() + " >" + bundle.path("seen"));
    const Result with_hook = run();
    CHECK(::umount2(kept.c_str(), MNT_DETACH) == 0);
    CHECK(::umount2((runtime.root() + "/.~cache/mounts").c_str(), MNT_DETACH) == 0);

    CHECK(mounts_listed(first) == mounts_listed(with_few));
    CHECK(contains(second.err, "mount-namespace"));
    CHECK(mounts_listed(second) == mounts_listed(with_few));
    // Hooks before the root switch see the host.
    CHECK(!contains(with_hook.err, "mount-namespace"));
    CHECK(read_text(bundle.path("seen")) == "of the host\n");
}

TEST_CASE("mounts: a later one at the same place hides the earlier") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.directory("/mnt").mount({"/mnt", "bind", host.path(), {"bind"}});
    bundle.mount({"/mnt", "tmpfs", "tmpfs", {}});
    bundle.args({"probe", "list", "/mnt"});

    CHECK(runtime.run(bundle).out == "");
}

TEST_CASE("mounts: a missing destination is made, a directory or a file as the source is") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.mount({"/made/directory", "bind", host.path(), {"bind"}});
    bundle.mount({"/made/file", "bind", host.file(), {"bind"}});
    bundle.args({"probe", "read", "/made/directory/file", ",", "read", "/made/file"});

    CHECK(runtime.run(bundle).out == "of the host\nof the host\n");
}

TEST_CASE("bind: a directory of the host is there, and writable") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.directory("/mnt").mount({"/mnt", "bind", host.path(), {"bind", "rw"}});
    bundle.args({"probe", "try-write", "/mnt/new", "from inside"});

    const Result result = runtime.run(bundle);

    CHECK(has_line("write /mnt/new: ok", result.out));
    CHECK(read_text(host.path() + "/new") == "from inside");
}

TEST_CASE("bind: with ro it cannot be written, and the source can") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.directory("/mnt").mount({"/mnt", "bind", host.path(), {"rbind", "ro"}});
    bundle.args({"probe", "try-write", "/mnt/file"});

    const Result result = runtime.run(bundle);

    CHECK(has_line("write /mnt/file: EROFS", result.out));
    write_text(host.file(), "still writable\n");
}

TEST_CASE("bind: a relative source is relative to the bundle") {
    Runtime runtime;
    Bundle bundle;
    write_text(bundle.path("beside"), "in the bundle\n");
    bundle.mount({"/etc/beside", "bind", "beside", {"bind"}});
    bundle.args({"probe", "read", "/etc/beside"});

    CHECK(runtime.run(bundle).out == "in the bundle\n");
}

TEST_CASE("bind: a source that is absent is an error that names it, and leaves nothing") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).mount({"/mnt", "bind", "/no/such/source", {"bind"}});

    CHECK(failed_saying("/no/such/source", runtime.run(bundle)));
}

TEST_CASE("bind: a source in the rootfs is what an earlier mount has put there") {
    for (const bool in_user_namespace : {false, true}) {
        INFO("in a user namespace: ", in_user_namespace);
        Runtime runtime;
        const HostDirectory host;
        ::mkdir((host.path() + "/below").c_str(), 0755);
        ::chmod(host.file().c_str(), 0666);
        Bundle bundle;
        bundle.directory("/mnt").directory("/copy");
        if (in_user_namespace) {
            bundle.map_ids(100000, 65536);
        }
        bundle.mount({"/mnt", "bind", host.path(), {"rbind"}});
        bundle.mount({"/mnt/below", "bind", host.path(), {"rbind"}});
        bundle.mount({"/copy", "bind", bundle.in_rootfs("/mnt/below"), {"rbind", "ro"}});
        bundle.mount({"/whole", "bind", bundle.in_rootfs("/mnt"), {"rbind"}});
        bundle.mount({"/single", "bind", bundle.in_rootfs("/mnt/file"), {"bind"}});
        bundle.args(
            {"probe",
             "read",
             "/copy/file",
             ",",
             "read",
             "/whole/below/file",
             ",",
             "read",
             "/single",
             ",",
             "try-write",
             "/copy/file"}
        );

        const Result result = runtime.run(bundle);

        CHECK_MESSAGE(result.exit_code == 0, result.err);
        CHECK(result.out == "of the host\nof the host\nof the host\nwrite /copy/file: EROFS\n");
    }
}

TEST_CASE("bind: a source in the rootfs that no mount brings is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).mount({"/copy", "bind", bundle.in_rootfs("/nowhere"), {"bind"}});

    const Result result = runtime.run(bundle);

    CHECK(failed_saying("step 'mounts': mount '/copy': ", result));
    CHECK(failed_saying("No such file or directory (ENOENT)", result));
}

TEST_CASE("escape: a symlink in the rootfs does not lead a bind's source to the host's files") {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.symlink("/link", host.path());
    bundle.file(host.path() + "/file", "of the image\n");
    bundle.mount({"/copy", "bind", bundle.in_rootfs("/link"), {"bind"}});
    bundle.args({"probe", "read", "/copy/file"});

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.out == "of the image\n", result.err);
}

TEST_CASE(
    "bind: id mappings apply to a source that an earlier mount has put there" *
    needs(Capability::idmapped_mounts)
) {
    for (const bool in_user_namespace : {false, true}) {
        INFO("in a user namespace: ", in_user_namespace);
        Runtime runtime;
        const HostDirectory host;
        Bundle bundle;
        if (in_user_namespace) {
            bundle.map_ids(100000, 65536);
        }
        bundle.mount({"/mnt", "bind", host.path(), {"bind"}});
        for (const std::string destination : {"/first", "/second"}) {
            bundle.mount({destination, "bind", bundle.in_rootfs("/mnt"), {"bind"}});
            Json& mount = bundle.json()["mounts"].back();
            mount["uidMappings"] = {{{"containerID", 0}, {"hostID", 100007}, {"size", 1}}};
            mount["gidMappings"] = {{{"containerID", 0}, {"hostID", 100009}, {"size", 1}}};
        }
        bundle.args({"/bin/sh", "-c", "ls -n /first/file /second/file | awk '{print $3, $4}'"});

        const Result result = runtime.run(bundle);

        const std::string owner = in_user_namespace ? "7 9\n" : "100007 100009\n";
        CHECK_MESSAGE(result.out == owner + owner, result.err);
    }
}

TEST_CASE(
    "bind: crun's text form of id mappings is understood, and what is wrong with it is named" *
    needs(Capability::idmapped_mounts)
) {
    Runtime runtime;
    const HostDirectory host;
    Bundle bundle;
    bundle.mount({"/mapped", "bind", host.path(), {"bind", "idmap=uids=0-7-1;gids=0-9-1"}});
    bundle.args({"/bin/sh", "-c", "ls -n /mapped/file | awk '{print $3, $4}'"});

    CHECK(runtime.run(bundle).out == "7 9\n");

    bundle.json()["mounts"].back()["options"] = {"bind", "idmap=uids=0-7"};
    CHECK(failed_saying(
        "/mounts/7: mount '/mapped': idmap=uids=0-7: \"0-7\": expected", runtime.run(bundle)
    ));
}

TEST_CASE("bind: rbind takes what is mounted below, bind does not") {
    const HostDirectory host;
    const HostMount below(host.path() + "/below");
    write_text(below.path() + "/deep", "deep\n");
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/flat").directory("/deep");
    bundle.mount({"/flat", "bind", host.path(), {"bind"}});
    bundle.mount({"/deep", "bind", host.path(), {"rbind"}});
    bundle.args({"probe", "stat", "/flat/below/deep", ",", "read", "/deep/below/deep"});

    const Result result = runtime.run(bundle);

    CHECK(result.out == "stat /flat/below/deep: ENOENT\ndeep\n");
}

TEST_CASE("bind: rro makes what is mounted below read-only too, ro only the top") {
    const HostDirectory host;
    const HostMount below(host.path() + "/below");
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/top").directory("/all");
    bundle.mount({"/top", "bind", host.path(), {"rbind", "ro"}});
    bundle.mount({"/all", "bind", host.path(), {"rbind", "rro"}});
    bundle.args(
        {"probe",
         "try-write",
         "/top/x",
         ",",
         "try-write",
         "/top/below/x",
         ",",
         "try-write",
         "/all/below/x"}
    );

    const Result result = runtime.run(bundle);

    CHECK(has_line("write /top/x: EROFS", result.out));
    CHECK(has_line("write /top/below/x: ok", result.out));
    CHECK(has_line("write /all/below/x: EROFS", result.out));
}

TEST_CASE("bind: without a flag it has its source's, and with one it has none but what is named") {
    const HostDirectory host;
    const HostMount source(host.path() + "/source");
    source.set_flags(MS_RDONLY | MS_NOEXEC | MS_NOATIME);

    CHECK(flags_bound(source, {"bind", "rprivate"}) == Flags{"noatime", "noexec", "ro"});
    CHECK(flags_bound(source, {"bind", "nosuid"}) == Flags{"noatime", "nosuid", "rw"});
    CHECK(flags_bound(source, {"bind", "rw"}) == Flags{"noatime", "rw"});
    CHECK(flags_bound(source, {"bind", "ro", "atime"}) == Flags{"noatime", "ro"});
    CHECK(flags_bound(source, {"bind", "nodiratime"}) == Flags{"nodiratime", "relatime", "rw"});
}

TEST_CASE("bind: in a user namespace a flag of the source stays, and to name it as off is an error"
) {
    const HostDirectory host;
    const HostMount source(host.path() + "/source");
    source.set_flags(MS_RDONLY | MS_NOEXEC | MS_NOATIME);
    const auto map_ids = [](Bundle& bundle) { bundle.map_ids(100000, 65536); };

    CHECK(
        flags_bound(source, {"bind", "nosuid"}, map_ids) ==
        Flags{"noatime", "noexec", "nosuid", "ro"}
    );
    CHECK(
        flags_bound(source, {"bind", "noatime", "ro"}, map_ids) == Flags{"noatime", "noexec", "ro"}
    );
    CHECK(contains(
        bind_error(source, {"bind", "rw"}, map_ids),
        "mount '/mnt': cannot clear locked flag 'ro': Operation not permitted (EPERM)"
    ));
    CHECK(contains(
        bind_error(source, {"bind", "ro", "relatime"}, map_ids),
        "cannot change locked atime flags: Operation not permitted (EPERM)"
    ));
}

TEST_CASE("bind: a source that is a symlink is followed on the host") {
    Runtime runtime;
    const HostDirectory host;
    std::filesystem::create_symlink(host.file(), host.path() + "/link");
    Bundle bundle;
    bundle.mount({"/etc/linked", "bind", host.path() + "/link", {"bind"}});
    bundle.args({"probe", "read", "/etc/linked"});

    CHECK(runtime.run(bundle).out == "of the host\n");
}

TEST_CASE("propagation: rslave receives the host's later mounts, rprivate does not") {
    const HostDirectory host;
    const HostMount shared(host.path() + "/shared");
    shared.set_propagation(MS_SHARED);
    ::mkdir((shared.path() + "/later").c_str(), 0755);
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/slave").directory("/private");
    bundle.mount({"/slave", "bind", shared.path(), {"rbind", "rslave"}});
    bundle.mount({"/private", "bind", shared.path(), {"rbind", "rprivate"}});
    bundle.linux_section()["rootfsPropagation"] = "rslave";
    bundle.args({"probe", "pause"});
    Container container = runtime.run_detached(bundle);
    {
        const HostMount later(shared.path() + "/later");
        write_text(later.path() + "/new", "mounted later\n");

        const std::string slave = container.exec({"probe", "read", "/slave/later/new"}).out;
        const std::string private_one = container.exec({"probe", "stat", "/private/later/new"}).out;

        CHECK(slave == "mounted later\n");
        CHECK(private_one == "stat /private/later/new: ENOENT\n");
    }
    container.kill("KILL");
    container.wait();
    container.remove();
}

TEST_CASE("propagation: rshared gives the container's mounts to the host") {
    const HostDirectory host;
    const HostMount shared(host.path() + "/shared");
    shared.set_propagation(MS_SHARED);
    ::mkdir((shared.path() + "/inside").c_str(), 0755);
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/mnt").capabilities({"CAP_SYS_ADMIN"});
    bundle.mount({"/mnt", "bind", shared.path(), {"rbind", "rshared"}});
    bundle.linux_section()["rootfsPropagation"] = "rshared";
    bundle.args({"probe", "try-mount", "/mnt/inside"});

    const Result result = runtime.run(bundle);

    CHECK(result.out == "mount /mnt/inside: ok\n");
    CHECK(::umount((shared.path() + "/inside").c_str()) == 0);
}

TEST_CASE("propagation: the container's own mounts do not reach the host") {
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/mnt").writable_root().capabilities({"CAP_SYS_ADMIN"});
    bundle.args({"probe", "try-mount", "/mnt"});

    const Result result = runtime.run(bundle);

    CHECK(result.out == "mount /mnt: ok\n");
    CHECK(runtime.leftovers().empty());
}

TEST_CASE("tmpcopyup: the new tmpfs starts with what it hides") {
    Runtime runtime;
    Bundle bundle;
    bundle.file("/data/one", "1\n", 0640)
        .file("/data/deep/two", "2\n")
        .symlink("/data/link", "one");
    bundle.mount({"/data", "tmpfs", "tmpfs", {"tmpcopyup"}});
    bundle.args(
        {"probe",
         "read",
         "/data/link",
         ",",
         "read",
         "/data/deep/two",
         ",",
         "stat",
         "/data/one",
         ",",
         "try-write",
         "/data/one",
         "changed",
         ",",
         "mount",
         "/data"}
    );

    const Result result = runtime.run(bundle);

    CHECK(result.out.starts_with("1\n2\n/data/one: file 0640 0:0\nwrite /data/one: ok\n"));
    CHECK(has_line("type=tmpfs", result.out));
    CHECK(read_text(bundle.in_rootfs("/data/one")) == "1\n");
}

TEST_CASE("escape: a destination behind a symlink lands inside the root") {
    Runtime runtime;
    const HostDirectory host;
    const TempDir victim;
    Bundle bundle;
    bundle.symlink("/absolute", victim.path());
    bundle.symlink("/relative", "../../../../../../.." + victim.path());
    bundle.mount({"/absolute/a", "bind", host.path(), {"bind"}});
    bundle.mount({"/relative/b", "bind", host.path(), {"bind"}});
    bundle.args({"probe", "read", victim.path() + "/a/file", ",", "read", victim.path() + "/b/file"}
    );

    const Result result = runtime.run(bundle);

    CHECK(result.out == "of the host\nof the host\n");
    CHECK(std::filesystem::is_empty(victim.path()));
}

TEST_CASE("escape: /proc as a symlink is refused (CVE-2019-19921, CVE-2023-27561)") {
    for (const std::string name : {"/proc", "/sys"}) {
        INFO(name);
        Runtime runtime;
        Bundle bundle;
        std::filesystem::remove(bundle.in_rootfs(name));
        bundle.directory("/elsewhere").symlink(name, "/elsewhere").args({"true"});

        CHECK(failed_saying(name, runtime.run(bundle)));
    }
}

TEST_CASE("escape: /dev as a symlink makes no device on the host (CVE-2026-41579)") {
    Runtime runtime;
    const TempDir victim;
    Bundle bundle;
    for (const char* destination : {"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}) {
        bundle.without_mount(destination);
    }
    std::filesystem::remove(bundle.in_rootfs("/dev"));
    bundle.symlink("/dev", victim.path()).writable_root().args({"true"});

    (void)runtime.run(bundle);  // may fail; what matters is where it wrote

    CHECK(std::filesystem::is_empty(victim.path()));
}

TEST_CASE("mounts: a relative destination is relative to the root") {
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/mnt").mount({"mnt", "tmpfs", "tmpfs", {}}).args({"probe", "mount", "/mnt"});

    CHECK(has_line("type=tmpfs", runtime.run(bundle).out));
}

TEST_CASE("mounts: cgroup is a cgroup v2 of the container's own, read-only") {
    Bundle bundle;

    const std::string seen = mount_seen(bundle, "/sys/fs/cgroup");

    CHECK(has_line("type=cgroup2", seen));
    CHECK(has_line("root=/", seen));
    CHECK(has_option("ro", value_of("options", seen)));
}

TEST_CASE("mounts: none of the host's is left in the container's table") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "read", "/proc/self/mountinfo"});

    const Result result = runtime.run(bundle);

    for (const std::string_view line : corun::split(result.out, '\n')) {
        if (line.empty()) {
            continue;
        }
        const std::string point(corun::split(line, ' ').at(4));
        const bool expected = point == "/" || point.starts_with("/proc") ||
                              point.starts_with("/dev") || point.starts_with("/sys");
        CHECK_MESSAGE(expected, std::string(line));
    }
}

TEST_CASE("mounts: copy-symlink makes a symlink as source again, and binds anything else") {
    Runtime runtime;
    Bundle bundle;
    bundle.directory("/etc");
    std::filesystem::create_symlink("../some/where", bundle.path("link"));
    write_text(bundle.path("plain"), "bound\n");
    bundle.writable_root().mount({"/etc/made", "", bundle.path("link"), {"bind", "copy-symlink"}});
    bundle.mount({"/etc/plain", "", bundle.path("plain"), {"bind", "copy-symlink"}});
    bundle.args({"sh", "-c", "cat /etc/plain; ls -l /etc/made"});

    // A second time it is there already.
    for (int i = 0; i < 2; ++i) {
        const Result result = runtime.run(bundle);
        CHECK_MESSAGE(result.exit_code == 0, result.err);
        CHECK(result.out.starts_with("bound\n"));
        CHECK(result.out.ends_with("/etc/made -> ../some/where\n"));
    }

    std::filesystem::remove(bundle.in_rootfs("/etc/made"));
    bundle.symlink("/etc/made", "else/where");
    CHECK(failed_saying("a different file exists there", runtime.run(bundle)));
}

TEST_CASE("mounts: src-nofollow binds a symlink itself, dest-nofollow covers one") {
    Runtime runtime;
    Bundle bundle;
    std::filesystem::create_symlink("/etc/target", bundle.path("link"));
    write_text(bundle.path("plain"), "bound\n");
    bundle.file("/etc/target", "target\n").file("/etc/empty", "").symlink("/etc/there", "target");
    bundle.mount({"/etc/empty", "", bundle.path("link"), {"bind", "src-nofollow"}});
    bundle.mount({"/etc/there", "", bundle.path("plain"), {"bind", "dest-nofollow"}});
    bundle.args({"sh", "-c", "cat /etc/there /etc/target; ls -l /etc/empty"});

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(result.out.starts_with("bound\ntarget\n"));
    CHECK(result.out.ends_with("/etc/empty -> /etc/target\n"));
}
