#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes build/dist/retprobe_exporter-VERSION.linux-ARCH.tar.gz of the program that is built. It runs on any machine of
# that architecture, because its loader and libraries are beside it. Licences of the libraries are in lib/licences.
#
#	archive.sh		for this machine (`make archive`)
#	archive.sh ARCH		amd64 or arm64, compiled by deploy/target.sh
#
# The same program and libraries make the same archive, bit by bit. The time in it is the last commit's, or
# SOURCE_DATE_EPOCH.
set -eu
cd "$(dirname "$0")/../.."

arch=${1:-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')}
. deploy/target.sh
if [ $# -gt 0 ]; then
	compiler=$triplet-gcc strip=$triplet-strip
else
	compiler=${CC:-gcc} strip=strip # not every distribution has them by the architecture's name
fi
name=retprobe_exporter-$(cat VERSION).linux-$arch
dir=build/dist/$name
rm -rf "$dir"
mkdir -p "$dir/lib"

install -m 0755 build/retprobe_exporter "$dir/lib/retprobe_exporter"
"$strip" "$dir/lib/retprobe_exporter"
loader=$(sh deploy/libraries.sh build/retprobe_exporter "$triplet" "$dir/lib" "$dir/lib/licences")
install -m 0755 "$loader" "$dir/lib/${loader##*/}"
$compiler -static -O2 -Wall -Wextra -Werror -DLIBRARIES='"lib"' -DLOADER="\"${loader##*/}\"" -s \
	-o "$dir/retprobe_exporter" deploy/archive/launcher.c
install -m 0644 README.md LICENSE "$dir/"
cp -r deploy/presets "$dir/presets"
mkdir "$dir/dashboards"
cp dashboards/*.json dashboards/*.yaml "$dir/dashboards/"

time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || stat -c %Y VERSION)}
tar -c -C build/dist --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w "$name" |
	gzip -9 -n > "$dir.tar.gz.new"
mv "$dir.tar.gz.new" "$dir.tar.gz"
rm -rf "$dir"
echo "$dir.tar.gz"
