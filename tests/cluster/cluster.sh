#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check-cluster`: a real Kubernetes cluster with the image and the chart. Needs root, Go 1.21 or newer, 5 GB in
# the cache directory and 6 GB of memory.
#
#	cluster.sh [SERIES]
#
# ROWS='count_pods drain' runs these rows of rows.sh only. HOLD=1 keeps the cluster then: `echo drain > build/cluster/again`
# runs that row as its source is by then, and `echo end` ends the cluster.
#
# The control plane, kube-state-metrics and Prometheus run here, in a network namespace of their own. The node is a
# guest with kernel SERIES, systemd, containerd and runc. build.sh has the versions. KEEP=1 keeps the logs.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1

patience=900 # an emulated node is slow

ok() {
	echo "ok cluster $series: $1 ($((SECONDS - begin)) s)"
	begin=$SECONDS
}

not_ok() { # not_ok NAME WHY [FILE]
	echo "not ok cluster $series: $1: $2"
	[ -z "${3:-}" ] || sed 's/^/    /' "$3"
	begin=$SECONDS
}

# Tells what the node does, and ends the test: the number of verdicts is then not the plan.
# shellcheck disable=SC2317 # control_plane.sh calls it, too
give_up() {
	not_ok "$1" "gives up"
	{
		kubectl get pods -A -o wide
		kubectl get events -A --sort-by=.lastTimestamp | tail -n 15
		tail -n 15 "$work/node.log" "$work/node/"*.log
	} 2>&1 | sed 's/^/    /'
	exit 1
}

# check NAME EXPECTED COMMAND...: its output is EXPECTED. Waits three minutes for it: Prometheus scrapes every 5 s,
# and the kubelet replaces files within a minute or two.
check() {
	local name=$1 expected=$2 limit=$((SECONDS + 180)) found

	shift 2
	until found=$("$@" 2>&1) && [ "$found" = "$expected" ]; do
		check_started
		if [ $SECONDS -ge $limit ]; then
			diff <(echo "$expected") <(echo "$found") > "$work/diff"
			not_ok "$name" "not as expected (<), but (>)" "$work/diff"
			return 1
		fi
		sleep 1
	done
	ok "$name"
}

# try NAME COMMAND...: succeeds within $patience
try() {
	if wait_for $patience "${@:2}"; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 1 "$work/wait.log")" "$work/wait.log"
	fi
}

. tests/cluster/control_plane.sh
. tests/cluster/pods.sh
. tests/cluster/rows.sh

rows=${ROWS:-$all_rows}
plan=7 # before the rows
for row in $rows; do
	plan=$((plan + ${verdicts[$row]:?there is no row $row}))
done

# Runs rows whose names are written to $work/again.
hold() {
	local row

	mkfifo "$work/again"
	echo "rows: $all_rows, or end" > "$work/hold.log"
	while read -r row < "$work/again" && [ "$row" != end ]; do
		. tests/cluster/pods.sh
		. tests/cluster/rows.sh
		run_row "$row"
	done
}

# ---- outside of the network namespace ----------------------------------------------------------

prepare() {
	local tool tag

	for tool in go ip unshare curl; do
		command -v $tool > /dev/null || skip "$tool is not here: make deps"
	done
	[ -c /dev/net/tun ] || skip "/dev/net/tun is not here: modprobe tun"
	programs=$(tests/cluster/build.sh 2> "$work/log") ||
		give_up_early "the programs of Kubernetes are built: $(tail -n 3 "$work/log" | tr '\n' ' ')"

	# Debian 12's Prometheus has no discovery by Kubernetes.
	prometheus=$(tests/prometheus3.sh --path 2> "$work/log")/prometheus
	[ -x "$prometheus" ] || skip "Prometheus 3 is not available: $(tail -n 1 "$work/log")"
	export prometheus

	mkdir -p "$work/images"
	tag=localhost/retprobe-exporter:$(cat VERSION)
	deploy/container/build.sh -t "$tag" -o "$work/images/exporter.tar" > "$work/log" 2>&1 &&
		scratch localhost/pause:1 build/pause && scratch localhost/tools:1 build/workload-static "$(command -v busybox)" ||
		give_up_early "the images are built: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	buildah rmi "$tag" localhost/pause:1 localhost/tools:1 > "$work/log" 2>&1
}

give_up_early() {
	echo "1..1"
	echo "not ok cluster: $1"
	exit 1
}

# scratch TAG FILE...: an image of these static programs. The first is what it runs.
scratch() {
	local file
	container=$(buildah from scratch) || return
	for file in "${@:2}"; do
		buildah copy -q "$container" "$file" "/$(basename "$file" -static)" > "$work/log" 2>&1 || return
	done
	buildah config --entrypoint "[\"/$(basename "$2" -static)\"]" "$container" &&
		buildah commit -q "$container" "$1" > "$work/log" 2>&1 &&
		buildah push -q "$1" "docker-archive:$work/images/$(basename "${1%:*}").tar:$1" > "$work/log" 2>&1
	buildah rm "$container" > /dev/null
	container=''
}

# Passes the verdicts on, and fails unless all that are planned are good.
sum_up() {
	local passed=0 failed=0 line

	while IFS= read -r line; do
		echo "$line"
		case $line in
		'ok '*) passed=$((passed + 1)) ;;
		'not ok '*) failed=$((failed + 1)) ;;
		esac
	done
	[ $((passed + failed)) -eq $plan ] || failed=$((plan > passed ? plan - passed : 1))
	echo "$passed passed, $failed failed ($SECONDS s)"
	[ $failed = 0 ]
}

# ---- inside ------------------------------------------------------------------------------------

start_network() {
	ip link set lo up && ip tuntap add tap0 mode tap && ip address add 10.0.2.2/24 dev tap0 && ip link set tap0 up &&
		ip route add 10.244.0.0/16 via 10.0.2.15 || give_up "the network is there"
}

start_node() {
	mkdir -p "$work/node"
	TMPDIR=$work start node tests/vm/guest.sh -k "$series" -S -n tap0 -c 1 -m 3584 -t 0 -o "$work/node" -- \
		tests/cluster/node.sh "$programs" "$work/images" "$work/node-1.kubeconfig"
}

case ${1:-} in
inside)
	series=$2 programs=$3 work=$4 begin=$SECONDS
	echo "1..$plan"
	start_network
	start_control_plane
	ok "the control plane is ready"
	start_node
	install_all
	for row in $rows; do
		run_row "$row"
	done
	[ -z "${HOLD:-}" ] || hold
	;;
*)
	. tests/deploy/storage.sh
	storage__open openssl
	storage=$work
	# Guests see no /tmp.
	work=$PWD/build/cluster
	rm -rf "$work"
	mkdir -p "$work"
	prepare
	series=${1:-$(tests/vm/kernels.sh --default)}
	tests/vm/kernels.sh --path "$series" > "$work/log" || give_up_early "kernel $series is here"
	# When the first process of the PID namespace ends, all others are killed.
	unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" inside "$series" "$programs" "$work" |
		sum_up
	code=$?
	[ -n "${KEEP:-}" ] || rm -rf "$work"
	work=$storage
	exit $code
	;;
esac
