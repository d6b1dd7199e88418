# SPDX-License-Identifier: GPL-2.0-only
# What the cluster test shows: run_rows prints one verdict for each row. cluster.sh sources this after pods.sh.
#
# Two releases of the chart run on the same node: `retprobe` with the chart's rights, and `legacy` with kretprobe
# events, which are names in tracefs.
# shellcheck shell=bash disable=SC2154 # cluster.sh sets them
# runc unlinks files in a new container, too.
PROBES='{functions: __x64_sys_getpgid, labels: [pod_uid, container_id]}
{functions: do_unlinkat|filename_unlinkat, labels: [pod_uid, container_id], filter: ["comm == workload"]}'
LIVE='__x64_sys_getpgid positive'
DEAD='__x64_sys_getpgid ESRCH'

# values RELEASE [PROBE...]: the chart's values, with more probes
values() {
	local release=$1
	shift
	cat <<-END
	image: {registry: localhost, pullPolicy: Never}
	resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 512Mi}}
	config:
	  probes:
	$(printf '    - %s\n' "${probes[@]}" "$@")
	END
	[ "$release" != legacy ] || cat <<-END
	capabilities: {sysAdmin: true}
	host: {tracefsWritable: true}
	END
}

# install RELEASE [HELM_OPTION...]: the release has the namespace of the same name
install() {
	local mechanism=auto
	[ "$1" != legacy ] || mechanism=kretprobe
	values "$1" "${more[@]}" | helm upgrade --install "$1" deploy/helm/retprobe-exporter -n "$1" --values - \
		--set "extraArgs[0]=--config.strict" --set "extraArgs[1]=--mechanism=$mechanism" "${@:2}" \
		> "$work/helm.log" 2>&1 || give_up "helm installs $1: $(tail -n 1 "$work/helm.log")"
}

install_both() {
	local release
	for release in retprobe legacy; do
		kubectl create namespace $release > "$work/kubectl.log" &&
			kubectl label namespace $release pod-security.kubernetes.io/enforce=privileged > "$work/kubectl.log"
		install $release
	done
	for release in retprobe legacy; do
		try "helm installs $release, and its DaemonSet becomes ready" is_ready $release
	done
}

mechanisms() { # mechanisms RELEASE
	query "count by (mechanism) (retprobe_probe_info{namespace=\"$1\"})" | jq -r '"\(.metric.mechanism) \(.value)"'
}

# both NAME POD "FUNCTION VALUE NUMBER"...: each release has counted this of the pod's containers, and nothing else
both() {
	local release text id
	text=$(expected "${@:2}") && id=$(uid "$2") || give_up "pod $2 is there, with its containers"
	for release in retprobe legacy; do
		check "$1, $release" "$text" counted $release "$id"
	done
}

targets() {
	query 'up{job="retprobe-exporter"}' | jq -r '"\(.metric.namespace) \(.metric.instance) \(.value)"' | sort
}

# ---- pods that make known calls ------------------------------------------------------------------

count_pods() {
	pod calls "/workload getpgid-live 2 700; $HOLD"
	pod failing "/workload getpgid-dead 2 300; $HOLD" "/workload unlink-missing 2 400; $HOLD"
	finish calls failing
	both "calls of a pod, exactly" calls "$LIVE 700"
	both "failed calls of a pod's containers, exactly" failing "$DEAD 300" "$unlink ENOENT 400"
}

# ---- kube-state-metrics --------------------------------------------------------------------------

# The queries of deploy/kubernetes/README.md. Rates of series that are born with their calls are 0, so sums replace
# them.
documented() { # documented LINE: the query after this comment
	awk -v line="# $1" '
		$0 == line { on = 1; next }
		on && (/^$/ || /^```/) { exit }
		on' deploy/kubernetes/README.md | sed -E 's/rate\(([^][]*)\[5m\]\)/\1/'
}

joined() { # joined QUERY: of the pods above
	query "$1" | jq -r 'select(.metric.pod == "calls" or .metric.pod == "failing") |
		"\(.metric.namespace)/\(.metric.pod)\(if .metric.container then "/" + .metric.container else "" end) \(.value)"' | sort
}

# Both releases count each call.
join_names() {
	check "by pod, joined with kube-state-metrics" "$(printf '%s\n' "default/calls 1400" "default/failing 1400")" \
		joined "$(documented "Calls per second, by pod.")"
	check "by container, joined with kube-state-metrics" \
		"$(printf '%s\n' "default/calls/container0 1400" "default/failing/container0 600" "default/failing/container1 800")" \
		joined "$(documented "The same by container. A container that has not started has no ID yet.")"
}

# ---- changes -------------------------------------------------------------------------------------

# Another configuration: the kubelet replaces the file, and the exporter reloads it.
change_configuration() {
	local before text id more=('{functions: __x64_sys_getsid, labels: [pod_uid, container_id]}')
	before=$(identity retprobe)
	text=$(expected calls "$LIVE 700") && id=$(uid calls) || give_up "pod calls is there"
	install retprobe
	check "helm upgrade with another configuration: the new probe" 1 attached retprobe __x64_sys_getsid
	check "no pod has restarted" "$before" identity retprobe
	check "counts go on" "$text" counted retprobe "$id"
}

attached() { # attached RELEASE FUNCTION
	query "retprobe_probe_attached{namespace=\"$1\", function=\"$2\", reason=\"\"}" | jq .value
}

run_rows() {
	local probes more=() unlink

	mapfile -t probes <<< "$PROBES"
	try "the node is ready" kubectl wait node/node-1 --for=condition=Ready --timeout=1s
	wait_for 120 kubectl get serviceaccount default || give_up "the controllers make service accounts"
	start_monitoring
	install_both
	check "Prometheus finds both releases by the API server" "$(printf '%s\n' "legacy node-1 1" "retprobe node-1 1")" targets
	check "legacy uses kretprobe events" "kretprobe 2" mechanisms legacy
	unlink=$(query 'retprobe_probe_attached{function=~".*_unlinkat", namespace="legacy"}' | jq -r .metric.function)

	count_pods
	join_names
	change_configuration
}
