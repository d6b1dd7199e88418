/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is decided when something changes. Discovery, generations, the valve and the watch are
 * replaced (see the Makefile's --wrap), so nothing is attached.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/parse.h"
#include "discover/discover.h"
#include "files/users.h"
#include "base/log.h"
#include "probes/internal.h"

#define GENERATIONS 80
#define TARGETS	    80 /* in all */
#define MIB	    (1UL << 20)

/* What the replaced functions answer, and what they were asked. */
static const char *found[TARGETS]; /* names of what discovery finds; NULL: none */
static const char *discovery_error, *start_error;
static bool lenient, machine_changed;
static unsigned off;	    /* switches */
static bool together;	    /* all share one link */
static const char *hot;	    /* function that is called too often */
static const char *refused; /* function that cannot be attached again */
static bool attached[GENERATIONS][TARGETS], paused[GENERATIONS][TARGETS];
static unsigned rounds[GENERATIONS][TARGETS];
static unsigned discoveries, starts;
static uint64_t memory; /* of each generation */
static size_t room;	/* for so many generations at a time; 0: for any number */
static struct reconcile *current;
static const char *cannot_follow; /* why a replaced file cannot be attached besides */
static size_t followed;
static const char *outdated; /* function whose mechanism is not exact any more */
static bool put_off;	     /* new ones are not attached for now */
static int users;	     /* of the files that were replaced or removed */

static struct attach_ops ops = { .name = "plain", .needs = SWITCH_FTRACE };
static struct attach_slot slots[TARGETS];

int __wrap_discover__run(const struct config *c, const struct discover_env *env,
			 struct targets **out, char **error);
enum fault __wrap_generation__plan(struct config *c, struct features *f, struct targets *targets,
				   unsigned number, uint64_t taken, struct generation **out,
				   char **error);
enum fault __wrap_generation__start(struct generation *g, struct features *f, char **error);
bool __wrap_generation__is_attached(const struct generation *g, uint32_t id);
void __wrap_generation__detach(struct generation *g, uint32_t id);
const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);
const char *__wrap_attach__caveat(const struct attach *a, const struct attach_slot *slot);
size_t __wrap_valve__check(struct valve *v, const struct view *view, double now);
const char *__wrap_valve__why_hot(const struct valve *v, const struct generation *g, uint32_t id);
bool __wrap_generation__is_paused(const struct generation *g, uint32_t id);
unsigned __wrap_generation__rounds(const struct generation *g, uint32_t id);
void __wrap_generation__pause(struct generation *g, const uint32_t *ids, size_t n);
void __wrap_generation__resume(struct generation *g, const uint32_t *ids, size_t n);
unsigned __wrap_switches__off(const struct switches *s);
bool __wrap_watch__machine_changed(struct watch *w, double now, double patience);
const char *__wrap_former__cannot_follow(const struct attach *a, uint32_t id,
					 const struct target *to);
void __wrap_former__follow(struct attach *a, const uint32_t *ids, struct target *const *to,
			   size_t n);
size_t __wrap_former__count(const struct attach *a, uint32_t id);
const struct target *__wrap_former__next(const struct attach *a, int after);
int __wrap_file_users__count(const struct opened_file *f, const char *path);

void __wrap_attach__set_switched_off(struct attach *a, unsigned switches);
bool __wrap_choice__is_outdated(const struct attach *a, uint32_t id);
bool __wrap_features__preemption_changed(struct features *f);

void __wrap_attach__set_switched_off(struct attach *a, unsigned switches)
{
}

bool __wrap_choice__is_outdated(const struct attach *a, uint32_t id)
{
	return outdated && id == 0;
}

bool __wrap_features__preemption_changed(struct features *f)
{
	return outdated;
}

const char *__wrap_former__cannot_follow(const struct attach *a, uint32_t id,
					 const struct target *to)
{
	return cannot_follow;
}

