/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: their formats, names and fields. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/log.h"
#include "btf_fixture.h"
#include "config/config.h"
#include "discover/discover.h"
#include "expr/capture.h"
#include "kernel/event_format.h"

#define COMMON                                                                 \
	"name: issue\nID: 7\nformat:\n"                                        \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char format[] =
	COMMON "\tfield:dev_t dev;\toffset:8;\tsize:4;\tsigned:0;\n"
	       "\tfield:sector_t sector;\toffset:16;\tsize:8;\tsigned:0;\n"
	       "\tfield:int error;\toffset:24;\tsize:4;\tsigned:1;\n"
	       "\tfield:char rwbs[8];\toffset:28;\tsize:8;\tsigned:0;\n"
	       "\tfield:const char * at;\toffset:40;\tsize:8;\tsigned:0;\n"
	       "\tfield:struct file * file;\toffset:48;\tsize:8;\tsigned:0;\n"
	       "\tfield:__data_loc char[] cmd;\toffset:56;\tsize:4;\tsigned:0;\n"
	       "\tfield:pid_t pid;\toffset:64;\tsize:4;\tsigned:1;\n"
	       "\tfield:u8 mac[6];\toffset:68;\tsize:6;\tsigned:0;\n"
	       "\tfield:long ret;\toffset:80;\tsize:8;\tsigned:1;\n"
	       "\nprint fmt: \"%d\", REC->dev\n";

static char *dir;
static struct discover_env env;

static void make_directory(const char *name)
{
	__cleanup_free char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
	static const char list[] = "block:issue\nblock:complete\nsched:issue\n";
	struct btf_fixture f;

	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	btf_fixture__make(&f, dir);
	btf__free(f.vmlinux);
	make_directory("events");
	make_directory("events/block");
	make_directory("events/block/issue");
	temp_dir__write(dir, "events/block/issue/format", format, strlen(format));
	temp_dir__write(dir, "available_events", list, strlen(list));
	env = (struct discover_env){
		.btf_dir = dir,
		.tracefs = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};
	return env.tracefs < 0;
}

static int teardown(void **state)
{
	static const char *const made[] = { "events/block/issue/format", "events/block/issue",
					    "events/block", "events" };

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		__cleanup_free char *path = xasprintf("%s/%s", dir, made[i]);

		remove(path);
	}
	close(env.tracefs);
	temp_dir__remove(dir);
	return 0;
}

static void test_format(void **state)
{
	struct event_format f;

	event_format__parse(xstrdup(format), &f);
	assert_int_equal(f.n, 12);
	assert_string_equal(f.fields[2].type, "dev_t");
	assert_int_equal(f.fields[2].offset, 8);
	assert_int_equal(f.fields[2].size, 4);
	assert_false(f.fields[2].is_signed);
	assert_true(f.fields[4].is_signed);
	assert_string_equal(f.fields[5].name, "rwbs");
	assert_int_equal(f.fields[5].n, 8);
	assert_string_equal(f.fields[6].type, "const char *");
	assert_true(f.fields[8].located);
	assert_string_equal(f.fields[8].type, "char");
	assert_string_equal(f.fields[8].name, "cmd");
	event_format__free(&f);
	event_format__parse(xstrdup("field:\nfield:;\n field:x;\n;field:int a\nfield:int b[;"), &f);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.fields[0].name, "b");
	event_format__free(&f);
}

/* Discovers PROBE with one label and one filter, which may be NULL. *error: NULL on success. */
static struct targets *discover(const char *probe, const char *label, const char *filter,
				char **error)
{
	struct pattern pattern;
	static struct expression l, f;
	static struct probe_list list;
	struct config config = { .lists = &list, .nlists = 1 };
	struct targets *targets = NULL;
	char *why = NULL;

	if (pattern__parse(probe, &pattern, &why))
		fail_msg("%s", why);
	l = (struct expression){ "label", (char *)label, { "test.yaml", 3, 9, 0 } };
	f = (struct expression){ NULL, (char *)filter, { "test.yaml", 4, 9, 0 } };
	list = (struct probe_list){ .patterns = &pattern, .npatterns = 1 };
	list.settings.labels = &l;
	list.settings.nlabels = label != NULL;
	list.settings.filters = &f;
	list.settings.nfilters = filter != NULL;
	*error = NULL;
	discover__run(&config, &env, &targets, error);
	pattern__free(&pattern);
	return targets;
}

static void check_why(const char *probe, const char *label, const char *filter, const char *why)
{
	__cleanup_free char *error = NULL;
	struct targets *t = discover(probe, label, filter, &error);

	if (t) {
		assert_non_null(t->v[0]->why);
		error = xstrdup(t->v[0]->why);
	}
	targets__free(t);
	if (!strstr(error, why))
		fail_msg("%s, not %s", error, why);
}

