/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Analyses user functions that a return probe could harm, or that are to be probed without one. The
 * code may be hostile, so a confined child analyses it, and its result is checked.
 */
#include "discover/target_exits.h"

#include <errno.h>

#include "files/confined.h"

#define WHY_MAX	   96
#define MAX_RESULT (256 << 20)
#define MAX_MEMORY (64 << 20) /* more than a function of EXITS_MAX_CODE needs */
#define MAX_TIME   20.0	      /* seconds */

/* The child writes one per target, followed by n sites. */
struct report {
	char why[WHY_MAX]; /* "": none */
	uint64_t n, tails;
};

struct job {
	struct target **v; /* of one file */
	size_t n;
};

static bool is_wanted(const struct target *t, const struct probe_settings *settings,
		      const char *mechanism)
{
	const char *forced = settings->mechanism ? settings->mechanism : mechanism;

	return t->type == TARGET_USER && t->reason == REASON_NONE && t->opened &&
	       (t->hazards || (forced && !strcmp(forced, "uprobe.ret")));
}

/* ---- in the child ---------------------------------------------------------------------------- */

static const char *read_range(int fd, uint64_t offset, uint64_t size, struct code_range *out)
{
	uint8_t *code;

	*out = (struct code_range){ .offset = offset, .size = size };
	if (size > EXITS_MAX_CODE)
		return "it is too large";
	code = xcalloc(size + 1, 1);
	out->code = code;
	return pread(fd, code, size, offset) == (ssize_t)size ? NULL : "it cannot be read";
}

static const char *find_exits(int fd, const struct target *t, struct exits *out)
{
	struct code_range ranges[EXITS_RANGES] = {};
	const char *why = read_range(fd, t->offset, t->size, &ranges[0]);
	size_t n = 1;

	if (t->ncold > EXITS_RANGES - 1)
		why = "it has too many parts";
	for (; n <= t->ncold && !why; n++)
		why = read_range(fd, t->cold[n - 1].offset, t->cold[n - 1].size, &ranges[n]);
	if (!why)
		why = exits__find(ranges, n, out);
	for (size_t i = 0; i < n; i++)
		free((void *)ranges[i].code);
	return why;
}

static int64_t write_report(const struct target *t, char *out, size_t max)
{
	struct report r = {};
	struct exits exits = {};
	const char *why = find_exits(t->opened->fd, t, &exits);
	size_t size = exits.n * sizeof(*exits.v);

	if (sizeof(r) + size > max) {
		exits__free(&exits);
		return -EMSGSIZE;
	}
	if (why)
		snprintf(r.why, sizeof(r.why), "%s", why);
	r.n = exits.n;
	r.tails = exits.tails;
	memcpy(out, &r, sizeof(r));
	memcpy(out + sizeof(r), exits.v, size);
	exits__free(&exits);
	return sizeof(r) + size;
}

static int64_t run(void *ctx, void *out, size_t max, char *why)
{
	struct job *job = ctx;
	size_t used = 0;

	for (size_t i = 0; i < job->n; i++) {
		int64_t n = write_report(job->v[i], (char *)out + used, max - used);

		if (n < 0)
			return n;
		used += n;
	}
	return used;
}

/* ---- in the parent --------------------------------------------------------------------------- */

static bool in_function(const struct target *t, uint64_t offset)
{
	if (offset >= t->offset && offset - t->offset < t->size)
		return true;
	for (size_t i = 0; i < t->ncold; i++)
		if (offset >= t->cold[i].offset && offset - t->cold[i].offset < t->cold[i].size)
			return true;
	return false;
}

/* Whether an honest child could have found the site. */
static bool is_sane(const struct target *t, const struct exit_site *s)
{
	return in_function(t, s->offset) && s->how.desc == 0 && s->how.kind <= RP_EXIT_KIND_MAX &&
	       s->how.nranges <= RP_EXIT_RANGES && (s->is_jump || !s->how.kind);
}

/* Returns the length of the target's report; 0: it is invalid. */
static size_t read_report(struct target *t, const char *in, size_t size)
{
	struct report r;

	if (size < sizeof(r))
		return 0;
	memcpy(&r, in, sizeof(r));
	size -= sizeof(r);
	if (r.n > EXITS_MAX_SITES || r.n * sizeof(struct exit_site) > size ||
	    !memchr(r.why, '\0', sizeof(r.why)) || r.tails > r.n)
		return 0;
	t->exits.v = xcalloc(r.n + 1, sizeof(*t->exits.v));
	memcpy(t->exits.v, in + sizeof(r), r.n * sizeof(*t->exits.v));
	t->exits.n = r.n;
	t->exits.tails = r.tails;
	for (size_t i = 0; i < r.n; i++)
		if (!is_sane(t, &t->exits.v[i]))
			return 0;
	if (*r.why)
		t->unfollowed = xstrdup(r.why);
	return sizeof(r) + r.n * sizeof(*t->exits.v);
}

static void give_up(struct target *t, const char *why)
{
	exits__free(&t->exits);
	free(t->unfollowed);
	t->unfollowed = xstrdup(why);
}

static void read_reports(struct job *job, const struct confined_result *r, const char *why)
{
	size_t at = 0;

	for (size_t i = 0; i < job->n; i++) {
		size_t used =
			why ? 0 : read_report(job->v[i], (const char *)r->data + at, r->size - at);

		job->v[i]->followed = true;
		if (!used) {
			why = why ? why : "the result of following its code is invalid";
			give_up(job->v[i], why);
		}
		at += used;
	}
}

static void find_in_file(struct job *job)
{
	__cleanup_free char *what = xasprintf("following functions of %s", job->v[0]->object);
	__cleanup_free char *why = NULL;
	const struct confined_job confined = {
		.run = run,
		.ctx = job,
		.what = what,
		.max = MAX_RESULT,
		.memory = MAX_MEMORY,
		.seconds = MAX_TIME,
		.fd = job->v[0]->opened->fd,
	};
	struct confined_result result = {};

	confined__run(&confined, &result, &why);
	read_reports(job, &result, why);
	confined__release(&result);
}

/* Targets, and those that have their locations in further files. */
static struct target **list_all(const struct targets *all, const char *mechanism, size_t *n)
{
	struct target **v = NULL;

	*n = 0;
	for (size_t i = 0; i < all->nids; i++) {
		struct target *t = all->v[i];

		if (is_wanted(t, t->settings, mechanism))
			*(struct target **)array__grow(&v, n, sizeof(*v)) = t;
		for (size_t k = 0; k < t->nmore; k++)
			if (is_wanted(t->more[k], t->settings, mechanism))
				*(struct target **)array__grow(&v, n, sizeof(*v)) = t->more[k];
	}
	return v;
}

void target_exits__find(struct targets *all, const char *mechanism)
{
	size_t n;
	__cleanup_free struct target **v = list_all(all, mechanism, &n);
	struct job job = { .v = xcalloc(n + 1, sizeof(*job.v)) };

	for (size_t i = 0; i < n; i++) {
		if (v[i]->followed)
			continue;
		job.n = 0;
		for (size_t k = i; k < n; k++)
			if (v[k]->opened == v[i]->opened)
				job.v[job.n++] = v[k];
		find_in_file(&job);
	}
	free(job.v);
}