void __wrap_former__follow(struct attach *a, const uint32_t *ids, struct target *const *to,
			   size_t n)
{
	followed += n;
}

size_t __wrap_former__count(const struct attach *a, uint32_t id)
{
	return 0;
}

const struct target *__wrap_former__next(const struct attach *a, int after)
{
	return NULL;
}

int __wrap_file_users__count(const struct opened_file *f, const char *path)
{
	return users;
}

/* "/FILE#INODE:NAME", or without a number where there is no such file. */
static struct target *find_user_target(const char *text)
{
	__cleanup_free char *file = xstrdup(text);
	char *name = strchr(file, ':'), *inode = strchr(file, '#');
	struct target *t;

	*name++ = '\0';
	if (inode)
		*inode++ = '\0';
	t = target__new(TARGET_USER, file, name);
	if (!inode) {
		t->reason = REASON_NOT_FOUND;
		return t;
	}
	t->file.ino = t->inode.ino = strtoul(inode, NULL, 10);
	t->opened = xcalloc(1, sizeof(*t->opened));
	*t->opened = (struct opened_file){ .refs = 1, .fd = -1, .id = t->file };
	return t;
}

static int weighed;

/* Called for new configurations only. */
static void on_plan(const struct generation *g)
{
	weighed++;
}

/* "NAME", or "NAME=NAME...@ADDRESS" of one that has several names. */
static struct target *find_target(const char *text)
{
	__cleanup_free char *names = xstrdup(text);
	char *at = strchr(names, '@'), *save = NULL, *name;
	struct target *t;

	if (*text == '/')
		return find_user_target(text);
	if (at)
		*at++ = '\0';
	name = strtok_r(names, "=", &save);
	t = target__new(TARGET_KERNEL, "vmlinux", name);
	t->symbol = xstrdup(name);
	t->addr = at ? strtoul(at, NULL, 16) : 0;
	while ((name = strtok_r(NULL, "=", &save)))
		target__add_name(t, "vmlinux", name);
	return t;
}

int __wrap_discover__run(const struct config *c, const struct discover_env *env,
			 struct targets **out, char **error)
{
	struct targets *all;

	lenient = env->lenient;
	discoveries++;
	if (discovery_error) {
		*error = xstrdup(discovery_error);
		return -EINVAL;
	}
	all = xcalloc(1, sizeof(*all));
	all->v = xcalloc(TARGETS, sizeof(struct target *));
	for (size_t i = 0; i < TARGETS && found[i]; i++) {
		struct target *t = find_target(found[i]);

		if (!t->reason)
			t->id = all->nids++;
		t->settings = &c->lists[0].settings;
		t->pos = &c->lists[0].patterns[0].pos;
		all->v[all->n++] = t;
	}
	*out = all;
	return 0;
}

enum fault __wrap_generation__plan(struct config *c, struct features *f, struct targets *targets,
				   unsigned number, uint64_t taken, struct generation **out,
				   char **error)
{
	struct generation *g = xcalloc(1, sizeof(*g));

	g->number = number;
	g->config = config__ref(c);
	g->targets = targets;
	g->memory.total = memory;
	*out = g;
	return 0;
}

enum fault __wrap_generation__start(struct generation *g, struct features *f, char **error)
{
	starts++;
	if (room && reconcile__view(current)->ngenerations >= room) {
		*error = xstrdup("EMFILE: no room");
		return FAULT_NO_ROOM;
	}
	if (start_error && !strcmp(start_error, "once")) {
		start_error = NULL;
		*error = xstrdup("not this time");
		return FAULT_MACHINE;
	}
	if (start_error) {
		*error = xstrdup(start_error);
		return FAULT_MACHINE;
	}
	for (uint32_t id = 0; id < g->targets->nids; id++) {
		attached[g->number][id] = !put_off;
		paused[g->number][id] = put_off;
		g->targets->v[id]->reason = put_off ? REASON_DISABLED : REASON_NONE;
	}
	g->live = g->targets->nids;
	return 0;
}

