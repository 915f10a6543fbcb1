// What read_spec() accepts, what it makes of it, and what it says of everything else.
#include "corun/oci/read_spec.hpp"

#include "corun/base/error.hpp"
#include "corun/oci/json_reader.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::oci;

namespace {

/// A config with these members besides the required ones.
std::string config(const std::string& members) {
    std::string text = R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"})";
    if (!members.empty()) {
        text += ", " + members;
    }
    return text + "}";
}

std::string with_process(const std::string& members) {
    return config(R"("process": {"cwd": "/", "args": ["sh"], )" + members + "}");
}

std::string with_linux(const std::string& members) {
    return config(R"("linux": {)" + members + "}");
}

std::string with_resources(const std::string& members) {
    return with_linux(R"("resources": {)" + members + "}");
}

std::string with_seccomp(const std::string& members) {
    return with_linux(R"("seccomp": {"defaultAction": "SCMP_ACT_ALLOW", )" + members + "}");
}

std::string error_of(const std::string& text) {
    try {
        (void)read_spec(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

struct Refused {
    std::string text;
    std::string error;
};

void check_refused(const std::vector<Refused>& rows) {
    for (const Refused& row : rows) {
        CAPTURE(row.text);
        CHECK(error_of(row.text) == row.error);
    }
}

}  // namespace

TEST_CASE("read_spec: the smallest config has the spec's defaults elsewhere") {
    const Spec spec = read_spec(config(""));

    Spec expected;
    expected.oci_version = "1.0.2";
    expected.root.path = "rootfs";
    CHECK(spec == expected);
}

TEST_CASE("read_spec: unknown properties, other platforms and nulls are ignored") {
    const std::string text = config(R"("future": [1, {"a": null}], "windows": {"layerFolders": 7},
        "solaris": 1, "vm": [], "zos": {}, "freebsd": {}, "process": null, "mounts": null,
        "hooks": {"prestart": null, "later": 3}, "linux": {"namespaces": null, "sysctl": null})");

    CHECK(read_spec(text) == read_spec(config("")));
}

TEST_CASE("read_spec: required properties are asked for by pointer") {
    check_refused({
        {"{}", "/ociVersion: required, but missing"},
        {R"({"ociVersion": "1.0.0"})", "/root: required, but missing"},
        {R"({"ociVersion": "1.0.0", "root": {}})", "/root/path: required, but missing"},
        {R"({"ociVersion": "1.0.0", "root": {"path": ""}})", "/root/path: must not be empty"},
        {config(R"("process": {"args": ["a"]})"), "/process/cwd: required, but missing"},
        {config(R"("process": {"cwd": "/"})"), "/process/args: required, but missing"},
        {config(R"("process": {"cwd": "/", "args": []})"),
         "/process/args: at least one argument is required"},
        {config(R"("process": {"cwd": "bin", "args": ["a"]})"),
         R"(/process/cwd: expected an absolute path, found "bin")"},
        {config(R"("mounts": [{}])"), "/mounts/0/destination: required, but missing"},
        {config(R"("hooks": {"poststop": [{}]})"), "/hooks/poststop/0/path: required, but missing"},
        {with_linux(R"("namespaces": [{}])"), "/linux/namespaces/0/type: required, but missing"},
        {with_linux(R"("uidMappings": [{"hostID": 0, "size": 1}])"),
         "/linux/uidMappings/0/containerID: required, but missing"},
        {with_linux(R"("devices": [{"type": "c", "path": "/dev/x", "minor": 1}])"),
         "/linux/devices/0/major: required, but missing"},
        {with_linux(R"("seccomp": {})"), "/linux/seccomp/defaultAction: required, but missing"},
        {with_linux(R"("personality": {})"), "/linux/personality/domain: required, but missing"},
        {with_linux(R"("memoryPolicy": {})"), "/linux/memoryPolicy/mode: required, but missing"},
        {with_resources(R"("devices": [{}])"),
         "/linux/resources/devices/0/allow: required, but missing"},
    });
}

TEST_CASE("read_spec: ociVersion is SemVer of major version 1") {
    for (const char* version : {"1.0.0", "1.3.0", "1.0.2-dev", "1.2.0-rc.1+dev.07", "1.99.0+x"}) {
        CAPTURE(version);
        CHECK(
            read_spec(std::string(R"({"root": {"path": "r"}, "ociVersion": ")") + version + "\"}")
                .oci_version == version
        );
    }
    for (const char* version :
         {"",
          "1",
          "1.0",
          "1.0.0.0",
          "01.0.0",
          "1.0.x",
          "v1.0.0",
          "1.0.0-",
          "1.0.0-01",
          "1.0.0-a..b",
          "1.0.0+",
          " 1.0.0"}) {
        CAPTURE(version);
        CHECK(
            error_of(std::string(R"({"ociVersion": ")") + version + "\"}") ==
            std::string("/ociVersion: expected a SemVer version such as \"1.0.2\", found \"") +
                version + "\""
        );
    }
    CHECK(
        error_of(R"({"ociVersion": "2.0.0"})") ==
        "/ociVersion: expected a version 1.x of the runtime specification, found \"2.0.0\""
    );
}

TEST_CASE("read_spec: a value of the wrong type is refused with both types") {
    check_refused({
        {"[]", "the document: expected an object, found an array"},
        {"7", "the document: expected an object, found a number"},
        {R"({"ociVersion": 1})", "/ociVersion: expected a string, found a number"},
        {config(R"("mounts": {})"), "/mounts: expected an array, found an object"},
        {config(R"("mounts": [null])"), "/mounts/0: expected an object, found null"},
        {config(R"("mounts": [{"destination": 3}])"),
         "/mounts/0/destination: expected a string, found a number"},
        {config(R"("mounts": [{"destination": "/a", "options": ["ro", true]}])"),
         "/mounts/0/options/1: expected a string, found a boolean"},
        {config(R"("annotations": {"a/b~c": []})"),
         "/annotations/a~1b~0c: expected a string, found an array"},
        {with_process(R"("terminal": "yes")"),
         "/process/terminal: expected a boolean, found a string"},
        {with_process(R"("user": {"uid": "root"})"),
         "/process/user/uid: expected a whole number, found a string"},
        {with_process(R"("env": "A=b")"), "/process/env: expected an array, found a string"},
        {with_linux(R"("resources": 1)"), "/linux/resources: expected an object, found a number"},
    });
}

TEST_CASE("read_spec: a number that does not fit is refused, never cut") {
    const std::string uid =
        "/process/user/uid: expected a whole number from 0 to 4294967295, found ";
    check_refused({
        {with_process(R"("user": {"uid": -1})"), uid + "-1"},
        {with_process(R"("user": {"uid": 4294967296})"), uid + "4294967296"},
        {with_process(R"("user": {"uid": 1.0})"), uid + "1.0"},
        {with_process(R"("user": {"uid": 1e3})"), uid + "1e3"},
        {with_process(R"("user": {"uid": 18446744073709551616})"), uid + "18446744073709551616"},
        {with_process(R"("user": {"umask": 512})"),
         "/process/user/umask: expected a whole number from 0 to 511, found 512"},
        {with_process(R"("oomScoreAdj": 1001)"),
         "/process/oomScoreAdj: expected a whole number from -1000 to 1000, found 1001"},
        {with_process(R"("oomScoreAdj": -9223372036854775809)"),
         "/process/oomScoreAdj: expected a whole number from -1000 to 1000, found "
         "-9223372036854775809"},
        {with_process(R"("terminal": true, "consoleSize": {"height": 70000, "width": 1})"),
         "/process/consoleSize/height: expected a whole number from 0 to 65535, found 70000"},
        {with_process(R"("scheduler": {"policy": "SCHED_OTHER", "nice": 20})"),
         "/process/scheduler/nice: expected a whole number from -20 to 19, found 20"},
        {with_process(R"("ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8})"),
         "/process/ioPriority/priority: expected a whole number from 0 to 7, found 8"},
        {with_resources(R"("memory": {"limit": -2})"),
         "/linux/resources/memory/limit: expected a whole number from -1 to 9223372036854775807, "
         "found -2"},
        {with_resources(R"("memory": {"limit": 9223372036854775808})"),
         "/linux/resources/memory/limit: expected a whole number from -1 to 9223372036854775807, "
         "found 9223372036854775808"},
        {with_resources(R"("memory": {"swappiness": 101})"),
         "/linux/resources/memory/swappiness: expected a whole number from 0 to 100, found 101"},
        {with_resources(R"("cpu": {"idle": 2})"),
         "/linux/resources/cpu/idle: expected a whole number from 0 to 1, found 2"},
        {with_resources(R"("blockIO": {"weight": 65536})"),
         "/linux/resources/blockIO/weight: expected a whole number from 0 to 65535, found 65536"},
        {config(R"("hooks": {"prestart": [{"path": "/a", "timeout": 0}]})"),
         "/hooks/prestart/0/timeout: expected a whole number from 1 to 2147483647, found 0"},
        {with_linux(R"("timeOffsets": {"boottime": {"nanosecs": 1000000000}})"),
         "/linux/timeOffsets/boottime/nanosecs: expected a whole number from 0 to 999999999, "
         "found 1000000000"},
        {with_linux(R"("uidMappings": [{"containerID": 0, "hostID": 0, "size": 0}])"),
         "/linux/uidMappings/0/size: must not be 0"},
        {with_linux(R"("gidMappings": [{"containerID": 0, "hostID": 2, "size": 4294967294}])"),
         "/linux/gidMappings/0: the range of ids ends beyond 4294967294"},
        {with_seccomp(R"("syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG",
            "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}])"),
         "/linux/seccomp/syscalls/0/args/0/index: expected a whole number from 0 to 5, found 6"},
    });
}

TEST_CASE("read_spec: a word that is not in the spec is named") {
    check_refused({
        {with_process(R"("rlimits": [{"type": "RLIMIT_AS", "soft": 1, "hard": 1},
            {"type": "RLIMIT_FOO", "soft": 1, "hard": 1}])"),
         R"(/process/rlimits/1/type: unknown rlimit "RLIMIT_FOO")"},
        {with_process(R"("scheduler": {"policy": "SCHED_FAST"})"),
         R"(/process/scheduler/policy: unknown scheduling policy "SCHED_FAST")"},
        {with_process(R"("scheduler": {"policy": "SCHED_OTHER", "flags": ["X"]})"),
         R"(/process/scheduler/flags/0: unknown scheduling flag "X")"},
        {with_process(R"("ioPriority": {"class": "IDLE"})"),
         R"(/process/ioPriority/class: unknown I/O priority class "IDLE")"},
        {with_linux(R"("namespaces": [{"type": "NET"}])"),
         R"(/linux/namespaces/0/type: unknown namespace "NET")"},
        {with_linux(R"("devices": [{"type": "a", "path": "/dev/x"}])"),
         R"(/linux/devices/0/type: unknown device type "a")"},
        {with_resources(R"("devices": [{"allow": true, "type": "p"}])"),
         R"(/linux/resources/devices/0/type: unknown device type "p")"},
        {with_resources(R"("devices": [{"allow": true, "access": "rx"}])"),
         R"(/linux/resources/devices/0/access: expected letters of "rwm", found "rx")"},
        {with_linux(R"("rootfsPropagation": "public")"),
         R"(/linux/rootfsPropagation: unknown mount propagation "public")"},
        {with_linux(R"("rootfsPropagation": "ro")"),
         R"(/linux/rootfsPropagation: unknown mount propagation "ro")"},
        {with_linux(R"("personality": {"domain": "BSD"})"),
         R"(/linux/personality/domain: unknown personality "BSD")"},
        {with_linux(R"("memoryPolicy": {"mode": "MPOL_X"})"),
         R"(/linux/memoryPolicy/mode: unknown memory policy "MPOL_X")"},
        {with_linux(R"("memoryPolicy": {"mode": "MPOL_BIND", "flags": ["MPOL_F_X"]})"),
         R"(/linux/memoryPolicy/flags/0: unknown memory policy flag "MPOL_F_X")"},
        {with_linux(R"("seccomp": {"defaultAction": "ALLOW"})"),
         R"(/linux/seccomp/defaultAction: unknown seccomp action "ALLOW")"},
        {with_seccomp(R"("architectures": ["x86_64"])"),
         R"(/linux/seccomp/architectures/0: unknown seccomp architecture "x86_64")"},
        {with_seccomp(R"("flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"])"),
         R"(/linux/seccomp/flags/0: unknown seccomp flag "SECCOMP_FILTER_FLAG_NEW_LISTENER")"},
        {with_linux(R"("timeOffsets": {"realtime": {}})"),
         "/linux/timeOffsets/realtime: a time namespace has no such clock"},
    });
}

TEST_CASE("read_spec: what must have a form is refused in another one") {
    check_refused({
        {with_linux(R"("namespaces": [{"type": "pid", "path": "ns/pid"}])"),
         R"(/linux/namespaces/0/path: expected an absolute path, found "ns/pid")"},
        {with_linux(R"("namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "pid"}])"),
         R"(/linux/namespaces/2/type: namespace "pid" is given twice)"},
        {with_process(R"("rlimits": [{"type": "RLIMIT_AS", "soft": 1, "hard": 1},
            {"type": "RLIMIT_AS", "soft": 2, "hard": 2}])"),
         R"(/process/rlimits/1/type: rlimit "RLIMIT_AS" is given twice)"},
        {with_process(R"("execCPUAffinity": {"initial": "3-1"})"),
         R"(/process/execCPUAffinity/initial: expected a list of numbers such as "0-3,7", found "3-1")"},
        {config(R"("hooks": {"createRuntime": [{"path": "hook"}]})"),
         R"(/hooks/createRuntime/0/path: expected an absolute path, found "hook")"},
        {with_linux(R"("devices": [{"type": "p", "path": "fifo"}])"),
         R"(/linux/devices/0/path: expected an absolute path, found "fifo")"},
        {with_linux(R"("devices": [{"type": "p", "path": "/f", "fileMode": 8630}])"),
         "/linux/devices/0/fileMode: expected permission bits of a file mode, found 8630"},
        {with_linux(R"("maskedPaths": ["/proc/kcore", "proc"])"),
         R"(/linux/maskedPaths/1: expected an absolute path, found "proc")"},
        {with_linux(R"("readonlyPaths": [""])"),
         R"(/linux/readonlyPaths/0: expected an absolute path, found "")"},
        {with_linux(R"("netDevices": {"a/b": {}})"),
         "/linux/netDevices/a~1b: the key is not the name of a network device"},
        {with_linux(R"("netDevices": {"eth0": {"name": "name-of-16-bytes"}})"),
         "/linux/netDevices/eth0/name: expected the name of a network device, found "
         "\"name-of-16-bytes\""},
        {with_linux(R"("intelRdt": {"closID": "../x"})"),
         R"(/linux/intelRdt/closID: expected the name of a directory, found "../x")"},
        {with_seccomp(R"("listenerPath": "sock")"),
         R"(/linux/seccomp/listenerPath: expected an absolute path, found "sock")"},
        {with_seccomp(R"("syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}])"),
         "/linux/seccomp/syscalls/0/names: at least one system call is required"},
        {with_resources(R"("cpu": {"cpus": "0\n1"})"),
         R"(/linux/resources/cpu/cpus: expected a list of numbers such as "0-3,7", found "0\n1")"},
        {with_resources(R"("hugepageLimits": [{"pageSize": "2M", "limit": 0}])"),
         R"(/linux/resources/hugepageLimits/0/pageSize: expected a page size such as "2MB", found "2M")"},
        {with_resources(R"("rdma": {"mlx5_1": {}})"),
         "/linux/resources/rdma/mlx5_1: hcaHandles or hcaObjects is required"},
        {with_resources(R"("rdma": {"a b": {"hcaHandles": 1}})"),
         "/linux/resources/rdma/a b: the key is not the name of a device"},
        {with_resources(R"("unified": {"../memory.max": "1"})"),
         "/linux/resources/unified/..~1memory.max: the key is not the name of a cgroup file"},
        {with_resources(R"("blockIO": {"weightDevice": [{"major": 1, "minor": 2}]})"),
         "/linux/resources/blockIO/weightDevice/0: weight or leafWeight is required"},
        {with_linux(R"("sysctl": {"net.a.b": "1", "net/a/b": "2"})"),
         "/linux/sysctl/net~1a~1b: this sysctl is given twice, in two spellings"},
        {config(R"("annotations": {"": "x"})"), "/annotations: an annotation's key is empty"},
        {config("\"hostname\": \"" + std::string(65, 'h') + "\""),
         "/hostname: longer than 64 bytes"},
    });
}

