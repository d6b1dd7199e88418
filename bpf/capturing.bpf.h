/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Entries and returns of the mechanisms, for probes with captures. */
#pragma once

#include "capture.bpf.h"

/* For probes without durations. Arguments are no longer known, and expr/capture.c accepts none. */
static __always_inline void count_capturing_return_only(enum rp_context c, void *ctx, __u64 desc,
							__u64 ret)
{
	struct entry none = { .way = AT_RETURN };
	struct capture capture;

	asm volatile("%0 = 0" : "=r"(none.args));  /* nothing reads them, and clang does not know */
	asm volatile("" : "=m"(capture.observed)); /* what is not set is not read */
	capture.label = read_capture(&none, desc, capture.observed, UNREADABLE);
	if (capture.label == CAPTURE_FILTERED)
		count_event(c, RP_DESC_ID(desc), RP_EVENT_FILTERED);
	else if (capture_spec()->sets_only)
		count_in_set(capture.label, desc, ret, UNTIMED, c);
	else
		count_captured_untimed(ctx, &capture, desc, ret, c);
}

/* Start and capture in hashes: user functions, and kernels before 5.12. */
static __always_inline void enter_capturing(enum rp_context c, enum rp_space space,
					    const struct entry *entry, __u64 desc, __u64 addr)
{
	struct capture capture = {};
	bool pass = make_capture(entry, desc, &capture, UNREADABLE);

	put_capture(IN_HASH, space, RP_DESC_ID(desc), addr, &capture);
	if (pass)
		enter(c, space, desc, addr);
}

static __always_inline void leave_capturing(enum rp_context c, enum rp_space space, void *ctx,
					    __u64 desc, __u64 addr, __u64 ret)
{
	__u32 id = RP_DESC_ID(desc);
	struct capture capture = {};
	bool captured = take_capture(IN_HASH, space, id, addr, &capture);
	__u64 now, start;

	if (captured && capture.label == CAPTURE_FILTERED) {
		count_event(c, id, RP_EVENT_FILTERED);
		return;
	}
	now = bpf_ktime_get_ns();
	start = find_start(space, id, addr);
	if (captured && start)
		count_captured_call(c, ctx, &capture, desc, ret, now - start);
	else if (start)
		count_event(c, id, RP_EVENT_NO_ENTRY);
	else
		lose(c, space, id, addr);
}

/* For calls without a slot. */
static __noinline long store_rejected(__u64 key)
{
	struct capture capture = { .label = CAPTURE_FILTERED };
	struct user_key in_hash = { .addr = key };

	return bpf_map_update_elem(&capture_hash, &in_hash, &capture, BPF_ANY);
}

/*
 * Start and capture in one slot, like enter_kernel() and leave_kernel(). A call that a filter
 * rejects has a capture, and neither a start nor a level.
 */
static __always_inline void enter_rejected(__u32 id, __u64 key)
{
	struct capture_slot *p = capture_slot_of(key);
	enum claim claim = claim_capture_slot(p, key);

	if (claim == BUSY || !p) {
		store_rejected(key);
		return;
	}
	if (claim == OWN)
		count_event(RP_EXCLUSIVE, id, RP_EVENT_STALE);
	p->capture.label = CAPTURE_FILTERED;
	p->slot.start = 0;
}

static __always_inline void enter_capturing_slowly(enum rp_space space,
						   const struct capture *capture, __u64 key,
						   __u64 desc, __u64 addr)
{
	struct user_key in_hash = { .addr = key };

	bpf_map_update_elem(&capture_hash, &in_hash, capture, BPF_ANY);
	enter(RP_EXCLUSIVE, space, desc, addr);
}

/* Functions of their own, so that the fast path keeps its registers. */
static __noinline long enter_capturing_kprobe_slowly(const struct capture *capture, __u64 key,
						     __u64 desc, __u64 addr)
{
	enter_capturing_slowly(RP_KERNEL, capture, key, desc, addr);
	return 0;
}

static __noinline long enter_capturing_trampoline_slowly(const struct capture *capture, __u64 key,
							 __u64 desc, __u64 addr)
{
	enter_capturing_slowly(RP_TRAMPOLINE, capture, key, desc, addr);
	return 0;
}

static __always_inline void enter_capturing_kernel(enum rp_space space, const struct entry *entry,
						   __u64 desc, __u64 addr)
{
	__u32 id = RP_DESC_ID(desc);
	enum claim claim = BUSY;
	__u64 label, key, *cell = NULL;
	struct capture_slot *p;
	struct capture capture;

	asm volatile("" : "=m"(capture.observed)); /* what is not set is not read */
	label = read_capture(entry, desc, capture.observed, UNREADABLE_QUICK);
	key = slot_key(space, id, addr);
	if (label == CAPTURE_FILTERED) {
		enter_rejected(id, key);
		return;
	}
	capture.label = label;
	p = capture_slot_of(key);
	if (space == RP_TRAMPOLINE)
		cell = cell_of(id);
	if (cell)
		++*(volatile __u64 *)&cell[RP_CELL_LEVEL];
	if (cell || space != RP_TRAMPOLINE)
		claim = claim_capture_slot(p, key);
	if (claim != BUSY && p) {
		if (claim == OWN)
			count_event(RP_EXCLUSIVE, id, RP_EVENT_STALE);
		copy_capture(&p->capture, &capture);
		if (cell)
			p->slot.level = cell[RP_CELL_LEVEL];
		p->slot.start = bpf_ktime_get_ns();
		return;
	}
	if (cell)
		cell[RP_CELL_LEVEL]--;
	if (space == RP_TRAMPOLINE)
		enter_capturing_trampoline_slowly(&capture, key, desc, addr);
	else
		enter_capturing_kprobe_slowly(&capture, key, desc, addr);
}

