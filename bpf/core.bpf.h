/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The measurement: a return increments one class or value counter and one bin, and adds its
 * nanoseconds. It knows neither mechanisms nor pairing.
 *
 * Cells lie in one mmapable array, a bank per CPU that was online at the start, written by that CPU
 * alone. Writing is as cheap as to a per-CPU array. User space reads the banks without bpf(2),
 * which would make the kernel skip kprobe programs on the reading CPU
 * (bpf_disable_instrumentation()). With bank_cells 0 the same map is loaded as
 * BPF_MAP_TYPE_PERCPU_ARRAY instead. Where a CPU has no bank, the look-up fails and the call counts
 * in the pool (pool.bpf.h).
 */
/* A guard by name: test_inflight.c replaces this header. */
#ifndef RP_CORE_BPF_H
#define RP_CORE_BPF_H

#include "abi.h"
#include "grid.h"
#include "kernel.h"
#include "outcome.h"
#include "pool.bpf.h"

/* Constants of the loaded object: the verifier prunes the branches that they rule out. */
const volatile bool twice; /* a function may have two probes, and two frames at one address */
const volatile bool use_task_storage; /* and typed pointers to tasks */
const volatile struct rp_grid grid_table;
const volatile __u32 grid_last; /* the bin above the last threshold */
/* Distance between the banks of two CPUs, in entries. */
const volatile __u32 bank_cells, bank_targets, bank_values;

/* exporter/object/maps.c sets types, sizes and numbers of entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64) * RP_EVENT_MAX);
} events SEC(".maps");

/*
 * Value slots count results by their number. To claim one: pop its number from the queue, describe
 * it in value_slots, publish it in value_index. After that a call needs one look-up and one
 * increment in its CPU's bank. User space reads the two mmapped arrays only, and gives back the
 * slots of label sets that have gone.
 */
struct value_key {
	__s64 value;
	__u32 cell;
	__u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct value_key);
	__type(value, __u32);
} value_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} value_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct rp_value_slot));
} value_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} value_counts SEC(".maps");

/*
 * Whether another run of the same program can preempt this one on the same CPU; if so, increments
 * must be atomic. True for uprobe programs since 6.0 (kernel commit 8c7dcb84e3b7). Kprobe and
 * tracepoint programs run without preemption and with bpf_prog_active raised. A compile-time
 * constant of each program.
 */
enum rp_context { RP_EXCLUSIVE, RP_PREEMPTIBLE };

/*
 * Call this in preemptible programs that may use 64 bytes or more of stack. Since 6.13 the kernel
 * gives such programs a stack per CPU and assumes that no run of a program preempts another, which
 * is wrong for uprobe programs. A program with a tail call stays on its task's stack, even if the
 * call is never reached (check_max_stack_depth() in kernel/bpf/verifier.c).
 */
static __always_inline void keep_to_task_stack(void)
{
	asm volatile("r0 = 0\n"
		     "if r0 == 0 goto +1\n"
		     "call 12\n" /* BPF_FUNC_tail_call */
		     ::
			     : "r0");
}

static __always_inline void add(enum rp_context c, __u64 *counter, __u64 n)
{
	if (c == RP_PREEMPTIBLE)
		__sync_fetch_and_add(counter, n);
	else
		*counter += n;
}

/* The same in banks of which some are shared. */
static __always_inline void add_in_bank(enum rp_context c, __u64 *counter, __u64 n)
{
	if (shares_banks)
		add(RP_PREEMPTIBLE, counter, n);
	else
		add(c, counter, n);
}

static __always_inline __u32 cell_key(__u32 cell)
{
	return bpf_get_smp_processor_id() * bank_cells + cell;
}

/* NULL: this CPU has none. */
static __always_inline __u64 *cell_of(__u32 cell)
{
	__u32 key = cell_key(cell);

	return bpf_map_lookup_elem(&cells, &key);
}

/* key: of this CPU, in `events`. */
static __noinline long count_shared_event(__u32 key, __u32 which)
{
	__u32 row = key - bpf_get_smp_processor_id() * bank_targets;
	__u64 *t;

	if (!shares_banks)
		return 0;
	row += shared_bank() * bank_targets;
	t = bpf_map_lookup_elem(&shared_rows, &row);
	if (t && which < RP_EVENT_MAX)
		add(RP_PREEMPTIBLE, &t[which], 1);
	return 0;
}

static __always_inline void count_event(enum rp_context c, __u32 id, enum rp_event which)
{
	__u32 key = bpf_get_smp_processor_id() * bank_targets + id;
	__u64 *t = bpf_map_lookup_elem(&events, &key);

	if (t)
		add(c, &t[which], 1);
	else
		count_shared_event(key, which);
}

