#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check-deploy`: decodes the output of the Helm chart and the kustomizations into a cluster's Go types,
# strictly. Checks what they promise, and that both produce the same. Needs no cluster and no root.
#
# The tools are Go modules, at the versions of tests/deploy/kubernetes/go.sum. Go keeps them linked in its cache. A
# distribution's older Go suffices to fetch a newer one, which is a module as well.
set -u
cd "$(dirname "$0")/../.." || exit 1
chart=deploy/helm/retprobe-exporter
# No symbols (-s), for less to link.
export GOFLAGS='-buildvcs=false -ldflags=-s' GOTOOLCHAIN=local

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
needs=$(sed -n 's/^go \([0-9.]*\).*/\1/p' tests/deploy/kubernetes/go.mod)
# Before 1.21, the go command does not know these modules, and leaves their programs non-executable.
fetch_go() {
	local dir
	dir=$(cd "$temp" && go mod download -json "golang.org/toolchain@v0.0.1-go$needs.$(go env GOOS)-$(go env GOARCH)" \
		2> "$temp/log" | tee "$temp/go" | jq -r '.Dir // empty')
	[ -d "$dir" ] && chmod a+x "$dir"/bin/* "$dir"/pkg/tool/*/* && PATH=$dir/bin:$PATH
}

has=$(go env GOVERSION 2> /dev/null | sed 's/^go//')
if [ "$(printf '%s\n' "$needs" "${has:-0}" | sort -V | head -n 1)" != "$needs" ]; then
	if [ -z "$has" ]; then
		echo "SKIP kubernetes: Go is not here: make deps"
		exit 0
	elif ! fetch_go; then
		echo "SKIP kubernetes: Go $needs is needed, here is $has, and fetching it as a module has failed" \
			"($(jq -r '.Error // empty' "$temp/go")): install Go $needs, and put it first in PATH"
		exit 0
	fi
fi
tool() { # tool NAME: builds it, and prints its path
	(cd tests/deploy/kubernetes && go tool -n "$1") 2> "$temp/log"
}

build_tools() {
	helm=$(tool helm) && check=$(tool kubernetes)
}

# Errors of the connection to the module proxy, which happen sooner or later.
network='dial tcp|no such host|connection re|i/o timeout|TLS handshake|unexpected EOF|stream error|GOAWAY|: (429|5[0-9][0-9]) '
again() {
	grep -q -E "$network" "$temp/log" && sleep 15 && build_tools
}

if ! build_tools && ! again && ! again; then
	if grep -q -E "$network" "$temp/log"; then
		echo "SKIP kubernetes: the Go modules are not available: $(tail -n 1 "$temp/log")"
	else
		echo "not ok kubernetes: the tools are built: $(tail -n 3 "$temp/log" | tr '\n' ' ')"
	fi
	exit 0
fi
echo 1..93
oldest=$(sed -n 's/^kubeVersion: ">=\([0-9.]*\)-0"$/\1/p' $chart/Chart.yaml)

# try NAME COMMAND...: checks that it succeeds
try() {
	local name=$1
	shift
	if "$@" > "$temp/output" 2>&1; then
		echo "ok kubernetes $name"
	else
		echo "not ok kubernetes $name: $(tail -n 1 "$temp/output")"
		sed 's/^/    /' "$temp/output"
	fi
}

# refuse NAME WORDS COMMAND...: checks that it fails with this message
refuse() {
	local name=$1 words=$2
	shift 2
	if "$@" > "$temp/output" 2>&1; then
		echo "not ok kubernetes $name: not refused"
	elif grep -q -e "$words" "$temp/output"; then
		echo "ok kubernetes $name"
	else
		echo "not ok kubernetes $name: refused with other words: $(tail -n 1 "$temp/output")"
	fi
}

template() { # template FILE RELEASE OPTION...; for another Kubernetes: --kube-version
	"$helm" template "$2" $chart --namespace retprobe --kube-version 1.33.0 "${@:3}" \
		2> "$temp/errors" > "$temp/$1" || {
		grep -v 'symbolic link' "$temp/errors"
		return 1
	}
}

mutant() { # mutant WHAT WORDS EXPRESSION: in the manifest $name
	sed "$3" "$temp/$name.yaml" > "$temp/mutant.yaml"
	refuse "$name: $1 is noticed" "$2" "$check" validate "$temp/mutant.yaml"
}

# A misspelt word, and unintended privileges, in the manifest $1.
mutants() {
	local name=$1
	mutant "a misspelt field" 'unknown field' 's/readOnlyRootFilesystem/readonlyRootFileSystem/'
	mutant "a field of another type" 'cannot unmarshal' 's/hostPath:/hostPath: 1 #/; /^ *path: \/sys/d; /type: Directory/d'
	mutant "privileged" 'is privileged' 's/privileged: false/privileged: true/'
	mutant "another capability" 'NET_ADMIN' 's/- SYSLOG/- NET_ADMIN/'
	mutant "a selector that selects nothing" 'does not select' '/podSelector/,/policyTypes/s/instance: .*/instance: other/'
	mutant "a writable mount" 'can be written' '/mountPath: \/sys\/fs\/cgroup/,/readOnly/s/readOnly: true/readOnly: false/'
	mutant "an unknown kind" 'no kind' 's/kind: Service$/kind: Servise/'
}

