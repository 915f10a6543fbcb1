#!/usr/bin/env python3
"""check-layers.py [TREE] - the layer table of the design, and "three paths, one name".

- A file of a layer includes corun headers only of the layers it may use.
- Third-party and system headers stay where they belong: JSON in oci (and what reads or prints
  documents above it), CLI11 in cli, no system header in base, no system calls in oci.
- What makes the binary large or slow to start (<iostream>, <regex>, <filesystem>, ...) is used
  nowhere.
- A header lives in include/corun/<layer>/, includes its system headers itself and starts with
  #pragma once; src/<layer>/<name>.cpp includes its own header first; a test in tests/unit/<layer>/
  includes a header of that layer.

Checks itself first: each rule must find a fault in an example made for it.
"""
import os
import re
import sys

MAY_USE = {
    "base": {"base"},
    "sys": {"sys", "base"},
    "oci": {"oci", "base"},
    "async": {"async", "sys", "base"},
    "setup": {"setup", "sys", "base"},
    "container": {"container", "setup", "oci", "async", "sys", "base"},
    "supervise": {"supervise", "container", "async", "oci", "sys", "base"},
    "cli": {"cli", "supervise", "container", "oci", "async", "sys", "base"},
    "main": {"cli", "container", "async", "sys", "base"},
}

# Headers (by regular expression) and the only layers that may include them.
ONLY_IN = [
    (r"nlohmann/", {"oci", "container", "supervise", "cli"}),
    (r"CLI/", {"cli", "main"}),
    (r"seccomp\.h$", {"container", "cli"}),
    (r"dbus/", {"container"}),
    (r"(iostream|sstream|fstream|iomanip|regex|format|print|filesystem|locale|expected|generator)$", set()),
    (r"(unistd|fcntl|sched|poll|signal|dirent)\.h$", set(MAY_USE) - {"base", "oci"}),
    (r"(linux|asm|netinet|arpa)/", set(MAY_USE) - {"base"}),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path):
    """Layer of include/corun/<layer>/x.hpp, src/<layer>/x.cpp or src/main.cpp; None elsewhere."""
    parts = path.split("/")
    if parts[:2] == ["include", "corun"] and len(parts) > 3:
        return parts[2]
    if parts[0] == "src":
        return parts[1] if len(parts) > 2 else "main"
    return None


def faults_of_file(path, text, files):
    layer = layer_of(path)
    includes = INCLUDE.findall(text)
    if layer not in MAY_USE:
        yield f"{path}: '{layer}' is no layer"
        return
    for _, name in includes:
        if name.startswith("corun/"):
            used = name.split("/")[1]
            if used not in MAY_USE[layer]:
                yield f"{path}: layer '{layer}' may not include '{name}'"
            if f"include/{name}" not in files:
                yield f"{path}: includes '{name}', which does not exist"
        for pattern, layers in ONLY_IN:
            if re.match(pattern, name) and layer not in layers:
                yield f"{path}: <{name}> has no place in layer '{layer}'"
    for style, name in includes:
        if style == '"' and not name.startswith("corun/"):
            yield f"{path}: \"{name}\" is not written as corun/<layer>/<name>.hpp"
    if path.endswith(".hpp"):
        if not path.startswith("include/"):
            yield f"{path}: a header belongs in include/corun/<layer>/"
        if "#pragma once" not in text:
            yield f"{path}: no #pragma once"
    own = re.sub(r"^src/(.*)\.cpp$", r"corun/\1.hpp", path)
    if own != path and f"include/{own}" in files and (not includes or includes[0][1] != own):
        yield f"{path}: does not include its own header '{own}' first"


def faults_of_test(path, text):
    match = re.match(r"tests/unit/([^/]+)/(.+)_test\.cpp$", path)
    if not match:
        return
    layer = match.group(1)
    if not any(header.startswith(f"corun/{layer}/") for _, header in INCLUDE.findall(text)):
        yield f"{path}: tests nothing of layer '{layer}'"


def faults(files):
    """All faults of {path: text}."""
    found = []
    for path in sorted(files):
        if path.startswith(("include/", "src/")):
            found += faults_of_file(path, files[path], files)
        else:
            found += faults_of_test(path, files[path])
    return found


def read_tree(root):
    files = {}
    for top in ("include", "src", "tests/unit"):
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith((".hpp", ".cpp", ".h")):
                    path = os.path.join(directory, name)
                    with open(path, encoding="utf-8") as file:
                        files[os.path.relpath(path, root)] = file.read()
    return files


GOOD = {
    "include/corun/sys/fd.hpp": "#pragma once\n#include <string>\n",
    "src/sys/fd.cpp": '#include "corun/sys/fd.hpp"\n#include <unistd.h>\n',
    "include/corun/oci/spec.hpp": "#pragma once\n",
    "tests/unit/sys/fd_test.cpp": '#include "corun/sys/fd.hpp"\n',
}

BAD = {
    "may not include": {"src/setup/a.cpp": '#include "corun/oci/spec.hpp"\n'},
    "does not exist": {"src/sys/a.cpp": '#include "corun/sys/gone.hpp"\n'},
    "<unistd.h> has no place": {"src/oci/a.cpp": "#include <unistd.h>\n"},
    "<iostream> has no place": {"src/cli/a.cpp": "#include <iostream>\n"},
    "<nlohmann/json.hpp> has no place": {"src/setup/a.cpp": "#include <nlohmann/json.hpp>\n"},
    "is not written as": {"src/sys/a.cpp": '#include "fd.hpp"\n'},
    "belongs in include": {"src/sys/a.hpp": "#pragma once\n"},
    "no #pragma once": {"include/corun/sys/a.hpp": "\n"},
    "own header": {"src/sys/fd.cpp": '#include <string>\n#include "corun/sys/fd.hpp"\n'},
    "is no layer": {"src/util/a.cpp": "\n"},
    "tests nothing": {"tests/unit/sys/gone_test.cpp": "\n"},
}


def check_self():
    assert faults(GOOD) == [], faults(GOOD)
    for text, example in BAD.items():
        found = faults({**GOOD, **example})
        assert len(found) == 1 and text in found[0], (text, found)


def main():
    check_self()
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    files = read_tree(root)
    found = faults(files)
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(files)} files, {len(found)} faults")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
