#!/usr/bin/python3
"""cri-client.py SOCKET HANDLER DIRECTORY - runs pods through a CRI socket, as a kubelet would.

Prints one line a check: "ok<TAB>NAME" or "not ok<TAB>NAME<TAB>REASON". DIRECTORY is for the logs and
volumes of the pods. Needs Debian's python3-grpcio and cri_pb2 (from cri.proto) on the path.
"""
import contextlib
import os
import re
import sys
import time

import cri_pb2 as cri
import grpc

IMAGE = "localhost/img:1"
# What a kubelet sends for a container that is not privileged.
MASKED_PATHS = [
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
]
READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


class Client:
    """The calls of the RuntimeService, by name: client.call("StopContainer", request)."""

    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix:" + socket)

    def call(self, method, request, response=cri.Empty):
        call = self.channel.unary_unary(
            "/runtime.v1.RuntimeService/" + method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString)
        return call(request, timeout=90)


class Pod:
    """A sandbox and the containers in it."""

    def __init__(self, client, handler, directory, name, *, network=cri.POD, pid=cri.CONTAINER, privileged=False):
        self.client = client
        self.privileged = privileged
        self.namespaces = dict(network=network, pid=pid, ipc=network)
        self.config = cri.PodSandboxConfig(
            metadata=cri.PodSandboxMetadata(name=name, uid="uid-" + name, namespace="smoke"),
            hostname="" if network == cri.NODE else "host-of-" + name,
            log_directory=os.path.join(directory, "logs", name),
            linux=cri.LinuxPodSandboxConfig(
                cgroup_parent="/kubepods/burstable/pod-" + name,
                sysctls={} if network == cri.NODE else {"net.ipv4.ip_unprivileged_port_start": "0"},
                security_context=cri.LinuxSandboxSecurityContext(
                    privileged=privileged,
                    namespace_options=cri.NamespaceOption(**self.namespaces),
                    seccomp=cri.SecurityProfile(profile_type=cri.SecurityProfile.RuntimeDefault))))
        os.makedirs(self.config.log_directory)
        self.id = client.call(
            "RunPodSandbox", cri.RunPodSandboxRequest(config=self.config, runtime_handler=handler),
            cri.RunPodSandboxResponse).pod_sandbox_id

    def status(self):
        return self.client.call(
            "PodSandboxStatus", cri.PodSandboxRequest(pod_sandbox_id=self.id), cri.PodSandboxStatusResponse).status

    def create(self, name, command, *, target=None, mounts=(), user=None, **security):
        namespaces = dict(self.namespaces)
        if target is not None:
            namespaces.update(pid=cri.TARGET, target_id=target.id)
        context = cri.LinuxContainerSecurityContext(
            privileged=self.privileged,
            namespace_options=cri.NamespaceOption(**namespaces),
            masked_paths=[] if self.privileged else MASKED_PATHS,
            readonly_paths=[] if self.privileged else READONLY_PATHS,
            seccomp=cri.SecurityProfile(profile_type=cri.SecurityProfile.RuntimeDefault),
            run_as_user=None if user is None else cri.Int64Value(value=user), **security)
        config = cri.ContainerConfig(
            metadata=cri.ContainerMetadata(name=name),
            image=cri.ImageSpec(image=IMAGE),
            command=command,
            envs=[cri.KeyValue(key="GREETING", value="hello")],
            mounts=mounts,
            log_path=name + ".log",
            linux=cri.LinuxContainerConfig(
                resources=cri.LinuxContainerResources(
                    cpu_period=100000, cpu_quota=50000, cpu_shares=512, memory_limit_in_bytes=64 << 20,
                    oom_score_adj=900, unified={"memory.high": str(60 << 20)}),
                security_context=context))
        created = self.client.call(
            "CreateContainer",
            cri.CreateContainerRequest(pod_sandbox_id=self.id, config=config, sandbox_config=self.config),
            cri.ContainerId)
        return Container(self.client, created.container_id, os.path.join(self.config.log_directory, name + ".log"))

    def start(self, name, command, **options):
        container = self.create(name, command, **options)
        container.start()
        return container

    def stop(self):
        self.client.call("StopPodSandbox", cri.PodSandboxRequest(pod_sandbox_id=self.id))

    def remove(self):
        self.client.call("RemovePodSandbox", cri.PodSandboxRequest(pod_sandbox_id=self.id))