config_is_valid() {
	"$check" config "$temp/$1.yaml" > "$temp/$1.config" &&
		build/retprobe_exporter --config.check --config.file="$temp/$1.config"
}

rules_are_valid() {
	"$check" rules "$temp/$1.yaml" > "$temp/$1.rules" && promtool check rules "$temp/$1.rules"
}

versions() {
	local version
	version=$(cat VERSION)
	grep -q -x "version: $version" $chart/Chart.yaml && grep -q -x "appVersion: \"$version\"" $chart/Chart.yaml &&
		grep -q -F "app.kubernetes.io/version: \"$version\"" deploy/kubernetes/base/kustomization.yaml &&
		grep -q -F "image: retprobe-exporter:$version" deploy/kubernetes/base/daemonset.yaml
}

# Go types of the Kubernetes version that the chart requires.
oldest_is_oldest() {
	grep -q "^replace k8s.io/api125 => k8s.io/api v0.$(cut -d . -f 2 <<< "$oldest")\." tests/deploy/kubernetes/go.mod
}

# Every value has a comment or speaks for itself. The schema has all values.
schema_is_complete() {
	jq -r '.properties | keys[]' $chart/values.schema.json | sort > "$temp/schema"
	sed -n 's/^\([a-zA-Z]*\):.*/\1/p' $chart/values.yaml | sort > "$temp/values"
	diff "$temp/schema" "$temp/values"
}

for values in default $chart/ci/*-values.yaml; do
	name=${values##*/} name=${name%-values.yaml} options=()
	[ "$values" = default ] || options=(--values "$values")
	try "helm lint, $name" "$helm" lint --strict --kube-version 1.33.0 $chart "${options[@]}"
	try "helm template, $name" template "$name.yaml" release "${options[@]}"
	try "helm's types, $name" "$check" validate "$temp/$name.yaml"
	[ "$name" = default ] || try "helm's configuration, $name" config_is_valid "$name"
	try "helm template, $name, Kubernetes $oldest" template "$name-oldest.yaml" release "${options[@]}" \
		--kube-version "$oldest"
	try "helm's types, $name, Kubernetes $oldest" bash -c \
		"'$check' validate '$temp/$name-oldest.yaml' && '$check' oldest '$temp/$name-oldest.yaml'"
done
try "the oldest Kubernetes is the chart's" oldest_is_oldest
refuse "legacy: a field that Kubernetes $oldest does not know is noticed" appArmorProfile "$check" oldest "$temp/legacy.yaml"
for directory in base example example-kretprobes; do
	try "kustomize, $directory" bash -c "'$check' kustomize deploy/kubernetes/$directory > '$temp/kustomize-$directory.yaml'"
	try "kustomize's types, $directory" "$check" validate "$temp/kustomize-$directory.yaml"
done
try "kustomize's types, base, Kubernetes $oldest" "$check" oldest "$temp/kustomize-base.yaml"
try "kustomize's configuration" config_is_valid kustomize-example
try "helm template, as kustomize's" template helm-base.yaml retprobe-exporter --set namespace.create=true
try "helm and kustomize make the same" "$check" same "$temp/kustomize-base.yaml" "$temp/helm-base.yaml"
mutants default
mutants kustomize-base
for name in monitoring users kustomize-example; do
	mutant "a job that the alerts do not know" "leaves the job" 's/targetLabel: job$/targetLabel: jobs/'
done
name=legacy-oldest
mutant "AppArmor that forbids writing" 'AppArmor unconfined: false' '/container.apparmor.security/d'
refuse "values: an unknown one" "tolerrations" template x.yaml release --set tolerrations=1
refuse "values: one of another type" "port" template x.yaml release --set service.port=http
refuse "values: a monitor that does not exist" "probe" template x.yaml release --set prometheus.probe.enabled=true
refuse "values: a monitor of other pods" "selector" template x.yaml release --set prometheus.podMonitor.selector.x=1
refuse "values: a runbook that is no URL" "runbookUrl" template x.yaml release --set rules.runbookUrl=README.md
try "the schema has every value" schema_is_complete

# has NAME FILE LINE...: the manifest has each line, with any indentation
has() {
	local name=$1 file=$2 line missing=
	for line in "${@:3}"; do
		sed 's/^ *\(- \)*//' "$temp/$file.yaml" | grep -q -x -F -e "$line" || missing+=" $line;"
	done
	[ -z "$missing" ] && echo "ok kubernetes $name" || echo "not ok kubernetes $name: not there:$missing"
}

has "relabelings are the chart's and the user's" merged "targetLabel: zone" "targetLabel: job" "targetLabel: instance" \
	"interval: 60s" "sampleLimit: 50000" "action: drop"
has "the registry is the global one" merged "image: registry.example/team/retprobe-exporter:$(cat VERSION)"
has "pull secrets are the global ones and the chart's" merged "name: shared" "name: registry"
has "labels of every object" merged "team: kernel"
has "more volumes" merged "mountPath: /host/opt" "mountPath: /etc/templates" "mountPath: /etc/certificates" \
	"mountPath: /scratch" "secretName: certificates" "path: /opt"
