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

/* Applies the filters on parameters. An unreadable value matches no filter. If text may become
 * readable, filter i is left to the return, as bit i of *undecided. roomy: see label_of(). */
static __always_inline bool passes(const struct rp_capture_spec *x, const struct args *args,
				   bool returns, bool roomy, __u32 *undecided)
{
	if (x->nfilters > RP_FILTERS)
		return groups_pass(x, args, returns, roomy, undecided);
	for (__u32 i = 0; i < RP_FILTERS && i < x->nfilters; i++) {
		const struct rp_filter *fl = &x->filter[i];
		__u64 v = source_value(args, &fl->field), number = 0;
		long found;

		if (fl->field.text) {
			found = filter_text(fl, v, roomy ? second_value(args, &fl->field) : 0);
			if (found == PASSES)
				continue;
			if (returns || found == FAILS)
				return false;
			*undecided += 1U << i;
		} else if (eval_number(&fl->field, v, &number) ||
			   !rp_compare_numbers(fl->compare, fl->field.number == RP_SIGNED, number,
					       fl->literal)) {
			return false;
		}
	}
	return true;
}
