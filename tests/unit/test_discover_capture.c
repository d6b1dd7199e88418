/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels of targets: the source of parameter names, and errors without one. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "btf_fixture.h"
#include "base/buf.h"
#include "config/config.h"
#include "discover/discover.h"
#include "expr/capture_new.h"
#include "base/log.h"

#define FIXTURES "tests/unit/fixtures/"

static char *dir;
static struct discover_env env = {
	.kallsyms = FIXTURES "kallsyms",
	.available_filter_functions = FIXTURES "available_filter_functions",
	.kprobe_blacklist = FIXTURES "kprobe_blacklist",
};

#define FIELD(declaration) "\tfield:" declaration ";\toffset:16;\tsize:8;\tsigned:0;\n"

static const char format[] = "name: x\nID: 1\nformat:\n" FIELD(
	"unsigned short common_type") "\n" FIELD("int __syscall_nr") "%s\nprint fmt: \"\"\n";

static const struct {
	const char *name, *fields;
} events[] = {
	{ "events/syscalls/sys_enter_openat",
	  FIELD("int dfd") FIELD("const char * filename") FIELD("struct file * file")
		  FIELD("__data_loc char[] __filename_val") },
	{ "events/syscalls/sys_enter_newuname", FIELD("struct new_utsname * name") },
	{ "events/syscalls/sys_enter_umount", FIELD("char * name") FIELD("int flags") },
};

/* The directory of an event, and its parents. */
static char *make_event(const char *name)
{
	char *path = xasprintf("%s/tracefs/%s", dir, name);

	for (char *slash = path + strlen(dir) + 1; slash; slash = strchr(slash + 1, '/')) {
		__cleanup_free char *part = xstrndup(path, slash - path);

		mkdir(part, 0700);
	}
	mkdir(path, 0700);
	return path;
}

static int setup(void **state)
{
	struct btf_fixture f;

	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	btf_fixture__make(&f, dir);
	btf__free(f.vmlinux);
	env.btf_dir = dir;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		__cleanup_free char *event = make_event(events[i].name);

		__cleanup_free char *text = xasprintf(format, events[i].fields);

		temp_dir__write(event, "format", text, strlen(text));
	}
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		__cleanup_free char *path = xasprintf("%s/tracefs/%s/format", dir, events[i].name);

		unlink(path);
		for (char *end = strrchr(path, '/'); end > path + strlen(dir);
		     end = strrchr(path, '/')) {
			*end = '\0';
			rmdir(path);
		}
	}
	temp_dir__remove(dir);
	return 0;
}

/* Discovers PROBE with one label. *error is NULL on success. */
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
	assert_non_null(t->v[0]->capture);
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

	assert_int_equal(t->v[0]->capture->kernel.number[0].source, 2);
	assert_int_equal(t->v[0]->capture->labels[0].format, EXPR_UNSIGNED);
	targets__free(t);
	check_bad("vfs_read", "cuont",
		  "vmlinux:vfs_read: no parameter \"cuont\"; did you mean count?");
	check_bad("vfs_write", "count", "the kernel has no BTF for this function");
}

static void test_lenient(void **state)
{
	struct targets *t;
	char *error;

	env.lenient = true;
	t = discover("vfs_read", "x", "cuont", &error);
	env.lenient = false;
	assert_null(error);
	assert_int_equal(t->v[0]->reason, REASON_REFUSED);
	assert_non_null(strstr(t->v[0]->why, "did you mean count?"));
	assert_null(t->v[0]->capture);
	targets__free(t);
}

/* Of these, only vfs_read has BTF. */
static void test_glob(void **state)
{
	struct targets *t = discover_good("vfs_*", "bytes", "count");

	assert_int_equal(t->nids, 1);
	assert_int_equal(t->v[1]->reason, REASON_REFUSED);
	targets__free(t);
	check_bad("vfs_*", "nothing", "vfs_*");
}

/* A list for each function, with settings that differ: max_series is 1, 2, ... `different`. */
static struct targets *discover_many(int n, int different)
{
	__cleanup_free struct pattern *patterns = xcalloc(n, sizeof(*patterns));
	__cleanup_free struct probe_list *lists = xcalloc(n, sizeof(*lists));
	struct expression label = { (char *)"who", (char *)"comm", { "test.yaml", 3, 9, 0 } };
	struct config config = { .lists = lists, .nlists = n };
	struct targets *targets = NULL;
	char *error = NULL;

	for (int i = 0; i < n; i++) {
		__cleanup_free char *name = xasprintf("many_%d", i);

		assert_int_equal(pattern__parse(name, &patterns[i], &error), 0);
		lists[i] = (struct probe_list){ .patterns = &patterns[i], .npatterns = 1 };
		lists[i].settings.labels = &label;
		lists[i].settings.nlabels = 1;
		lists[i].settings.max_series = 1 + i % different;
	}
	discover__run(&config, &env, &targets, &error);
	for (int i = 0; i < n; i++)
		pattern__free(&patterns[i]);
	if (error)
		fail_msg("%s", error);
	return targets;
}

