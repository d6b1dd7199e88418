/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels of whole targets: where the names of parameters come from, and when there are none. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "btf_fixture.h"
#include "config_internal.h"
#include "discover.h"
#include "extra.h"
#include "log.h"

#define FIXTURES "tests/unit/fixtures/"

static char *dir, *events;
static struct discover_env env = {
	.kallsyms = FIXTURES "kallsyms",
	.available_filter_functions = FIXTURES "available_filter_functions",
	.kprobe_blacklist = FIXTURES "kprobe_blacklist",
};

static const char openat_format[] =
	"name: sys_enter_openat\nID: 1\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
	"\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:struct file * file;\toffset:32;\tsize:8;\tsigned:0;\n\n"
	"print fmt: \"dfd: 0x%08lx\"\n";

static int setup(void **state)
{
	struct btf_fixture f;

	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	btf_fixture__make(&f, dir);
	btf__free(f.vmlinux);
	env.btf_dir = dir;

	events = xasprintf("%s/tracefs/events/syscalls/sys_enter_openat", dir);
	for (char *slash = events + strlen(dir); slash; slash = strchr(slash + 1, '/')) {
		__cleanup_free char *part = xstrndup(events, slash - events);

		mkdir(part, 0700);
	}
	mkdir(events, 0700);
	temp_dir__write(events, "format", openat_format, strlen(openat_format));
	return 0;
}

static int teardown(void **state)
{
	__cleanup_free char *format = xasprintf("%s/format", events);

	unlink(format);
	for (char *end = events + strlen(events); strlen(events) > strlen(dir);
	     end = strrchr(events, '/')) {
		*end = '\0';
		rmdir(events);
	}
	free(events);
	temp_dir__remove(dir);
	return 0;
}

/* Discovers PROBE with one label; *error is NULL if that is right. */
static struct targets *discover(const char *probe, const char *name, const char *text, char **error)
{
	static struct pattern pattern;
	static struct expression label;
	static struct probe_list list;
	struct config config = { .lists = &list, .nlists = 1 };
	struct targets *targets = NULL;
	char *why = NULL;

	pattern__free(&pattern);
	if (pattern__parse(probe, &pattern, &why))
		fail_msg("%s", why);
	label = (struct expression){ (char *)name, (char *)text, { "test.yaml", 3, 9, 0 } };
	list = (struct probe_list){ .patterns = &pattern, .npatterns = 1 };
	list.settings.labels = &label;
	list.settings.nlabels = 1;
	*error = NULL;
	discover__run(&config, &env, &targets, error);
	return targets;
}

static struct targets *discover_good(const char *probe, const char *name, const char *text)
{
	char *error;
	struct targets *t = discover(probe, name, text, &error);

	if (error)
		fail_msg("%s", error);
	assert_non_null(t->v[0]->extra);
	return t;
}

static void check_bad(const char *probe, const char *text, const char *words)
{
	char *error;

	assert_null(discover(probe, "x", text, &error));
	if (strncmp(error, "test.yaml:3:9: ", 15) || !strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	free(error);
}

static void test_kernel(void **state)
{
	struct targets *t = discover_good("vfs_read", "bytes", "count");

	assert_int_equal(t->v[0]->extra->kernel.number[0].source, 2);
	assert_int_equal(t->v[0]->extra->labels[0].format, EXPR_UNSIGNED);
	targets__free(t);
	check_bad("vfs_read", "cuont",
		  "vmlinux:vfs_read: no parameter \"cuont\"; did you mean count?");
	check_bad("vfs_write", "count", "the kernel has no BTF for this function");
}

/* vfs_read is the only one of these with BTF. */
static void test_glob(void **state)
{
	struct targets *t = discover_good("vfs_*", "bytes", "count");

	assert_int_equal(t->nids, 1);
	assert_int_equal(t->v[1]->reason, REASON_REFUSED);
	targets__free(t);
	check_bad("vfs_*", "nothing", "vfs_*");
}

/* one_clone has a type, but one_clone.isra.0 need not have its parameters. */
static void test_clone(void **state)
{
	check_bad("one_clone", "x", "the compiler has changed this function's parameters");
	targets__free(discover_good("one_clone", "first", "arg0"));
}

static void test_syscall(void **state)
{
	__cleanup_free char *path = xasprintf("%s/tracefs", dir);
	struct targets *t;

	env.tracefs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t = discover_good("syscall:openat", "path", "filename");
	assert_int_equal(t->v[0]->extra->labels[0].format, EXPR_TEXT);
	assert_int_equal(t->v[0]->extra->kernel.text[0].source, 1);
	assert_true(t->v[0]->extra->kernel.text[0].user);
	targets__free(t);
	t = discover_good("syscall:openat", "dfd", "dfd");
	assert_int_equal(t->v[0]->extra->labels[0].format, EXPR_SIGNED);
	assert_int_equal(t->v[0]->extra->kernel.number[0].left, 32);
	targets__free(t);
	check_bad("syscall:openat", "filenam",
		  "did you mean filename or file? The function is openat(int dfd, "
		  "const char *filename, struct file *file)");
	check_bad("syscall:openat", "file->x", "struct file has no member \"x\"");
	close(env.tracefs);
	env.tracefs = -1;
	check_bad("syscall:openat", "filename", "cannot be read (run as root)");
	targets__free(discover_good("syscall:openat", "path", "str(arg1)"));
}

/* A named label is the word, an expression of the same text the parameter. */
static void test_words(void **state)
{
	struct expr_scope scope = { .params = (const char *const[]){ "pid" }, .nparams = 1 };
	struct expression labels[] = { { .name = "pid", .text = "pid" },
				       { .name = "wanted", .text = "pid" } };
	struct probe_settings s = { .labels = labels, .nlabels = 2 };
	const struct source_pos *pos;
	struct target_extra *x;
	char *why;

	assert_int_equal(extra__new(&s, &scope, RP_KIND_ERRNO, &x, &pos, &why), 0);
	assert_int_equal(x->kernel.number[0].source, RP_SOURCE_PID);
	assert_int_equal(x->kernel.number[1].source, RP_SOURCE_ARG);
	extra__free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel), cmocka_unit_test(test_glob),
		cmocka_unit_test(test_clone),  cmocka_unit_test(test_syscall),
		cmocka_unit_test(test_words),
	};

	env.tracefs = -1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
