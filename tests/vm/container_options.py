#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints the DaemonSet's container as podman options, so that a test runs what a cluster would.

    container_options.py [COMPONENT...]      with these of deploy/kubernetes/components

Each line is `option WORD` for podman, `arg WORD` for the exporter, or `capabilities MASK`. MASK is the exact
set that the container's first process must have.

container_guest.sh handles what podman cannot do in a guest: a network of its own, and cgroups.
"""
import os
import sys

import yaml

BASE = os.path.join(os.path.dirname(__file__), "../../deploy/kubernetes")
NUMBERS = {"DAC_READ_SEARCH": 2, "KILL": 5, "SETGID": 6, "SETUID": 7, "SYS_PTRACE": 19, "SYS_ADMIN": 21, "SYS_RESOURCE": 24,
           "SYSLOG": 34, "PERFMON": 38, "BPF": 39, "CHECKPOINT_RESTORE": 40}


def patch(document, operation):
    """One operation of a JSON patch."""
    *path, last = operation["path"].strip("/").split("/")
    for step in path:
        document = document[int(step) if isinstance(document, list) else step]
    if isinstance(document, list) and last != "-":
        last = int(last)
    if operation["op"] == "test":
        assert document[last] == operation["value"], operation
    elif last == "-":
        document.append(operation["value"])
    else:
        document[last] = operation["value"]


def options(pod):
    container = pod["containers"][0]
    security = container["securityContext"]
    assert security["privileged"] is False and "hostNetwork" not in pod
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    yield f"--user={security['runAsUser']}:{security['runAsGroup']}"
    if security["readOnlyRootFilesystem"]:
        yield "--read-only"
        yield "--read-only-tmpfs=false"
    if security["allowPrivilegeEscalation"] is False:
        yield "--security-opt=no-new-privileges"
    for name in security["capabilities"]["drop"]:
        yield f"--cap-drop={name}"
    for name in security["capabilities"]["add"]:
        yield f"--cap-add={name}"
    if pod.get("hostPID"):
        yield "--pid=host"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    for mount in container["volumeMounts"]:
        how = "ro" if mount.get("readOnly") else "rw"
        if mount.get("mountPropagation") == "HostToContainer":
            how += ",rslave"
        yield f"--volume={volumes[mount['name']]['hostPath']['path']}:{mount['mountPath']}:{how}"


def main():
    with open(f"{BASE}/base/daemonset.yaml") as f:
        daemonset = yaml.safe_load(f)
    for component in sys.argv[1:]:
        with open(f"{BASE}/components/{component}/kustomization.yaml") as f:
            for entry in yaml.safe_load(f)["patches"]:
                for operation in yaml.safe_load(entry["patch"]):
                    patch(daemonset, operation)
    pod = daemonset["spec"]["template"]["spec"]
    for option in options(pod):
        print("option", option)
    for arg in pod["containers"][0]["args"]:
        print("arg", arg)
    added = pod["containers"][0]["securityContext"]["capabilities"]["add"]
    print(f"capabilities {sum(1 << NUMBERS[name] for name in added):016x}")


main()