class Container:
    def __init__(self, client, identity, log):
        self.client = client
        self.id = identity
        self.log = log

    def start(self):
        self.client.call("StartContainer", cri.ContainerId(container_id=self.id))

    def status(self):
        return self.client.call(
            "ContainerStatus", cri.ContainerId(container_id=self.id), cri.ContainerStatusResponse).status

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = self.status()
            if status.state == cri.CONTAINER_EXITED:
                return status
            time.sleep(0.2)
        raise TimeoutError("the container has not ended")

    def logged(self):
        with open(self.log, encoding="utf-8") as file:
            return "".join(line.split(" ", 3)[3] for line in file)

    def exec(self, *command, timeout=30):
        return self.client.call(
            "ExecSync", cri.ExecSyncRequest(container_id=self.id, cmd=command, timeout=timeout), cri.ExecSyncResponse)

    def shell(self, script):
        answer = self.exec("sh", "-c", script)
        expect(answer.exit_code == 0, f"{script}: status {answer.exit_code}, {answer.stderr!r}")
        return answer.stdout.decode()

    def stop(self, timeout=0):
        self.client.call("StopContainer", cri.StopContainerRequest(container_id=self.id, timeout=timeout))

    def remove(self):
        self.client.call("RemoveContainer", cri.ContainerId(container_id=self.id))


def expect(condition, reason):
    if not condition:
        raise AssertionError(reason)


def expect_equal(actual, wanted):
    expect(actual == wanted, f"{actual!r} instead of {wanted!r}")


def expect_match(pattern, text):
    expect(re.search(pattern, text, re.M), f"no /{pattern}/ in {text!r}")


@contextlib.contextmanager
def check(name):
    try:
        yield
    except grpc.RpcError as error:
        print("not ok", name, " ".join(error.details().split()), sep="\t", flush=True)
    except Exception as error:  # also a NameError: what an earlier check was to make is not there
        print("not ok", name, " ".join(str(error).split()), sep="\t", flush=True)
    else:
        print("ok", name, sep="\t", flush=True)


def namespace(kind):
    return f"readlink /proc/self/ns/{kind}"