has "more objects, as templates" merged "priorityClassName: kernel-metrics" "kind: PriorityClass" "name: kernel-metrics"
has "virtual nodes get no pod" default "key: eks.amazonaws.com/compute-type" "key: type" "fargate" "virtual-kubelet"
has "a node affinity replaces the chart's" users "key: probed"
has "fields of the container's security context" users "type: spc_t" "readOnlyRootFilesystem: true" "privileged: false"
has "a monitor elsewhere finds the pods" monitoring "namespace: monitoring" "namespaceSelector:" \
	"scrapeNativeHistograms: true"
has "alerts have the runbooks' address" merged \
	"runbook_url: https://git.example/retprobe/dashboards/README.md#retprobeexporterdown"
try "each alert has one" test "$(grep -c runbook_url: "$temp/merged.yaml")" = \
	"$(grep -c -e '- alert:' dashboards/retprobe.alerts.yaml)"
try "helm's rules with runbooks are kustomize's" diff <("$check" rules "$temp/merged.yaml") \
	<(sh deploy/kubernetes/rules.sh https://git.example/retprobe/dashboards/README.md > "$temp/runbooks.yaml" &&
		"$check" rules "$temp/runbooks.yaml")

# A cluster with two teams.
try "a second release" template second.yaml release --namespace other --values $chart/ci/merged-values.yaml \
	--set priorityClassName=other
try "two releases in two namespaces" "$check" disjoint "$temp/merged.yaml" "$temp/second.yaml"
refuse "two releases in one namespace are noticed" "is in both" "$check" disjoint "$temp/merged.yaml" "$temp/merged.yaml"
# Only the ConfigMap differs, so that the pods stay and reload it.
changed_config() {
	template changed.yaml release --values $chart/ci/monitoring-values.yaml --set 'config.presets={default}' &&
		! diff "$temp/monitoring.yaml" "$temp/changed.yaml" > "$temp/changes" &&
		grep '^[<>]' "$temp/changes" | diff - <(echo '<     - tcp')
}
try "another configuration changes the ConfigMap only" changed_config
nothing_of_the_cluster() {
	! grep -E '^kind: (PriorityClass|Namespace|ClusterRole.*)$' "$temp/default.yaml"
}
try "the whole cluster's objects are made on request only" nothing_of_the_cluster

# The notes after an installation, which needs a cluster. So a template includes them.
cp -rL $chart "$temp/chart"
echo 'notes: {{ include (print .Template.BasePath "/NOTES.txt") . | quote }}' > "$temp/chart/templates/notes.yaml"
notes() { # notes OPTION...
	"$helm" template release "$temp/chart" --namespace retprobe --kube-version 1.33.0 \
		--show-only templates/notes.yaml "$@" 2> "$temp/errors"
}
says() { # says NAME WORDS OPTION...
	notes "${@:3}" > "$temp/notes"
	grep -q -F -e "$2" "$temp/notes" && echo "ok kubernetes notes: $1" ||
		echo "not ok kubernetes notes: $1: $(tr '\n' ' ' < "$temp/notes") $(tail -n 1 "$temp/errors")"
}
says "no image without a registry" "There is no public image"
says "who scrapes" "Prometheus does not scrape it yet"
says "where the page is" "https://localhost:10435/" --set web.tls=true
if notes --values $chart/ci/merged-values.yaml | grep -q -e 'no public image' -e 'does not scrape'; then
	echo "not ok kubernetes notes: nothing about what is set"
else
	echo "ok kubernetes notes: nothing about what is set"
fi
# The archive of the chart, as `make dist` delivers it.
package_is_the_chart() {
	sh deploy/helm/package.sh "$temp/chart.tgz" &&
		"$helm" package $chart --destination "$temp/packaged" > "$temp/log" 2>&1 &&
		diff <(tar -t -f "$temp/chart.tgz" | grep -v '/$' | sort) <(tar -t -f "$temp"/packaged/*.tgz | sort) &&
		"$helm" template release "$temp/chart.tgz" --namespace retprobe --kube-version 1.33.0 > "$temp/packed.yaml" &&
		diff "$temp/default.yaml" "$temp/packed.yaml"
}
package_is_reproducible() {
	sleep 1 # another time
	touch $chart/Chart.yaml
	sh deploy/helm/package.sh "$temp/again.tgz" && cmp "$temp/chart.tgz" "$temp/again.tgz"
}
try "the chart's archive is Helm's" package_is_the_chart
try "the chart's archive is reproducible" package_is_reproducible
try "one version everywhere" versions
try "rules are current" diff <(sh deploy/kubernetes/rules.sh) deploy/kubernetes/components/monitoring/prometheusrule.yaml
if command -v promtool > /dev/null; then
	try "helm's rules, by promtool" rules_are_valid monitoring
	try "kustomize's rules, by promtool" rules_are_valid kustomize-example
else
	for origin in helm kustomize; do
		echo "SKIP kubernetes $origin's rules, by promtool: it is not here: make deps"
	done
fi
