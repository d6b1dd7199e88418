/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of kretprobes, over a directory in place of tracefs: which events are removed, and the
 * counts from kprobe_profile. Attaching is replaced (REPLACED in the Makefile).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <cmocka.h>

#include "attach/mechanism.h"
#include "attach/slot.h"
#include "base/log.h"
#include "kernel/perf_event.h"
#include "temp_dir.h"

#define TARGETS 2

/* Called before the first read of kprobe_profile, when all names are known. */
static void (*before_baseline)(void);

int __wrap_tracefs__event_id(int tracefs, const char *group, const char *event);
int __wrap_perf_event__open_tracepoint(int id);
int __wrap_perf_event__attach(int event, int prog_fd, uint64_t cookie, struct perf_attachment *out);
void __wrap_perf_event__close(struct perf_attachment *a);
int __wrap_programs__for_site(struct programs *p, enum program_id id,
			      const struct program_site *site, uint64_t *cookie);
struct programs *__wrap_object__programs(struct object *obj);
uint64_t __wrap_snapshot__returns_seen(const struct banks *b, uint32_t id);
const struct banks *__wrap_object__banks(const struct object *obj);
int __wrap_object_maps__refresh_target(struct object *obj, uint32_t id);

const struct banks *__wrap_object__banks(const struct object *obj)
{
	return NULL;
}

int __wrap_object_maps__refresh_target(struct object *obj, uint32_t id)
{
	return 0;
}

int __wrap_tracefs__event_id(int tracefs, const char *group, const char *event)
{
	return 1;
}

int __wrap_perf_event__open_tracepoint(int id)
{
	return 1000;
}

int __wrap_perf_event__attach(int event, int prog_fd, uint64_t cookie, struct perf_attachment *out)
{
	return 0;
}

void __wrap_perf_event__close(struct perf_attachment *a)
{
}

int __wrap_programs__for_site(struct programs *p, enum program_id id,
			      const struct program_site *site, uint64_t *cookie)
{
	return 1001;
}

struct programs *__wrap_object__programs(struct object *obj)
{
	return NULL;
}

uint64_t __wrap_snapshot__returns_seen(const struct banks *b, uint32_t id)
{
	if (before_baseline)
		before_baseline();
	return 0;
}

/* ---- a machine ------------------------------------------------------------------------------ */

struct bench {
	char *dir;
	int tracefs;
	struct features *features;
	struct attach_context context;
	struct target targets[TARGETS];
	struct attach_slot slots[TARGETS], *p[TARGETS];
};

static const struct probe_settings settings = { .maxactive = 4096 };