static void test_names(void **state)
{
	__cleanup_free char *error = NULL;
	struct targets *t = discover("tracepoint:block:gone|block:issue", NULL, NULL, &error);

	assert_int_equal(t->nids, 1);
	assert_string_equal(t->v[0]->object, "tracepoint");
	assert_string_equal(t->v[0]->function, "block:issue");
	assert_true(t->v[0]->untimed);
	assert_int_equal(t->v[0]->kind, RP_KIND_VOID);
	assert_string_equal(t->v[0]->signature,
			    "issue(dev_t dev, sector_t sector, int error, char rwbs[8], const char "
			    "*at, struct file *file, char cmd[], pid_t pid, u8 mac[6], long ret)");
	targets__free(t);
	t = discover("tracepoint:block:*", NULL, NULL, &error);
	assert_int_equal(t->nids, 2);
	assert_string_equal(t->v[1]->function, "block:complete");
	targets__free(t);
	check_why("tracepoint:block:isue", NULL, NULL,
		  "no tracepoint block:isue; did you mean block:issue?");
	check_why("tracepoint:nothing:*", NULL, NULL, "no tracepoint matches nothing:*");
}

static const struct capture_spec *capture(const char *label, const char *filter, struct targets **t)
{
	char *error;

	*t = discover("tracepoint:block:issue", label, filter, &error);
	if (error)
		fail_msg("%s", error);
	return (*t)->v[0]->capture;
}

static void test_fields(void **state)
{
	static const struct {
		const char *text;
		uint32_t offset, size, number;
		enum expr_format format;
	} numbers[] = {
		{ "dev", 8, 4, RP_UNSIGNED, EXPR_UNSIGNED },
		{ "blkdev(dev)", 8, 4, RP_UNSIGNED, EXPR_NAMED },
		{ "error", 24, 4, RP_SIGNED, EXPR_SIGNED },
		{ "pid", 64, 4, RP_SIGNED, EXPR_SIGNED },
		{ "ret", 80, 8, RP_SIGNED, EXPR_SIGNED },
	};
	const struct rp_capture_spec *k;
	const struct capture_spec *x;
	struct targets *t;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		x = capture(numbers[i].text, NULL, &t);
		k = &x->kernel;
		assert_int_equal(x->labels[0].format, numbers[i].format);
		assert_int_equal(k->number[0].source, RP_SOURCE_ARG);
		assert_int_equal(k->number[0].nsteps, 0);
		assert_int_equal(k->number[0].offset[0], numbers[i].offset);
		assert_int_equal(k->number[0].size, numbers[i].size);
		assert_int_equal(k->number[0].number, numbers[i].number);
		assert_int_equal(k->reads_args, 1);
		targets__free(t);
	}
	k = &capture("rwbs", "ret < 0", &t)->kernel;
	assert_int_equal(k->text[0].text, RP_TEXT);
	assert_int_equal(k->text[0].offset[0], 28);
	assert_int_equal(k->filter[0].field.offset[0], 80);
	targets__free(t);
	k = &capture("basename(cmd)", "cmd == /bin/*", &t)->kernel;
	assert_int_equal(k->text[0].text, RP_TEXT | RP_TEXT_LOCATED | RP_TEXT_BASENAME);
	assert_int_equal(k->text[0].offset[0], 56);
	targets__free(t);
	k = &capture("at", NULL, &t)->kernel;
	assert_int_equal(k->text[0].nsteps, 1);
	assert_int_equal(k->text[0].offset[0], 40);
	targets__free(t);
	/* Parentheses make it the field. */
	k = &capture(NULL, "(pid) == 1", &t)->kernel;
	assert_int_equal(k->filter[0].field.source, RP_SOURCE_ARG);
	targets__free(t);
	k = &capture(NULL, "pid == 1", &t)->kernel;
	assert_int_equal(k->filter[0].field.source, RP_SOURCE_PID);
	targets__free(t);
}

static void test_mistakes(void **state)
{
	static const char probe[] = "tracepoint:block:issue";

	check_why(
		probe, "secto", NULL,
		"test.yaml:3:9: tracepoint:block:issue: no field \"secto\"; did you mean sector?");
	check_why(probe, "common_pid", NULL, "no field \"common_pid\"");
	check_why(probe, "arg0", NULL, "no field \"arg0\"");
	check_why(probe, "mac", NULL, "\"mac\" is an array of u8[]: only numbers");
	check_why(probe, NULL, "duration > 1ms", "there is no result and no duration here");
	check_why(probe, NULL, "outcome == error", "there is no result and no duration here");
	check_why(probe, NULL, "value == 1", "there is no result and no duration here");
}

/* A kernel without BTF does not have the types: only this probe is refused. */
static void test_without_types(void **state)
{
	static const char label[] = "cast(at, struct file)->f_inode->i_ino";
	const char *with_types = env.btf_dir;
	char *error;
	struct targets *t;

	env.btf_dir = "/nonexistent";
	t = discover("tracepoint:block:issue", label, NULL, &error);
	assert_non_null(t);
	assert_int_equal(t->v[0]->reason, REASON_REFUSED);
	assert_non_null(strstr(t->v[0]->why, "\"struct file\" is no type of this kernel"));
	targets__free(t);
	env.btf_dir = with_types;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_types), cmocka_unit_test(test_format),
		cmocka_unit_test(test_names),	      cmocka_unit_test(test_fields),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
