/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/report.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/strmap.h"

#define CLONES_NAMED 5

static bool is_known(const struct change *ch, const struct probe_table *before,
		     const struct target *t)
{
	const struct probe_row *row =
		ch->occasion == CONFIGURED ? NULL : probe_table__find_any(before, t);

	return row && !row->state.attached && row->state.target->reason == t->reason;
}

static enum log_level level_of(const struct change *ch, const struct target *t)
{
	if (ch->config->strict)
		return LOG_ERROR;
	return t->reason == REASON_WAITING ? LOG_INFO : LOG_WARN;
}

/* Presets list more than any machine has: only the modules that they wait for are logged. */
static bool is_summed_up(const struct change *ch, const struct target *t)
{
	return t->builtin && t->reason == REASON_WAITING && !ch->config->strict;
}

static void report_waiting(const struct change *ch, const struct probe_table *before)
{
	const struct target *last = NULL;
	__cleanup_buf struct buf modules = {};
	size_t n = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		const struct target *t = wanted__target(&ch->wanted[i]);

		if (!is_summed_up(ch, t) || is_known(ch, before, t))
			continue;
		if (!last || strcmp(last->object, t->object))
			buf__printf(&modules, "%s%s", n ? ", " : "", t->object);
		last = t;
		n++;
	}
	if (n)
		log_info("%zu functions of presets wait for their modules, which are not loaded: "
			 "%s",
			 n, buf__str(&modules));
}

static void report_capped(const struct memory_plan *m)
{
	if (m->nsets < m->sets_wanted)
		log_warn("--memory.limit has room for %u of the %u label sets that max_series "
			 "allows: calls with more values than that count as _other; raise it, or "
			 "lower max_series",
			 m->nsets, m->sets_wanted);
}

/* Matters to sums over functions. */
static void report_names(const struct change *ch)
{
	const struct target *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		const struct wanted *w = &ch->wanted[i];
		const struct target *t = w->renamed ? w->renamed : wanted__target(w);

		if (t->nothers && wanted__is_attached(w)) {
			first = first ? first : t;
			n += t->nothers;
		}
	}
	if (n)
		log_info("%zu names are aliases of functions that are attached already, such as "
			 "%s:%s of %s:%s: they have the same counts, so sums over functions count "
			 "these calls more than once (the label same_as marks them)",
			 n, first->others[0].object, first->others[0].function, first->object,
			 first->function);
}

/* Names a few functions whose clones are not probed. Presets are for many kernels, so their
 * functions are only counted. */
static void report_clones(const struct change *ch)
{
	size_t named = 0, others = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		const struct wanted *w = &ch->wanted[i];
		const struct target *t = w->renamed ? w->renamed : wanted__target(w);

		if (!t->uncounted || !wanted__is_attached(w) ||
		    (ch->occasion != CONFIGURED && w->generation != ch->added))
			continue;
		if (t->builtin || named == CLONES_NAMED) {
			others++;
			continue;
		}
		log_warn("%s:%s does not see all calls: %s", t->object, t->function, t->uncounted);
		named++;
	}
	if (others)
		log_info("%zu %sfunctions have clones that are not probed: see --config.check",
			 others, named ? "more " : "");
}

/* ---- one line for each cause ----------------------------------------------------------------- */

#define NAMED 3 /* functions per cause */

/* A reason why targets are not attached. */
struct cause {
	const struct target *first;
	char *key; /* reason and text without the function's name */
	struct buf names;
	size_t n;
};

struct causes {
	struct cause *v;
	size_t n;
	struct strmap by_key;
};

static char *key_of(const struct target *t)
{
	const char *s = t->why ? t->why : "", *next;
	size_t len = strlen(t->function);
	__cleanup_buf struct buf key = {};

	buf__printf(&key, "%d ", t->reason);
	for (; len && (next = strstr(s, t->function)); s = next + len)
		buf__printf(&key, "%.*s%%", (int)(next - s), s);
	buf__printf(&key, "%s", s);
	return xstrdup(buf__str(&key));
}