static int set_up(void **state)
{
	static struct bench b;

	b = (struct bench){};
	log__setup(LOG_ERROR + 1, LOG_LOGFMT);
	before_baseline = NULL;
	b.dir = temp_dir__new();
	temp_dir__write(b.dir, "kprobe_events", "", 0);
	temp_dir__write(b.dir, "kprobe_profile", "", 0);
	b.tracefs = open(b.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b.features = features__new(b.tracefs, false);
	b.context.features = b.features;
	for (uint32_t i = 0; i < TARGETS; i++) {
		b.targets[i] = (struct target){ .id = i,
						.type = TARGET_KERNEL,
						.object = (char *)"vmlinux",
						.function = (char *)(i ? "g" : "f"),
						.symbol = (char *)(i ? "g" : "f"),
						.settings = &settings };
		b.slots[i] =
			(struct attach_slot){ .target = &b.targets[i], .ops = &attach_kretprobe };
		b.p[i] = &b.slots[i];
	}
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	features__free(b->features);
	close(b->tracefs);
	temp_dir__remove(b->dir);
	return 0;
}

static void write_events(struct bench *b, const char *text)
{
	temp_dir__write(b->dir, "kprobe_events", text, strlen(text));
}

/* Text written to the file since, and its former content. The caller frees both. */
static char *read_events(struct bench *b)
{
	__cleanup_free char *path = xasprintf("%s/kprobe_events", b->dir);
	__cleanup_fclose FILE *f = fopen(path, "re");
	char *text = xcalloc(1, 16384);

	assert_non_null(f);
	fread(text, 1, 16383, f);
	return text;
}

static void detach(struct attach_context *c, struct attach_slot **slots)
{
	for (size_t i = 0; i < TARGETS; i++)
		attach_kretprobe.detach(c, slots[i]);
}

static void open_set(struct attach_context *c)
{
	assert_int_equal(attach_kretprobe.open(c), 0);
}

/* ---- owners of events ----------------------------------------------------------------------- */

#define LEFT_BY_OLD "retprobe_1/retprobe_1_0_p5"
#define LEFT_BY_NEW "retprobe_x0123456789abcdef/retprobe_x0123456789abcdef_r12"

static const char leftovers[] = "p:" LEFT_BY_OLD " vfs_read\n"
				"r4096:" LEFT_BY_NEW " vfs_read+0\n";

static const char strangers[] = "p:kprobes/retprobe_1_0_p1 vfs_read\n"
				"p:retprobe_1/mine vfs_read\n"
				"p:retprobe_1/retprobe_1_ vfs_read\n"
				"p:retprobe_1/retprobe_1_0_p1x vfs_read\n"
				"p:retprobe_1/retprobe_12_0_p1 vfs_read\n"
				"p:retprobe_x0123/retprobe_x0123_p1 vfs_read\n"
				"p:retprobe_/retprobe__0_p1 vfs_read\n"
				"p:retprobe_mine/retprobe_mine_p1 vfs_read\n"
				"r:perf_bpf_probe/retprobe_1_0_r1 vfs_read\n";

/* The kernel refuses to remove an event in use. So all are tried, without a look at PIDs. */
static void leftovers_go(void **state)
{
	struct bench *b = *state;
	__cleanup_free char *all = xasprintf("%s%s", strangers, leftovers);
	__cleanup_free char *want = xasprintf("%s-:%s\n-:%s\n", all, LEFT_BY_OLD, LEFT_BY_NEW);
	__cleanup_free char *got = NULL;

	write_events(b, all);
	open_set(&b->context);
	attach_kretprobe.close(&b->context);
	got = read_events(b);
	assert_string_equal(got, want);
}

static void names_are_nobody_elses(void **state)
{
	struct bench *b = *state;
	struct attach_context other = { .features = b->features };
	struct attach_slot slots[TARGETS] = { b->slots[0], b->slots[1] };
	struct attach_slot *others[TARGETS] = { &slots[0], &slots[1] };
	__cleanup_free char *first = NULL, *second = NULL;

	open_set(&b->context);
	attach_kretprobe.attach(&b->context, b->p, TARGETS);
	first = read_events(b);
	write_events(b, "");
	open_set(&other);
	attach_kretprobe.attach(&other, others, TARGETS);
	second = read_events(b);
	assert_string_not_equal(first, second);
	/* The return first: bpf/callers.bpf.h. */
	assert_int_equal(strncmp(first, "r4096:retprobe_", strlen("r4096:retprobe_")), 0);
	assert_non_null(strstr(first, " f\np:retprobe_"));
	detach(&other, others);
	attach_kretprobe.close(&other);
	detach(&b->context, b->p);
	attach_kretprobe.close(&b->context);
}

/* A defined event that is not in use yet is no leftover while the lock's owner lives. */
static void no_removal_while_others_attach(void **state)
{
	struct bench *b = *state;
	__cleanup_free char *path = xasprintf("%s/kprobe_events", b->dir);
	__cleanup_free char *during = NULL, *after = NULL;
	int lock;

	write_events(b, leftovers);
	lock = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_SH), 0);
	open_set(&b->context);
	attach_kretprobe.close(&b->context);
	during = read_events(b);
	assert_string_equal(during, leftovers);
	close(lock);
	open_set(&b->context);
	attach_kretprobe.close(&b->context);
	after = read_events(b);
	assert_non_null(strstr(after, "-:" LEFT_BY_NEW));
}

static atomic_bool attached;

static void *attach_all(void *ctx)
{
	struct bench *b = ctx;

	attach_kretprobe.attach(&b->context, b->p, TARGETS);
	attached = true;
	return NULL;
}

static void attaching_waits_for_a_removal(void **state)
{
	struct bench *b = *state;
	__cleanup_free char *path = xasprintf("%s/kprobe_events", b->dir);
	__cleanup_free char *during = NULL, *after = NULL;
	pthread_t thread;
	int lock;

	open_set(&b->context);
	lock = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	attached = false;
	pthread_create(&thread, NULL, attach_all, b);
	usleep(100000);
	during = read_events(b);
	assert_string_equal(during, "");
	assert_false(attached);
	close(lock);
	pthread_join(thread, NULL);
	after = read_events(b);
	assert_non_null(strstr(after, "p:retprobe_"));
	/* And the lock is released. */
	lock = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	close(lock);
	detach(&b->context, b->p);
	attach_kretprobe.close(&b->context);
}

