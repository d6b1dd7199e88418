#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the programs of a Kubernetes cluster from their Go modules into the cache directory, and prints the
# directory. Takes about ten minutes of two CPUs, once for each set of versions below.
#
# etcd is the version that Kubernetes requires.
set -eu
cd "$(dirname "$0")/../.."

KUBERNETES=1.36.3
CONTAINERD=2.3.7
RUNC=1.5.3
CNI=1.9.1
STATE_METRICS=2.18.0

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/retprobe_exporter/cluster
versions="kubernetes $KUBERNETES containerd $CONTAINERD runc $RUNC cni $CNI kube-state-metrics $STATE_METRICS"
out=$cache/$(sha256sum <<< "$versions" | cut -c 1-12)
export GOFLAGS='-mod=mod -buildvcs=false' GOTOOLCHAIN=auto

# Go modules cannot build the main packages of a module whose requirements are replaced. So each has a module around
# it.
modules=$(mktemp -d)
trap 'rm -rf "$modules"' EXIT
trap 'exit 130' HUP INT TERM

enter_module() { # enter_module MODULE VERSION: sets $required to its go.mod
	mkdir -p "$modules/${1//\//_}"
	cd "$modules/${1//\//_}"
	required=$(go mod download -json "$1@v$2" | jq -r '.GoMod // empty')
	[ -n "$required" ] || {
		echo "cluster: module $1 v$2 is not available" >&2
		exit 1
	}
	{
		echo "module cluster"
		sed -n '/^go /p' "$required"
		echo "require $1 v$2"
	} > go.mod
}

compile() { # compile PACKAGE...
	go build -trimpath -ldflags="-s -w ${variables:-}" -o "$new/" "$@"
}

build_all() {
	new=$out.new
	rm -rf "$new"
	mkdir -p "$new"
	(cd tests/deploy/kubernetes && GOFLAGS=-buildvcs=false compile helm.sh/helm/v3/cmd/helm)

	enter_module k8s.io/kubernetes $KUBERNETES
	# The repository's own modules have the version v0.0.0 there.
	sed -n -E "s#^\t(k8s.io/[a-z-]+) v0\.0\.0\$#replace \1 => \1 v0.${KUBERNETES#*.}#p" "$required" >> go.mod
	# Helm compares the API server's version with that of the chart.
	local v=k8s.io/component-base/version
	local minor=${KUBERNETES#*.} variables
	variables="-X $v.gitVersion=v$KUBERNETES -X $v.gitMajor=1 -X $v.gitMinor=${minor%.*}"
	compile k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kubectl}
	mkdir etcd
	cat > etcd/main.go <<-END
	package main

	import (
		"os"

		"go.etcd.io/etcd/server/v3/etcdmain"
	)

	func main() { etcdmain.Main(os.Args) }
	END
	compile ./etcd

	enter_module k8s.io/kube-state-metrics/v2 $STATE_METRICS
	go build -trimpath -ldflags='-s -w' -o "$new/kube-state-metrics" k8s.io/kube-state-metrics/v2

	enter_module github.com/containerd/containerd/v2 $CONTAINERD
	CGO_ENABLED=0 compile github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr}

	enter_module github.com/containernetworking/plugins $CNI
	CGO_ENABLED=0 compile github.com/containernetworking/plugins/plugins/{main/bridge,main/loopback,ipam/host-local}

	enter_module github.com/opencontainers/runc $RUNC
	compile -tags seccomp github.com/opencontainers/runc

	echo "$versions" > "$new/versions"
	mv "$new" "$out"
}

mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9
[ -e "$out/versions" ] || (build_all >&2)
echo "$out"
