// What the manual pages say beyond the tables of commands and options.
#include "corun/cli/manual.hpp"

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kTexts{
    ManualText{
        .command = "",
        .description =
            "corun runs containers as the runtime specification of the Open Container Initiative\n"
            "describes them: it reads the config.json of a bundle, sets up namespaces, cgroup v2,\n"
            "mounts, capabilities, seccomp and limits, and starts the program in it.\n"
            "\n"
            "It takes the commands and options of runc and crun, and is mostly called by podman,\n"
            "docker, containerd or CRI-O. Options are written with one dash or two; a value "
            "follows\n"
            "its option, or stands behind \"=\".\n"
            "\n"
            "A container is created by \"create\" and waits; \"start\" runs its program; \"run\" "
            "does\n"
            "both. It is known by an ID of letters, digits and the characters _ + - and .\n"
            "\n"
            "An error is one line, outermost clause first, the cause at the end.",
        .example = "corun spec --bundle web\ncorun check --bundle web\ncorun run --bundle web web",
    },
    ManualText{
        .command = "attach",
        .description =
            "Shows what a container of a running supervisor writes from now on, and gives it what\n"
            "is typed. If the container has a terminal and this command runs in one, keys are\n"
            "passed on as they are, and the size too; ctrl-p ctrl-q leaves the container running\n"
            "and ends this command. Otherwise output is copied to standard output, and standard\n"
            "input to the container.\n"
            "\n"
            "It ends when the container's output ends. It goes on when the supervisor is\n"
            "upgraded.",
        .example = "corun attach web\ncorun attach --no-stdin web | grep error",
    },
    ManualText{
        .command = "check",
        .description =
            "Reads a bundle and compares it with the specification and with this host, as far as\n"
            "that can be done without running anything and without leaving a trace. What can be "
            "done\n"
            "depends on who asks: run it as the user who will run the container.\n"
            "\n"
            "Each finding has a severity, the JSON pointer of the property it is about, and a "
            "reason.\n"
            "After an error the container would not come up. A warning is about something that\n"
            "is most likely not meant, such as a property that nobody knows. A note is worth\n"
            "knowing.",
        .example = "corun check --bundle web\ncorun check --format json | jq '.[] | .pointer'",
    },
    ManualText{
        .command = "checkpoint",
        .description =
            "Writes the processes of a running container to image files by means of criu(8), and\n"
            "deletes the container; corun-restore(1) makes it again, here or on another host. "
            "With\n"
            "--leave-running it goes on. With --pre-dump only memory is written while it goes on,\n"
            "and a later checkpoint with --parent-path writes what has changed since.\n"
            "\n"
            "Files are not part of it: the root file system and the sources of bind mounts are\n"
            "expected to be there at the restore. A network namespace of the container's own "
            "comes\n"
            "back without devices, which hooks then make as they did at first.\n"
            "\n"
            "Needs criu 3.16 or newer in $PATH, and a kernel that it can work with (\"criu "
            "check\").\n"
            "If it fails, the container goes on as before; criu's log is dump.log.",
        .example = "corun checkpoint --image-path /var/tmp/web web\n"
                   "corun restore --image-path /var/tmp/web --bundle web --detach web",
    },
    ManualText{
        .command = "create",
        .description = "Sets up a container from a bundle up to the point where its program would "
                       "be executed,\n"
                       "and returns. The container has the state \"created\" then and waits for\n"
                       "corun-start(1). If anything fails, nothing of it is left behind.",
        .example = "corun create --bundle web --pid-file web.pid web\ncorun start web",
    },
    ManualText{
        .command = "ctl",
        .description =
            "Asks the supervisor that runs with this state root, by its control socket\n"
            "@supervise/control there. Only root and the user of the supervisor are answered.\n"
            "\n"
            "start, stop and restart return when the container is where it was told to go. Given\n"
            "several IDs they work on all of them at the same time; what fails for one does not\n"
            "stop the others. status and list print JSON with --format json.\n"
            "\n"
            "The socket speaks varlink; its interface is org.corun.Supervisor.",
        .example = "corun ctl restart web\n"
                   "corun ctl status web\n"
                   "corun ctl wait web db\n"
                   "corun ctl events | jq -r .kind",
    },
    ManualText{
        .command = "delete",
        .description = "Removes what is left of a container that has stopped: its cgroup and its "
                       "state; and runs\n"
                       "its poststop hooks. With --force a running container is killed first, and "
                       "one that does\n"
                       "not exist is no error.",
        .example = "corun delete --force web",
    },
    ManualText{
        .command = "events",
        .description =
            "Prints statistics of a container as JSON, one object a line: once with --stats, else\n"
            "again and again until the container has ended, together with an event whenever the\n"
            "kernel kills a process of it for want of memory.",
        .example = "corun events --stats web | jq .data.memory.usage",
    },
    ManualText{
        .command = "exec",
        .description =
            "Runs one more process in the namespaces and the cgroup of a running container, with "
            "the\n"
            "environment, the capabilities and the limits of its process object unless options "
            "say\n"
            "otherwise. Options stand in front of the ID: what follows the COMMAND is its own.",
        .example = "corun exec web hostname\ncorun exec --tty --env TERM=xterm web sh",
    },
    ManualText{
        .command = "features",
        .description = "Prints, as JSON, what this build can do: hooks, mount options, namespaces, "
                       "capabilities,\n"
                       "cgroup and seccomp support; features.md of the specification. Container "
                       "engines ask for\n"
                       "it when they start.",
        .example = "corun features | jq .linux.seccomp.actions",
    },
    ManualText{
        .command = "kill",
        .description =
            "Sends a signal to the first process of a container. Where the container has no pid\n"
            "namespace of its own, KILL is sent to all its processes.",
        .example = "corun kill web\ncorun kill web KILL",
    },
    ManualText{
        .command = "list",
        .description = "Prints id, pid, status, bundle, time of creation and owner of each "
                       "container whose state\n"
                       "is below the state root. What cannot be read is told on standard error and "
                       "passed over.\n"
                       "\n"
                       "If a supervisor runs with this state root and answers at once, its "
                       "containers are\n"
                       "listed with their restarts, the time since their start and what their "
                       "health checks\n"
                       "say.",
        .example = "corun list --format json\ncorun list --quiet",
    },
    ManualText{
        .command = "logs",
        .description =
            "Prints what a container of corun-supervise(1) has written, from the files of its log\n"
            "driver (k8s-file or json-file), the rotated ones first: its standard output to "
            "standard\n"
            "output, its standard error to standard error. The supervisor need not run for that.\n"
            "\n"
            "With --follow it goes on, across rotations and restarts, until the container stays\n"
            "stopped or is no longer supervised. A line that is written in parts is printed as "
            "they\n"
            "come; a time holds for its first part. What could not be written to the log for want "
            "of\n"
            "space is told in it by a line that begins with \"corun:\".",
        .example = "corun logs --tail 20 --follow web\n"
                   "corun logs --timestamps --since 1h30m --until 2026-11-23T05:10:43Z web",
    },
    ManualText{
        .command = "pause",
        .description = "Stops all processes of a container by the freezer of its cgroup; "
                       "corun-resume(1) lets\n"
                       "them go on.",
        .example = "corun pause web\ncorun resume web",
    },
    ManualText{
        .command = "ps",
        .description =
            "Prints the processes in the cgroup of a container: those lines of ps(1) that are\n"
            "about them, or as JSON an array of their pids.",
        .example = "corun ps web\ncorun ps --format json web",
    },
    ManualText{
        .command = "restore",
        .description =
            "Makes a container again from a bundle and the image files of corun-checkpoint(1). It\n"
            "runs at once, with the standard streams of this command in the place of those it "
            "had.\n"
            "prestart, createRuntime and poststart hooks run.\n"
            "\n"
            "Before any of its processes goes on, its mounts are compared with the bundle's: a\n"
            "bind mount that is not at its destination, shows another file, or is writable and\n"
            "must not be, ends the restore. criu's log is restore.log.",
        .example = "corun restore --image-path /var/tmp/web --bundle web --detach web",
    },
    ManualText{
        .command = "resume",
        .description = "Lets the processes of a container go on that corun-pause(1) has stopped.",
        .example = "corun resume web",
    },
    ManualText{
        .command = "run",
        .description =
            "Does what corun-create(1) and corun-start(1) do. Without --detach it stays in the\n"
            "foreground, passes signals on, ends as the container does, and deletes it.",
        .example = "corun run --bundle web web\ncorun run --detach --bundle web web",
    },
    ManualText{
        .command = "spec",
        .description =
            "Writes a config.json to start from: a shell in namespaces of its own, with few\n"
            "capabilities, over the root file system in the directory rootfs. An existing file is\n"
            "not touched.",
        .example = "mkdir -p web/rootfs\ncorun spec --bundle web",
    },
    ManualText{
        .command = "start",
        .description = "Lets the program of a container run that corun-create(1) has made, and "
                       "returns when it\n"
                       "runs. If it cannot be executed that is told here.",
        .example = "corun start web",
    },
    ManualText{
        .command = "state",
        .description = "Prints, as JSON, the state of a container: \"creating\", \"created\", "
                       "\"running\", \"paused\"\n"
                       "or \"stopped\", with its pid, bundle and annotations; runtime.md of the "
                       "specification.",
        .example = "corun state web | jq -r .status",
    },
    ManualText{
        .command = "supervise",
        .description =
            "Runs the containers of the given bundles, and of those in --dir, in one process: a\n"
            "bundle's directory name is the container's ID. It starts them in order, keeps what\n"
            "they write in DIR/ID.log, restarts them, checks their health, and stops them when it\n"
            "is told to end. They are containers like any other: \"exec\", \"kill\", \"pause\" and "
            "so\n"
            "on work on them; corun-ctl(1) and corun-logs(1) speak of them as the supervisor "
            "does.\n"
            "\n"
            "Each bundle says in its annotations how it wants to be kept; options of the same\n"
            "names are the defaults for those that say nothing. A time span is written as in\n"
            "systemd.time(7), a size with K, M or G, a list with commas.\n"
            "\n"
            "Bundles that are added to --dir, changed or removed are followed at once. A changed\n"
            "policy holds from then on, the rest of a configuration from the next start.\n"
            "\n"
            "As a service of systemd's (Type=notify) it says when the first round of starts is\n"
            "over, feeds the watchdog, and needs KillMode=process, so that its containers survive\n"
            "when it is killed: the next supervisor with the same --root takes them over, with\n"
            "their logs and how they ended. SIGUSR2, or \"ctl upgrade\", does that with a new\n"
            "program in the same process.",
        .example = "corun supervise --dir /srv/bundles --restart on-failure\n"
                   "corun supervise --metrics 127.0.0.1:9090 web db",
    },
    ManualText{
        .command = "top",
        .description =
            "Shows a table of the containers of a running supervisor, the busiest first, anew\n"
            "every second; q ends it. With --once, or when standard output is no terminal, the\n"
            "table is printed once, and what it says per second is the average since the\n"
            "container's start.\n"
            "\n"
            "CPU% is the share of one processor. LOG/s is what the container writes, in bytes per\n"
            "second.",
        .example = "corun top\ncorun top --once",
    },
    ManualText{
        .command = "update",
        .description = "Changes the limits of a container while it exists. What is not given stays "
                       "as it is. If\n"
                       "one of the limits cannot be set, none is changed.",
        .example = "corun update --memory 512M --pids-limit 100 web\n"
                   "echo '{\"memory\": {\"limit\": 1000000}}' | corun update --resources - web",
    },
};

}  // namespace

const ManualText* find_manual_text(std::string_view command) {
    for (const ManualText& text : kTexts) {
        if (text.command == command) {
            return &text;
        }
    }
    return nullptr;
}

}  // namespace corun::cli