TEST_CASE("read_spec: NUL is refused in values and in keys that matter") {
    check_refused({
        {config(R"("mounts": [{"destination": "/a\u0000b"}])"),
         "/mounts/0/destination: a NUL character is in the string"},
        {with_process(R"("env": ["A=\u0000"])"),
         "/process/env/0: a NUL character is in the string"},
        {config(R"("annotations": {"a\u0000b": "c"})"),
         R"(/annotations/a\x00b: a NUL character is in the key)"},
        {with_linux(R"("sysctl": {"net.\u0000": "1"})"),
         R"(/linux/sysctl/net.\x00: a NUL character is in the key)"},
    });
}

TEST_CASE("read_spec: a syntax error names line and column") {
    check_refused({
        {"",
         "line 1, column 1: syntax error while parsing value - unexpected end of input; "
         "expected '[', '{', or a literal"},
        {"{\n  \"ociVersion\": \"1.0.0\",\n  oops\n}",
         "line 3, column 3: syntax error while parsing object key - invalid literal"},
        {"{\"a\": 1,}",
         "line 1, column 9: syntax error while parsing object key - unexpected "
         "'}'; expected string literal"},
        {"{} x", "line 1, column 4: syntax error while parsing value - invalid literal"},
        {"{\"a\": \"\xff\"}",
         "line 1, column 8: syntax error while parsing value - invalid string: ill-formed UTF-8 "
         "byte"},
        {"{\"a\": \"b\n\"}",
         "line 1, column 9: syntax error while parsing value - invalid string: control character "
         "U+000A (LF) must be escaped to \\u000A or \\n"},
        {"{\"a\": \"\\ud800\"}",
         "line 1, column 14: syntax error while parsing value - invalid string: surrogate "
         "U+D800..U+DBFF must be followed by U+DC00..U+DFFF"},
    });
}

