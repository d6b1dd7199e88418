#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# `make deb`: a Debian source package and what it builds, in build/deb/. The debian/ directory, which
# dpkg-buildpackage wants at the top, is put together from deploy/debian and deploy/systemd.
#
# DPKG_BUILDPACKAGE_ARGS adds to the arguments; DEB_BUILD_OPTIONS=nocheck leaves the unit tests out. With
# OBJECTS=DIRECTORY, the program is that of DIRECTORY, where this tree was built.
set -eu
cd "$(dirname "$0")/.."

version=$(cat VERSION)
tree=build/deb/retprobe-exporter-$version

for tool in dpkg-buildpackage dh; do
	command -v $tool > /dev/null || {
		echo "package: $tool is needed: apt-get install dpkg-dev debhelper" >&2
		exit 1
	}
done
# What git knows; of an unpacked archive, everything.
rm -rf build/deb
mkdir -p "$tree"
if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
	git ls-files -z
else
	find . -path ./build -prune -o -path ./.git -prune -o -type f -print0
fi | tar -c --null -T - | tar -x -C "$tree"
tar -c -C build/deb --sort=name --owner=0 --group=0 --numeric-owner "retprobe-exporter-$version" |
	xz -1 > "build/deb/retprobe-exporter_$version.orig.tar.xz"

cp -r deploy/debian "$tree/debian"
for file in deploy/systemd/*; do
	cp "$file" "$tree/debian/"
done
cd "$tree"
# shellcheck disable=SC2086 # a list of arguments
dpkg-buildpackage -us -uc ${DPKG_BUILDPACKAGE_ARGS:-}
