#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Breaks the accounting in known ways, and checks that a test fails for each: mutants.sh [NAME...]
#
# A mutant is one edit of one file (sed -E) in a copy of the tree. It names the test that must fail: `unit TEST`,
# or a case for conformance.sh. Each takes a minute or two. Prints `killed NAME: CHECK that failed`, or
# `SURVIVED NAME` if no test fails.
set -u
cd "$(dirname "$0")/.." || exit 1
tree=build/mutants

# NAME FILE EDIT TEST, by subject.
mutants() {
	# Pairing of returns with entries.
	mutant slot-without-address bpf/pairing.bpf.h \
		'/slot_key\(enum/,/^}/s/return addr \^/return (addr \& 1ULL << 47) ^/' conformance_edges:kretprobe/6.12
	mutant slot-by-cpu bpf/inflight.bpf.h \
		's/rp_hash\(key, slot/rp_hash(key ^ bpf_get_smp_processor_id(), slot/' conformance_edges:kretprobe/6.12
	mutant slot-without-mark bpf/inflight.bpf.h \
		's/if \(taken \& MARKED\)/if (1)/' unit test_inflight
	mutant set-aside-and-lost bpf/inflight.bpf.h \
		's/aside = bpf_map_lookup_elem\(.*\)/aside = NULL/' unit test_inflight
	mutant leftovers-taken bpf/pairing.bpf.h \
		's/level == cell\[RP_CELL_LEVEL\]/true/' interrupts:fexit/6.1
	mutant frame-without-address bpf/pairing.bpf.h \
		'/pop_task_frame\(enum/,/^}/s/f->addr == addr && //' conformance_edges:small.kretprobe/6.12
	mutant hash-not-filled bpf/pairing.bpf.h \
		's/bpf_map_update_elem\(&kernel_frames, &key, &now, BPF_ANY\);//' conformance_edges:small.fexit/6.12
	mutant hash-leftovers bpf/pairing.bpf.h \
		'/take_start\(/,/^}/s/if \(use_task_storage\)/if (0)/' conformance_edges:small.kretprobe/6.12
	mutant hash-without-address bpf/pairing.bpf.h \
		'/kernel_key\(enum/,/^}/s/return addr \^/return (addr \& 1ULL << 47) ^/' conformance_edges:kretprobe/5.10
	# Counts of our programs.
	mutant no-entry-not-counted bpf/pairing.bpf.h \
		'/void lose\(/,/^}/s/count_event\(c, id, RP_EVENT_NO_ENTRY\)/(void)0/' conformance_edges:small.fexit/6.12
	mutant depth-not-counted bpf/pairing.bpf.h \
		's/count_event\(c, id, RP_EVENT_DEPTH\)/(void)0/' conformance:uretprobe/6.12
	mutant depth-counted-twice bpf/pairing.bpf.h \
		's/return t && t->overflow && addr <= t->overflow/return false/' conformance_edges:small.kretprobe/6.12
	mutant killed-not-counted bpf/core.bpf.h \
		'/void count_return\(/,/^}/s/^\tcount_outcome/\tif ((int)ret != -514)\n\t\tcount_outcome/' \
		conformance_edges:start/6.1
	mutant before-us-counted bpf/unseen_syscall.bpf.h \
		's/return seen == EVICTED .*/return true;/' conformance_edges:start/6.12
	mutant entries-not-counted exporter/object/object.c \
		's/(ro->count_entries =) .*/\1 false;/' conformance:fsession/7
	mutant entries-of-all-not-counted exporter/object/object.c \
		's/(ro->count_entries =) .*/\1 false;/' conformance:fsession.multi/7
	# Counters of CPUs that have none of their own.
	mutant pool-rows-not-read exporter/counts/pool.c \
		's/^\t\t\tadd_row\(v, row - 1, n, out\)/\t\t\t(void)0/' unit test_snapshot
	mutant shared-events-not-read exporter/counts/pool.c \
		's/bank < v->nbanks/bank < 1/' unit test_snapshot
	# Counts of the kernel.
	mutant hits-ignored exporter/attach/kretprobe.c \
		's/has_returned = true/has_returned = false/' conformance_edges:kretprobe,again/6.1
	mutant hits-of-5.10-ignored exporter/attach/kretprobe.c \
		's/has_returned = true/has_returned = false/' conformance_edges:kretprobe,again/5.10
	mutant breakpoints-skipped-ignored exporter/attach/kretprobe.c \
		's/(MISSED_RECURSION\] =) skipped/\1 0/' conformance_edges:kretprobe,again/7
	mutant maxactive-ignored exporter/attach/kretprobe.c \
		's/no_slot > skipped \? no_slot - skipped : 0/0/' conformance_edges:start/6.12
	mutant slots-of-links-ignored exporter/attach/multi_links.c \
		's/\+= bpf_sys__link_missed\(.*\)/+= 0/' conformance:kprobe.multi/6.12
	mutant multi-recursion-ignored exporter/attach/kprobe_multi.c \
		's/\.returns = PROG_BIT\(PROG_MULTI_RETURN\)/.returns = 0/' conformance_edges:kprobe.multi,again/6.12
	mutant multi-recursion-of-entries-too exporter/attach/kprobe_multi.c \
		's/(\.returns = PROG_BIT\(PROG_MULTI_RETURN\))/\1 | PROG_BIT(PROG_MULTI_ENTRY)/' \
		conformance_edges:kprobe.multi,again/6.12
	mutant session-recursion-ignored exporter/attach/kprobe_multi.c \
		's/\.returns = PROG_BIT\(PROG_KPROBE_SESSION\)/.returns = 0/' conformance_edges:kprobe.session,again/7
	mutant session-skips-not-halved exporter/attach/kprobe_multi.c \
		'/bool skips_twice/,/^}/s/return .*/return false;/' conformance_edges:kprobe.session,again/6.12
	mutant session-skips-halved-on-7 exporter/attach/kprobe_multi.c \
		'/bool skips_twice/,/^}/s/return .*/return true;/' conformance_edges:kprobe.session,again/7
	mutant session-pairs-by-signature-only exporter/kernel/features.c \
		's/count_skips_of_call\(\) == 1/false/' conformance_edges:kprobe.session,again/6.18
	mutant session-pairs-assumed exporter/kernel/features.c \
		's/count_skips_of_call\(\) == 1/true/' conformance_edges:kprobe.session,again/6.12
	mutant fexit-recursion-ignored exporter/attach/fexit.c \
		's/programs__count_fd\(x->program\)\.skipped/0/' conformance_edges:fexit/7
	mutant fsession-recursion-ignored exporter/attach/fsession.c \
		's/has_skipped = true/has_skipped = false/' conformance_edges:fsession/7
	# Computation of missed calls.
	mutant filtered-not-counted exporter/probes/missed.c \
		's/(calls = m->calls\[id\]) \+ events\[RP_EVENT_FILTERED\]/\1/' unit test_missed_sessions
	mutant filtered-of-all-not-counted exporter/probes/missed.c \
		's/(calls \+= m->calls\[i\]) \+ events\[RP_EVENT_FILTERED\]/\1/' unit test_missed
	mutant stale-counted exporter/probes/missed.c \
		's/(no_entry = events\[RP_EVENT_NO_ENTRY\])/\1 + events[RP_EVENT_STALE]/' unit test_missed
	mutant running-counted exporter/probes/missed.c \
		's/s->x = lower\(.*/s->x = without_exit + 0 * grown;/' unit test_missed_sessions
	mutant bound-counted exporter/probes/missed.c \
		'/skipped_calls\(struct/,/^}/s/return lower\(now, before\)/return now + 0 * before/' unit test_missed_sessions
	mutant no-entry-counted-twice exporter/probes/missed.c \
		's/(seen = m->calls\[id\]) \+ events\[RP_EVENT_NO_ENTRY\]/\1/' unit test_missed
	mutant being-counted-is-missed exporter/probes/missed.c \
		's/ \|\| object__wait_for_programs\(m->obj\)//' unit test_missed
	mutant counters-go-back exporter/probes/missed.c \
		's/^\tif \(v > \*counter\)$/\tif (1)/' unit test_missed
	mutant others-counted exporter/probes/missed.c \
		's/ \|\| strcmp\(slots\[i\]\.ops->name, p->mechanism\)//' unit test_missed
	# Label sets.
	mutant equal-texts-apart exporter/labels/slots.c \
		's/^\t\tid = cell_of\(l, leader\);/\t\treturn;/' unit test_label_sets
	mutant heir-passed-over exporter/labels/slots.c \
		's/l->slots\[heir\]\.state != SLOT_ACTIVE/true/' unit test_label_sets
	mutant values-kept exporter/labels/slots.c \
		's/^\tobject__free_value\(l->obj, value\);//' unit test_label_sets
	mutant values-doubled exporter/labels/slots.c \
		's/^\tadjustments__subtract\(adjustments, &adjustments->values\[value\], &count, 1\);//' unit test_label_sets
	# Starting and stopping.
	mutant half-of-a-batch-lost exporter/attach/batch.c \
		's/attach_range\(c, slots \+ n \/ 2, n - n \/ 2, link\)/(void)0/' scale:refused.kprobe.multi/6.12
	mutant refused-given-up exporter/attach/attach.c \
		's/choice__make\(a, slot, refused_by\)/slot->ops = NULL/' scale:fallback.first/6.12
	mutant events-left exporter/attach/kretprobe.c \
		"s/if \(k->return_defined\)/if (0)/" conformance_edges:kretprobe/6.1
}

