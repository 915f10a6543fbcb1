# Sourced by the scripts beside it, each of which drives one engine with a runtime:
#
#   scripts/engines/ENGINE RUNTIME [PATTERN]     PATTERN: a regular expression on the checks' names
#
# They print TAP, one test a check, and are meant for a throw-away guest (scripts/smoke), as root:
# they start daemons, and the one for podman adds a user. SMOKE_QUICK=1 leaves only the checks that
# the script names in `quick`, and those of its set-up. SMOKE_LIMIT: seconds for one check.
set -u
engine=${0##*/}
case ${1:-} in
    /*) runtime=$1 ;;
    *) echo "usage: $engine /absolute/path/to/runtime [pattern]" >&2; exit 2 ;;
esac
pattern=${2:-}
limit=${SMOKE_LIMIT:-120}
quick=()
count=0 failures=0
dir=$(mktemp -d "/tmp/smoke-$engine.XXXXXX") && chmod 755 "$dir" || exit 2
PATH=$PATH:/usr/sbin:/sbin

# The checks. Each runs a command with nothing on standard input and the time limit.
# setup NAME COMMAND...           it succeeds, and runs whatever was asked for
# succeeds NAME COMMAND...        it succeeds
# prints NAME REGEX COMMAND...    it succeeds, and a line of its output matches
# exits NAME STATUS COMMAND...    it exits with that status
# fails NAME COMMAND...           it fails, in time
setup() { check "$1" 0 '' "${@:2}"; }
succeeds() { ! is_wanted "$1" || check "$1" 0 '' "${@:2}"; }
prints() { ! is_wanted "$1" || check "$1" 0 "$2" "${@:3}"; }
exits() { ! is_wanted "$1" || check "$1" "$2" '' "${@:3}"; }
fails() { ! is_wanted "$1" || check "$1" failure '' "${@:2}"; }

is_wanted() {
    if [ -n "$pattern" ]; then
        [[ $1 =~ $pattern ]]
    elif [ "${SMOKE_QUICK:-0}" = 1 ]; then
        [[ " ${quick[*]} " == *" $1 "* ]]
    fi
}

# check NAME STATUS REGEX COMMAND...
check() {
    local name=$1 expected=$2 regex=$3 status
    shift 3
    timeout -k 5 "$limit" "$@" </dev/null >"$dir/out" 2>"$dir/err"
    status=$?
    if [ "$status" != "$expected" ] && { [ "$expected" != failure ] || [ $status = 0 ] || [ $status = 124 ]; }; then
        report "not ok" "$name" "status $status instead of $expected"
    elif [ -n "$regex" ] && ! tr -d '\r' <"$dir/out" | grep -Eq -- "$regex"; then
        report "not ok" "$name" "no /$regex/ in the output"
    else
        report ok "$name"
    fi
}

# report OUTCOME NAME [REASON]: with the end of what $dir/err and $dir/out hold
report() {
    count=$((count + 1))
    echo "$1 $count - $engine $2"
    [ "$1" != ok ] || return 0
    failures=$((failures + 1))
    { echo "$3"; tail -n 8 "$dir/err"; tail -n 4 "$dir/out"; } 2>/dev/null | cut -c1-300 | sed 's/^/# /'
    : > "$dir/err"
    : > "$dir/out"
}

# finish [LOG]: the plan; the end of a daemon's log if something failed.
finish() {
    [ "$failures" = 0 ] || [ -z "${1:-}" ] || tail -n 12 "$1" | cut -c1-300 | sed 's/^/# /'
    echo "1..$count"
    [ "$failures" = 0 ]
}

# await COMMAND...: until it succeeds, 60 s at most.
await() {
    local i
    for i in $(seq 300); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.2
    done
    return 1
}

# command_file NAME LINE: an executable $dir/NAME, for timeout(1), script(1) and sh -c.
command_file() {
    printf '#!/bin/sh\n%s\n' "$2" > "$dir/$1"
    chmod 755 "$dir/$1"
}

# make_rootfs DIRECTORY: a root file system of a static busybox and two users. Not all applets: each
# costs a process, and those are slow in the guest.
make_rootfs() {
    local applet
    mkdir -p "$1"/{bin,etc,tmp,root}
    chmod 1777 "$1/tmp"
    cp "$(command -v busybox)" "$1/bin/busybox"
    for applet in cat dd echo grep hostname httpd id ifconfig kill ls mkdir mknod ps pwd readlink sh sleep stty test touch tr \
        true tty wc; do
        ln -s busybox "$1/bin/$applet"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n' > "$1/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' > "$1/etc/group"
}

# make_image ROOTFS NAME TAR [COMMAND]: an OCI archive of one layer, made by hand: no engine is
# needed. COMMAND: what it runs, as the inside of a JSON array.
make_image() {
    local layer config manifest layout=$3.layout default='"/bin/sh"'
    mkdir -p "$layout/blobs/sha256"
    tar -C "$1" -cf "$3.layer" .
    layer=$(blob "$3.layer")
    printf '{"architecture":"%s","os":"linux","config":{"Cmd":[%s],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$(dpkg --print-architecture)" "${4:-$default}" "$layer" > "$3.config"
    config=$(blob "$3.config")
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
        "$(descriptor image.config.v1+json "$config")" "$(descriptor image.layer.v1.tar "$layer")" > "$3.manifest"
    manifest=$(blob "$3.manifest")
    printf '{"schemaVersion":2,"manifests":[%s]}' \
        "$(descriptor image.manifest.v1+json "$manifest" | sed "s|}\$|,\"annotations\":{\"io.containerd.image.name\":\"$2\",\"org.opencontainers.image.ref.name\":\"${2##*:}\"}}|")" \
        > "$layout/index.json"
    echo '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
    tar -C "$layout" -cf "$3" .
}

# blob FILE: moves it into make_image's layout and prints its digest.
blob() {
    local hash
    hash=$(sha256sum < "$1")
    hash=${hash%% *}
    mv "$1" "$layout/blobs/sha256/$hash"
    echo "$hash"
}

# descriptor MEDIA-TYPE DIGEST
descriptor() {
    printf '{"mediaType":"application/vnd.oci.%s","digest":"sha256:%s","size":%s}' \
        "$1" "$2" "$(stat -c %s "$layout/blobs/sha256/$2")"
}

# remove_dir: with what is still mounted below it.
remove_dir() {
    local mount
    grep -o " $dir/[^ ]*" /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
    rm -rf "$dir" 2>/dev/null
}
