#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the image's first stage: root.sh ARCHITECTURE REVISION DIR compiles for that architecture (in
# Debian's words) and puts the root file system of the image into DIR: the program, the libraries that it
# names and those that they name, with their licences, and the users that it asks for.
set -eu
arch=$1 revision=$2 root=$3
cd "$(dirname "$0")/../.."

. deploy/target.sh

compile "$revision"

install -D -m 0755 build/retprobe_exporter "$root/usr/bin/retprobe_exporter"
"$triplet-strip" "$root/usr/bin/retprobe_exporter"
# Every library goes to /lib: where the loader looks without a cache.
loader=$(sh deploy/libraries.sh "$root/usr/bin/retprobe_exporter" "$triplet" "$root/usr/lib/$triplet" "$root/usr/share/doc")
ln -s usr/lib "$root/lib"
case $loader in
/lib/*) ln -s "$triplet/${loader##*/}" "$root/usr$loader" ;;
*) mkdir "$root${loader%/*}" && ln -s "../lib/$triplet/${loader##*/}" "$root$loader" ;;
esac

install -D -m 0644 LICENSE "$root/usr/share/doc/retprobe_exporter/LICENSE"
mkdir -p "$root/etc" "$root/proc" "$root/sys" "$root/dev" "$root/tmp"
cat > "$root/etc/passwd" <<END
root:x:0:0:root:/:/nonexistent
retprobe_exporter:x:65532:65532:server process:/:/nonexistent
nobody:x:65534:65534:nobody:/:/nonexistent
END
cat > "$root/etc/group" <<END
root:x:0:
retprobe_exporter:x:65532:
nogroup:x:65534:
END
