/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples as the attacher keeps them. object_samples__take() and label sets are replaced (REPLACED
 * in the Makefile). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/clock.h"
#include "expr/capture.h"
#include "object/samples.h"
#include "samples/kept.h"
#include "samples/report.h"

/* ---- in the place of others ------------------------------------------------------------------ */

static struct rp_sample *given;
static size_t ngiven;
static uint32_t stacks;

void __wrap_object_samples__take(struct object *o,
				 void (*found)(void *ctx, const struct rp_sample *s, size_t len),
				 void *ctx);
const char *const *__wrap_label_slots__texts(struct label_slots *l, uint32_t cell, double now);

void __wrap_object_samples__take(struct object *o,
				 void (*found)(void *ctx, const struct rp_sample *s, size_t len),
				 void *ctx)
{
	for (size_t i = 0; i < ngiven; i++)
		found(ctx, &given[i], RP_SAMPLE_SIZE(stacks));
}

#define CELL 7 /* of the only label set */

const char *const *__wrap_label_slots__texts(struct label_slots *l, uint32_t cell, double now)
{
	static const char *const texts[] = { "cat" };

	return cell == CELL ? texts : NULL;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static struct capture_label label = { .name = "comm" };
static struct capture_spec spec = { .labels = &label, .nlabels = 1 };
static struct target_name other = { "vmlinux", "ksys_sync", NULL };
static struct target read_target = { .id = 0,
				     .object = "vmlinux",
				     .function = "vfs_read",
				     .others = &other,
				     .nothers = 1,
				     .kind = RP_KIND_ERRNO,
				     .ret_size = 4,
				     .capture = &spec },
		     null_target = { .id = 1,
				     .object = "vmlinux",
				     .function = "find",
				     .kind = RP_KIND_POINTER,
				     .ret_size = 8 };
static struct target *all[] = { &read_target, &null_target };
static const struct targets targets = { .v = all, .n = 2, .nids = 2 };

static struct buf image;

static unsigned generation;

static void take(struct kept_samples *k, struct rp_sample *v, size_t n)
{
	given = v;
	ngiven = n;
	kept_samples__take(k, generation, NULL, &targets, NULL, monotonic_seconds());
}

static struct samples_report read_all(struct kept_samples *k)
{
	struct samples_report r = {};
	struct image io = {};

	buf__free(&image);
	kept_samples__write(k, &image);
	io.next = buf__str(&image);
	io.end = io.next + image.len;
	samples_report__image(&io, &r);
	assert_int_equal(io.err, 0);
	assert_ptr_equal(io.next, io.end);
	return r;
}

static struct rp_sample sample_of(const struct target *t, uint64_t ret, uint32_t outcome)
{
	return (struct rp_sample){
		.desc = RP_DESC(t->id, t->kind, t->ret_size),
		.time = monotonic_ns() - 2000000000,
		.ns = 1500000000,
		.ret = ret,
		.outcome = outcome,
		.cell = t->id,
		.pid = 10,
		.tid = 11,
		.comm = "cat",
	};
}

static void test_words(void **state)
{
	struct kept_samples *k = kept_samples__new();
	struct rp_sample v[] = { sample_of(&read_target, 0xfffffffe, RP_OUTCOME_ERROR),
				 sample_of(&null_target, 0, RP_OUTCOME_NULL),
				 sample_of(&read_target, 3, RP_OUTCOME_OK),
				 sample_of(&read_target, 0, 0) };
	struct samples_report r;

	v[2].cell = CELL;
	take(k, v, ARRAY_SIZE(v));
	r = read_all(k);
	assert_int_equal(r.n, 4);
	assert_int_equal(r.v[0].number, 4);
	assert_string_equal(r.v[0].outcome, "unknown");
	assert_string_equal(r.v[0].value, "tail_call");
	assert_false(r.v[0].has_ret);
	assert_string_equal(r.v[1].value, "positive");
	assert_string_equal(r.v[1].labels[0].text, "cat");
	assert_true(r.v[1].has_ret && r.v[1].ret == 3);
	assert_string_equal(r.v[2].outcome, "null");
	assert_string_equal(r.v[2].value, "NULL");
	assert_true(!r.v[2].has_ret && !r.v[2].nlabels && r.v[2].nnames == 1);
	assert_string_equal(r.v[3].outcome, "error");
	assert_string_equal(r.v[3].value, "ENOENT");
	assert_true(r.v[3].has_ret && r.v[3].is_signed && (int64_t)r.v[3].ret == -2);
	assert_string_equal(r.v[3].labels[0].name, "comm");
	assert_string_equal(r.v[3].labels[0].text, "_other");
	assert_string_equal(r.v[3].names[1].function, "ksys_sync");
	assert_string_equal(r.v[3].comm, "cat");
	assert_true(r.v[3].ns == 1500000000 && r.v[3].pid == 10 && r.v[3].tid == 11);
	assert_null(r.v[3].stack);
	assert_true(r.v[3].time < now_seconds() - 1 && r.v[3].time > now_seconds() - 60);
	samples_report__free(&r);
	kept_samples__free(k);
}

/* What the spec has it show; "?" if it is not known. */
static void test_shown(void **state)
{
	struct capture_label shown[] = {
		{ .name = "file", .place = LABEL_TEXT, .word = RP_NUMBERS, .format = EXPR_TEXT },
		{ .name = "size",
		  .place = LABEL_NUMBER,
		  .word = 1,
		  .index = 1,
		  .format = EXPR_SIGNED },
		{ .name = "code",
		  .place = LABEL_RESULT,
		  .format = EXPR_SIGNED,
		  .of_result = { .left = 32, .right = 32, .number = RP_SIGNED } },
	};
	struct kept_samples *k = kept_samples__new();
	struct rp_sample v[] = { sample_of(&read_target, 0xfffffffe, RP_OUTCOME_ERROR),
				 sample_of(&read_target, 0, 0) };
	struct samples_report r;

	spec.shown = shown;
	spec.nshown = ARRAY_SIZE(shown);
	v[0].shown = (struct rp_shown){ .known = 1, .number = { 0, -3ULL }, .text = { "a\xff" } };
	take(k, v, 2);
	r = read_all(k);
	assert_int_equal(r.v[1].nshown, 3);
	assert_string_equal(r.v[1].shown[0].name, "file");
	assert_string_equal(r.v[1].shown[0].text, "a\\xff");
	assert_string_equal(r.v[1].shown[1].text, "-3");
	assert_string_equal(r.v[1].shown[2].text, "-2");
	for (size_t i = 0; i < r.v[0].nshown; i++)
		assert_string_equal(r.v[0].shown[i].text, "?");
	samples_report__free(&r);
	kept_samples__free(k);
	spec.nshown = 0;
}

/* A sample without room for a stack, and one that the kernel gave none. */
static void test_stacks(void **state)
{
	struct kept_samples *k = kept_samples__new();
	struct rp_sample v[] = { sample_of(&read_target, 0, RP_OUTCOME_OK),
				 sample_of(&read_target, 0, RP_OUTCOME_OK) };
	struct samples_report r;

	v[0].kernel_bytes = 2 * sizeof(uint64_t);
	v[0].kernel[0] = 1; /* not in any function */
	v[0].kernel[1] = 2;
	v[1].kernel_bytes = -EFAULT;
	stacks = RP_STACK_KERNEL;
	take(k, v, 2);
	stacks = 0;
	take(k, v, 1);
	r = read_all(k);
	assert_int_equal(r.n, 3);
	assert_null(r.v[0].stack);
	assert_null(r.v[1].stack);
	assert_string_equal(r.v[1].stack_error, strerror(EFAULT));
	assert_string_equal(r.v[2].stack, "?\n?");
	assert_null(r.v[2].stack_error);
	samples_report__free(&r);
	kept_samples__free(k);
}

/* The newest are kept. */
static void test_bound(void **state)
{
	struct kept_samples *k = kept_samples__new();
	struct rp_sample v[SAMPLES_KEPT + 5];
	struct samples_report r;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		v[i] = sample_of(&read_target, 0, RP_OUTCOME_OK);
		v[i].tid = i;
	}
	r = read_all(k);
	assert_int_equal(r.n, 0);
	samples_report__free(&r);
	take(k, v, 3);
	take(k, v, ARRAY_SIZE(v));
	r = read_all(k);
	assert_int_equal(r.n, SAMPLES_KEPT);
	for (size_t i = 0; i < r.n; i++) {
		assert_int_equal(r.v[i].tid, ARRAY_SIZE(v) - 1 - i);
		assert_int_equal(r.v[i].number, 3 + ARRAY_SIZE(v) - i);
	}
	samples_report__free(&r);
	kept_samples__free(k);
}

