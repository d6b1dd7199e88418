/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine and its configuration, for tests of decisions. Discovery, generations, the rate guard
 * and the watch are replaced (REPLACED in the Makefile), so nothing is attached.
 */
#pragma once

#include <errno.h>

#include "config/parse.h"
#include "discover/discover.h"
#include "files/users.h"
#include "base/log.h"
#include "probes/reconcile.h"
#include "probes/state.h"

#define GENERATIONS 80
#define TARGETS	    80 /* in all */
#define MIB	    (1UL << 20)

/* Answers of the replaced functions, and their arguments. */
static const char *found[TARGETS]; /* names that discovery finds; NULL: none */
static const char *discovery_error, *start_error;
static bool lenient, machine_changed;
static unsigned off;	    /* switches */
static bool together;	    /* all share one link */
static const char *hot;	    /* function that exceeds its rate */
static const char *refused; /* function that cannot be attached again */
static bool attached[GENERATIONS][TARGETS], paused[GENERATIONS][TARGETS];
static unsigned rounds[GENERATIONS][TARGETS];
static unsigned discoveries, starts;
static uint64_t memory; /* of each generation */
static size_t room;	/* for at most so many generations at a time; 0: no limit */
static struct reconcile *current;
static const char *cannot_follow; /* another reason why a replaced file cannot be attached */
static size_t followed;
static const char *outdated; /* function whose mechanism is no longer exact */
static bool put_off;	     /* new targets are not attached for now */
static int users;	     /* of files that were replaced or removed */

static struct attach_ops ops = { .name = "plain", .needs = SWITCH_FTRACE };
static struct target function; /* of the kernel */
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
size_t __wrap_rate_guard__check(struct rate_guard *v, const struct probe_table *view,
				double max_cpu, double now);
const char *__wrap_rate_guard__why_hot(const struct rate_guard *v, const struct generation *g,
				       uint32_t id);
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
void __wrap_costs__prepare(struct costs *c, const struct generation *g, unsigned switches);

void __wrap_costs__prepare(struct costs *c, const struct generation *g, unsigned switches)
{
}

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

/* "/FILE#INODE:NAME", or without #INODE if the file does not exist. */
static inline struct target *find_user_target(const char *text)
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
static inline void on_plan(const struct generation *g)
{
	weighed++;
}

/* "NAME", or "NAME=NAME...@ADDRESS" for a function with several names. */
static inline struct target *find_target(const char *text)
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
	if (room && reconcile__table(current)->ngenerations >= room) {
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
static inline void attach_again(struct generation *g, uint32_t id)
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

static inline bool is_hot(const struct generation *g, uint32_t id)
{
	return hot && !strcmp(g->targets->v[id]->function, hot);
}

size_t __wrap_rate_guard__check(struct rate_guard *v, const struct probe_table *view,
				double max_cpu, double now)
{
	return hot != NULL;
}

const char *__wrap_rate_guard__why_hot(const struct rate_guard *v, const struct generation *g,
				       uint32_t id)
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

static inline int set_up(void **state)
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
		slots[i] = (struct attach_slot){ .target = &function, .ops = &ops };
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

static inline int tear_down(void **state)
{
	struct bench *b = *state;

	reconcile__free(b->r);
	config__free(b->config);
	return 0;
}

static inline bool tick(struct bench *b, double seconds)
{
	b->now += seconds;
	return reconcile__tick(b->r, b->now);
}

/* Each name and its state: "f g:overload"; "f=g" for one function. */
static inline void check(const struct bench *b, const char *want)
{
	const struct probe_table *v = reconcile__table(b->r);
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

static inline unsigned generation_of(const struct bench *b, size_t row)
{
	return reconcile__table(b->r)->rows[row].generation->number;
}

static inline void reload(struct bench *b)
{
	char *error = NULL;
	bool changed;

	machine_changed = true; /* otherwise the same configuration would be no change */
	if (reconcile__configure(b->r, b->config, &changed, &error))
		fail_msg("%s", error);
}

static inline const struct probe_row *row(const struct bench *b, size_t i)
{
	return &reconcile__table(b->r)->rows[i];
}
