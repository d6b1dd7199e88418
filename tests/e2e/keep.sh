#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Label sets that make room for others: of 100,000 keys, the 20 that are called most have series.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=keep
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

plan 9
if [ "$(id -u)" -ne 0 ]; then
	skip 9 all "attaching needs root"
	exit 0
fi
gcc -O1 -o "$temp/skewed" tests/e2e/keep/skewed.c > "$temp/skewed.log" 2>&1 || give_up skewed "it cannot be built"

write_config() { # write_config MORE
	cat > "$temp/config.yaml" <<-END
		probes:
		  - user: {object: $temp/skewed, functions: [serve]}
		    labels: [{key: arg0}]
		    max_series: 100
		    keep: top
		    max_rate: 0
		$1
	END
}

write_config ""
if ! launch "$temp/exporter.log" --config.file="$temp/config.yaml" || ! wait_ready 60; then
	give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/exporter.log")"
fi
mkfifo "$temp/in" "$temp/out"
"$temp/skewed" < "$temp/in" > "$temp/out" &
exec {input}> "$temp/in" {output}< "$temp/out"

# What the program has called, by key from 1 to 20, and all calls: after 20,000 more.
work() {
	echo >&"$input"
	read -r -u "$output" -t 60 -a called || give_up "the program" "it does not answer"
	calls=${called[20]}
}

# What is shown, by key, in $temp/shown; the calls of all series; their number; the most that one key can have in _other.
sums() {
	get '/metrics?function[]=serve' "$temp/metrics" && awk -v shown="$temp/shown" '
		/^retprobe_duration_seconds_count/ {
			all += $NF; n++
			if (match($0, /key="[0-9]*"/)) print substr($0, RSTART + 5, RLENGTH - 6), $NF > shown
		}
		/^retprobe_label_sets_other_max/ { most = $NF }
		END { print all + 0, n - 1, most + 0 }' "$temp/metrics"
}

most_sets=0
counted_all() {
	read -r all n most < <(sums)
	[ "$n" -le $most_sets ] || most_sets=$n
	[ "$all" = "$calls" ]
}

# The calls of the 20 keys that are shown; - if a key has no series.
shown() {
	awk '{ shown[$1] = $2 } END { for (key = 1; key <= 20; key++) printf "%s ", key in shown ? shown[key] : "-" }' \
		"$temp/shown"
}

# Room is made a second after it is needed.
for ((i = 0; i < 60; i++)); do
	work
	wait_for 20 counted_all || break
	[[ $(shown) == *-* ]] || break
	if [ $i = 2 ]; then
		write_config "  - tracepoints: [sched:sched_process_fork]"
		kill -HUP "$pid"
	fi
	sleep 0.5
done
[ "$all" = "$calls" ] && ok "each call is in a series" || not_ok "each call is in a series" "$all of $calls"
[ $i -gt 2 ] && [[ $(shown) != *-* ]] && ok "the 20 largest have series" || not_ok "the 20 largest have series" "$(shown)"
[ "$most_sets" -gt 50 ] && [ "$most_sets" -le 100 ] && ok "no more series than allowed" ||
	not_ok "no more series than allowed" "$most_sets of 100"

# lacking: how many calls each of the 20 lacks.
lacking() {
	local i shown
	read -r -a shown < <(shown)
	for ((i = 0; i < 20; i++)); do
		printf '%s ' $((called[i] - shown[i]))
	done
}
before=$(lacking)
worst=$(tr ' ' '\n' <<< "$before" | sort -n | sed -n '/./{p}' | tail -n 1)
[ "$worst" -le "$most" ] && ok "none of them lacks more calls than the exporter says" ||
	not_ok "none of them lacks more calls than the exporter says" "$before, of at most $most"
for _ in 1 2 3; do
	work
	sleep 1
done
wait_for 20 counted_all && [ "$(lacking)" = "$before" ] && ok "from then on, each of their calls is in their series" ||
	not_ok "from then on, each of their calls is in their series" "$(lacking), before: $before"
grep -q 'skewed:serve: all 100 label sets are in use: from now on, the smallest go to _other' "$temp/exporter.log" &&
	ok "the log says so once" || not_ok "the log says so once" "$(tail -n 3 "$temp/exporter.log")"
exec {input}>&-
stop_exporter

# One label set, and ten calls of two other keys. The first scrape has them in _other.
cat > "$temp/three.c" <<-END
	__attribute__((noipa)) long serve(long key) { return key; }
	int main(void) { for (long i = 0; i < 15; i++) serve(i % 3); }
END
gcc -O1 -o "$temp/three" "$temp/three.c" || give_up three "it cannot be built"
printf 'probes:\n  - user: {object: %s, functions: [serve]}\n    labels: [{key: arg0}]\n    max_series: 1\n    keep: top\n' \
	"$temp/three" > "$temp/config.yaml"
launch "$temp/three.log" --config.file="$temp/config.yaml" && wait_ready 60 ||
	give_up "the exporter" "it is not ready: $(tail -n 1 "$temp/three.log")"
"$temp/three"
read -r all n most < <(sums)
[ "$all" = 15 ] && [ "$most" -ge 10 ] && ok "a scrape's limit includes the calls of that scrape" ||
	not_ok "a scrape's limit includes the calls of that scrape" "$all calls, at most $most in _other"
stop_exporter

printf 'probes:\n  - syscalls: [openat]\n    labels: [comm]\n    keep: best\n' > "$temp/bad.yaml"
said=$("$exporter" --config.check --config.file="$temp/bad.yaml" 2>&1)
[[ $said == *'bad.yaml:4:11: keep: '*'first or top'* ]] && ok "another word is refused" ||
	not_ok "another word is refused" "$said"
sed -i 's/best/top\n    by: name/' "$temp/bad.yaml"
said=$("$exporter" --config.check --config.file="$temp/bad.yaml" 2>&1)
[[ $said == *'bad.yaml:5:9: by: '*'calls, errors'* ]] && ok "another order is refused" ||
	not_ok "another order is refused" "$said"
exit $failed
