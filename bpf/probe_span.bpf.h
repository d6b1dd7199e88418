/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Spans: from one point to another, told apart by a key. A point is a tracepoint, the entry of a
 * kernel function, or a place in a program. Each point has a program and a capture spec of its own:
 * the begin's or the end's has labels, the end's an outcome, and each a key and filters. The
 * programs are clones per span. They share counters, and some can interrupt others, so all
 * increments are atomic.
 */
#pragma once

#include "operands.bpf.h"
#include "probe_event.bpf.h"
#include "running.bpf.h"

/* False: unreadable. */
static __always_inline bool read_key(const struct rp_capture_spec *x, const struct args *args,
				     struct span_key *key)
{
	for (__u32 i = 0; i < RP_SPAN_KEYS; i++) {
		const struct rp_field *f = &x->key[i];

		key->word[i] = 0;
		if (i < x->nkeys && eval_number(f, source_value(args, f), &key->word[i]))
			return false;
	}
	return true;
}

/* Whether the point is one of the span. If so, reads its key. */
static __always_inline bool is_of_span(const struct args *args, __u32 id, struct span_key *key)
{
	const struct rp_capture_spec *x = capture_spec();
	__u32 undecided = unknown_zero;

	if (!passes(x, args, true, true, false, &undecided)) {
		count_event(RP_PREEMPTIBLE, id, RP_EVENT_REJECTED);
		return false;
	}
	if (read_key(x, args, key))
		return true;
	count_event(RP_PREEMPTIBLE, id, RP_SPAN_UNREADABLE);
	return false;
}

/* ---- the points ---------------------------------------------------------------------------------
 */

static __always_inline void begin_span(const struct entry *entry, __u64 desc)
{
	__u32 id = RP_DESC_ID(desc);
	struct rp_span span;
	struct span_key key;

	if (!is_of_span(entry->args, id, &key))
		return;
	count_event(RP_PREEMPTIBLE, id, RP_SPAN_BEGUN);
	span.label = label_of(capture_spec(), entry, desc, true, 0, true, false);
	span.start = bpf_ktime_get_ns();
	put_span(&key, &span, id);
}

/* Takes the span that the point ends. False: there is none. */
static __always_inline bool take_ended(const struct args *args, __u32 id, struct rp_span *span)
{
	struct span_key key;

	if (!is_of_span(args, id, &key))
		return false;
	if (take_span(&key, span))
		return true;
	count_event(RP_PREEMPTIBLE, id, RP_SPAN_UNMATCHED);
	return false;
}

/* An unreadable outcome is 0. */
static __always_inline __u64 read_outcome(const struct rp_capture_spec *x, const struct args *args)
{
	__u64 result = 0;

	if (x->has_outcome)
		eval_number(&x->outcome_field, source_value(args, &x->outcome_field), &result);
	return x->outcome_is_errno && (__s64)result > 0 ? -result : result;
}

static __always_inline void count_span(const struct rp_span *span, __u64 desc, __u64 result,
				       __u64 now)
{
	struct capture capture = { .label = span->label };

	count_call(&capture, desc, result, now > span->start ? now - span->start : 0,
		   RP_PREEMPTIBLE);
}

/* In steps of their own, so that what each has on the stack makes room for the next. Labels of the
 * end are read without what takes more stack (label_of()). */
static __always_inline void end_span(const struct entry *entry, __u64 desc)
{
	const struct rp_capture_spec *x = capture_spec();
	__u64 now = bpf_ktime_get_ns();
	struct rp_span span;

	if (!take_ended(entry->args, RP_DESC_ID(desc), &span))
		return;
	if (x->nwords)
		span.label = label_of(x, entry, desc, true, 0, false, false);
	count_span(&span, desc, read_outcome(x, entry->args), now);
}

static __always_inline void cancel_span(const struct entry *entry, __u64 desc)
{
	__u32 id = RP_DESC_ID(desc);
	struct span_key key;
	struct rp_span span;

	if (is_of_span(entry->args, id, &key) && take_span(&key, &span))
		count_event(RP_PREEMPTIBLE, id, RP_SPAN_CANCELLED);
}

#define SPAN_PROGRAMS(what)                                                                \
	SEC("tracepoint")                                                                  \
	int span_##what##_capturing(void *ctx)                                             \
	{                                                                                  \
		struct args args;                                                          \
		struct entry entry = entry_of_event(ctx, &args);                           \
                                                                                           \
		what##_span(&entry, desc_of_clone());                                      \
		return 1;                                                                  \
	}                                                                                  \
                                                                                           \
	SEC("raw_tp")                                                                      \
	int span_##what##_raw_capturing(const __u64 *ctx)                                  \
	{                                                                                  \
		struct args args;                                                          \
		struct entry entry = entry_of_raw(ctx, &args);                             \
                                                                                           \
		what##_span(&entry, desc_of_clone());                                      \
		return 0;                                                                  \
	}                                                                                  \
                                                                                           \
	/* At the entry of a function. */                                                  \
	SEC("kprobe")                                                                      \
	int BPF_KPROBE(span_##what##_at_entry_capturing)                                   \
	{                                                                                  \
		struct args args;                                                          \
		struct entry entry = entry_of_function(ctx, &args);                        \
                                                                                           \
		what##_span(&entry, desc_of_clone());                                      \
		return 0;                                                                  \
	}                                                                                  \
                                                                                           \
	SEC("kprobe")                                                                      \
	int BPF_KPROBE(span_##what##_in_file_capturing)                                    \
	{                                                                                  \
		struct args args;                                                          \
		struct entry entry = { .args = &args, .way = BY_UPROBE, .ctx = ctx };      \
		__u64 desc = desc_of_clone();                                              \
                                                                                           \
		keep_to_task_stack();                                                      \
		if (read_args_of_place(ctx, &args))                                        \
			what##_span(&entry, desc);                                         \
		else                                                                       \
			count_event(RP_PREEMPTIBLE, RP_DESC_ID(desc), RP_SPAN_UNREADABLE); \
		return 0;                                                                  \
	}

SPAN_PROGRAMS(begin)
SPAN_PROGRAMS(end)
SPAN_PROGRAMS(cancel)

/* ---- running spans ------------------------------------------------------------------------------
 */

volatile struct rp_span_scan span_scan;

struct bpf_iter__bpf_map_elem {
	void *meta, *map, *key;
	const struct rp_span *value;
};

/* Walks a hash of running spans. A look-up by bpf(2) would make the kernel skip programs meanwhile.
 */
SEC("iter/bpf_map_elem")
int scan_spans(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct rp_span *span = ctx->value;
	__u64 start;

	if (!span)
		return 0;
	start = span->start;
	span_scan.running++;
	if (!span_scan.oldest || start < span_scan.oldest)
		span_scan.oldest = start;
	return 0;
}
