/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Filters on what is known at the entry: parameters, and the task. */
#pragma once

#include "fields.bpf.h"

/* What is known about a filter. */
enum verdict { FAILS, PASSES, WAITS /* for text that may become readable */ };

/* Whether unreadable text of the process may be readable at the return. Its page may be brought in
 * by the call itself; BPF programs cannot fault it in. */
static __always_inline bool may_come(const struct rp_field *f, __u64 v)
{
	return f->text && f->user && v >= FIRST_PAGE;
}

/* Whether a text begins with the filter's. */
static __always_inline bool has_prefix(const struct rp_filter *fl, const __u64 *text)
{
	__u32 n = fl->words;

#pragma unroll
	for (__u32 i = 0; i < RP_TEXT_SIZE / sizeof(__u64); i++) {
		__u64 literal = ((const __u64 *)fl->text)[i];

		if (i + 1 == n)
			return !((text[i] ^ literal) & fl->mask);
		if (text[i] != literal)
			return false;
	}
	return true;
}

static __always_inline bool is_equal(const struct rp_filter *fl, const __u64 *text)
{
	for (__u32 i = 0; i < RP_TEXT_SIZE / sizeof(__u64); i++)
		if (text[i] != ((const __u64 *)fl->text)[i])
			return false;
	return true;
}

static __always_inline bool text_passes(const struct rp_filter *fl, const __u64 *text)
{
	__u32 compare = fl->compare;

	if (compare == RP_EQ)
		return is_equal(fl, text);
	if (compare == RP_NE)
		return !is_equal(fl, text);
	return has_prefix(fl, text) == (compare == RP_PREFIX);
}

/* Whether a filter compares the task's name, which is shorter than other text, with a whole text.
 */
static __always_inline bool is_of_comm(const struct rp_filter *fl)
{
	return fl->field.source == RP_SOURCE_COMM &&
	       (fl->compare == RP_EQ || fl->compare == RP_NE) && comm_is_padded();
}

/* 1 or 0 with one jump. */
static __always_inline __u64 is_not_zero(__u64 v)
{
	asm volatile("if %0 == 0 goto +1\n"
		     "%0 = 1"
		     : "+r"(v));
	return v;
}

_Static_assert(RP_EQ == 0 && RP_NE == 1, "they say whether the texts differ");

static __always_inline bool comm_passes(const struct rp_filter *fl)
{
	struct task_struct___rp *task = (void *)bpf_get_current_task_btf();
	const __u64 *text = (const __u64 *)fl->text;
	__u64 differ = *(__u64 *)&task->comm[0] ^ text[0];

	differ |= *(__u64 *)&task->comm[8] ^ text[1];
	return is_not_zero(differ) == fl->compare;
}

/* A filter on text. second: see second_value(). */
static __noinline long filter_text(const struct rp_filter *fl, __u64 v, __u64 second)
{
	__u64 text[RP_TEXT_SIZE / sizeof(__u64)] = {};

	if (eval_text(&fl->field, v, second, (char *)text))
		return may_come(&fl->field, v) ? WAITS : FAILS;
	return text_passes(fl, text) ? PASSES : FAILS;
}

/* ---- alternatives ------------------------------------------------------------------------------
 */

/* A program of its own: it leaves run_of_texts() no more on the stack than the text. */
static __noinline long alternative_passes(const struct rp_filter *a, const __u64 *text)
{
	return text_passes(a, text);
}

static __noinline long run_of_texts(const struct rp_filter *a, __u64 v, __u64 second)
{
	__u64 text[RP_TEXT_SIZE / sizeof(__u64)] = {};

	if (eval_text(&a->field, v, second, (char *)text))
		return may_come(&a->field, v) ? WAITS : FAILS;
#pragma clang loop unroll(disable)
	for (__u32 i = 0, n = a->run; i < RP_ALTERNATIVES && i < n; i++, a++)
		if (alternative_passes(a, text))
			return PASSES;
	return FAILS;
}