bool __wrap_generation__is_attached(const struct generation *g, uint32_t id)
{
	return attached[g->number][id];
}

void __wrap_generation__detach(struct generation *g, uint32_t id)
{
	attached[g->number][id] = paused[g->number][id] = false;
	g->live--;
}

bool __wrap_generation__is_paused(const struct generation *g, uint32_t id)
{
	return paused[g->number][id];
}

unsigned __wrap_generation__rounds(const struct generation *g, uint32_t id)
{
	return rounds[g->number][id];
}

/* As attach__resume() leaves its targets. */
static void attach_again(struct generation *g, uint32_t id)
{
	struct target *t = g->targets->v[id];

	rounds[g->number][id]++;
	free(t->why);
	t->why = NULL;
	t->reason = REASON_NONE;
	attached[g->number][id] = true;
	if (refused && !strcmp(t->function, refused)) {
		t->reason = REASON_REFUSED;
		t->why = xstrdup("no memory");
		attached[g->number][id] = false;
	}
	paused[g->number][id] = !attached[g->number][id];
}

void __wrap_generation__pause(struct generation *g, const uint32_t *ids, size_t n)
{
	for (uint32_t id = 0; id < g->targets->nids && together; id++)
		if (attached[g->number][id] && id != ids[0])
			attach_again(g, id);
	for (size_t i = 0; i < n; i++) {
		assert_true(attached[g->number][ids[i]]);
		attached[g->number][ids[i]] = false;
		paused[g->number][ids[i]] = true;
	}
}

void __wrap_generation__resume(struct generation *g, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(paused[g->number][ids[i]]);
		attach_again(g, ids[i]);
	}
}

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = TARGETS;
	return slots;
}

const char *__wrap_attach__caveat(const struct attach *a, const struct attach_slot *slot)
{
	return NULL;
}

static bool is_hot(const struct generation *g, uint32_t id)
{
	return hot && !strcmp(g->targets->v[id]->function, hot);
}

size_t __wrap_valve__check(struct valve *v, const struct view *view, double now)
{
	return hot != NULL;
}

const char *__wrap_valve__why_hot(const struct valve *v, const struct generation *g, uint32_t id)
{
	return is_hot(g, id) ? "it was called too often" : NULL;
}

bool __wrap_watch__machine_changed(struct watch *w, double now, double patience)
{
	bool changed = machine_changed;

	machine_changed = false;
	return changed;
}

unsigned __wrap_switches__off(const struct switches *s)
{
	return off;
}

/* ---- a machine and its configuration -----------------------------------------------------------
 */

struct bench {
	struct reconcile *r;
	struct config *config;
	double now;
};

static int set_up(void **state)
{
	static const char *const argv[] = { "retprobe_exporter", "f" };
	static struct bench b;
	char *error = NULL;
	bool changed;

	log__setup(LOG_ERROR + 1, LOG_LOGFMT);
	memset(found, 0, sizeof(found));
	memset(attached, 0, sizeof(attached));
	memset(paused, 0, sizeof(paused));
	memset(rounds, 0, sizeof(rounds));
	discovery_error = start_error = hot = refused = cannot_follow = NULL;
	followed = users = 0;
	outdated = NULL;
	put_off = false;
	weighed = 0;
	memory = MIB;
	room = 0;
	machine_changed = together = false;
	off = 0;
	found[0] = "f";
	found[1] = "g";
	for (size_t i = 0; i < TARGETS; i++)
		slots[i].ops = &ops;
	b = (struct bench){ .r = reconcile__new(NULL, -1, on_plan), .now = 100 };
	current = b.r;
	if (config__parse(ARRAY_SIZE(argv), (char *const *)argv, &b.config, &error) ||
	    reconcile__configure(b.r, b.config, &changed, &error))
		fail_msg("%s", error);
	assert_false(lenient);
	discoveries = starts = 0;
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	reconcile__free(b->r);
	config__free(b->config);
	return 0;
}

