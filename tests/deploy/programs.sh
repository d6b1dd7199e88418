#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make check-programs`: OpenSSL and PostgreSQL as Debian has them, in three containers and in a fourth that starts after
# the exporter. Each container runs a PostgreSQL server, and psql connects to it over TLS. The exporter finds libssl.so.3
# by library and the server by comm. Each handshake and each query must be counted for its container and pod.
#
# The runtime is crun. The root of a container is an overlay over its image, as in a cluster:
#
#	one, two	Debian 12, one image
#	three		Debian 13: other builds of both
#	four		Debian 12, from another copy of the image
#
# The cgroups have the names that a kubelet and containerd give them. Needs root.
set -u
cd "$(dirname "$0")/../.." || exit 1
# The mounts end with this process.
[ -n "${PROGRAMS_MOUNTS-}" ] || PROGRAMS_MOUNTS=yes exec unshare --mount --propagation private bash "$0"
suite=programs
. tests/e2e/lib.sh
work=$temp/apt arch=$(dpkg --print-architecture)
mkdir "$work"
die() {
	give_up "containers" "$*"
}
. tests/apt.sh
. tests/deploy/systems.sh

[ "$(id -u)" -eq 0 ] || die "attaching needs root"
for tool in crun debootstrap jq; do
	command -v $tool > /dev/null || die "$tool is not here: make deps"
done
plan 27

declare -A image=([one]=bookworm [two]=bookworm [three]=trixie [four]=copy)
declare -A version=([bookworm]=15 [copy]=15 [trixie]=17)
# What psql does in each container.
declare -A connections=([one]=7 [two]=11 [three]=13 [four]=17)
declare -A queries=([one]=19 [two]=23 [three]=29 [four]=31)
declare -A failures=([one]=2 [two]=3 [three]=5 [four]=7)
declare -A pod id group
# crun refuses a mixture of cgroup v1 and v2.
hierarchy=/sys/fs/cgroup
[ "$(stat -f -c %T $hierarchy)" = cgroup2fs ] || mount -t cgroup2 cgroup2 $hierarchy || die "cgroup v2"

