/* SPDX-License-Identifier: GPL-2.0-only */
/* Capture specs of the function int f(struct outer *p, int n). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "capture_fixture.h"

static int of_settings(const struct probe_settings *s, enum rp_kind kind, struct capture_spec **x,
		       const struct source_pos **pos, char **why)
{
	static const struct result_test no_error;

	scope.result = (struct result){ .kind = kind, .size = 8 };
	return capture_spec__new(s, &scope, &no_error, x, pos, why);
}

/* A spec of these labels. capture_spec__free() it. */
static struct capture_spec *spec_of(struct expression *labels, size_t n, uint32_t max_series)
{
	struct probe_settings s = { .labels = labels, .nlabels = n, .max_series = max_series };
	const struct source_pos *pos;
	struct capture_spec *x;
	char *why = NULL;

	if (of_settings(&s, RP_KIND_ERRNO, &x, &pos, &why))
		fail_msg("%s", why);
	return x;
}

/* Numbers, comm and texts follow each other in the key, in this order. */
static void keys_have_no_gaps(void **state)
{
	struct expression labels[] = { { .name = "who", .text = "p->name" },
				       { .name = "comm", .text = "comm" },
				       { .name = "pid", .text = "pid" },
				       { .name = "n", .text = "n" } };
	struct capture_spec *all = spec_of(labels, 4, 10), *text = spec_of(labels, 1, 10);

	assert_int_equal(all->labels[2].word, 0);
	assert_int_equal(all->labels[3].word, 1);
	assert_int_equal(all->labels[1].word, 2);
	assert_int_equal(all->labels[0].word, 4);
	assert_int_equal(text->labels[0].word, 0);
	assert_true(all->kernel.reads_args && text->kernel.reads_args);
	capture_spec__free(all);
	capture_spec__free(text);
	all = spec_of(labels + 1, 2, 10);
	assert_false(all->kernel.reads_args);
	capture_spec__free(all);
}