static bool tick(struct bench *b, double seconds)
{
	b->now += seconds;
	return reconcile__tick(b->r, b->now);
}

/* Every name and its state: "f g:overload"; "f=g" of one function. */
static void check(const struct bench *b, const char *want)
{
	const struct view *v = reconcile__view(b->r);
	char got[256] = "";

	for (size_t i = 0; i < v->n; i++) {
		const struct target *t = v->rows[i].state.target;
		size_t len = strlen(got);

		assert_true(v->rows[i].state.attached == (t->reason == REASON_NONE));
		snprintf(got + len, sizeof(got) - len, "%s%s%s%s",
			 v->rows[i].state.again ? "="
			 : i			? " "
						: "",
			 v->rows[i].state.function, t->reason ? ":" : "",
			 target_reason_names[t->reason]);
	}
	assert_string_equal(got, want);
}

/* ---- what nobody has asked for -------------------------------------------------------------- */

/* Of a module that was not there when the configuration was read, nobody has checked the types. */
static void test_machine_changed(void **state)
{
	struct bench *b = *state;

	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 10));
	assert_true(lenient);
	check(b, "f g h");
	assert_false(tick(b, 10));
	assert_int_equal(discoveries, 1);
	assert_int_equal(weighed, 1);
}

/* f is attached by another mechanism, g stays where it is. */
static void test_preemption_changed(void **state)
{
	struct bench *b = *state;

	outdated = "f";
	assert_true(tick(b, 10));
	assert_int_equal(starts, 1);
	check(b, "f g");
	assert_ptr_not_equal(reconcile__view(b->r)->rows[0].generation,
			     reconcile__view(b->r)->rows[1].generation);
}

/* What came while ftrace was off is attached as soon as it is on, and not before. */
static void test_put_off(void **state)
{
	struct bench *b = *state;

	put_off = true;
	off = SWITCH_FTRACE;
	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "f:disabled g:disabled h:disabled");
	assert_false(tick(b, 100)); /* the valve leaves it alone */
	off = 0;
	assert_true(tick(b, 1));
	check(b, "f g h");
}

/* Whether processes run the former file or not: the function counts on where it did. */
static void test_replaced_file(void **state)
{
	struct bench *b = *state;

	found[0] = "/file#1:f";
	machine_changed = true;
	tick(b, 10);
	starts = 0;
	found[0] = "/file#2:f";
	machine_changed = true;
	tick(b, 10);
	assert_int_equal(followed, 1);
	assert_int_equal(starts, 0);
	check(b, "f g");
	cannot_follow = "it has hazards";
	found[0] = "/file#3:f";
	machine_changed = true;
	tick(b, 10);
	assert_int_equal(followed, 1);
	assert_int_equal(starts, 1);
	check(b, "f g");
}

static void test_removed_file(void **state)
{
	struct bench *b = *state;

	found[0] = "/file#1:f";
	found[1] = "/file#1:h";
	machine_changed = true;
	tick(b, 10);
	/* A glob finds nothing in a file that is not there. */
	found[0] = "/file:*";
	found[1] = NULL;
	machine_changed = true;
	users = 2;
	tick(b, 10);
	check(b, "h f");
	users = -1; /* not known */
	tick(b, 100);
	check(b, "h f");
	/* Another file by its name. */
	found[0] = "/file#2:f";
	found[1] = "/file:no";
	machine_changed = true;
	tick(b, 10);
	assert_int_equal(followed, 1);
	check(b, "f no:not_found");
}