/* Claims a value slot. False: none is free, or another CPU was first. */
static __always_inline bool claim_value(const struct value_key *key, __u32 *slot)
{
	struct rp_value_slot *d;

	if (bpf_map_pop_elem(&value_free, slot))
		return false;
	d = bpf_map_lookup_elem(&value_slots, slot);
	if (!d)
		return false;
	d->value = key->value;
	d->cell = key->cell;
	d->used = 1;
	if (!bpf_map_update_elem(&value_index, key, slot, BPF_NOEXIST))
		return true;
	d->used = 0;
	bpf_map_push_elem(&value_free, slot, 0);
	return false;
}

/* Counts a result by its number. False: it has no slot. */
static __always_inline bool count_value(enum rp_context c, __u32 cell, __s64 value)
{
	struct value_key key = { .value = value, .cell = cell };
	__u32 *found = bpf_map_lookup_elem(&value_index, &key);
	__u64 *counter;
	__u32 slot;

	if (!found && !claim_value(&key, &slot)) {
		found = bpf_map_lookup_elem(&value_index, &key);
		if (!found)
			return false;
	}
	if (found)
		slot = *found;
	slot += bank_of_cpu(own_banks) * bank_values;
	counter = bpf_map_lookup_elem(&value_counts, &slot);
	if (!counter)
		return false;
	add_in_bank(c, counter, 1);
	return true;
}

/* The class counter for a result, or RP_CLASS_MAX if it was counted by its number. */
static __always_inline enum rp_class settle(enum rp_context c, __u32 index, struct rp_outcome o)
{
	if (o.cls == RP_CLASS_BY_VALUE && count_value(c, index, o.value))
		return RP_CLASS_MAX;
	return o.cls >= RP_CLASS_MAX ? RP_CLASS_OTHER : o.cls;
}

/* Counts a call that returned in a cell. */
static __always_inline void count_in_cell(enum rp_context c, __u64 *cell, enum rp_class cls,
					  __u64 ns)
{
	const struct rp_grid *table = (const struct rp_grid *)&grid_table;
	__u32 last = grid_last, i;

	if (cls < RP_CLASS_MAX)
		add(c, &cell[RP_CELL_CLASS + cls], 1);
	add(c, &cell[RP_CELL_SUM], ns);

	barrier_var(table); /* or clang folds the zeros that it sees here */
	i = rp_grid_bin(table, ns, last);
	barrier_var(i);
	if (i > last)
		i = last;
	add(c, &cell[RP_CELL_BINS + i], 1);
}

/* Counts a call that returned and whose duration is unknown. */
static __always_inline void count_untimed_in_cell(enum rp_context c, __u64 *cell, enum rp_class cls)
{
	if (cls < RP_CLASS_MAX)
		add(c, &cell[RP_CELL_CLASS + cls], 1);
	add(c, &cell[RP_CELL_UNTIMED], 1);
}

#define UNTIMED (~0ULL) /* instead of a duration */

static __always_inline long count_in_pool(__u32 cell, __u32 cls, __u64 ns)
{
	__u64 *words;

	if (!shares_banks)
		return 0;
	words = pooled_cell(cell);
	if (words && ns != UNTIMED) {
		count_in_cell(RP_PREEMPTIBLE, words, cls, ns);
		return 0;
	}
	words = words ? words : brief_cell(cell);
	if (words)
		count_untimed_in_cell(RP_PREEMPTIBLE, words, cls);
	return 0;
}

/* Counts a call in a cell that this CPU does not have. key: its key in `cells`, which the caller
 * need not keep in a register. */
static __noinline long count_pooled(__u32 key, __u32 cls, __u64 ns)
{
	return count_in_pool(key - bpf_get_smp_processor_id() * bank_cells, cls, ns);
}

/* The same for a caller that has the cell in a register. */
static __noinline long count_pooled_cell(__u32 cell, __u32 cls, __u64 ns)
{
	return count_in_pool(cell, cls, ns);
}

static __always_inline void count_outcome(enum rp_context c, __u32 index, struct rp_outcome o,
					  __u64 ns)
{
	enum rp_class cls = settle(c, index, o);
	__u32 key = cell_key(index);
	__u64 *cell = bpf_map_lookup_elem(&cells, &key);

	if (cell)
		count_in_cell(c, cell, cls, ns);
	else
		count_pooled(key, cls, ns);
}

static __always_inline void count_untimed(enum rp_context c, __u32 index, struct rp_outcome o)
{
	enum rp_class cls = settle(c, index, o);
	__u32 key = cell_key(index);
	__u64 *cell = bpf_map_lookup_elem(&cells, &key);

	if (cell)
		count_untimed_in_cell(c, cell, cls);
	else
		count_pooled(key, cls, UNTIMED);
}

/* For probes without durations, whose program at the return is the only one. */
static __always_inline void count_return_only(enum rp_context c, __u64 desc, __u64 ret)
{
	count_untimed(c, RP_DESC_ID(desc), rp_outcome(desc, ret));
}

static __always_inline void count_return(enum rp_context c, __u64 desc, __u64 ret, __u64 ns)
{
	count_outcome(c, RP_DESC_ID(desc), rp_outcome(desc, ret), ns);
}

#endif /* RP_CORE_BPF_H */
