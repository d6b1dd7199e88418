#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The Debian package: built, checked by lintian, and used in a guest with systemd:
#
#	systemd.sh [SERIES...]
#
# Runs one guest at a time.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- "$(tests/vm/kernels.sh --default)"

for tool in dpkg-buildpackage dh /lib/systemd/systemd; do
	command -v $tool > /dev/null || {
		echo "SKIP systemd: $tool is not here: make deps"
		exit 0
	}
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# systemd_check.py prints its own plan.
echo 1..2
# The unit tests have run already, and compiling and debug symbols take long. `make check-dist` builds the package
# from its source.
if ! DEB_BUILD_OPTIONS='nocheck noautodbgsym' OBJECTS=$PWD/build sh deploy/package.sh > "$work/log" 2>&1; then
	echo "not ok systemd: the package builds: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	sed 's/^/    /' "$work/log"
	exit 1
fi
echo "ok systemd: the package builds"
package=$(echo build/deb/retprobe-exporter_*.deb)

# Releases disagree. That of Debian 12 decides.
release=$(lintian --version 2> /dev/null | grep -o '[0-9.]*' | head -n 1)
if [[ $release != 2.116.* ]]; then
	echo "SKIP systemd: lintian finds nothing: lintian 2.116 decides, here is ${release:-none}"
elif lintian --allow-root --fail-on error,warning build/deb/*.changes > "$work/log" 2>&1; then
	echo "ok systemd: lintian finds nothing"
else
	echo "not ok systemd: lintian finds nothing: $(wc -l < "$work/log") lines"
	sed 's/^/    /' "$work/log"
fi

# The next version, which also changes the configuration file.
next=build/deb/next.deb
dpkg-deb -R "$package" "$work/next"
sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
echo "# Next." >> "$work/next/etc/default/retprobe-exporter"
dpkg-deb --root-owner-group -Znone -b "$work/next" $next > "$work/log"

# A database of the packages that it depends on, without their files. Emulated, dpkg takes long to read all lists.
database=build/deb/dpkg
mkdir -p $database/info $database/updates $database/triggers
echo 1 > $database/info/format
dpkg-deb -f "$package" Depends | sed 's/([^)]*)//g' | tr -s ',| ' '\n' | sort -u |
	xargs dpkg-query -s > $database/status 2> "$work/log"

for series; do
	out=$work/$series
	tests/vm/guest.sh -r -S -c 1 -k "$series" -o "$out" -t 1800 -- \
		tests/vm/systemd_guest.sh "$package" $next $database > "$out.log" 2>&1
	code=$?
	if [ $code -ne 0 ]; then
		echo "not ok systemd $series: exit $code"
		tail -30 "$out.log"
	fi
	python3 -B tests/vm/systemd_check.py "$series" "$out"
	grep '^guest: the emulator' "$out.log"
	[ -z "${KEEP:-}" ] || cat "$out.log"
done
if [ -n "${KEEP:-}" ]; then
	trap - EXIT
	echo "results are in $work"
fi