static void test_removed_and_unused(void **state)
{
	struct bench *b = *state;

	found[0] = "/file#1:f";
	machine_changed = true;
	tick(b, 10);
	found[0] = "/file:f";
	machine_changed = true;
	users = 1;
	tick(b, 10);
	check(b, "f g");
	/* It is there again. */
	found[0] = "/file#1:f";
	machine_changed = true;
	starts = 0;
	tick(b, 10);
	check(b, "f g");
	assert_int_equal(starts + followed, 0);
	found[0] = "/file:f";
	machine_changed = true;
	tick(b, 10);
	check(b, "f g");
	users = 0;
	tick(b, 100);
	check(b, "f:not_found g");
}

static void test_failed_is_tried_again(void **state)
{
	struct bench *b = *state;

	found[2] = "h";
	machine_changed = true;
	discovery_error = "too many";
	assert_false(tick(b, 10));
	check(b, "f g");
	discovery_error = NULL;
	assert_false(tick(b, 10)); /* not at once, or it would do nothing else */
	assert_int_equal(discoveries, 1);
	assert_true(tick(b, 21));
	check(b, "f g h");
}

/* A reload that fails has seen that the machine has changed, and may not keep it to itself. */
static void test_failed_reload(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	found[2] = "h";
	machine_changed = true;
	discovery_error = "wrong";
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), FAULT_CONFIG);
	free(error);
	check(b, "f g");
	discovery_error = NULL;
	assert_true(tick(b, 10));
	check(b, "f g h");
}

/* ---- several names of one function ---------------------------------------------------------- */

static unsigned generation_of(const struct bench *b, size_t row)
{
	return reconcile__view(b->r)->rows[row].generation->number;
}

static void reload(struct bench *b)
{
	char *error = NULL;
	bool changed;

	machine_changed = true; /* or the same configuration would be nothing new */
	if (reconcile__configure(b->r, b->config, &changed, &error))
		fail_msg("%s", error);
}

/* Whatever names come and go, the function stays attached, and its counts go on. */
static void test_names(void **state)
{
	struct bench *b = *state;

	found[1] = "k@1";
	reload(b);
	check(b, "f k");
	starts = 0;
	found[1] = "k=l@1";
	reload(b);
	check(b, "f k=l");
	found[1] = "l@1";
	reload(b);
	check(b, "f l");
	found[1] = "l=a=k@1";
	reload(b);
	check(b, "f l=a=k");
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(generation_of(b, i), 1);
	assert_int_equal(starts, 0);
	machine_changed = true;
	assert_false(tick(b, 10));
}

/* Nor does it make another server of the same. */
static void test_names_machine_changed(void **state)
{
	struct bench *b = *state;

	found[0] = "f=k@1";
	found[1] = NULL;
	reload(b);
	found[0] = "k@1";
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "k");
	assert_int_equal(generation_of(b, 0), 1);
	machine_changed = true;
	assert_false(tick(b, 10));
}

/* The valve acts on the function, and each name says so. */
static void test_names_overload(void **state)
{
	struct bench *b = *state;

	found[1] = "k=l@1";
	reload(b);
	hot = "k";
	assert_true(tick(b, 10));
	check(b, "f k:overload=l:overload");
	for (size_t i = 1; i < 3; i++)
		assert_int_equal(reconcile__view(b->r)->rows[i].state.detached[REASON_OVERLOAD], 1);
	hot = NULL;
	found[1] = "k=l=m@1";
	reload(b);
	check(b, "f k=l=m");
	/* A new name has the function's past. */
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(reconcile__view(b->r)->rows[i].state.detached[REASON_OVERLOAD], 1);
}

/* ---- room ----------------------------------------------------------------------------------- */

static void test_additions(void **state)
{
	static char names[TARGETS][4];
	struct bench *b = *state;

	for (size_t i = 2; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		found[i] = names[i];
		reload(b);
	}
	for (size_t i = 0; i < 30; i++) {
		assert_true(reconcile__view(b->r)->rows[i].state.attached);
		assert_int_equal(generation_of(b, i), i < 2 ? 0 : i - 1);
	}
}