/* What programs need not do: for an unreadable label, for results, and without types. */
static void shortcuts(void **state)
{
	static const struct {
		const char *label, *second, *filter, *observed;
		bool off_cpu, sampled;
		enum rp_kind kind;
		bool may_fail, sets_only, typed;
	} rows[] = {
		{ .label = "comm", .sets_only = true },
		{ .label = "pid", .sets_only = true },
		{ .label = "pid >> 2", .may_fail = true, .sets_only = true },
		{ .label = "n", .may_fail = true, .sets_only = true },
		{ .label = "p->size", .may_fail = true, .sets_only = true, .typed = true },
		{ .label = "p->name", .may_fail = true, .sets_only = true },
		{ .label = "comm", .filter = "p->size == 1", .sets_only = true },
		{ .label = "comm", .filter = "ret < 0" },
		{ .label = "comm", .filter = "outcome == error" },
		{ .label = "comm", .filter = "duration > 1s" },
		{ .label = "comm", .observed = "n" },
		{ .label = "p->size", .second = "caller", .may_fail = true, .sets_only = true },
		{ .label = "caller", .sets_only = true },
		{ .label = "comm", .off_cpu = true },
		{ .label = "comm", .sampled = true },
		{ .label = "comm", .kind = RP_KIND_SIZE },
		{ .label = "comm", .kind = RP_KIND_VALUE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression labels[] = { { .name = "x", .text = (char *)rows[i].label },
					       { .name = "y", .text = (char *)rows[i].second } };
		struct expression filter = { .text = (char *)rows[i].filter };
		struct expression observed = { .name = "x", .text = (char *)rows[i].observed };
		struct probe_settings s = { .labels = labels,
					    .nlabels = 1 + (rows[i].second != NULL),
					    .off_cpu = rows[i].off_cpu,
					    .sample = { .on = rows[i].sampled, .per_second = 1 },
					    .filters = &filter,
					    .nfilters = rows[i].filter != NULL,
					    .observed = &observed,
					    .nobserved = rows[i].observed != NULL };
		const struct source_pos *pos;
		struct capture_spec *x;
		enum rp_kind kind = rows[i].kind ? rows[i].kind : RP_KIND_ERRNO;
		char *why = NULL;

		assert_int_equal(of_settings(&s, kind, &x, &pos, &why), 0);
		if (x->kernel.may_fail != rows[i].may_fail ||
		    x->kernel.sets_only != rows[i].sets_only || x->may_be_typed != rows[i].typed)
			fail_msg("row %zu: %u %u %d", i, x->kernel.may_fail, x->kernel.sets_only,
				 x->may_be_typed);
		assert_int_equal(x->other_args, rows[i].filter && rows[i].filter[0] == 'p' ? 1
						: rows[i].observed			   ? 2
						: !strcmp(rows[i].label, "p->name")	   ? 1
											   : 0);
		capture_spec__free(x);
	}
}

/* Names and ttl do not matter to the program. */
static void equal_specs_share_a_number(void **state)
{
	struct expression labels[] = { { .name = "a", .text = "n" }, { .name = "b", .text = "n" } };
	struct capture_spec *x[] = { spec_of(labels, 1, 10), spec_of(labels + 1, 1, 10),
				     spec_of(labels, 1, 11), spec_of(labels, 1, 10) };
	const uint32_t expected[] = { 0, 0, 1, 0 };
	const struct capture_spec *v[4];
	uint32_t n = 0;

	x[1]->series_ttl = 60;
	for (size_t i = 0; i < ARRAY_SIZE(x); i++) {
		capture_spec__number(x[i], v, &n);
		assert_int_equal(x[i]->index, expected[i]);
	}
	assert_int_equal(n, 2);
	for (size_t i = 0; i < ARRAY_SIZE(x); i++)
		capture_spec__free(x[i]);
}

/* Without durations, a probe has no program at the entry. */
static void untimed_needs_no_entry(void **state)
{
	static const struct {
		const char *label, *filter, *observed, *why; /* NULL: accepted */
	} rows[] = {
		{ .label = "comm" },
		{ .filter = "outcome == error" },
		{ .filter = "comm == sh" },
		{ .label = "n", .why = "\"n\" is known when the function is entered" },
		{ .label = "caller", .why = "\"caller\" is known when" },
		{ .label = "p->name", .why = "\"p->name\" is known when" },
		{ .filter = "n > 3", .why = "\"n > 3\" is known when" },
		{ .observed = "n", .why = "\"n\" is known when" },
		{ .filter = "comm == sh || uid == 0" },
		{ .filter = "comm == sh || n == 3",
		  .why = "\"comm == sh || n == 3\" is known when" },
		{ .filter = "ret < 0 || duration > 1s", .why = "needs durations" },
		{ .filter = "duration > 1s", .why = "\"duration > 1s\" needs durations" },
		{ .filter = "duration < 1s", .why = "\"duration < 1s\" needs durations" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression label = { .name = "x", .text = (char *)rows[i].label };
		struct expression filter = { .text = (char *)rows[i].filter };
		struct expression observed = { .name = "x", .text = (char *)rows[i].observed };
		struct probe_settings s = { .untimed = true,
					    .labels = &label,
					    .nlabels = rows[i].label != NULL,
					    .filters = &filter,
					    .nfilters = rows[i].filter != NULL,
					    .observed = &observed,
					    .nobserved = rows[i].observed != NULL };
		const struct source_pos *pos;
		struct capture_spec *x;
		char *why = NULL;

		assert_int_equal(of_settings(&s, RP_KIND_ERRNO, &x, &pos, &why),
				 rows[i].why ? -EINVAL : 0);
		assert_true(!why == !rows[i].why);
		if (why && !strstr(why, rows[i].why))
			fail_msg("%s", why);
		free(why);
		capture_spec__free(x);
	}
}

/* Callers, and a function that has a parameter of that name. */
static void callers_are_of_kernel_functions(void **state)
{
	static const struct {
		const char *name, *text;
		bool syscall, user;
		int source;
		const char *why;
	} rows[] = {
		{ "caller", "caller", .source = RP_SOURCE_CALLER },
		{ "caller_2", "caller[2]", .source = RP_SOURCE_CALLER_2 },
		{ "from", "caller", .source = RP_SOURCE_CALLER },
		{ "from", "caller[2]", .source = RP_SOURCE_CALLER_2 },
		{ "from", "caller[3]", .why = "no parameter \"caller\"" },
		{ "caller", "caller", .syscall = true, .user = true,
		  .why = "\"caller\": system calls are made by programs" },
		{ "caller", "caller", .user = true, .source = RP_SOURCE_PID },
		{ "caller_2", "caller[2]", .user = true,
		  .why = "\"caller[2]\" is for kernel functions" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression label = { .name = (char *)rows[i].name,
					    .text = (char *)rows[i].text };
		struct probe_settings s = { .labels = &label, .nlabels = 1 };
		const struct source_pos *pos;
		struct capture_spec *x;
		char *why = NULL;

		scope.syscall = rows[i].syscall;
		scope.user = rows[i].user;
		assert_int_equal(of_settings(&s, RP_KIND_ERRNO, &x, &pos, &why),
				 rows[i].why ? -EINVAL : 0);
		scope.syscall = scope.user = false;
		if (rows[i].why) {
			assert_non_null(strstr(why, rows[i].why));
			free(why);
			continue;
		}
		assert_int_equal(x->kernel.number[0].source, rows[i].source);
		assert_int_equal(x->labels[0].format,
				 rows[i].user ? EXPR_USER_CALLER : EXPR_CALLER);
		if (rows[i].user)
			assert_int_equal(x->kernel.number[x->labels[0].second].source,
					 RP_SOURCE_CALLER);
		assert_true(x->kernel.callers);
		capture_spec__free(x);
	}
}

/* They share their room with observed values, and need an entry. */
static void measured_values_have_room(void **state)
{
	static const struct {
		bool off_cpu;
		unsigned counters;
		size_t nobserved;
		bool untimed;
		int off_cpu_at, usage_at; /* histograms; -1: none */
		const char *why;
	} rows[] = {
		{ true, 0, 0, .off_cpu_at = 1, .usage_at = -1 },
		{ false, COUNTER_PAGE_FAULTS, 1, .off_cpu_at = -1, .usage_at = 2 },
		{ true, COUNTER_PAGE_FAULTS | COUNTER_CONTEXT_SWITCHES, 0, .off_cpu_at = 1,
		  .usage_at = 2 },
		{ true, COUNTER_CONTEXT_SWITCHES, 1, .why = "have room for 2 values together" },
		{ true, 0, 2, .why = "have room for 2 values together" },
		{ true, 0, 0, true, .why = "split and counters compare what is known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression observed[] = { { .name = "a", .text = "n" },
						 { .name = "b", .text = "arg1" } };
		struct probe_settings s = { .off_cpu = rows[i].off_cpu,
					    .counters = rows[i].counters,
					    .untimed = rows[i].untimed,
					    .observed = observed,
					    .nobserved = rows[i].nobserved };
		const struct source_pos *pos;
		struct capture_spec *x;
		char *why = NULL;

		assert_int_equal(of_settings(&s, RP_KIND_SIZE, &x, &pos, &why),
				 rows[i].why ? -EINVAL : 0);
		if (rows[i].why) {
			assert_ptr_equal(pos, &s.measured_pos);
			assert_non_null(strstr(why, rows[i].why));
			free(why);
			continue;
		}
		assert_int_equal(capture_spec__measured(x, true, RP_OFF_CPU), rows[i].off_cpu_at);
		assert_int_equal(capture_spec__measured(x, true, RP_USAGE), rows[i].usage_at);
		assert_int_equal(x->nhistograms,
				 1 + rows[i].nobserved + rows[i].off_cpu + (rows[i].counters != 0));
		capture_spec__free(x);
	}
	assert_int_equal(capture_spec__measured(NULL, false, RP_USAGE), -1);
}

static void settings_become_captures(void **state)
{
	struct expression labels[] = { { .name = "cgroup", .text = "cgroup" },
				       { .name = "container_id", .text = "container_id" },
				       { .name = "comm", .text = "comm" },
				       { .name = "who", .text = "p->name" },
				       { .name = "n", .text = "n" } };
	struct expression filters[] = { { .text = "duration > 1s" },
					{ .text = "duration < 5s" },
					{ .text = "n > 3" } };
	struct expression observed[] = { { .name = "size", .text = "n" } };
	struct probe_settings s = { .labels = labels,
				    .nlabels = ARRAY_SIZE(labels),
				    .filters = filters,
				    .nfilters = ARRAY_SIZE(filters),
				    .observed = observed,
				    .nobserved = 1,
				    .series_ttl = 60 };
	struct probe_settings none = {};
	const struct source_pos *pos;
	struct capture_spec *x;
	char *why = NULL;

	assert_int_equal(of_settings(&none, RP_KIND_ERRNO, &x, &pos, &why), 0);
	assert_null(x);
	assert_int_equal(of_settings(&none, RP_KIND_SIZE, &x, &pos, &why), 0);
	assert_int_equal(x->nhistograms, 1);
	capture_spec__free(x);

	assert_int_equal(of_settings(&s, RP_KIND_SIZE, &x, &pos, &why), 0);
	assert_int_equal(x->nlabels, 5);
	assert_int_equal(x->kernel.nnumbers, 2); /* the cgroup once, and n */
	assert_int_equal(x->labels[0].index, x->labels[1].index);
	assert_int_equal(x->labels[1].part, LABEL_CONTAINER_ID);
	assert_int_equal(x->labels[2].place, LABEL_COMM);
	assert_int_equal(x->labels[3].place, LABEL_TEXT);
	assert_true(x->kernel.comm && x->kernel.ntexts == 1 && x->kernel.nfilters == 1);
	assert_true(x->kernel.counted.min_ns == 1000000001 &&
		    x->kernel.counted.max_ns == 4999999999);
	assert_int_equal(x->nhistograms, 2);
	assert_int_equal(x->kernel.max_series, MAX_SERIES_DEFAULT);
	capture_spec__free(x);

	filters[1].text = "duration < 1s";
	assert_int_equal(of_settings(&s, RP_KIND_ERRNO, &x, &pos, &why), -EINVAL);
	assert_ptr_equal(pos, &filters[1].pos);
	assert_non_null(strstr(why, "no call passes all filters"));
	free(why);
	observed[0].text = "comm";
	s.nfilters = 0;
	assert_int_equal(of_settings(&s, RP_KIND_ERRNO, &x, &pos, &why), -EINVAL);
	assert_non_null(strstr(why, "only numbers can be observed"));
	free(why);
}

/* `when` compares what the return knows, and leaves the calls that are counted alone. */
static void samples_are_chosen_at_the_return(void **state)
{
	static const struct {
		const char *when, *why; /* NULL: accepted */
		bool untimed;
		uint32_t filters;
	} rows[] = {
		{ NULL, NULL, true, 0 },
		{ "duration > 1s", NULL, false, RP_RETURNED_DURATION },
		{ "outcome == error", NULL, true, RP_RETURNED_OUTCOME },
		{ " ret == -ENOENT", NULL, true, RP_RETURNED_RESULT },
		{ "value == ENOENT || duration > 1s", NULL, false, RP_RETURNED_ENDINGS },
		{ "duration > 1s", "needs durations", true, 0 },
		{ "comm == sh", "\"comm\" is not known when the call returns", false, 0 },
		{ "n > 3", "\"n\" is not known when the call returns", false, 0 },
		{ "retry > 3", "\"retry\" is not known", false, 0 },
		{ "cgroup under /", "\"cgroup under /\" is not known", false, 0 },
		{ "duration > 1s || comm == sh", "\"comm\" is not known", false, 0 },
		{ "!(ret in [-ENOENT, 0])", NULL, true, RP_RETURNED_RESULT },
		{ "duration > soon", "\"soon\" is not a duration", false, 0 },
		{ "duration < 0s", "no duration is less than 0", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression when = { .text = (char *)rows[i].when };
		struct probe_settings s = {
			.untimed = rows[i].untimed,
			.sample = { .on = true,
				    .when = &when,
				    .nwhen = rows[i].when != NULL,
				    .per_second = 3,
				    .stacks = RP_STACK_KERNEL },
		};
		const struct source_pos *pos;
		struct capture_spec *x;
		char *why = NULL;
		int err = of_settings(&s, RP_KIND_ERRNO, &x, &pos, &why);

		if (!why != !rows[i].why || (why && !strstr(why, rows[i].why)))
			fail_msg("%s: %s", rows[i].when, why);
		free(why);
		assert_int_equal(err, rows[i].why ? -EINVAL : 0);
		if (err)
			continue;
		assert_int_equal(x->kernel.counted.filters, 0);
		assert_int_equal(x->kernel.sampling.when.filters, rows[i].filters);
		assert_int_equal(x->kernel.sampling.per_second, 3);
		assert_int_equal(x->kernel.sampling.stacks, RP_STACK_KERNEL);
		capture_spec__free(x);
	}
}

/* With alternatives, each filter is a group of them. Those on one field are a run. */
static void alternatives_are_groups(void **state)
{
	struct expression filters[] = { { .text = "pid == 3" },
					{ .text = "n in [1, 2] || comm in [a, b*]" },
					{ .text = "ret > 7 || duration > 1s" },
					{ .text = "ret != 9" } };
	struct probe_settings s = { .filters = filters, .nfilters = ARRAY_SIZE(filters) };
	const struct source_pos *pos;
	struct capture_spec *x;
	const struct rp_filter *v;
	const struct rp_ending *e;
	char *why = NULL;

	assert_int_equal(of_settings(&s, RP_KIND_RAW, &x, &pos, &why), 0);
	v = x->kernel.alternative;
	e = x->kernel.counted.ending;
	assert_true(x->kernel.reads_args);
	assert_int_equal(x->kernel.nfilters, RP_FILTERS + 5);
	assert_true(v[0].run == 2 && !v[0].last && v[0].literal == 1 && v[1].literal == 2);
	assert_true(v[2].run == 2 && v[2].last && v[2].compare == RP_EQ &&
		    v[3].compare == RP_PREFIX);
	assert_true(v[4].run == 1 && v[4].last && v[4].field.source == RP_SOURCE_PID);
	assert_int_equal(x->kernel.counted.nendings, 3);
	assert_true(e[0].result.set && !e[0].last && e[0].max_ns == UINT64_MAX);
	assert_true(!e[1].result.set && e[1].last && e[1].min_ns == 1000000001);
	assert_true(e[2].result.set && e[2].last && e[2].result.literal == 9);
	capture_spec__free(x);

	filters[2].text = "n in [1,2,3,4,5,6,7,8,9,10,11,12,13]";
	assert_int_equal(of_settings(&s, RP_KIND_RAW, &x, &pos, &why), -EINVAL);
	assert_non_null(strstr(why, "that must all match and 16 alternatives in all filters"));
	free(why);
}

/* Without alternatives, the first RP_FILTERS filters need no groups. */
static void more_filters_are_groups(void **state)
{
	struct expression filter = { .text = "pid > 1 && pid not in [3, 4, 5] && ret > 0" };
	struct probe_settings s = { .filters = &filter, .nfilters = 1 };
	const struct source_pos *pos;
	struct capture_spec *x;
	const struct rp_filter *v;
	char *why = NULL;

	assert_int_equal(of_settings(&s, RP_KIND_RAW, &x, &pos, &why), 0);
	assert_int_equal(x->kernel.nfilters, 4);
	assert_int_equal(x->kernel.filter[3].literal, 5);
	assert_int_equal(x->kernel.filter[3].compare, RP_NE);
	assert_int_equal(x->kernel.counted.nresults, 1);
	capture_spec__free(x);

	filter.text = "pid > 1 && pid not in [3, 4, 5, 6] && ret not in [1, 2, 3, 4, 5]";
	assert_int_equal(of_settings(&s, RP_KIND_RAW, &x, &pos, &why), 0);
	assert_int_equal(x->kernel.nfilters, RP_FILTERS + 5);
	v = x->kernel.alternative;
	for (size_t i = 0; i < 5; i++)
		assert_true(v[i].run == 1 && v[i].last);
	assert_true(v[0].literal == 6 && v[1].literal == 1 && v[4].literal == 5);
	assert_int_equal(x->kernel.counted.nresults, 0);
	assert_int_equal(x->kernel.counted.nendings, 5);
	capture_spec__free(x);
}

/* An IPv6 address takes two numbers; the same enum by other names is another label. */
static void labels_differ_by_their_names(void **state)
{
	struct expression labels[] = { { .name = "x", .text = "signal(n)" },
				       { .name = "x", .text = "errno(n)" },
				       { .name = "x", .text = "ip(p->name)" } };
	struct capture_spec *signal = spec_of(labels, 1, 10), *error = spec_of(labels + 1, 1, 10);
	struct capture_spec *address = spec_of(labels + 2, 1, 10);

	assert_false(capture_spec__same(signal, error));
	assert_int_equal(address->kernel.nnumbers, 2);
	assert_int_equal(address->labels[0].second, 1);
	capture_spec__free(signal);
	capture_spec__free(error);
	capture_spec__free(address);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untimed_needs_no_entry),
		cmocka_unit_test(callers_are_of_kernel_functions),
		cmocka_unit_test(measured_values_have_room),
		cmocka_unit_test(settings_become_captures),
		cmocka_unit_test(samples_are_chosen_at_the_return),
		cmocka_unit_test(keys_have_no_gaps),
		cmocka_unit_test(shortcuts),
		cmocka_unit_test(equal_specs_share_a_number),
		cmocka_unit_test(alternatives_are_groups),
		cmocka_unit_test(more_filters_are_groups),
		cmocka_unit_test(labels_differ_by_their_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
