/* SPDX-License-Identifier: GPL-2.0-only */
/* Raw tracepoints: their names, and the parameters that expressions read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "btf_fixture.h"
#include "config/config.h"
#include "discover/discover.h"
#include "expr/capture.h"

static char *dir, *kallsyms;
static struct discover_env env;

/* void issue(struct file *file, const char *text, int n, a, b, c, d) */
static void add_issue(struct btf_fixture *f)
{
	struct btf *btf = f->vmlinux;
	int data = btf__add_ptr(btf, 0), proto = btf__add_func_proto(btf, f->s32);

	btf__add_func_param(btf, "__data", data);
	btf__add_func_param(btf, "file", f->file_ptr);
	btf__add_func_param(btf, "text", f->text_ptr);
	btf__add_func_param(btf, "n", f->s32);
	btf__add_func_param(btf, "a", f->u64);
	btf__add_func_param(btf, "b", f->u64);
	btf__add_func_param(btf, "c", f->u64);
	btf__add_func_param(btf, "d", f->u64);
	assert_true(btf__add_func(btf, "__traceiter_issue", BTF_FUNC_GLOBAL, proto) > 0);
	proto = btf__add_func_proto(btf, f->s32);
	btf__add_func_param(btf, "__data", data);
	assert_true(btf__add_func(btf, "__traceiter_idle", BTF_FUNC_GLOBAL, proto) > 0);
}

static int setup(void **state)
{
	static const char symbols[] = "ffffffff81000000 T issue\n"
				      "ffffffff81000100 T __traceiter_issue\n"
				      "ffffffff81000200 T __traceiter_idle\n"
				      "ffffffff81000300 T __traceiter_untyped\n";
	struct btf_fixture f;

	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	btf_fixture__make(&f, dir);
	add_issue(&f);
	btf_fixture__write(dir, "vmlinux", f.vmlinux);
	btf__free(f.vmlinux);
	temp_dir__write(dir, "kallsyms", symbols, strlen(symbols));
	kallsyms = xasprintf("%s/kallsyms", dir);
	env = (struct discover_env){ .btf_dir = dir, .kallsyms = kallsyms, .tracefs = -1 };
	return 0;
}

static int teardown(void **state)
{
	free(kallsyms);
	temp_dir__remove(dir);
	return 0;
}

/* Discovers PROBE with one label, which may be NULL. *error: NULL on success. */
static struct targets *discover(const char *probe, const char *label, char **error)
{
	struct pattern pattern;
	static struct expression l;
	static struct probe_list list;
	struct config config = { .lists = &list, .nlists = 1 };
	struct targets *targets = NULL;
	char *why = NULL;

	if (pattern__parse(probe, &pattern, &why))
		fail_msg("%s", why);
	l = (struct expression){ "label", (char *)label, { "test.yaml", 3, 9, 0 } };
	list = (struct probe_list){ .patterns = &pattern, .npatterns = 1 };
	list.settings.labels = &l;
	list.settings.nlabels = label != NULL;
	*error = NULL;
	discover__run(&config, &env, &targets, error);
	pattern__free(&pattern);
	return targets;
}

static void test_names(void **state)
{
	char *error;
	struct targets *t = discover("raw_tracepoint:gone|issue", NULL, &error);

	assert_int_equal(t->nids, 1);
	assert_int_equal(t->v[0]->type, TARGET_RAW_EVENT);
	assert_string_equal(t->v[0]->object, "raw_tracepoint");
	assert_string_equal(t->v[0]->function, "issue");
	assert_true(t->v[0]->untimed);
	assert_string_equal(
		t->v[0]->signature,
		"void issue(struct file *file, const char *text, int n, unsigned long a, "
		"unsigned long b, unsigned long c, unsigned long d)");
	targets__free(t);
	t = discover("raw_tracepoint:i*", NULL, &error);
	assert_int_equal(t->nids, 2);
	assert_string_equal(t->v[1]->signature, "void idle(void)");
	targets__free(t);
	t = discover("raw_tracepoint:untyped", NULL, &error);
	assert_null(t->v[0]->why);
	assert_null(t->v[0]->signature);
	targets__free(t);
}

static void test_parameters(void **state)
{
	static const struct {
		const char *text;
		uint32_t reads;
	} labels[] = {
		{ "n", 1U << 2 }, { "text", 1U << 1 }, { "c", 1U << 5 },
		{ "arg0", 1U },	  { "arg2", 1U << 2 }, { "pid", 0 },
	};
	struct targets *t;
	char *error;

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		t = discover("raw_tracepoint:issue", labels[i].text, &error);
		if (error)
			fail_msg("%s", error);
		if (t->v[0]->capture->kernel.reads_args != labels[i].reads)
			fail_msg("%s: %x", labels[i].text, t->v[0]->capture->kernel.reads_args);
		targets__free(t);
	}
}

static void check_why(const char *probe, const char *label, const char *why)
{
	__cleanup_free char *error = NULL;
	struct targets *t = discover(probe, label, &error);

	if (t) {
		assert_non_null(t->v[0]->why);
		error = xstrdup(t->v[0]->why);
	}
	targets__free(t);
	if (!strstr(error, why))
		fail_msg("%s, not %s", error, why);
}

static void test_mistakes(void **state)
{
	static const char probe[] = "raw_tracepoint:issue";

	check_why("raw_tracepoint:isue", NULL, "no raw tracepoint isue; did you mean issue?");
	check_why("raw_tracepoint:x*", NULL, "no raw tracepoint matches x*");
	check_why(probe, "nn", "no parameter \"nn\"");
	check_why(probe, "d", "\"d\" of void issue(struct file *file, ");
	check_why(probe, "d", "is passed on the stack: only arguments in the first 6");
	check_why(probe, "__data", "\"__data\"");
	check_why("raw_tracepoint:untyped", "n", "the kernel has no BTF for this tracepoint");
	env.kallsyms = "/nonexistent";
	check_why(probe, NULL, "/proc/kallsyms");
	check_why("raw_tracepoint:*", NULL, "/proc/kallsyms");
	env.kallsyms = kallsyms;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
