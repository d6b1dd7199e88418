#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest with systemd: node.sh PROGRAMS IMAGES KUBECONFIG makes it a node of the cluster, and
# stays. PROGRAMS is the directory of build.sh, IMAGES one with image archives. The logs are in
# $RESULTS.
set -u
programs=$1 images=$2 kubeconfig=$3
pods=10.244.0.0/24
socket=/run/containerd/containerd.sock

end() {
	echo "node: $*"
	exit 1
}

# File systems in memory: overlayfs cannot use the guest's root, which is one itself.
make_directories() {
	local directory

	for directory in /var/lib/containerd /var/lib/kubelet; do
		mkdir -p $directory
		mount -t tmpfs -o size=60% tmpfs $directory
	done
	mkdir -p /etc/cni/net.d /var/lib/cni /run/containerd
	for module in overlay veth bridge; do
		modprobe $module || end "no module $module"
	done
}

# Pods have addresses that the host has a route to.
write_network() {
	cat > /etc/cni/net.d/10-pods.conflist <<-END
	{
		"cniVersion": "1.0.0", "name": "pods",
		"plugins": [{
			"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false,
			"ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}
		}]
	}
	END
}

write_containerd() {
	cat > /run/containerd.toml <<-END
	version = 3
	root = "/var/lib/containerd"
	state = "/run/containerd"
	[grpc]
	address = "$socket"
	[plugins."io.containerd.cri.v1.images".pinned_images]
	sandbox = "localhost/pause:1"
	[plugins."io.containerd.cri.v1.runtime".cni]
	bin_dirs = ["$programs"]
	conf_dir = "/etc/cni/net.d"
	[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
	runtime_type = "io.containerd.runc.v2"
	[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
	BinaryName = "$programs/runc"
	SystemdCgroup = true
	END
}

# No evictions and no image collection: all file systems are the guest's memory. Timeouts fit an emulated machine.
write_kubelet() {
	cat > /run/kubelet.yaml <<-END
	apiVersion: kubelet.config.k8s.io/v1beta1
	kind: KubeletConfiguration
	authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
	authorization: {mode: AlwaysAllow}
	cgroupDriver: systemd
	containerRuntimeEndpoint: unix://$socket
	failSwapOn: false
	localStorageCapacityIsolation: false
	makeIPTablesUtilChains: false
	resolvConf: ""
	clusterDNS: [10.96.0.10]
	imageGCHighThresholdPercent: 100
	evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
	runtimeRequestTimeout: 10m
	nodeLeaseDurationSeconds: 300
	configMapAndSecretChangeDetectionStrategy: Watch
	syncFrequency: 20s
	END
}

start() { # start NAME COMMAND...
	systemd-run --quiet --unit="$1" -p Delegate=yes -p StandardOutput="file:$RESULTS/$1.log" \
		-p StandardError="file:$RESULTS/$1.log" -p LimitNOFILE=65536 -p KillMode=process \
		-E PATH="$programs:$PATH" -- "${@:2}" || end "$1 does not start"
}

load_images() {
	local image

	until "$programs/ctr" -a $socket version > "$RESULTS/ctr.log" 2>&1; do
		systemctl is-active -q containerd || end "containerd has ended"
		sleep 1
	done
	for image in "$images"/*.tar; do
		"$programs/ctr" -a $socket -n k8s.io images import --local "$image" >> "$RESULTS/ctr.log" 2>&1 ||
			end "the image $image cannot be imported: $(tail -n 1 "$RESULTS/ctr.log")"
	done
}

make_directories
write_network
write_containerd
write_kubelet
start containerd "$programs/containerd" --config /run/containerd.toml
load_images
echo "node: the images are here after $SECONDS s"
start kubelet "$programs/kubelet" --config=/run/kubelet.yaml --kubeconfig="$kubeconfig" --hostname-override=node-1 \
	--node-ip=10.0.2.15 --v=2
while sleep 5; do
	systemctl is-active -q containerd || end "containerd has ended: $(tail -n 3 "$RESULTS/containerd.log")"
	systemctl is-active -q kubelet || end "kubelet has ended: $(tail -n 3 "$RESULTS/kubelet.log")"
done
