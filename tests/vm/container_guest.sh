#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: container_guest.sh BUNDLE [COMPONENT...] runs the image with this bundle of
# container_bundle.py. Its settings are those of the DaemonSet with these components of deploy/kubernetes.
# Makes known calls outside of the container, some of them in a cgroup with a Kubernetes name. With
# `programs`, also calls in another root file system and of its library, and of a library of the node. Writes the metrics and
# the processes' status to $RESULTS for container_check.py.
#
# The container is in the network of the guest, and in a cgroup without a Kubernetes name.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh
PORT=10435
POD=kubepods.slice/kubepods-pod0a1b2c3d_0001_0002_0003_00000000c0de.slice
CONTAINER=cri-containerd-$(printf '%064d' 7).scope
bundle=$1
shift

# A program in a root file system that only it can see. Sets $program. It waits for a line on descriptor 4. Another one has
# the C library mapped there.
other_root() {
	mkfifo /run/start
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -c '
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/dev
		mknod -m 0666 /mnt/dev/null c 1 3
		for file in $0; do
			mkdir -p "/mnt${file%/*}"
			cp "$file" "/mnt$file"
		done
		cp build/workload "$(command -v busybox)" "$(command -v sleep)" /mnt/
		exec chroot /mnt /busybox sh -c "/sleep 100000 &
			read -r line
			/workload unlink-missing 2 250 > /dev/null
			/workload user-function 2 600
			read -r line"' "$libraries" \
		< /run/start > "$RESULTS/program.json" &
	program=$!
	exec 4> /run/start
	until [ -e "/proc/$program/root/workload" ] && [ ! -e "/proc/$program/root/usr/bin/env" ]; do
		kill -0 $program || fail "the program in another root file system has ended"
		pause 0.1
	done
	object=/proc/$program/root/workload
}

object=''
cp "$bundle/capabilities" "$RESULTS/" || fail "no bundle"
mkdir -p /run/config
cat > /run/config/retprobe.yaml <<END
probes:
  - functions: __x64_sys_getpgid
    labels: [pod_uid, container_id]
  - functions: do_unlinkat|filename_unlinkat
END
if [[ " $* " == *" programs "* ]]; then
	libraries=$(ldd build/workload | grep -o '/[^ ]*')
	other_root
	libc=$(realpath "$(grep '/libc\.so' <<< "$libraries")")
	cat >> /run/config/retprobe.yaml <<-END
	  - user: {object: $object, functions: workload_function}
	  - user: {object: /host$libc, functions: unlink}
	    filter: ["comm == workload"]
	  - user: {library: libc.so.6, functions: unlink}
	    filter: ["comm == workload"]
	END
fi

crun --cgroup-manager=cgroupfs run --bundle "$bundle" --pid-file /run/attacher retprobe \
	> "$RESULTS/exporter.log" 2>&1 &
runtime=$!
$CLIENT ready $PORT $runtime || fail "the container has ended"

# The attacher, its child (the server), and the writable files of the container's root.
read -r attacher < /run/attacher
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
		pause 0.1
	done
fi
get /metrics "$RESULTS/metrics" || fail "no metrics"
kill -TERM "$attacher"
while [ -e "/proc/$attacher/exe" ]; do
	pause 0.1
done
echo ended > "$RESULTS/exit"