static void add_cause(struct causes *causes, const struct target *t)
{
	char *key = key_of(t);
	struct cause *c;
	bool added;
	size_t i = *strmap__put(&causes->by_key, key, causes->n, &added);

	if (added) {
		c = array__grow(&causes->v, &causes->n, sizeof(*causes->v));
		c->first = t;
		c->key = key;
	} else {
		c = &causes->v[i];
		free(key);
	}
	if (c->n++ < NAMED)
		buf__printf(&c->names, "%s%s:%s", c->n > 1 ? ", " : "", t->object, t->function);
}

static void report_one(enum log_level level, const struct target *t)
{
	log__line(level, "%s:%s is not attached (%s): %s (%s)", t->object, t->function,
		  target_reason_names[t->reason], t->why ? t->why : "", source_pos__str(t->pos));
}

static void report_cause(const struct change *ch, struct cause *c)
{
	enum log_level level = level_of(ch, c->first);

	if (c->n == 1) {
		report_one(level, c->first);
		return;
	}
	if (c->n > NAMED)
		buf__printf(&c->names, " and %zu more", c->n - NAMED);
	log__line(level,
		  "%zu probes are not attached (%s): %s: %s (%s; --config.check and "
		  "--log.level=debug list them)",
		  c->n, target_reason_names[c->first->reason], c->first->why ? c->first->why : "",
		  buf__str(&c->names), source_pos__str(c->first->pos));
}

static bool is_to_be_reported(const struct change *ch, const struct probe_table *before,
			      const struct wanted *w)
{
	const struct target *t = wanted__target(w);

	return !wanted__is_attached(w) && !is_known(ch, before, t) && !is_summed_up(ch, t) &&
	       !(t->builtin && t->reason == REASON_NOT_FOUND);
}

static void report_causes(const struct change *ch, const struct probe_table *before)
{
	struct causes causes = {};

	for (size_t i = 0; i < ch->nwanted; i++)
		if (is_to_be_reported(ch, before, &ch->wanted[i]))
			add_cause(&causes, wanted__target(&ch->wanted[i]));
	for (size_t i = 0; i < causes.n; i++)
		report_cause(ch, &causes.v[i]);
	for (size_t i = 0; i < ch->nwanted; i++) {
		const struct target *t = wanted__target(&ch->wanted[i]);
		__cleanup_free char *key = NULL;

		if (!is_to_be_reported(ch, before, &ch->wanted[i]))
			continue;
		key = key_of(t);
		if (causes.v[*strmap__find(&causes.by_key, key)].n > 1)
			report_one(LOG_DEBUG, t);
	}
	strmap__free(&causes.by_key);
	for (size_t i = 0; i < causes.n; i++) {
		buf__free(&causes.v[i].names);
		free(causes.v[i].key);
	}
	free(causes.v);
}

void report__log(const struct change *ch, const struct probe_table *before)
{
	report_causes(ch, before);
	report_waiting(ch, before);
	if (ch->occasion == CONFIGURED)
		report_names(ch);
	report_clones(ch);
	if (ch->added)
		report_capped(&ch->added->memory);
}

enum fault report__judge(const struct change *ch, bool first, char **error)
{
	size_t attached = 0, waiting = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		attached += wanted__is_attached(&ch->wanted[i]);
		waiting += wanted__target(&ch->wanted[i])->reason == REASON_WAITING ||
			   wanted__target(&ch->wanted[i])->reason == REASON_DISABLED;
	}
	if (ch->config->strict && attached < ch->nwanted && ch->occasion == CONFIGURED)
		return fault__set(
			error, FAULT_MACHINE,
			"%zu of %zu probes cannot be attached, and --config.strict is set",
			ch->nwanted - attached, ch->nwanted);
	if (!attached && !waiting && first)
		return fault__set(error, FAULT_MACHINE,
				  "nothing could be attached; --config.check shows the plan, "
				  "--probe.list the available functions");
	return FAULT_NONE;
}