#define MANY (RP_MAX_CAPTURES + 5)

/* As discover_many(), on a machine with that many functions. */
static struct targets *discover_on_machine(int different)
{
	const struct discover_env before = env;
	__cleanup_buf struct buf symbols = {}, names = {};
	__cleanup_free char *kallsyms = xasprintf("%s/kallsyms", dir);
	__cleanup_free char *functions = xasprintf("%s/functions", dir);
	struct targets *t;

	for (int i = 0; i < MANY; i++) {
		buf__printf(&symbols, "%016x T many_%d\n", 0x1000 + 16 * i, i);
		buf__printf(&names, "many_%d\n", i);
	}
	temp_dir__write(dir, "kallsyms", buf__str(&symbols), symbols.len);
	temp_dir__write(dir, "functions", buf__str(&names), names.len);
	env.kallsyms = kallsyms;
	env.available_filter_functions = functions;
	t = discover_many(MANY, different);
	env = before;
	return t;
}

/* Targets that capture the same share a spec. */
static void test_many_share(void **state)
{
	struct targets *t = discover_on_machine(RP_MAX_CAPTURES);

	assert_int_equal(t->nids, MANY);
	targets__free(t);
}

/* Those that exceed the limit of specs are refused, and no others. */
static void test_too_many(void **state)
{
	struct targets *t = discover_on_machine(MANY);

	assert_int_equal(t->n, MANY);
	assert_int_equal(t->nids, RP_MAX_CAPTURES);
	assert_int_equal(t->v[t->nids]->reason, REASON_REFUSED);
	assert_non_null(strstr(t->v[t->nids]->why, "no more than 4095 different sets of labels"));
	targets__free(t);
}

/* one_clone has a type, but one_clone.isra.0 may lack its parameters. */
static void test_clone(void **state)
{
	check_bad("one_clone", "x", "the compiler has changed this function's parameters");
	targets__free(discover_good("one_clone", "first", "arg0"));
}

static void test_syscall(void **state)
{
	__cleanup_free char *path = xasprintf("%s/tracefs", dir);
	struct targets *t;
	char *error;

	env.tracefs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t = discover_good("syscall:openat", "path", "filename");
	assert_int_equal(t->v[0]->capture->labels[0].format, EXPR_TEXT);
	assert_int_equal(t->v[0]->capture->kernel.text[0].source, 1);
	assert_true(t->v[0]->capture->kernel.text[0].user);
	targets__free(t);
	t = discover_good("syscall:openat", "dfd", "dfd");
	assert_int_equal(t->v[0]->capture->labels[0].format, EXPR_SIGNED);
	assert_int_equal(t->v[0]->capture->kernel.number[0].left, 32);
	targets__free(t);
	check_bad("syscall:openat", "filenam",
		  "did you mean filename or file? The function is openat(int dfd, "
		  "const char *filename, struct file *file);");
	check_bad("syscall:openat", "file->x", "struct file has no member \"x\"");
	/*
	 * Tracepoints with another name, and a name that is another call's tracepoint. 32-bit
	 * programs, except on arm64.
	 */
	targets__free(discover_good("syscall:uname", "to", "name"));
	targets__free(discover_good("syscall:umount2", "flags", "flags"));
#ifdef __x86_64__
	check_bad("syscall:umount", "flags", "this system call is not described in tracefs");
#endif
	close(env.tracefs);
	env.tracefs = -1;
	/* This depends on the machine, so only this probe fails. */
	t = discover("syscall:openat", "x", "filename", &error);
	assert_null(error);
	assert_int_equal(t->v[0]->reason, REASON_REFUSED);
	assert_non_null(strstr(t->v[0]->why, "cannot be read (CAP_DAC_READ_SEARCH)"));
	targets__free(t);
	targets__free(discover_good("syscall:openat", "path", "str(arg1)"));
}

/* A word names the built-in label; in an expression it names the parameter. */
static void test_words(void **state)
{
	struct expr_scope scope = { .params = (const char *const[]){ "pid" }, .nparams = 1 };
	struct expression labels[] = { { .name = "pid", .text = "pid" },
				       { .name = "wanted", .text = "pid" } };
	struct probe_settings s = { .labels = labels, .nlabels = 2 };
	const struct source_pos *pos;
	struct capture_spec *x;
	char *why;

	assert_int_equal(capture_spec__new(&s, &scope, &(struct result_test){}, &x, &pos, &why), 0);
	assert_int_equal(x->kernel.number[0].source, RP_SOURCE_PID);
	assert_int_equal(x->kernel.number[1].source, RP_SOURCE_ARG);
	capture_spec__free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lenient),	   cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_glob),	   cmocka_unit_test(test_clone),
		cmocka_unit_test(test_syscall),	   cmocka_unit_test(test_words),
		cmocka_unit_test(test_many_share), cmocka_unit_test(test_too_many),
	};

	env.tracefs = -1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