static __noinline long run_of_numbers(const struct rp_filter *a, __u64 v)
{
	__u64 number = 0;

	if (eval_number(&a->field, v, &number))
		return FAILS;
#pragma clang loop unroll(disable)
	for (__u32 i = 0, n = a->run; i < RP_ALTERNATIVES && i < n; i++, a++)
		if (rp_compare_numbers(a->compare, a->field.number == RP_SIGNED, number,
				       a->literal))
			return PASSES;
	return FAILS;
}

/* second: see second_value(). */
static __always_inline long run_passes(const struct rp_filter *a, __u64 v, __u64 second)
{
	return a->field.text ? run_of_texts(a, v, second) : run_of_numbers(a, v);
}

static __always_inline __u32 bit_of_run(__u32 first)
{
	return 1U << (RP_FILTERS + first);
}

/* Like passes(), of which it is a part, if there are alternatives. */
static __always_inline bool groups_pass(const struct rp_capture_spec *x, const struct args *args,
					bool returns, bool roomy, __u32 *undecided)
{
	__u32 before = *undecided; /* without the group's own */
	bool passed = false;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RP_ALTERNATIVES && i < x->nfilters - RP_FILTERS;) {
		const struct rp_filter *a = &x->alternative[i];
		long found = FAILS;

		if (!passed)
			found = run_passes(a, source_value(args, &a->field),
					   roomy ? second_value(args, &a->field) : 0);
		if (found == PASSES) {
			passed = true;
			*undecided = before;
		} else if (found == WAITS && !returns) {
			*undecided += bit_of_run(i);
		}
		if (a->last) {
			if (!passed && *undecided == before)
				return false;
			before = *undecided;
			passed = false;
		}
		i += a->run;
	}
	return true;
}

static __always_inline bool number_passes(const struct rp_filter *fl, const struct args *args)
{
	__u64 number = 0;

	return !eval_number(&fl->field, source_value(args, &fl->field), &number) &&
	       rp_compare_numbers(fl->compare, fl->field.number == RP_SIGNED, number, fl->literal);
}

static __always_inline bool filter_passes(const struct rp_filter *fl, const struct args *args)
{
	if (is_of_comm(fl))
		return comm_passes(fl);
	if (fl->field.text)
		return filter_text(fl, source_value(args, &fl->field),
				   second_value(args, &fl->field)) == PASSES;
	return number_passes(fl, args);
}

static __always_inline bool rest_passes(const struct rp_capture_spec *x, const struct args *args,
					__u32 first)
{
	for (__u32 i = first; i < RP_FILTERS && i < x->nfilters; i++) {
		barrier_var(args); /* or clang computes the address of each argument beforehand */
		if (!filter_passes(&x->filter[i], args))
			return false;
	}
	return true;
}

/* In programs that read no text late. quick: the first filter is apart, as most probes have no
 * other. It takes some stack. */
static __always_inline bool all_pass(const struct rp_capture_spec *x, const struct args *args,
				     bool quick)
{
	if (!quick)
		return rest_passes(x, args, 0);
	if (x->nfilters && !filter_passes(&x->filter[0], args))
		return false;
	return x->nfilters < 2 || rest_passes(x, args, 1);
}

/* Applies the filters on parameters. An unreadable value matches no filter. If text may become
 * readable, filter i is left to the return, as bit i of *undecided. roomy: see label_of(). quick:
 * see all_pass(). */
static __always_inline bool passes(const struct rp_capture_spec *x, const struct args *args,
				   bool returns, bool roomy, bool quick, __u32 *undecided)
{
	if (x->nfilters > RP_FILTERS)
		return groups_pass(x, args, returns, roomy, undecided);
	if (roomy && returns)
		return all_pass(x, args, quick);
	for (__u32 i = 0; i < RP_FILTERS && i < x->nfilters; i++) {
		const struct rp_filter *fl = &x->filter[i];
		long found;

		if (!fl->field.text) {
			if (!number_passes(fl, args))
				return false;
			continue;
		}
		found = filter_text(fl, source_value(args, &fl->field),
				    roomy ? second_value(args, &fl->field) : 0);
		if (found == PASSES)
			continue;
		if (returns || found == FAILS)
			return false;
		*undecided += 1U << i;
	}
	return true;
}
