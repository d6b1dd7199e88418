#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Takes the screenshots of the landing page next to this file (make screenshots, root): the default system calls of this
# machine with openat open, page.png, and the flame graph of what the go command looks for, flame.png. Needs chromium,
# chromedriver (make deps) and Go.
set -eu
cd "$(dirname "$0")/../.."
temp=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$temp"' EXIT
cat > "$temp/config.yaml" << 'END'
presets: [default-syscalls]
probes:
  - syscalls: [openat]
    labels: [comm]
  - syscalls: [newfstatat]
    filter: "comm == go"
    sample: {when: "outcome == error", stacks: [kernel, user], per_second: 200}
END
build/retprobe_exporter --config.file="$temp/config.yaml" --web.listen-address=127.0.0.1:0 2> "$temp/log" &
while :; do
	go list -deps -export=false std
done > "$temp/list" 2>&1 &
for _ in {1..100}; do
	url=$(sed -n 's|.*listening on \(127.0.0.1:[0-9]*\).*|http://\1|p' "$temp/log")
	[ -z "$url" ] || break
	sleep 0.2
done
python=$(for p in python3 /usr/bin/python3; do "$p" -c 'import prometheus_client' 2> /dev/null && echo "$p" && break; done)
# shot NAME CALL SELECTOR: CALL is open, and what SELECTOR names is at the top of the picture.
shot() {
	OPEN="#probes tr[data-function=$2] button" SCROLL=$3 "$python" -B tests/e2e/page.py --shots "$url" "$temp"
	cp "$temp/light.png" "deploy/images/$1.png"
	ls -l "deploy/images/$1.png"
}

shot page openat '#probes'
shot flame newfstatat .flame
