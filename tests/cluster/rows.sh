# SPDX-License-Identifier: GPL-2.0-only
# The rows of the cluster test: functions that print verdicts. cluster.sh sources this after pods.sh.
#
# Two releases of the chart run on the same node: `retprobe` with the chart's rights, and `legacy` with kretprobe
# events, which are names in tracefs.
# shellcheck shell=bash disable=SC2154,SC2034 # cluster.sh sets and uses them
# runc unlinks files in a new container, too.
PROBES='{functions: __x64_sys_getpgid, labels: [pod_uid, container_id]}
{functions: do_unlinkat|filename_unlinkat, labels: [pod_uid, container_id], filter: ["comm == workload"]}'
LIVE='__x64_sys_getpgid positive'
DEAD='__x64_sys_getpgid ESRCH'

# values RELEASE [PROBE...]: the chart's values, with $probes and more
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

# install RELEASE [HELM_OPTION...]: the release has the namespace of the same name. $more: one more probe
install() {
	local mechanism=auto probes

	mapfile -t probes <<< "$PROBES"
	[ "$1" != legacy ] || mechanism=kretprobe
	values "$1" ${more:+"$more"} | helm upgrade --install "$1" deploy/helm/retprobe-exporter -n "$1" --values - \
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

missed() { # missed RELEASE: lost calls, of all functions
	query "sum(retprobe_missed_total{namespace=\"$1\"})" | jq .value
}

# both NAME POD "FUNCTION VALUE NUMBER"...: each release has counted this of the pod's containers, and nothing else
both() {
	local release text id
	text=$(expected "${@:2}") && id=$(uid "$2") || give_up "pod $2 is there, with its containers"
	for release in retprobe legacy; do
		check "$1, $release" "$text" counted $release "$id"
	done
}

# targets [MONITOR]: of a job without a monitor's label, or with this one
targets() {
	query "up{job=\"retprobe-exporter\", monitor=\"${1:-}\"}" | jq -r '"\(.metric.namespace) \(.metric.instance) \(.value)"' | sort
}

# ---- pods that make known calls ------------------------------------------------------------------

count_pods() {
	pod calls "/workload getpgid-live 2 700; $STAY"
	pod failing "/workload getpgid-dead 2 300; $STAY" "/workload unlink-missing 2 400; $STAY"
	finish calls failing
	both "calls of a pod, exactly" calls "$LIVE 700"
	both "failed calls of a pod's containers, exactly" failing "$DEAD 300" "$unlink ENOENT 400"
}

restarts() { # restarts POD NUMBER: so often at least
	[ "$(field "$1" '.status.containerStatuses[0].restartCount')" -ge "$2" ]
}

# Each container that the kubelet started in the pod has made its 50 calls. The last one may still make them.
each_container() {
	counted "$1" "$2" | awk -v function_value="$LIVE" '
		{ containers++ }
		$1 " " $2 != function_value || $4 != 50 { print }
		END { print (containers >= 3 ? "at least 3" : containers), "containers" }'
}

# Containers that end after their calls. The kernel removes their cgroups at once.
count_restarts() {
	local id
	pod restarting "/workload getpgid-live 1 50"
	wait_for "$patience" restarts restarting 2 || give_up "a container starts again"
	id=$(uid restarting) || give_up "pod restarting is there"
	for release in retprobe legacy; do
		check "calls of each container that lives for a moment, $release" "at least 3 containers" \
			each_container $release "$id"
	done
	kubectl delete pod restarting --wait > "$work/kubectl.log"
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
	local before text id more='{functions: __x64_sys_getsid, labels: [pod_uid, container_id]}'
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

is_other() { # is_other RELEASE IDENTITY: ready, and not this pod
	is_ready "$1" && [ "$(identity "$1")" != "$2" ]
}

# What the release's present pod has counted, as soon as Prometheus has scraped it.
counted_now() { # counted_now RELEASE POD_UID
	[ "$(query "up{namespace=\"$1\", pod=\"$(exporter "$1")\", monitor=\"\"}" | jq .value)" = 1 ] && counted "$@"
}

# Other arguments: the controller replaces the pods.
roll() {
	local before text id
	before=$(identity retprobe)
	text=$(expected calls "$LIVE 700") && id=$(uid calls) || give_up "pod calls is there"
	install retprobe --set log.format=json
	try "helm upgrade with other arguments: a rolling update" is_other retprobe "$before"
	check "counts start again at 0" "" counted_now retprobe "$id"
	check "the other release goes on" "$text" counted legacy "$id"
	pod after-update "/workload getpgid-live 2 600; $STAY"
	finish after-update
	both "calls after the rolling update, exactly" after-update "$LIVE 600"
}

# ---- a drain -------------------------------------------------------------------------------------

# The workload counts its rounds, and tells them when it is told to end.
drain() {
	local id before calls

	pod stream "exec /workload stream 1 1000000"
	wait_for "$patience" test_phase stream Running || give_up "pod stream runs"
	id=$(uid stream) || give_up "pod stream is there"
	before=$(identity retprobe)
	kubectl logs --follow stream > "$work/stream.json" 2> "$work/logs.log" &
	wait_for "$patience" has_counted "$id" || give_up "calls of pod stream are counted"
	try "kubectl drain" kubectl drain node-1 --ignore-daemonsets --force --delete-emptydir-data --timeout=600s
	wait $!
	check "the drain leaves the exporter" "$before" identity retprobe
	calls=$(jq '5 * (.ok + .failed)' "$work/stream.json") && [ "${calls:-0}" -gt 0 ] || give_up "pod stream tells its calls"
	for release in retprobe legacy; do
		check "calls of an evicted pod until its end, $release" \
			"$(printf '%s\n' "$LIVE $calls" "$unlink ENOENT $calls" | sort)" without_container $release "$id"
	done
	kubectl delete pod -n retprobe "$(exporter retprobe)" > "$work/kubectl.log"
	try "a deleted exporter comes back to the cordoned node" is_other retprobe "$before"
	kubectl uncordon node-1 > "$work/kubectl.log"
}

test_phase() { # test_phase POD PHASE
	[ "$(field "$1" .status.phase)" = "$2" ]
}

has_counted() { # has_counted POD_UID
	[ -n "$(counted retprobe "$1")" ]
}

without_container() {
	counted "$@" | awk '{ print $1, $2, $4 }'
}

# ---- a killed exporter ---------------------------------------------------------------------------

has_restarted() { # has_restarted RELEASE IDENTITY
	[ "$(identity "$1")" = "${2% *} $((${2##* } + 1))" ] && is_ready "$1"
}

kill_both() {
	local release before=()

	for release in retprobe legacy; do
		before+=("$(identity $release)")
		kill_exporter $release > "$work/kill.log" 2>&1 || give_up "kill -9 of $release: $(tail -n 1 "$work/kill.log")"
	done
	try "kill -9 of the exporter: its container starts again, retprobe" has_restarted retprobe "${before[0]}"
	try "kill -9 of the exporter: its container starts again, legacy" has_restarted legacy "${before[1]}"
	check "tracefs has the events of the living exporter only" "$events" events
	pod after-kill "/workload getpgid-live 2 500; $STAY" "/workload unlink-missing 2 200; $STAY" \
		"/workload getpgid-dead 2 100; $STAY"
	finish after-kill
	both "calls after the kill, each counted to its function" after-kill "$LIVE 500" "$unlink ENOENT 200" "$DEAD 100"
}

remove() {
	helm uninstall retprobe -n retprobe --wait > "$work/helm.log" 2>&1
	helm uninstall legacy -n legacy --wait >> "$work/helm.log" 2>&1
	try "helm uninstall ends the pods" are_gone
	check "nothing is left in tracefs" "" events
}

are_gone() {
	[ -z "$(kubectl get pods -A -l app.kubernetes.io/name=retprobe-exporter -o name)" ]
}

# The rows, with their numbers of verdicts. Those after count_pods need its pods.
declare -A verdicts=([count_pods]=4 [count_restarts]=2 [join_names]=2 [change_configuration]=3 [roll]=5 [drain]=5
	[kill_both]=5 [count_missed]=2 [remove]=2)
all_rows="count_pods count_restarts join_names change_configuration roll drain kill_both count_missed remove"

count_missed() {
	check "no call is lost, retprobe" 0 missed retprobe
	check "no call is lost, legacy" 0 missed legacy
}

# What the rows need, with 6 verdicts.
install_all() {
	try "the node is ready" kubectl wait node/node-1 --for=condition=Ready --timeout=1s
	wait_for 120 kubectl get serviceaccount default || give_up "the controllers make service accounts"
	start_shell || give_up "the shell is refused: $(cat "$work/kubectl.log")"
	start_monitoring
	install_both
	wait_for "$patience" shell_is_ready || give_up "the shell on the node runs"
	check "Prometheus finds both releases by the API server" "$(printf '%s\n' "legacy node-1 1" "retprobe node-1 1")" targets
	check "and by the chart's PodMonitors" "$(printf '%s\n' "legacy node-1 1" "retprobe node-1 1")" targets pods
	check "legacy uses kretprobe events" "kretprobe 2" mechanisms legacy
	wait_for 60 events && events=$(events) && [ -n "$events" ] || give_up "the events in tracefs: $(cat "$work/wait.log")"
	unlink=$(query 'retprobe_probe_attached{function=~".*_unlinkat", namespace="legacy"}' | jq -r .metric.function)
}

# What gives up ends its own row only.
run_row() {
	("$1")
	begin=$SECONDS
}
