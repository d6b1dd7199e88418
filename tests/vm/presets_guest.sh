#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest: attaches presets without the modules that they are about, and one of these comes then;
# loads the others and attaches all presets, in as few starts of the exporter as their settings allow. What
# became of each function goes to $RESULTS for presets_check.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
PORT=10499
URL=http://127.0.0.1:$PORT

# Those that are built in have nothing to load; what is missing altogether, the check notices.
modules="ext4 xfs btrfs fuse overlay nfs nfsv3 nfsv4 nfsd cifs kvm nvme scsi_mod sd_mod dm_mod dm_crypt
	md_mod raid1 nf_conntrack"

fail() {
	echo "not ok: $*"
	tail -5 "$RESULTS/exporter.log"
	exit 1
}

# attach NAME PRESET...: one start with all of these
attach() {
	local name=$1
	shift
	printf 'presets: [%s]\ndefaults: {%s}\n' "$(sed 's/ /, /g' <<< "$*")" "$defaults" \
		> "/tmp/$name.yaml"
	build/retprobe_exporter --web.listen-address=127.0.0.1:$PORT --config.file="/tmp/$name.yaml" \
		>> "$RESULTS/exporter.log" 2>&1 &
	exporter=$!
	# Hundreds of probes, one after the other where the kernel has no multi links, on an emulated CPU.
	until curl -s -f -m 60 -o /dev/null $URL/-/ready; do
		kill -0 $exporter 2> /dev/null || fail "the exporter ended with presets $*"
		sleep 0.5
	done
	curl -s -f -m 120 $URL/metrics > "$RESULTS/$name.metrics" || fail "no metrics with presets $*"
}

detach() {
	kill -TERM $exporter
	wait $exporter || fail "exit code $?"
}

# Without multi links, what attaches hundreds of functions in the least time on an emulated CPU: fexit takes
# seconds for each, and so do return slots by the thousand.
case $(uname -r) in
5.* | 6.[0-9].*) defaults="mechanism: kretprobe, maxactive: 16" ;;
*) defaults="maxactive: 16" ;;
esac

# The guest's own root file system takes overlay.
mapfile -t waiting < <(grep -l '^  - module:' deploy/presets/*.yaml | sed 's|.*/||; s/\.yaml//' | grep -v -x overlay)
attach waiting "${waiting[@]}"
if modprobe -q nf_conntrack; then
	for ((i = 0; i < 200; i++)); do
		curl -s -f -m 120 $URL/metrics > "$RESULTS/arrived.metrics" || fail "no metrics as a module has come"
		grep -q 'function="nf_conntrack_in",reason=""} 1' "$RESULTS/arrived.metrics" && break
		read -r -t 1 <> <(:)
	done
fi
detach

for module in $modules; do
	modprobe -q "$module" || echo "$module cannot be loaded" >> "$RESULTS/modules"
done

together=()
for preset in deploy/presets/*.yaml; do
	preset=${preset##*/} preset=${preset%.yaml}
	# By its own words not to be combined with the others.
	[ "$preset" = fstype ] || together+=("$preset")
done
attach fstype fstype
detach
# To detach hundreds takes minutes on old kernels; these end with the guest.
attach together "${together[@]}"
