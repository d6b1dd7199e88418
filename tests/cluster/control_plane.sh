# SPDX-License-Identifier: GPL-2.0-only
# The part of the cluster that runs on this machine: etcd, API server, controllers, scheduler, kube-state-metrics and
# Prometheus. cluster.sh sources this in a network namespace of its own. $programs is the directory of build.sh,
# $work a directory for everything that they write.
# shellcheck shell=bash disable=SC2154 # cluster.sh sets them
API=https://10.0.2.2:6443
PROMETHEUS=http://127.0.0.1:9090

started=()

# start NAME COMMAND...: in the background. Its log is $work/NAME.log.
start() {
	"${@:2}" > "$work/$1.log" 2>&1 < /dev/null &
	started+=("$!:$1")
}

# Ends the test if one of the programs has ended.
check_started() {
	local each

	for each in "${started[@]}"; do
		kill -0 "${each%%:*}" 2> /dev/null || give_up "${each#*:} has ended: $(tail -n 5 "$work/${each#*:}.log")"
	done
}

# wait_for SECONDS COMMAND...: until it succeeds; fails after SECONDS
wait_for() {
	local limit=$((SECONDS + $1))

	shift
	until "$@" > "$work/wait.log" 2>&1; do
		check_started
		[ $SECONDS -lt $limit ] || return 1
		sleep 0.5
	done
}

kubeconfig() { # kubeconfig USER TOKEN: $work/USER.kubeconfig
	cat > "$work/$1.kubeconfig" <<-END
	apiVersion: v1
	kind: Config
	current-context: cluster
	clusters: [{name: cluster, cluster: {server: "$API", insecure-skip-tls-verify: true}}]
	users: [{name: user, user: {token: "$2"}}]
	contexts: [{name: cluster, context: {cluster: cluster, user: user}}]
	END
}

make_users() {
	local name user groups token

	while read -r name user groups; do
		token=$(openssl rand -hex 16)
		echo "$token,$user,$user,$groups" >> "$work/tokens.csv"
		kubeconfig "$name" "$token"
		[ "$name" != prometheus ] || echo "$token" > "$work/prometheus.token"
	done <<-END
	admin admin "system:masters"
	controller-manager system:kube-controller-manager
	scheduler system:kube-scheduler
	node-1 system:node:node-1 "system:nodes"
	prometheus prometheus
	state-metrics state-metrics
	END
}

start_control_plane() {
	make_users
	openssl genrsa -out "$work/service-account.key" 2048 2> "$work/openssl.log" || give_up "openssl has failed"
	start etcd "$programs/etcd" --data-dir="$work/etcd" --unsafe-no-fsync --listen-peer-urls=http://127.0.0.1:2380 \
		--listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379
	start apiserver "$programs/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --bind-address=10.0.2.2 \
		--advertise-address=10.0.2.2 --secure-port=6443 --cert-dir="$work/apiserver" \
		--token-auth-file="$work/tokens.csv" --authorization-mode=Node,RBAC --allow-privileged=true \
		--enable-admission-plugins=NodeRestriction --kubelet-preferred-address-types=InternalIP \
		--service-cluster-ip-range=10.96.0.0/16 \
		--service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file="$work/service-account.key" \
		--service-account-signing-key-file="$work/service-account.key"
	wait_for 180 kubectl get --raw /readyz || give_up "the API server is not ready: $(tail -n 3 "$work/apiserver.log")"
	start controller-manager "$programs/kube-controller-manager" --kubeconfig="$work/controller-manager.kubeconfig" \
		--bind-address=127.0.0.1 --leader-elect=false --use-service-account-credentials \
		--service-account-private-key-file="$work/service-account.key" --node-monitor-grace-period=10m
	start scheduler "$programs/kube-scheduler" --kubeconfig="$work/scheduler.kubeconfig" --bind-address=127.0.0.1 \
		--leader-elect=false
	kubectl create clusterrolebinding prometheus --clusterrole=view --user=prometheus > "$work/kubectl.log" &&
		kubectl create clusterrole nodes --verb=get,list,watch --resource=nodes > "$work/kubectl.log" &&
		kubectl create clusterrolebinding state-metrics-nodes --clusterrole=nodes --user=state-metrics > "$work/kubectl.log" &&
		kubectl create clusterrolebinding state-metrics --clusterrole=view --user=state-metrics > "$work/kubectl.log" ||
		give_up "the roles are refused"
}

# The chart's PodMonitors, in words of Prometheus. What they scrape has the label `monitor`, and only metrics of the
# process, as each metric of a probe must exist once.
write_monitors() {
	local release version

	version=$("$programs/kubelet" --version) && version=${version##* } || return
	for release in retprobe legacy; do
		helm template $release deploy/helm/retprobe-exporter -n $release --kube-version "$version" --values - <<-END |
		prometheus:
		  podMonitor:
		    enabled: true
		    relabelings: [{targetLabel: monitor, replacement: pods}]
		    metricRelabelings: [{sourceLabels: [__name__], regex: retprobe_.*, action: drop}]
		END
			python3 tests/cluster/monitor.py "$API" "$work/prometheus.token" || return
	done
}

# What deploy/kubernetes/README.md tells users to write, with the address of this API server.
write_prometheus() {
	{
		echo 'global: {scrape_interval: 5s, scrape_timeout: 5s}'
		awk '/^```yaml prometheus$/ { on = 1; next } /^```$/ { on = 0 } on' deploy/kubernetes/README.md |
			sed "s|^\( *\)- role: pod.*|&\n\1  api_server: $API\n\1  authorization: {credentials_file: $work/prometheus.token}\n\1  tls_config: {insecure_skip_verify: true}|;
				s|kube-state-metrics\.[a-z-]*\.svc:8080|127.0.0.1:8080|"
		write_monitors
	} > "$work/prometheus.yaml"
}

start_monitoring() {
	start state-metrics "$programs/kube-state-metrics" --kubeconfig="$work/state-metrics.kubeconfig" \
		--host=127.0.0.1 --port=8080 --telemetry-host=127.0.0.1 --telemetry-port=8081 \
		--resources=pods,daemonsets,nodes
	write_prometheus 2> "$work/helm.log" || give_up "the chart's PodMonitors: $(tail -n 1 "$work/helm.log")"
	start prometheus "$prometheus" --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/tsdb" \
		--web.listen-address=127.0.0.1:9090
	wait_for 60 curl -sf $PROMETHEUS/-/ready || give_up "Prometheus is not ready: $(tail -n 3 "$work/prometheus.log")"
}

kubectl() {
	"$programs/kubectl" --kubeconfig="$work/admin.kubeconfig" "$@"
}

helm() {
	"$programs/helm" --kubeconfig="$work/admin.kubeconfig" "$@"
}

# query PROMQL: the result's samples, as JSON objects {metric, value}, one per line
query() {
	curl -sf $PROMETHEUS/api/v1/query --data-urlencode "query=$1" |
		jq -c '.data.result[] | {metric, value: .value[1] | tonumber}'
}
