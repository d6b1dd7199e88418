# SPDX-License-Identifier: GPL-2.0-only
# Pods of the cluster test. cluster.sh sources this after control_plane.sh.
# shellcheck shell=bash disable=SC2154 # cluster.sh sets them

# After a container's calls, so that it is not started again.
# shellcheck disable=SC2034 # rows.sh uses it
STAY='exec sleep 1000000'

# pod NAME "COMMAND"...: a pod with one container for each shell command
pod() {
	jq -n --arg name "$1" '{
		apiVersion: "v1", kind: "Pod", metadata: {$name},
		spec: {
			automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 20,
			containers: [$ARGS.positional | to_entries[] | {
				name: "container\(.key)", image: "localhost/tools:1", imagePullPolicy: "Never",
				command: ["/busybox", "sh", "-c", .value]
			}]
		}
	}' --args "${@:2}" | kubectl apply -f - > "$work/kubectl.log" 2>&1 ||
		give_up "pod $1 is refused: $(tail -n 1 "$work/kubectl.log")"
}

# field POD JQ [NAMESPACE]: of its JSON
field() {
	kubectl get pod -n "${3:-default}" "$1" -o json | jq -r "$2"
}

# The workload prints a line after its calls.
have_called() { # have_called POD...
	local name
	for name; do
		[ "$(kubectl logs "$name" --all-containers | grep -c operation)" -eq "$(field "$name" '.spec.containers | length')" ] ||
			return
	done
}

# finish POD...: waits until all their calls are made
finish() {
	wait_for "$patience" have_called "$@" || give_up "pods make their calls: $*"
}

# counted NAMESPACE POD_UID: what the release there has counted, by function, result and container
counted() {
	query "sum by (function, value, container_id) (retprobe_returns_total{namespace=\"$1\", pod_uid=\"$2\"}) > 0" |
		jq -r '"\(.metric.function) \(.metric.value) \(.metric.container_id) \(.value)"' | sort
}

# expected POD "FUNCTION VALUE NUMBER"...: the same of what the pod's containers have done, in their order
expected() {
	local ids number=0 each
	mapfile -t ids < <(field "$1" '.status.containerStatuses | sort_by(.name)[].containerID')
	[ ${#ids[@]} -eq $(($# - 1)) ] || return
	for each in "${@:2}"; do
		echo "${each% *} ${ids[number]} ${each##* }"
		number=$((number + 1))
	done | sort
}

# An empty UID would select the calls outside of pods, and an empty text would equal no calls at all.
uid() {
	field "$1" .metadata.uid "${2:-default}" | grep .
}

# exporter RELEASE: the name of its pod. The namespace has the release's name.
exporter() {
	kubectl get pods -n "$1" -l "app.kubernetes.io/instance=$1" --field-selector=status.phase=Running -o name |
		sed 's|^pod/||'
}

# identity RELEASE: its pod, and how often the container has started again
identity() {
	kubectl get pods -n "$1" -l "app.kubernetes.io/instance=$1" -o json |
		jq -r '.items[] | "\(.metadata.uid) \(.status.containerStatuses[0].restartCount)"'
}

is_ready() { # is_ready RELEASE: its DaemonSet, as far as the controller knows its newest form
	kubectl rollout status -n "$1" "daemonset/$(daemonset "$1")" --timeout=1s
}

daemonset() {
	kubectl get daemonset -n "$1" -l "app.kubernetes.io/instance=$1" -o 'jsonpath={.items[0].metadata.name}'
}

# A shell on the node: a DaemonSet, as a drain does not end those.
start_shell() {
	kubectl create namespace node-shell > "$work/kubectl.log" && kubectl apply -f - > "$work/kubectl.log" <<-END
	apiVersion: apps/v1
	kind: DaemonSet
	metadata: {name: shell, namespace: node-shell}
	spec:
	  selector: {matchLabels: {name: shell}}
	  template:
	    metadata: {labels: {name: shell}}
	    spec:
	      hostPID: true
	      hostNetwork: true
	      automountServiceAccountToken: false
	      terminationGracePeriodSeconds: 1
	      tolerations: [{operator: Exists}]
	      containers:
	        - name: shell
	          image: localhost/tools:1
	          imagePullPolicy: Never
	          command: [/busybox, sleep, "1000000"]
	          securityContext: {privileged: true}
	          volumeMounts: [{name: tracefs, mountPath: /sys/kernel/tracing}]
	      volumes: [{name: tracefs, hostPath: {path: /sys/kernel/tracing}}]
	END
}

shell_is_ready() {
	kubectl rollout status -n node-shell daemonset/shell --timeout=1s
}

# on_node COMMAND: of the shell
on_node() {
	kubectl exec -n node-shell daemonset/shell -- /busybox sh -c "$1"
}

# kill_exporter RELEASE: the container's first process, as the kernel does at the memory limit
kill_exporter() {
	local id
	id=$(field "$(exporter "$1")" '.status.containerStatuses[0].containerID | sub(".*://"; "")' "$1")
	on_node "kill -9 \$(for f in /proc/[0-9]*/cgroup; do
			if grep -q $id \$f; then p=\${f#/proc/}; echo \${p%/cgroup}; fi
		done | sort -n | head -n 1)"
}

# Our events in tracefs, by exporter: one line with the number of events for each.
events() {
	on_node "grep -o ':retprobe_[^/]*' /sys/kernel/tracing/kprobe_events | sort | uniq -c | sed 's/:.*//; s/ //g'"
}
