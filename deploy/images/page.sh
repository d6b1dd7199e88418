#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Takes the screenshot of the landing page, page.png next to this file (make screenshot, root): the default system calls
# of this machine, with openat open. Needs chromium and chromedriver (make deps).
set -eu
cd "$(dirname "$0")/../.."
temp=$(mktemp -d)
trap 'kill "$pid" 2> /dev/null || true; rm -rf "$temp"' EXIT
cat > "$temp/config.yaml" << 'END'
presets: [default-syscalls]
probes:
  - syscalls: [openat]
    labels: [comm]
END
build/retprobe_exporter --config.file="$temp/config.yaml" --web.listen-address=127.0.0.1:0 2> "$temp/log" &
pid=$!
for _ in {1..100}; do
	url=$(sed -n 's|.*listening on \(127.0.0.1:[0-9]*\).*|http://\1|p' "$temp/log")
	[ -z "$url" ] || break
	sleep 0.2
done
python=$(for p in python3 /usr/bin/python3; do "$p" -c 'import prometheus_client' 2> /dev/null && echo "$p" && break; done)
OPEN='#probes tr[data-function=openat] button' SCROLL='#probes' "$python" -B tests/e2e/page.py --shots "$url" "$temp"
cp "$temp/light.png" deploy/images/page.png
ls -l deploy/images/page.png
