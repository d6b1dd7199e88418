/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts are made only for the calls that are reported: those that have been running for the longest
 * time. A cgroup or a module that has gone since the scan has no name.
 */
#include "probes/in_progress.h"

#include "attach/in_flight.h"
#include "kernel/ksym_names.h"
#include "labels/namer.h"
#include "scan/report.h"

#define SHOWN_FRAMES 64 /* of a stack */

struct in_progress {
	struct label_namer *namer;
	struct ksym_names *symbols;
};

struct in_progress *in_progress__new(void)
{
	struct in_progress *p = xcalloc(1, sizeof(*p));

	p->namer = label_namer__new("/proc");
	p->symbols = ksym_names__new("/proc");
	return p;
}

void in_progress__free(struct in_progress *p)
{
	if (!p)
		return;
	label_namer__free(p->namer);
	ksym_names__free(p->symbols);
	free(p);
}

/* ---- choosing -------------------------------------------------------------------------------- */

struct chosen {
	const struct generation *generation;
	const struct scan_call *call;
	const struct scan_task *task;
};

static int oldest_first(const void *a, const void *b)
{
	const struct chosen *x = a, *y = b;

	return x->call->age > y->call->age ? -1 : x->call->age < y->call->age;
}

static struct chosen *choose(const struct reconcile *r, size_t *n)
{
	struct chosen *v = NULL;

	*n = 0;
	for (size_t g = 0; g < r->n; g++) {
		const struct scan_calls *calls =
			r->generations[g]->scan ? scan__calls(r->generations[g]->scan) : NULL;

		for (size_t i = 0; calls && i < calls->n; i++)
			*(struct chosen *)array__grow(&v, n, sizeof(*v)) =
				(struct chosen){ r->generations[g], &calls->v[i],
						 &calls->tasks[calls->v[i].task] };
	}
	if (*n)
		qsort(v, *n, sizeof(*v), oldest_first);
	return v;
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static const uint64_t *stack_of(const struct chosen *c, size_t *n)
{
	*n = c->task->info.naddrs < SHOWN_FRAMES ? c->task->info.naddrs : SHOWN_FRAMES;
	return scan__calls(c->generation->scan)->addrs + c->task->first_addr;
}

static void look_up(struct ksym_names *k, const struct chosen *v, size_t n)
{
	__cleanup_free uint64_t *addrs = xcalloc(n * SHOWN_FRAMES + 1, sizeof(*addrs));
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		size_t frames;
		const uint64_t *stack = stack_of(&v[i], &frames);

		memcpy(addrs + total, stack, frames * sizeof(*addrs));
		total += frames;
	}
	ksym_names__look_up(k, addrs, total);
}

static char *spell_stack(const struct ksym_names *k, const struct chosen *c)
{
	__cleanup_buf struct buf b = {};
	size_t n;
	const uint64_t *stack = stack_of(c, &n);

	for (size_t i = 0; i < n; i++)
		buf__printf(&b, "%s%s", i ? "\n" : "", ksym_names__of(k, stack[i]));
	return n ? xstrdup(buf__str(&b)) : NULL;
}

/* ---- the report ------------------------------------------------------------------------------ */

static void name_call(const struct target *t, struct report_call *out)
{
	for (size_t i = 0; i < target__nnames(t); i++) {
		struct target_name name = target__name(t, i);

		*(struct report_name *)array__grow(&out->names, &out->nnames, sizeof(*out->names)) =
			(struct report_name){ name.object, name.function, name.probe };
	}
}

static void describe(struct in_progress *p, const struct chosen *c, struct report_call *out)
{
	const struct rp_scan_task *t = &c->task->info;

	name_call(c->generation->targets->v[c->call->id], out);
	out->age = c->call->age;
	out->at_least = c->call->at_least;
	out->pid = t->pid;
	out->tid = t->tid;
	out->comm = xstrndup(t->comm, strnlen(t->comm, sizeof(t->comm)));
	if (t->cgroup) {
		out->cgroup = label_namer__cgroup(p->namer, LABEL_WHOLE, t->cgroup);
		out->container_id = label_namer__cgroup(p->namer, LABEL_CONTAINER_ID, t->cgroup);
		out->pod_uid = label_namer__cgroup(p->namer, LABEL_POD_UID, t->cgroup);
	}
	out->stack = spell_stack(p->symbols, c);
}

static void free_texts(struct report *r)
{
	for (size_t i = 0; i < r->ncalls; i++) {
		free((char *)r->calls[i].comm);
		free((char *)r->calls[i].cgroup);
		free((char *)r->calls[i].container_id);
		free((char *)r->calls[i].pod_uid);
		free((char *)r->calls[i].stack);
	}
}

static void add_unknown(const struct reconcile *r, struct report *out)
{
	for (size_t i = 0; i < r->table->n && out->nunknown < REPORT_CALLS; i++) {
		const struct probe_row *row = &r->table->rows[i];
		const struct target_state *st = &row->state;
		const char *why;
		size_t n;

		if (!st->attached)
			continue;
		why = r->unscanned ? r->unscanned
				   : in_flight__unknown(&attach__slots(row->generation->attach,
								       &n)[st->target->id],
							r->features);
		if (why)
			*(struct report_unknown *)array__grow(&out->unknown, &out->nunknown,
							      sizeof(*out->unknown)) =
				(struct report_unknown){ { st->object, st->function, st->probe },
							 why };
	}
}

void in_progress__write(struct in_progress *p, const struct reconcile *r, struct buf *out)
{
	size_t n, most, bytes = 0;
	__cleanup_free struct chosen *v = choose(r, &n);
	struct report report = { .scanned = r->scanned, .truncated = r->scan_truncated };
	struct image io = { .out = out };

	most = n < REPORT_CALLS ? n : REPORT_CALLS;
	look_up(p->symbols, v, most);
	for (size_t i = 0; i < most && bytes < REPORT_BYTES; i++) {
		struct report_call *c = array__grow(&report.calls, &report.ncalls, sizeof(*c));

		describe(p, &v[i], c);
		bytes += sizeof(*c) + (c->stack ? strlen(c->stack) : 0);
	}
	report.truncated |= report.ncalls < n;
	add_unknown(r, &report);
	report__image(&io, &report);
	free_texts(&report);
	report__free(&report);
}