def check_pod(client, pod, directory):
    """A pod as most are: namespaces of its own, limits, masks, the default filter."""
    volume = os.path.join(directory, "volume")
    os.makedirs(volume)
    with open(os.path.join(volume, "file"), "w", encoding="utf-8") as file:
        file.write("from the host\n")
    mounts = [
        cri.Mount(container_path="/volume", host_path=volume, propagation=cri.PROPAGATION_HOST_TO_CONTAINER),
        cri.Mount(container_path="/readonly", host_path=volume, readonly=True),
    ]

    with check("sandbox-ready"):
        expect_equal(pod.status().state, cri.SANDBOX_READY)
        expect_equal(pod.status().runtime_handler, "corun")
    with check("container-created"):
        main = pod.create("main", ["sh", "-c", "trap 'echo bye; exit 5' TERM; echo started; while :; do sleep 0.1; done"],
                          mounts=mounts, capabilities=cri.Capability(add_capabilities=["NET_ADMIN"],
                                                                     drop_capabilities=["CHOWN"]),
                          readonly_rootfs=True, no_new_privs=True)
        expect_equal(main.status().state, cri.CONTAINER_CREATED)
    with check("container-running"):
        main.start()
        expect_equal(main.status().state, cri.CONTAINER_RUNNING)
    with check("exec-sync"):
        answer = main.exec("sh", "-c", "echo $GREETING; echo wrong >&2; exit 3")
        expect_equal((answer.stdout, answer.stderr, answer.exit_code), (b"hello\n", b"wrong\n", 3))
    with check("exec-sync-timeout"):
        try:
            main.exec("sleep", "60", timeout=2)
            raise AssertionError("it came to an end")
        except grpc.RpcError as error:
            expect_equal(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
    with check("exec-sync-no-such-command"):
        try:
            main.exec("/nonexistent")
            raise AssertionError("it was run")
        except grpc.RpcError as error:
            expect_match("no such file or directory", error.details())
    with check("hostname"):
        expect_equal(main.shell("hostname"), pod.config.hostname + "\n")
    with check("seccomp-runtime-default"):
        expect_match("^Seccomp:.2", main.shell("cat /proc/self/status"))
    with check("no-new-privileges"):
        expect_match("^NoNewPrivs:.1", main.shell("cat /proc/self/status"))
    with check("capabilities"):
        expect_match("^CapEff:.*a80435fa$", main.shell("grep CapEff /proc/1/status"))
    with check("masked-paths"):
        expect_equal(main.shell("cat /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware | wc -l"), "0\n0\n")
    with check("readonly-paths"):
        expect_match("Read-only", main.shell("echo 1 2>&1 >/proc/sys/kernel/panic || true"))
    with check("readonly-rootfs"):
        expect_match("Read-only", main.shell("touch /x 2>&1 || true"))
    with check("volume"):
        main.shell("echo from the container > /volume/back")
        expect(os.path.exists(os.path.join(volume, "back")), "it is not on the host")
    with check("volume-readonly"):
        expect_match("Read-only", main.shell("cat /readonly/file; touch /readonly/x 2>&1 || true"))
    with check("cgroup-limits"):
        group = f"/sys/fs/cgroup/kubepods/burstable/pod-{pod.config.metadata.name}/{main.id}/"
        values = [open(group + name, encoding="utf-8").read().strip()
                  for name in ("memory.max", "memory.high", "cpu.max", "cpu.weight")]
        expect_equal(values[:3], [str(64 << 20), str(60 << 20), "50000 100000"])
        expect(int(values[3]) < 100, f"cpu.weight {values[3]}")
    with check("oom-score"):
        expect_equal(main.shell("cat /proc/1/oom_score_adj"), "900\n")
    with check("sysctl"):
        expect_equal(main.shell("cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "0\n")
    with check("network-shared"):
        other = pod.start("other", ["sleep", "1000"])
        expect_equal(other.shell(namespace("net")), main.shell(namespace("net")))
        expect_equal(other.shell(namespace("ipc")), main.shell(namespace("ipc")))
        expect_match("inet addr:10.91.0", other.shell("ifconfig eth0"))
    with check("pid-of-its-own"):
        expect(other.shell(namespace("pid")) != main.shell(namespace("pid")), "the two see each other")
    with check("pid-of-a-target"):
        debugger = pod.start("debugger", ["sleep", "1000"], target=main)
        expect_equal(debugger.shell(namespace("pid")), main.shell(namespace("pid")))
    with check("user"):
        user = pod.start("user", ["sh", "-c", "id -u; id -G; sleep 1000"], user=1000,
                         run_as_group=cri.Int64Value(value=1000), supplemental_groups=[2000])
        expect_equal(user.shell("id -u; id -g"), "1000\n1000\n")
        expect_match("2000", user.shell("id -G"))
    with check("stats"):
        stats = client.call("ContainerStats", cri.ContainerId(container_id=main.id), cri.ContainerStatsResponse).stats
        expect(stats.memory.working_set_bytes.value > 0, "no memory is used")
    with check("update"):
        client.call("UpdateContainerResources", cri.UpdateContainerResourcesRequest(
            container_id=main.id,
            linux=cri.LinuxContainerResources(cpu_period=100000, cpu_quota=20000, memory_limit_in_bytes=80 << 20)))
        expect_equal(main.shell("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max"), f"{80 << 20}\n20000 100000\n")
    with check("start-no-such-command"):
        absent = pod.create("absent", ["/nonexistent"])
        try:
            absent.start()
            raise AssertionError("it was started")
        except grpc.RpcError as error:
            expect_match("no such file or directory", error.details())
        absent.remove()
    with check("exit-status"):
        short = pod.start("short", ["sh", "-c", "echo out; echo err >&2; exit 4"])
        expect_equal(short.wait().exit_code, 4)
        expect_equal(sorted(short.logged().splitlines()), ["err", "out"])
        short.remove()
    with check("oom-killed"):
        hungry = pod.start("hungry", ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"])
        status = hungry.wait()
        expect_equal((status.exit_code, status.reason), (137, "OOMKilled"))
    with check("container-stop"):
        main.stop(timeout=20)
        expect_equal(main.wait().exit_code, 5)
        expect_equal(main.logged(), "started\nbye\n")
    with check("container-kill"):
        other.stop()
        expect_equal(other.wait().exit_code, 137)
    with check("container-remove"):
        main.remove()
        main.remove()  # once more is no error
        left = client.call("ListContainers", cri.Empty(), cri.ListContainersResponse).containers
        expect(main.id not in [container.id for container in left], "it is still there")
    with check("sandbox-stop"):
        pod.stop()
        pod.stop()
        expect_equal(pod.status().state, cri.SANDBOX_NOTREADY)
    with check("sandbox-remove"):
        pod.remove()
        pod.remove()
        left = [entry.name for entry in os.scandir(os.path.dirname(os.path.dirname(group))) if entry.is_dir()]
        expect_equal(left, [])


def check_host_pod(pod):
    """hostNetwork, hostPID and hostIPC."""
    with check("host-namespaces"):
        container = pod.start("main", ["sleep", "1000"])
        for kind in ("net", "pid", "ipc"):
            expect_equal(container.shell(namespace(kind)).strip(), os.readlink(f"/proc/self/ns/{kind}"))
        expect(container.shell(namespace("mnt")).strip() != os.readlink("/proc/self/ns/mnt"), "its mounts are the host's")
    with check("host-remove"):
        pod.stop()
        pod.remove()


def check_pod_pid(pod):
    """shareProcessNamespace."""
    with check("pid-shared"):
        first = pod.start("first", ["sleep", "1001"])
        second = pod.start("second", ["sleep", "1002"])
        expect_equal(first.shell(namespace("pid")), second.shell(namespace("pid")))
        expect_match("sleep 1001(.|\n)*sleep 1002", first.shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
    with check("pid-shared-kill"):
        first.stop()
        expect_equal(first.wait().exit_code, 137)
        expect_equal(second.status().state, cri.CONTAINER_RUNNING)
    with check("pid-shared-remove"):
        pod.stop()
        pod.remove()


def check_privileged_pod(pod):
    with check("privileged"):
        container = pod.start("main", ["sleep", "1000"])
        status = container.shell("cat /proc/self/status")
        expect_match("^CapEff:.0*1ffffffffff$", status)
        expect_match("^Seccomp:.0", status)
        expect_match("^fuse$", container.shell("ls /dev"))
        container.shell("echo 0 > /proc/sys/kernel/panic")
    with check("privileged-remove"):
        pod.stop()
        pod.remove()


def main():
    socket, handler, directory = sys.argv[1:4]
    client = Client(socket)

    def pod(name, **options):
        return Pod(client, handler, directory, name, **options)

    with check("version"):
        expect_equal(client.call("Version", cri.Empty(), cri.VersionResponse).runtime_name, "containerd")
    with check("status"):
        conditions = client.call("Status", cri.Empty(), cri.StatusResponse).status.conditions
        expect_equal([(condition.type, condition.status) for condition in conditions],
                     [("RuntimeReady", True), ("NetworkReady", True)])
    check_pod(client, pod("own"), directory)
    check_host_pod(pod("host", network=cri.NODE, pid=cri.NODE))
    check_pod_pid(pod("shared", pid=cri.POD))
    check_privileged_pod(pod("privileged", privileged=True))
    with check("no-sandbox-left"):
        expect_equal(len(client.call("ListPodSandbox", cri.Empty(), cri.ListPodSandboxResponse).items), 0)


if __name__ == "__main__":
    main()