static __always_inline long leave_capturing_slowly(enum rp_space space, void *ctx, __u64 desc,
						   __u64 addr, __u64 ret, __u64 now)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 *cell = cell_of(id), key = slot_key(space, id, addr), level = NO_LEVEL, start;
	struct capture_slot *p = capture_slot_of(key);
	struct user_key in_hash = { .addr = key };
	struct capture capture = {};
	bool captured;

	if (!p)
		return 0;
	captured = p->slot.key == (key | MARKED);
	if (captured)
		capture = p->capture;
	else
		captured = take_hashed_capture(&in_hash, &capture);
	start = find_slowly(space, &p->slot, cell, id, addr, &level);
	if (captured && capture.label == CAPTURE_FILTERED)
		count_event(RP_EXCLUSIVE, id, RP_EVENT_FILTERED);
	else if (captured && start)
		count_captured_call(RP_EXCLUSIVE, ctx, &capture, desc, ret, now - start);
	else if (start)
		count_event(RP_EXCLUSIVE, id, RP_EVENT_NO_ENTRY);
	else
		lose(RP_EXCLUSIVE, space, id, addr);
	if (cell && level != NO_LEVEL)
		leave_level(space, cell, level);
	return 0;
}

static __noinline long leave_capturing_kprobe_slowly(void *ctx, __u64 desc, __u64 addr, __u64 ret,
						     __u64 now)
{
	return leave_capturing_slowly(RP_KERNEL, ctx, desc, addr, ret, now);
}

static __noinline long leave_capturing_trampoline_slowly(void *ctx, __u64 desc, __u64 ret,
							 __u64 now)
{
	return leave_capturing_slowly(RP_TRAMPOLINE, ctx, desc, (__u64)ctx, ret, now);
}

static __always_inline void leave_capturing_kernel(enum rp_space space, void *ctx, __u64 desc,
						   __u64 addr, __u64 ret)
{
	__u32 id = RP_DESC_ID(desc);
	__u64 key = slot_key(space, id, addr), now, start, level, *cell;
	struct capture_slot *p = capture_slot_of(key);
	struct capture capture;

	if (!p || p->slot.key != key) {
		now = bpf_ktime_get_ns();
		goto slowly;
	}
	capture.label = p->capture.label;
	if (capture.label == CAPTURE_FILTERED) {
		p->slot.key = 0; /* after the load on which it depends */
		count_event(RP_EXCLUSIVE, id, RP_EVENT_FILTERED);
		return;
	}
	copy_capture(&capture, &p->capture);
	start = p->slot.start;
	level = p->slot.level;
	__sync_lock_test_and_set(&p->slot.key, 0); /* also a barrier */
	now = bpf_ktime_get_ns();
	cell = space == RP_TRAMPOLINE ? cell_of(id) : NULL;
	if (start && cell && is_leftover(level, cell, addr)) {
		count_event(RP_EXCLUSIVE, id, RP_EVENT_STALE);
		start = 0;
	}
	if (!start)
		goto slowly;
	if (capture_spec()->sets_only)
		count_in_set(capture.label, desc, ret, now - start, RP_EXCLUSIVE);
	else
		count_captured_call(RP_EXCLUSIVE, ctx, &capture, desc, ret, now - start);
	if (cell)
		leave_level(space, cell, level);
	return;
slowly:
	if (space == RP_TRAMPOLINE)
		leave_capturing_trampoline_slowly(ctx, desc, ret, now);
	else
		leave_capturing_kprobe_slowly(ctx, desc, addr, ret, now);
}

/* The return of a session, whose cookie had the start; 0: its entry was not seen. capture: the
 * caller's, as there is no stack left for another one. */
static __always_inline void leave_capturing_session(enum rp_space space, void *ctx,
						    struct capture *capture, __u64 desc, __u64 addr,
						    __u64 ret, __u64 start, __u64 now)
{
	bool captured = take_capture(IN_SLOTS, space, RP_DESC_ID(desc), addr, capture);

	if (!start || !captured)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
	else if (capture_spec()->sets_only)
		count_in_set(capture->label, desc, ret, now - start, RP_EXCLUSIVE);
	else
		count_captured_call(RP_EXCLUSIVE, ctx, capture, desc, ret, now - start);
}