/* Of a generation, with a duration. The newest of each bin of a series remains. */
static void test_exemplars(void **state)
{
	static double bounds[] = { 1e-3, 1 };
	const struct banks banks = { .label_sets.first = CELL - 2 };
	struct kept_samples *k = kept_samples__new();
	struct histogram_layout *layout;
	struct rp_sample v[6];
	struct exemplar *e = NULL;
	const struct exemplar *of;
	char *why = NULL;
	size_t n = 0, nof;

	assert_int_equal(histogram_layout__build(bounds, 2, -1, &layout, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = sample_of(i == 5 ? &null_target : &read_target, 0, RP_OUTCOME_OK);
	v[1].ns = 1000;
	v[2].cell = CELL;
	v[3].ns = RP_SAMPLE_UNKNOWN;
	generation = 4;
	take(k, v, 2);
	generation = 5;
	take(k, v, ARRAY_SIZE(v));
	kept_samples__add_exemplars(k, 5, 1, &banks, &e, &n);
	assert_int_equal(n, 5);
	n = exemplars__sort(e, n, layout);
	assert_int_equal(n, 4);
	assert_null(exemplars__of_target(e, n, 0, 0, &nof));
	of = exemplars__of_target(e, n, 1, 1, &nof);
	assert_true(nof == 1 && of->number == 8 && of->bin == 2 && of->pid == 10);
	of = exemplars__of_target(e, n, 1, 0, &nof);
	assert_int_equal(nof, 3);
	assert_null(exemplars__of_set(of, 3, 1, &nof));
	assert_int_equal(nof, 0);
	assert_int_equal(exemplars__of_set(of, 3, 2, &nof)->number, 5);
	assert_int_equal(nof, 1);
	of = exemplars__of_set(of, 3, EXEMPLAR_NO_SET, &nof);
	assert_int_equal(nof, 2);
	assert_true(of[0].bin == 0 && of[0].number == 4 && of[1].bin == 2 && of[1].number == 7);
	assert_string_equal(of[1].comm, "cat");
	free(e);
	histogram_layout__free(layout);
	kept_samples__free(k);
}

static int end(void **state)
{
	buf__free(&image);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_words, end),
		cmocka_unit_test_teardown(test_shown, end),
		cmocka_unit_test_teardown(test_stacks, end),
		cmocka_unit_test_teardown(test_bound, end),
		cmocka_unit_test(test_exemplars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
