#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In a guest, for dist.sh: runs $RESULTS/archive.tar in a root directory that has nothing else, and counts calls of a
# kernel function.
set -eu
root=/tmp/root url=http://127.0.0.1:10499
mkdir -p $root/proc $root/sys $root/dev
tar -x -C $root --no-same-owner -f "$RESULTS/archive.tar"
mount -t proc proc $root/proc
mount --rbind /sys $root/sys
mount --rbind /dev $root/dev
program=$(cd $root && echo */retprobe_exporter)
chroot $root "/$program" --web.listen-address=127.0.0.1:10499 vfs_open > "$RESULTS/exporter.log" 2>&1 &
until curl -s -f -o /dev/null $url/-/ready; do
	kill -0 $! || {
		cat "$RESULTS/exporter.log"
		exit 1
	}
	sleep 0.2
done
curl -s $url/metrics | grep '^retprobe_duration_seconds_count{object="vmlinux",function="vfs_open"} [1-9]'