# ---- images ----------------------------------------------------------------------------------------------------------
# A minimal system with PostgreSQL and OpenSSL, in $temp/images.
make_image() { # make_image CODENAME
	local root=$temp/images/$1 archive=programs-$1
	if [ -s "$systems/$archive.tar" ]; then
		systems__unpack "$archive" "$root" || die "unpacking $archive"
		return
	fi
	systems__make "$1" "$root"
	systems__prepare_apt "$root"
	mkdir -p "$root/etc/postgresql-common"
	echo 'create_main_cluster = false' > "$root/etc/postgresql-common/createcluster.conf"
	(systems__enter "$root" sh -ec "export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends postgresql-${version[$1]} openssl
		apt-get clean") > "$temp/image.log" 2>&1 || die "the packages of $1"
	systems__pack "$root" "$archive" || die "the archive of $archive"
}

# ---- containers ------------------------------------------------------------------------------------------------------
in_group() { # in_group NAME COMMAND...
	(echo $BASHPID > "${group[$1]}/cgroup.procs" && exec "${@:2}")
}

runtime() {
	crun --root "$temp/crun" --cgroup-manager=disabled "$@"
}

random() { # random DIGITS
	head -c $(($1 / 2)) /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# The server. Its key and its data are the container's own.
server() { # server VERSION
	cat <<-END
	cd /tmp
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout key -out certificate 2> /tmp/log
	/usr/lib/postgresql/$1/bin/initdb -A trust -N -D /tmp/data > /tmp/log
	exec /usr/lib/postgresql/$1/bin/postgres -D /tmp/data -c listen_addresses=127.0.0.1 -c unix_socket_directories=/tmp \
		-c ssl=on -c ssl_cert_file=/tmp/certificate -c ssl_key_file=/tmp/key -c autovacuum=off -c fsync=off
	END
}

container_pid() { # container_pid NAME
	runtime state "$1" 2> /dev/null | jq -e .pid
}

start_container() { # start_container NAME
	local bundle=$temp/$1 from=$temp/images/${image[$1]}
	mkdir -p "$bundle/upper" "$bundle/work" "$bundle/root"
	mount -t overlay overlay -o "lowerdir=$from,upperdir=$bundle/upper,workdir=$bundle/work" "$bundle/root" || die "an overlay"
	(cd "$bundle" && crun spec && jq --arg script "$(server "${version[${image[$1]}]}")" \
		--arg user "$(sed -n 's/^postgres:[^:]*:\([0-9]*\):\([0-9]*\):.*/\1 \2/p' "$from/etc/passwd")" '
		.process.terminal = false | .process.args = ["/bin/sh", "-ec", $script] | .root = {path: "root"} |
		.process.user = ($user / " " | {uid: .[0] | tonumber, gid: .[1] | tonumber}) |
		.mounts |= map(select(.destination != "/sys/fs/cgroup"))' config.json > new && mv new config.json) || die "a bundle"
	pod[$1]=$(< /proc/sys/kernel/random/uuid)
	id[$1]=$(random 64)
	group[$1]=$hierarchy/kubepods-besteffort-pod${pod[$1]//-/_}.slice/cri-containerd-${id[$1]}.scope
	mkdir -p "${group[$1]}" || die "a cgroup"
	in_group "$1" crun --root "$temp/crun" --cgroup-manager=disabled run -b "$bundle" "$1" > "$temp/$1.log" 2>&1 &
	wait_for 60 container_pid "$1" > /dev/null || die "$1 does not start: $(tail -n 3 "$temp/$1.log")"
}

client() { # client NAME PROGRAM ARGS...: as the server's user, in its container
	in_group "$1" crun --root "$temp/crun" --cgroup-manager=disabled exec "$1" \
		"/usr/lib/postgresql/${version[${image[$1]}]}/bin/$2" "${@:3}"
}

# By the socket, without TLS and without a query.
serves() { # serves NAME
	client "$1" pg_isready -q -h /tmp -U postgres > /dev/null 2>&1
}

# Queries go over a first connection, those that fail over the same.
work() { # work NAME
	local i all=()
	for ((i = 0; i < queries[$1]; i++)); do
		all+=(-c "select $i from pg_sleep(0)")
	done
	for ((i = 0; i < failures[$1]; i++)); do
		all+=(-c "select 1 / g from generate_series(0, 0) g")
	done
	client "$1" psql "host=127.0.0.1 sslmode=require dbname=postgres user=postgres" -X -q "${all[@]}" > "$temp/$1.psql.log" 2>&1
	for ((i = 1; i < connections[$1]; i++)); do
		client "$1" psql "host=127.0.0.1 sslmode=require dbname=postgres user=postgres" -X -q -c '' >> "$temp/$1.psql.log" 2>&1
	done
	[ "$(grep -c 'division by zero' "$temp/$1.psql.log")" = "${failures[$1]}" ] || give_up "$1" "psql says something else"
}

# shellcheck disable=SC2317 # called by the trap
end_all() {
	local name
	for name in "${!group[@]}"; do
		runtime delete -f "$name" 2> /dev/null
		umount "$temp/$name/root"
	done
	finish
	for name in "${!group[@]}"; do
		rmdir "${group[$name]}" "${group[$name]%/*}"
	done
}
trap end_all EXIT

# ---- metrics ---------------------------------------------------------------------------------------------------------
scrape() {
	get /metrics "$temp/metrics" || give_up "scrape" "it fails"
}

# The sum of the values of series whose names and labels match all of the expressions.
sum() { # sum EXPRESSION...
	awk -v n=$# 'BEGIN { for (i = 0; i < n; i++) { e[i] = ARGV[i + 1]; ARGV[i + 1] = "" } }
		/^[^#]/ { for (i = 0; i < n; i++) if ($0 !~ e[i]) next; s += $NF } END { print s + 0 }' "$@" "$temp/metrics"
}

expect() { # expect NAME EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$3 instead of $2"
		grep -E '^retprobe_(returns|missed|probe_)' "$temp/metrics" | grep -v pg_plan_query | sed 's/^/    /' | head -n 60
	fi
}

handshakes() { # handshakes NAME COMM
	sum '^retprobe_returns_total' 'object="libssl.so.3",function="SSL_do_handshake"' "pod_uid=\"${pod[$1]}\"" "comm=\"$2\"" \
		'outcome="ok"'
}

connections_of() { # connections_of NAME COMM
	sum '^retprobe_returns_total' 'object="libssl.so.3",function="SSL_new"' "pod_uid=\"${pod[$1]}\"" "comm=\"$2\""
}

check() { # check NAME
	expect "$1: connections of its clients" "${connections[$1]}" "$(connections_of "$1" psql)"
	expect "$1: connections of its server" "${connections[$1]}" "$(connections_of "$1" postgres)"
	expect "$1: handshakes of its clients" "${connections[$1]}" "$(handshakes "$1" psql)"
	expect "$1: handshakes of its server" "${connections[$1]}" "$(handshakes "$1" postgres)"
	expect "$1: queries" "${queries[$1]}" "$(sum '^retprobe_returns_total' 'function="standard_ExecutorRun"' "container_id=\"containerd://${id[$1]}\"")"
	expect "$1: plans of one query" 1 "$(sum '^retprobe_returns_total' 'function="pg_plan_query"' "container_id=\"containerd://${id[$1]}\"" 'sql="select 3 from pg_sleep\(0\)"')"
}

# The number of files of each function, as JSON.
file_counts() {
	get /api/v1/probes "$temp/probes.json" && jq -c '[.probes[].file_count]' "$temp/probes.json"
}

# Whether each function has more files.
have_grown() { # have_grown COUNTS
	file_counts > "$temp/counts" && jq -e --argjson before "$1" '. as $now | [range(length)] | length == 4 and all($now[.] > $before[.])' \
		"$temp/counts" > /dev/null
}

# ---- three containers ------------------------------------------------------------------------------------------------
mkdir "$temp/images"
make_image bookworm
make_image trixie
for name in one two three; do
	start_container $name
done
for name in one two three; do
	wait_for 120 serves $name || die "$name does not serve: $(tail -n 3 "$temp/$name.log")"
done
awk '/^## Which pod has slow TLS/ { on = 1 } on && /^```yaml/ { yaml = 1; next } /^```/ { if (yaml) exit } yaml' \
	deploy/RECIPES.md | sed 's/^    returns: int$/&\n    mechanism: uretprobe/' > "$temp/config.yaml" # the page has the reason
cat >> "$temp/config.yaml" <<END
  - user: {library: libssl.so.3, functions: [SSL_new]}
    labels: [comm, pod_uid]
  - user: {comm: postgres, functions: [standard_ExecutorRun]}
    returns: void
    labels: [container_id]
  - user: {comm: postgres, functions: [pg_plan_query]}
    labels: [container_id, {sql: "str(arg1)"}]
END
launch "$temp/exporter.log" --config.file="$temp/config.yaml" || give_up "exporter" "it does not start"
wait_ready 60 || give_up "exporter" "it is not ready"
for name in one two three; do
	work $name
done
scrape
for name in one two three; do
	check $name
done

# ---- a fourth that starts later --------------------------------------------------------------------------------------
cp -a "$temp/images/bookworm" "$temp/images/copy"
before=$(file_counts)
start_container four
wait_for 120 serves four || die "four does not serve: $(tail -n 3 "$temp/four.log")"
wait_for 60 have_grown "$before" || give_up "four" "its files are not found: $before, then $(< "$temp/counts")"
work four
scrape
check four
expect "the others stay as they were" "7 11 13" \
	"$(handshakes one psql) $(handshakes two psql) $(handshakes three postgres)"
expect "queries that fail leave by longjmp" 17 "$(sum '^retprobe_missed_total' 'function="standard_ExecutorRun"' 'reason="unwound"')"
expect "nothing else is missed" 17 "$(sum '^retprobe_missed_total' 'object="(libssl.so.3|comm:postgres)"')"
exit "$failed"