TEST_CASE("read_spec: a key given twice is refused wherever it stands") {
    check_refused({
        {R"({"ociVersion": "1.0.0", "ociVersion": "1.0.0"})",
         "/ociVersion: this key is given twice"},
        {with_process(R"("user": {"uid": 0, "gid": 1, "uid": 0})"),
         "/process/user/uid: this key is given twice"},
        {config(R"("unknown": [1, {"x": {}, "y": 1, "x": {}}])"),
         "/unknown/1/x: this key is given twice"},
    });
}

TEST_CASE("read_spec: keys are case-sensitive") {
    CHECK(error_of(R"({"OCIVersion": "1.0.0"})") == "/ociVersion: required, but missing");
}

TEST_CASE("read_spec: documents beyond the limits are refused, quickly and without a crash") {
    const std::string deep = std::string(1'000'000, '[');
    CHECK(error_of(deep) == "/0/0/0: nested deeper than 128 levels");
    const std::string deep_objects = [] {
        std::string text;
        for (int i = 0; i < 200; ++i) {
            text += R"({"a":)";
        }
        return text;
    }();
    CHECK(error_of(deep_objects) == "/a/a/a: nested deeper than 128 levels");

    CHECK(
        error_of(std::string(kMaxJsonBytes + 1, ' ')) ==
        "the JSON text is larger than 16777216 bytes"
    );

    std::string many = "[0";
    for (int i = 0; i < 1'100'000; ++i) {
        many += ",0";
    }
    CHECK(error_of(many + "]") == "more than 1000000 values in the JSON text");

    // 300,000 keys of one object: sorted once, not compared pair by pair.
    std::string keys = R"("annotations": {"k": "")";
    for (int i = 0; i < 300'000; ++i) {
        keys += ",\"" + std::to_string(i) + "\":\"\"";
    }
    CHECK(read_spec(config(keys + "}")).annotations.size() == 300'001);
}

TEST_CASE("read_spec: a long hostile value is cut in the error") {
    const std::string error = error_of(
        config(R"("linux": {"namespaces": [{"type": ")" + std::string(100'000, 'x') + "\"}]}")
    );

    CHECK(error.size() < 300);
    CHECK(error.starts_with("/linux/namespaces/0/type: unknown namespace \"xxx"));
}

