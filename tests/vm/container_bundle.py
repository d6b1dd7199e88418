#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes a bundle for an OCI runtime, from what container_options.py prints.

    container_options.py [COMPONENT...] | container_bundle.py IMAGE.json ROOT DIRECTORY

IMAGE.json is the image's configuration, and ROOT its unpacked file system. DIRECTORY gets config.json and
`capabilities`, the mask that container_options.py prints. The container reads its configuration from /run/config.

Podman would make about the same config.json. Emulated, it takes ten times as long as the runtime.
"""
import json
import pathlib
import subprocess
import sys

SECCOMP = "/usr/share/containers/seccomp.json"


def seccomp(capabilities):
    """The default profile for these capabilities, as containers/common reads it."""
    profile = json.loads(pathlib.Path(SECCOMP).read_text())
    # The profile of Debian 12 does not know CAP_BPF and CAP_PERFMON. RuntimeDefault of containerd and CRI-O
    # has these rules.
    calls = [call for call in profile["syscalls"]
             if call["action"] != "SCMP_ACT_ERRNO" or "bpf" not in call["names"]] + [
        {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}},
        {"names": ["perf_event_open"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_PERFMON"]}}]
    rules = []
    for call in calls:
        includes, excludes = call.get("includes") or {}, call.get("excludes") or {}
        if ("amd64" not in includes.get("arches", ["amd64"]) or "amd64" in excludes.get("arches", [])
                or not capabilities.issuperset(includes.get("caps", []))
                or not capabilities.isdisjoint(excludes.get("caps", []))):
            continue
        rule = {key: call[key] for key in ("names", "action", "errnoRet") if key in call}
        if call.get("args"):
            rule["args"] = call["args"]
        rules.append(rule)
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": rules}


def bind(volume):
    source, target, options = volume.split(":")
    options = options.split(",")
    if not {"private", "slave", "rprivate", "rslave"}.intersection(options):
        options.append("rprivate")
    return {"type": "bind", "source": source, "destination": target, "options": ["rbind", *options]}


def apply(config, option):
    """One of podman's options."""
    name, _, value = option.partition("=")
    process = config["process"]
    if name == "--user":
        process["user"] = dict(zip(("uid", "gid"), map(int, value.split(":"))))
    elif name == "--read-only":
        config["root"]["readonly"] = True
    elif option == "--security-opt=no-new-privileges":
        process["noNewPrivileges"] = True
    elif option == "--pid=host":
        config["linux"]["namespaces"].remove({"type": "pid"})
    elif name == "--cap-add":
        for each in "bounding", "effective", "permitted":
            process["capabilities"][each].append(f"CAP_{value}")
    elif name == "--volume":
        mount = bind(value)
        config["mounts"] = [m for m in config["mounts"] if m["destination"] != mount["destination"]] + [mount]
    # The runtime adds no capability and no tmpfs by itself.
    elif option not in ("--cap-drop=ALL", "--read-only-tmpfs=false"):
        sys.exit(f"container_bundle: {option}: unknown option")


def main(image, root, directory):
    lines = [line.rstrip("\n").split(" ", 1) for line in sys.stdin]
    words = {what: [word for kind, word in lines if kind == what] for what in ("option", "arg", "capabilities")}
    assert "--cap-drop=ALL" in words["option"], lines
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").unlink(missing_ok=True)
    subprocess.run(["crun", "spec"], cwd=directory, check=True)
    config = json.loads((directory / "config.json").read_text())
    image = json.loads(pathlib.Path(image).read_text())["config"]
    config["process"] = {
        "terminal": False, "cwd": "/", "env": image["Env"], "noNewPrivileges": False,
        "capabilities": {"bounding": [], "effective": [], "permitted": []},
        "args": [*image["Entrypoint"], *words["arg"], "--config.file=/etc/retprobe/retprobe.yaml", "--config.strict"]}
    config["root"] = {"path": str(pathlib.Path(root).resolve()), "readonly": False}
    config["mounts"].append(bind("/run/config:/etc/retprobe:ro"))
    # The pod's network would have no way to it in a guest.
    config["linux"]["namespaces"] = [{"type": name} for name in ("pid", "ipc", "uts", "cgroup", "mount")]
    for option in words["option"]:
        apply(config, option)
    config["linux"]["seccomp"] = seccomp(set(config["process"]["capabilities"]["bounding"]))
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "capabilities").write_text(words["capabilities"][0])


main(*sys.argv[1:])