/* ---- kprobe_profile ------------------------------------------------------------------------- */

/* Of both targets, except those whose bit is set in `missing`. The events are p0, r0, p1, r1. */
static void write_profile(struct bench *b, const uint64_t hits[2 * TARGETS],
			  const uint64_t missed[2 * TARGETS], unsigned missing)
{
	__cleanup_free char *events = read_events(b);
	char profile[1024] = "  somebody_elses                                 7               0\n";
	char *save = NULL, *line = strtok_r(events, "\n", &save);

	for (unsigned i = 0; i < 2 * TARGETS; i++, line = strtok_r(NULL, "\n", &save)) {
		size_t len = strlen(profile), at;
		char name[64];

		assert_non_null(line);
		at = (i & ~1U) + (line[0] == 'r');
		assert_int_equal(sscanf(line, "%*[^/]/%63s", name), 1);
		if (!(missing & 1U << at))
			snprintf(profile + len, sizeof(profile) - len, "  %-44s %15llu %15llu\n",
				 name, (unsigned long long)hits[at],
				 (unsigned long long)missed[at]);
	}
	temp_dir__write(b->dir, "kprobe_profile", profile, strlen(profile));
}

static void count(struct bench *b, struct kernel_counts k[TARGETS])
{
	memset(k, 0, TARGETS * sizeof(*k));
	attach_kretprobe.count(&b->context, b->p, TARGETS, k);
}

static struct bench *current;
static unsigned missing_at_first;

static void write_baseline(void)
{
	write_profile(current, (uint64_t[]){ 9, 3, 9, 3 }, (uint64_t[]){ 1, 2, 1, 2 },
		      missing_at_first);
}

/* Both are attached after the kernel had already counted calls. */
static void attach_counted(struct bench *b, unsigned missing)
{
	current = b;
	missing_at_first = missing;
	before_baseline = write_baseline;
	open_set(&b->context);
	attach_kretprobe.attach(&b->context, b->p, TARGETS);
}

static void write_later(struct bench *b, unsigned missing)
{
	write_profile(b, (uint64_t[]){ 20, 13, 20, 13 }, (uint64_t[]){ 4, 7, 4, 7 }, missing);
}

static void check_counted(const struct kernel_counts *k)
{
	assert_true(k->has_returned);
	assert_int_equal(k->returned, 10);
	assert_int_equal(k->missed[MISSED_RECURSION], 3);
	assert_int_equal(k->missed[MISSED_MAXACTIVE], 2);
}

static void check_unknown(const struct kernel_counts *k)
{
	assert_false(k->has_returned);
	assert_int_equal(k->missed[MISSED_RECURSION], 0);
	assert_int_equal(k->missed[MISSED_MAXACTIVE], 0);
}

static void finish(struct bench *b)
{
	detach(&b->context, b->p);
	attach_kretprobe.close(&b->context);
}

/* Others add and remove events during the read, so a row is skipped. */
static void row_missing_from_one_reading(void **state)
{
	struct bench *b = *state;
	struct kernel_counts k[TARGETS];

	attach_counted(b, 0);
	for (unsigned missing = 1; missing <= 3; missing++) {
		write_later(b, missing);
		count(b, k);
		check_unknown(&k[0]);
		check_counted(&k[1]);
	}
	write_later(b, 0);
	count(b, k);
	check_counted(&k[0]);
	finish(b);
}

/* The count before our program was attached is unknown, so there are no losses to report. */
static void row_missing_from_the_baseline(void **state)
{
	struct bench *b = *state;
	struct kernel_counts k[TARGETS];

	attach_counted(b, 2);
	write_later(b, 0);
	count(b, k);
	check_unknown(&k[0]);
	check_counted(&k[1]);
	finish(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(leftovers_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_nobody_elses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_removal_while_others_attach, set_up, tear_down),
		cmocka_unit_test_setup_teardown(attaching_waits_for_a_removal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(row_missing_from_one_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(row_missing_from_the_baseline, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