TEST_CASE("read_spec: consoleSize without a terminal is ignored, whatever it holds") {
    CHECK_FALSE(read_spec(with_process(R"("consoleSize": "large")")).process->console_size);
    CHECK_FALSE(read_spec(with_process(R"("terminal": false, "consoleSize": {"height": 1,
        "width": 2})"))
                    .process->console_size);
}

TEST_CASE("read_spec: an unknown capability is kept for a warning") {
    const Spec spec = read_spec(
        with_process(R"("capabilities": {"bounding": ["CAP_KILL", "CAP_FUTURE", "cap_kill"]})")
    );

    const CapabilitySet expected{.mask = 1U << 5, .unknown = {"CAP_FUTURE", "cap_kill"}};
    CHECK(spec.process->capabilities->bounding == expected);
    CHECK(spec.process->capabilities->ambient == CapabilitySet{});
}

TEST_CASE("read_spec: a device's mode may carry the file type of the device") {
    const Spec spec = read_spec(with_linux(
        R"("devices": [{"type": "u", "path": "/dev/a", "major": 1, "minor": 3, "fileMode": 8630}])"
    ));

    const Device expected{
        .type = DeviceType::character,
        .path = "/dev/a",
        .major = 1,
        .minor = 3,
        .file_mode = 0666,
        .uid = std::nullopt,
        .gid = std::nullopt,
    };
    CHECK(spec.linux_.devices == std::vector{expected});
}

