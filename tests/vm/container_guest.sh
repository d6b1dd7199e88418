#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: container_guest.sh [COMPONENT...] runs the image in build/container. Its settings are those
# of the DaemonSet with these components of deploy/kubernetes. Makes known calls outside of the container,
# some of them in a cgroup with a Kubernetes name. With `programs`, also calls in another root file system,
# and of a library of the node. Writes the metrics and the processes' status to $RESULTS for
# container_check.py.
#
# The container is not in a pod's network or cgroup, which podman cannot make in a guest.
set -u
cd "$(dirname "$0")/../.." || exit 1
URL=http://127.0.0.1:10435
POD=kubepods.slice/kubepods-pod0a1b2c3d_0001_0002_0003_00000000c0de.slice
CONTAINER=cri-containerd-$(printf '%064d' 7).scope

pod() { # podman, with its storage in memory
	podman --root /run/podman/root --runroot /run/podman/run --storage-driver vfs --cgroup-manager cgroupfs \
		--events-backend=file --log-level=error "$@"
}

fail() {
	echo "not ok: $*"
	tail -20 "$RESULTS/exporter.log" 2> /dev/null
	exit 1
}

# A program in a root file system that only it can see. Sets $program. It waits for a line to its $start.
other_root() {
	mkfifo /run/start
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -c '
		mount -t tmpfs tmpfs /mnt
		ldd build/workload | grep -o "/[^ ]*" | while read -r file; do
			mkdir -p "/mnt${file%/*}"
			cp "$file" "/mnt$file"
		done
		cp build/workload "$(command -v busybox)" /mnt/
		exec chroot /mnt /busybox sh -c "read -r line; /workload user-function 2 600; read -r line"' \
		< /run/start > "$RESULTS/program.json" &
	program=$!
	exec 4> /run/start
	until [ -e "/proc/$program/root/workload" ] && [ ! -e "/proc/$program/root/usr/bin/env" ]; do
		kill -0 $program || fail "the program in another root file system has ended"
		read -r -t 0.1 <> <(:)
	done
	object=/proc/$program/root/workload
}

# Without cgroups, podman cannot make a container that sees the processes of the node.
options=() args=() object='' cgroups=--cgroups=disabled
while read -r what word; do
	case $what in
	option) options+=("$word") ;;
	arg) args+=("${word/level=info/level=${LEVEL:-info}}") ;;
	capabilities) echo "$word" > "$RESULTS/capabilities" ;;
	esac
done < <(python3 -B tests/vm/container_options.py "$@")
[ ${#options[@]} -gt 5 ] || fail "no options for podman"

# The profile of Debian 12's podman does not know CAP_BPF and CAP_PERFMON. RuntimeDefault of containerd and
# CRI-O has these rules.
jq '.syscalls += [
	{names: ["bpf"], action: "SCMP_ACT_ALLOW", includes: {caps: ["CAP_BPF"]}},
	{names: ["perf_event_open"], action: "SCMP_ACT_ALLOW", includes: {caps: ["CAP_PERFMON"]}}] |
	.syscalls |= map(select(.action != "SCMP_ACT_ERRNO" or ((.names | index("bpf")) == null)))' \
	/usr/share/containers/seccomp.json > /run/seccomp.json || fail "no seccomp profile"

mkdir -p /run/config
cat > /run/config/retprobe.yaml <<END
probes:
  - functions: __x64_sys_getpgid
    labels: [pod_uid, container_id]
  - functions: do_unlinkat|filename_unlinkat
END
if [[ " $* " == *" programs "* ]]; then
	other_root
	cgroups=--cgroups=enabled
	libc=$(realpath "$(ldd build/workload | grep -o '/.*/libc\.so[^ ]*')")
	cat >> /run/config/retprobe.yaml <<-END
	  - user: {object: $object, functions: workload_function}
	  - user: {object: /host$libc, functions: unlink}
	    filter: ["comm == workload"]
	END
fi

pod load -q -i build/container/image.tar > "$RESULTS/load.log" 2>&1 ||
	fail "podman load: $(tail -n 3 "$RESULTS/load.log")"
image=$(pod images -q | head -n 1)
pod run --rm --name retprobe $cgroups --network=host "${options[@]}" \
	--security-opt=seccomp=/run/seccomp.json \
	--volume=/run/config:/etc/retprobe:ro "$image" "${args[@]}" \
	--config.file=/etc/retprobe/retprobe.yaml --config.strict > "$RESULTS/exporter.log" 2>&1 &
podman=$!
until curl -s -f -m 60 -o /dev/null $URL/-/ready; do
	kill -0 $podman 2> /dev/null || fail "the container has ended"
	read -r -t 0.3 <> <(:)
done

# The attacher, its child (the server), and the writable files of the container's root.
attacher=$(pod inspect -f '{{.State.Pid}}' retprobe)
read -r server _ < "/proc/$attacher/task/$attacher/children"
cat "/proc/$attacher/status" > "$RESULTS/attacher"
cat "/proc/$server/status" > "$RESULTS/server"
cat "/proc/$attacher/mounts" > "$RESULTS/mounts"
ls "/proc/$attacher/root/bin" "/proc/$attacher/root/usr/bin" > "$RESULTS/programs" 2> /dev/null

build/workload unlink-missing 2 300 > /dev/null || fail "the calls"
mkdir -p "/sys/fs/cgroup/$POD/$CONTAINER"
sh -c 'echo $$ > "$0/cgroup.procs" && exec build/workload getpgid-live 2 700' "/sys/fs/cgroup/$POD/$CONTAINER" \
	> /dev/null || fail "the calls in a cgroup"
if [ -n "$object" ]; then
	echo start >&4
	# It stays until the metrics are read: without it, the path is gone, and so is the probe.
	until [ -s "$RESULTS/program.json" ]; do
		kill -0 "$program" 2> /dev/null || fail "the program in another root file system has ended"
		read -r -t 0.1 <> <(:)
	done
fi
curl -s -f -m 60 $URL/metrics > "$RESULTS/metrics" || fail "no metrics"
kill -TERM "$attacher"
# Not podman, which in a guest can wait for more than its container.
while [ -e "/proc/$attacher/exe" ]; do
	read -r -t 0.3 <> <(:)
done
echo ended > "$RESULTS/exit"