static void test_too_many_additions(void **state)
{
	static char names[TARGETS][4];
	struct bench *b = *state;

	for (size_t i = 2; i < 70; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		found[i] = names[i];
		reload(b);
		assert_true(reconcile__view(b->r)->ngenerations <= 64);
	}
	assert_int_equal(generation_of(b, 0), generation_of(b, 60));
	assert_int_equal(generation_of(b, 0) + 4, generation_of(b, 69));
}

/* A module is not worth the counts of all others; whoever reloads wants it. */
static void test_no_room(void **state)
{
	struct bench *b = *state;
	const struct view *v;

	found[2] = "h";
	memory = 256 * MIB;
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "f g h:refused");
	v = reconcile__view(b->r);
	assert_int_equal(generation_of(b, 0), 0);
	assert_string_equal(v->rows[2].state.target->why,
			    "there is no room for it beside the probes that are attached: 0 more "
			    "targets need 256.0 MiB, and with the 1.0 MiB of those that are "
			    "attached that is more than --memory.limit allows (256.0 MiB); a "
			    "reload attaches all anew, from 0");
	assert_false(tick(b, 60));
	reload(b);
	check(b, "f g h");
	assert_int_equal(generation_of(b, 0), generation_of(b, 2));
}

/* What the kernel has no room for beside what is attached takes its place. */
static void test_no_room_in_the_kernel(void **state)
{
	struct bench *b = *state;

	room = 1;
	found[2] = "h";
	reload(b);
	check(b, "f g h");
	assert_int_equal(reconcile__view(b->r)->ngenerations, 1);
	assert_int_equal(generation_of(b, 0), generation_of(b, 2));
}

/* All has gone to make room, and what was to come does not: then what was there comes back. */
static void test_no_room_in_vain(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	room = 1;
	found[2] = "h";
	machine_changed = true;
	start_error = "once";
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), FAULT_MACHINE);
	assert_string_equal(error, "not this time");
	free(error);
	assert_true(changed);
	check(b, "f g h");
	assert_true(reconcile__view(b->r)->rows[0].state.attached);
}

/* Not even that: it is tried again. */
static void test_no_room_for_long(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	room = 1;
	found[2] = "h";
	machine_changed = true;
	start_error = "broken";
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), FAULT_MACHINE);
	free(error);
	assert_true(changed);
	check(b, "f:refused g:refused");
	start_error = NULL;
	assert_true(tick(b, 60));
	check(b, "f g h");
}

/* ---- the valve ----------------------------------------------------------------------------- */

static const struct view_row *row(const struct bench *b, size_t i)
{
	return &reconcile__view(b->r)->rows[i];
}

/* It keeps its place, and so its counts, and comes back by itself. */
static void test_overload(void **state)
{
	struct bench *b = *state;

	hot = "f";
	assert_true(tick(b, 10));
	check(b, "f:overload g");
	assert_int_equal(generation_of(b, 0), 0);
	assert_string_equal(
		row(b, 0)->state.target->why,
		"it was called too often; it is attached again after 1 min, or by a reload");
	hot = NULL;
	assert_false(tick(b, 30));
	assert_false(tick(b, 25));
	assert_true(tick(b, 5));
	check(b, "f g");
	assert_int_equal(generation_of(b, 0), 0);
	assert_int_equal(row(b, 0)->state.detached[REASON_OVERLOAD], 1);
	assert_int_equal(starts + discoveries, 0);
}

/* The pause of a function that is called too often whenever it is attached. */
static double next_pause(struct bench *b)
{
	double begin;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	check(b, "f:overload g");
	for (begin = b->now; !row(b, 0)->state.attached;)
		tick(b, 5);
	return b->now - begin;
}