TEST_CASE("read_spec: a device rule without type, numbers and access means all") {
    const Spec spec = read_spec(with_resources(
        R"("devices": [{"allow": false}, {"allow": true, "type": "", "major": -1, "access": ""}])"
    ));

    CHECK(spec.linux_.resources.devices[0] == DeviceRule{});
    CHECK(spec.linux_.resources.devices[1].major == std::nullopt);
    CHECK(spec.linux_.resources.devices[1].access == 7);
}

TEST_CASE("read_spec: a sysctl is known by its dotted name in either spelling") {
    const Spec spec = read_spec(with_linux(R"("namespaces": [{"type": "network"}],
        "sysctl": {"net/ipv4/conf/eth0.1/forwarding": "1", "net.core.somaxconn": "2"})"));

    const StringMap expected{{"net.core.somaxconn", "2"}, {"net.ipv4.conf.eth0/1.forwarding", "1"}};
    CHECK(spec.linux_.sysctl == expected);
}

TEST_CASE("read_process: reads a process alone, with pointers from its own root") {
    const Process process = read_process(R"({"cwd": "/tmp", "args": ["a", "b"]})");

    CHECK(process.cwd == "/tmp");
    CHECK(process.args == std::vector<std::string>{"a", "b"});
    CHECK_THROWS_WITH_AS(
        (void)read_process(R"({"args": ["a"]})"), "/cwd: required, but missing", Error
    );
    CHECK_THROWS_WITH_AS(
        (void)read_process(
            R"({"cwd": "/", "args": ["a"], "rlimits": [{"type": "RLIMIT_AS", "soft": 2, "hard": 1}]})"
        ),
        "/rlimits/0: RLIMIT_AS: the soft limit 2 is above the hard limit 1",
        Error
    );
}

TEST_CASE("read_resources: reads resources alone, with pointers from their own root") {
    CHECK(read_resources(R"({"memory": {"limit": 5}})").memory.limit == 5);
    CHECK(read_resources("{}") == Resources{});
    CHECK_THROWS_WITH_AS(
        (void)read_resources(R"({"cpu": {"shares": -1}})"),
        "/cpu/shares: expected a whole number from 0 to 18446744073709551615, found -1",
        Error
    );
}