edit() { # edit FILE EDIT
	sed -E -i "$2" "$tree/$1"
	! cmp -s "$1" "$tree/$1"
}

# Prints the first check that fails.
run_test() {
	if [ "$1" = unit ]; then
		make -s -C $tree WERROR= "build/unit/$2" >"$tree/log" 2>&1 || echo "broken: $(tail -1 $tree/log)"
		CMOCKA_MESSAGE_OUTPUT=TAP "$tree/build/unit/$2" 2>&1 | grep -m 1 '^not ok'
		return
	fi
	make -s -j "$(nproc)" -C $tree WERROR= all build/workload build/shop build/postgres build/client build/small/retprobe_exporter >"$tree/log" 2>&1 ||
		echo "broken: $(grep -m 1 error $tree/log)"
	(cd $tree && tests/vm/conformance.sh "$1") | tee "$tree/log" | grep -m 1 '^not ok'
}

mutant() { # mutant NAME FILE EDIT TEST...
	local name=$1 file=$2 edit=$3 verdict
	shift 3
	[ -z "$wanted" ] || [[ " $wanted " == *" $name "* ]] || return 0
	if ! edit "$file" "$edit"; then
		echo "BROKEN $name: the edit changes nothing"
		lost=1
	else
		verdict=$(run_test "$@")
		case $verdict in
		'') echo "SURVIVED $name ($*)" ;;
		broken*) echo "BROKEN $name: $verdict" ;;
		*) echo "killed $name: ${verdict#not ok }" ;;
		esac
		[[ $verdict == "not ok"* ]] || lost=1
	fi
	cp -p "$file" "$tree/$file"
	touch "$tree/$file"
}

wanted=$* lost=0
mkdir -p $tree
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -u -p -d -t $tree || exit 1
mutants
exit $lost
