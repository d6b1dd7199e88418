#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The landing page in a headless Chromium: its numbers against /metrics and known calls, markup in names,
# 1,000 functions, the width of a phone, missed calls. page.py has the checks.
set -u
cd "$(dirname "$0")/../.." || exit 1

suite=page
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh

for program in chromium chromedriver; do
	if ! command -v $program > /dev/null; then
		echo "SKIP page: $program is not here: make deps, where the distribution has it as a package"
		exit 0
	fi
done
for python in python3 /usr/bin/python3 ''; do
	[ -n "$python" ] || break
	"$python" -c 'import prometheus_client' 2> /dev/null && break
done
if [ -z "$python" ]; then
	echo "SKIP page: python3-prometheus-client is not here: make deps"
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "SKIP page: attaching needs root"
	exit 0
fi

start_exporter() { # start_exporter ARGS...: sets pid and url
	launch "$temp/exporter.log" "$@" || give_up "the exporter starts" "it ends, or does not listen"
}

hostile="$temp/<img src=x onerror=window.owned=2>\"&amp;"
mkdir "$hostile"
cp build/page_calls "$temp/calls"
cp build/page_calls "$hostile/calls"
cat > "$temp/config.yaml" <<-END
	defaults: {returns: errno}
	probes:
	  - user: {object: $temp/calls, functions: [page_call, no_such_function]}
	    labels: [{text: "str(arg0)"}]
	    sample: {when: outcome == error, per_second: 1000000, stacks: [user], show: {given: arg1}}
	    description: "<b>calls</b> of the page's test"
	    expected: [ENOENT]
	    waits: true
	  - user: {object: '$hostile/calls', functions: page_call}
END
start_exporter --config.file="$temp/config.yaml"
first=$url
# The first thousand.
start_exporter "$PWD/build/bench_many:bench_many_0*"
# If the browser cannot start (a sandbox without user namespaces, for example), that is a failure.
"$python" -B tests/e2e/page.py "$first" "$temp/calls" "$hostile/calls" "$temp/calls" , --many "$url" 1000 , --made-up
code=$?
[ $code -le 1 ] || echo "not ok page browser: page.py ended with $code"
exit $code