static void test_pauses_grow(void **state)
{
	static const double want[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_true(next_pause(b) == want[i]);
	tick(b, 3580);
	assert_true(next_pause(b) == 3600);
	tick(b, 3590);
	assert_true(next_pause(b) == 60);
	assert_true(next_pause(b) == 120);
	assert_int_equal(row(b, 0)->state.detached[REASON_OVERLOAD], 11);
}

static void test_overload_ends_with_a_reload(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), 0);
	assert_true(changed);
	check(b, "f g");
	assert_int_equal(generation_of(b, 0), 0);
}

/* A module that comes is no reason to attach it, nor to lose its counts. */
static void test_overload_and_machine_changed(void **state)
{
	struct bench *b = *state;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "f:overload g h");
	assert_int_equal(generation_of(b, 0), 0);
	assert_true(tick(b, 50));
	check(b, "f g h");
}

/* Whatever else has failed and will be tried again. */
static void test_overload_without_a_plan(void **state)
{
	struct bench *b = *state;

	discovery_error = "too many";
	machine_changed = true;
	assert_false(tick(b, 10));
	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	check(b, "f:overload g");
	assert_true(tick(b, 60));
	check(b, "f g");
}

/* What shared its link goes on counting, and the gap can be seen. */
static void test_overload_of_a_link(void **state)
{
	struct bench *b = *state;

	hot = "f";
	together = true;
	assert_true(tick(b, 10));
	check(b, "f:overload g");
	assert_int_equal(generation_of(b, 1), 0);
	assert_int_equal(row(b, 1)->state.detached[REASON_RELINKED], 1);
	assert_int_equal(row(b, 1)->state.detached[REASON_OVERLOAD], 0);
	assert_int_equal(row(b, 0)->state.detached[REASON_RELINKED], 0);
}

/* What cannot be attached again is tried later. */
static void test_refused_again(void **state)
{
	struct bench *b = *state;

	hot = "f";
	together = true;
	refused = "g";
	assert_true(tick(b, 10));
	check(b, "f:overload g:refused");
	assert_int_equal(row(b, 1)->state.detached[REASON_REFUSED], 1);
	assert_int_equal(generation_of(b, 1), 0);
	hot = NULL;
	assert_true(tick(b, 60));
	check(b, "f g:refused");
	refused = NULL;
	assert_false(tick(b, 60));
	assert_true(tick(b, 60));
	check(b, "f g");
}

/* ---- switches ------------------------------------------------------------------------------ */

/* Nothing is detached: it counts again as soon as it can. */
static void test_switched_off(void **state)
{
	struct bench *b = *state;

	off = SWITCH_KPROBES;
	assert_false(tick(b, 1));
	check(b, "f g");
	off |= SWITCH_FTRACE;
	assert_true(tick(b, 1));
	check(b, "f:disabled g:disabled");
	assert_string_equal(row(b, 0)->state.target->why,
			    "kernel.ftrace_enabled is 0: nothing is counted until it is 1 again");
	assert_int_equal(generation_of(b, 0), 0);
	assert_false(tick(b, 1));
	reload(b);
	check(b, "f:disabled g:disabled");
	off = 0;
	assert_true(tick(b, 1));
	check(b, "f g");
	assert_int_equal(generation_of(b, 0), 0);
	assert_int_equal(starts, 0);
}

static void test_switched_off_while_paused(void **state)
{
	struct bench *b = *state;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	off = SWITCH_FTRACE;
	assert_true(tick(b, 1));
	check(b, "f:overload g:disabled");
	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 2));
	assert_true(tick(b, 1));
	check(b, "f:overload g:disabled h:disabled");
	assert_true(tick(b, 60));
	tick(b, 1);
	check(b, "f:disabled g:disabled h:disabled");
	off = 0;
	assert_true(tick(b, 1));
	check(b, "f g h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_machine_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_preemption_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_put_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_and_unused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failed_is_tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failed_reload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_machine_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_overload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_additions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_additions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_in_the_kernel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_in_vain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_for_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overload_without_a_plan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pauses_grow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overload_ends_with_a_reload, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_overload_and_machine_changed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_overload_of_a_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switched_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switched_off_while_paused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
