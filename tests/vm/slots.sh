# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # $cache is of whoever sources this
# Slots for what keeps a CPU busy: guests, builds and fuzzers. At most $GUEST_SLOTS run at once on this machine.

take_free_slot() {
	for slot in $(seq "$GUEST_SLOTS"); do
		exec 8> "$cache/slot.$slot"
		! flock -n 8 || return 0
	done
	exec 8>&-
	return 1
}

# Takes a slot until this process and its children have ended. With more guests than CPUs, all exceed their time limits.
# Linux grants flock(2) in the order of the calls, and forgets callers that die. So whoever has waited longest holds the
# queue's lock, and looks for a slot.
take_slot() {
	mkdir -p "$cache"
	exec 7> "$cache/slot.queue"
	flock 7
	until take_free_slot; do
		sleep 0.2
	done
	exec 7>&-
}
