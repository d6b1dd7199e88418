#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest. Attaches presets without their modules, and loads one of these modules. Then loads the
# others, and attaches all presets, with as few starts of the exporter as possible. Writes results for
# presets_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/lib_guest.sh

# Built-in ones need no loading. The check detects missing ones.
modules="ext4 xfs btrfs fuse overlay nfs nfsv3 nfsv4 nfsd cifs kvm nvme scsi_mod sd_mod dm_mod dm_crypt
	md_mod raid1 nf_conntrack"

attach() { # attach NAME PRESET...: one start with all of these
	local name=$1 IFS=,
	shift
	printf 'presets: [%s]\ndefaults: {%s}\n' "$*" "$defaults" >"/tmp/$name.yaml"
	start_exporter --config.file="/tmp/$name.yaml"
	get /metrics "$RESULTS/$name.metrics" || fail "no metrics with presets $*"
}

# The fastest way to attach hundreds of functions without multi links on an emulated CPU. fexit takes seconds
# for each, and so do thousands of return slots.
case $(uname -r) in
5.* | 6.[0-9].*) defaults="mechanism: kretprobe, maxactive: 16" ;;
*) defaults="maxactive: 16" ;;
esac
PATIENCE=900
export PATIENCE

# The guest's root file system uses overlay.
mapfile -t waiting < <(grep -l '^  - module:' deploy/presets/*.yaml | sed 's|.*/||; s/\.yaml//' | grep -v -x overlay)
attach waiting "${waiting[@]}"
if modprobe -q nf_conntrack; then
	$CLIENT until $PORT /metrics 'function="nf_conntrack_in",reason=""} 1' "$RESULTS/arrived.metrics" ||
		fail "nf_conntrack_in is not attached although its module is loaded"
fi
stop_exporter || fail "stopped badly"

for module in $modules; do
	modprobe -q "$module" || echo "$module cannot be loaded" >>"$RESULTS/modules"
done

together=()
for preset in deploy/presets/*.yaml; do
	preset=${preset##*/} preset=${preset%.yaml}
	# Its comment says not to combine it with others.
	[ "$preset" = fstype ] || together+=("$preset")
done
attach fstype fstype
stop_exporter || fail "stopped badly"
# Old kernels take minutes to detach hundreds of functions. Here they end with the guest.
attach together "${together[@]}"
