/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/probe.h"

#include <ctype.h>
#include <math.h>

#include "base/value.h"
#include "config/buckets.h"
#include "config/expressions.h"
#include "config/loader.h"
#include "config/sampling.h"
#include "config/targets.h"
#include "config/values.h"
#include "kernel/perf_counters.h"

#define NAME_MAX_LEN	64
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
#define MAX_MAXACTIVE	4096 /* kernel: KRETPROBE_MAXACTIVE_MAX in trace_kprobe.c */
#define MAX_SERIES	100000
#define MAX_MAX_RATE	1000000000000UL

/* ---- settings -------------------------------------------------------------------------------- */

static int bind_name(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	const char *name;
	int err = binder__string(b, node, "probe", &name);
	size_t len;

	if (err)
		return err;
	len = strlen(name);
	if (!len || len > NAME_MAX_LEN || strspn(name, NAME_CHARACTERS) != len)
		return binder__fail(
			b, node,
			"\"%.80s\" cannot be the name of a probe; use up to %d letters, "
			"digits, _, - and .",
			name, NAME_MAX_LEN);
	list->settings.name = xstrdup(name);
	return 0;
}

static int bind_mechanism(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	__cleanup_free char *why = NULL;
	const char *name;
	int err;

	err = binder__string(b, node, "mechanism", &name);
	if (err)
		return err;
	if (value__mechanism(name, &why))
		return binder__fail(b, node, "mechanism: %s", why);
	list->settings.mechanism = xstrdup(name);
	return 0;
}

int probe__bind_count(struct binder *b, const struct tree_node *node, const char *key,
		      unsigned long max, uint32_t *out)
{
	unsigned long n = 0;
	int err = binder__number(b, node, key, 1, max, &n);

	*out = (uint32_t)n;
	return err;
}

int probe__bind_max_rate(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	unsigned long n = 0;
	int err = binder__number(b, node, "max_rate", 0, MAX_MAX_RATE, &n);

	s->max_rate = n;
	s->has_max_rate = true;
	return err;
}

int probe__bind_max_cpu(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;

	if (node->type != TREE_SCALAR || (node->plain && !*node->value))
		return binder__mistyped(b, node, "max_cpu", "a percentage");
	if (value__share(node->value, &s->max_cpu, &why))
		return binder__fail(b, node, "max_cpu: %s", why);
	return 0;
}

int probe__bind_buckets(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;

	s->buckets.given = true;
	s->buckets.pos = binder__position(b, node);
	return buckets__bind(b, node, &s->buckets.v, &s->buckets.n);
}

static int bind_maxactive(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;

	return probe__bind_count(b, node, "maxactive", MAX_MAXACTIVE, &list->settings.maxactive);
}

static int bind_durations(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	bool on = true;
	int err = binder__bool(b, node, "durations", &on);

	s->untimed = !on;
	s->has_durations = true;
	return err;
}

static int bind_in_flight(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const names[] = { "on", "longer", "off" };
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;
	const char *text;
	size_t i;
	int err;

	err = binder__string(b, node, "in_flight", &text);
	if (err)
		return err;
	if (value__one_of(text, names, ARRAY_SIZE(names), &i, &why))
		return binder__fail(b, node, "in_flight: %s", why);
	s->in_flight = IN_FLIGHT_ON + i;
	return 0;
}

static int bind_split(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const names[] = { "cpu", "off" };
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;
	const char *text;
	size_t i;
	int err;

	err = binder__string(b, node, "split", &text);
	if (err)
		return err;
	if (value__one_of(text, names, ARRAY_SIZE(names), &i, &why))
		return binder__fail(b, node, "split: %s", why);
	s->off_cpu = !i;
	s->measured_pos = binder__position(b, node);
	s->has_split = true;
	return 0;
}

#define COUNTERS (2 + RP_PERF_COUNTERS)

/* An empty list replaces that of `defaults`, too. */
static int bind_counters(struct binder *b, const struct tree_node *node, void *target)
{
	const char *names[COUNTERS] = { "page-faults", "context-switches" };
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);

	memcpy(names + COUNTERS - RP_PERF_COUNTERS, perf_counter_names, sizeof(perf_counter_names));
	s->has_counters = true;
	s->measured_pos = binder__position(b, node);
	for (size_t k = 0; k < n; k++) {
		__cleanup_free char *why = NULL;
		const char *text;
		size_t i;
		int err;

		err = binder__string(b, items[k], "a counter", &text);
		if (err)
			return err;
		if (value__one_of(text, names, ARRAY_SIZE(names), &i, &why))
			return binder__fail(b, items[k], "counters: %s", why);
		s->counters |= COUNTER_PAGE_FAULTS << i;
	}
	return 0;
}

int probe__bind_max_series(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;

	return probe__bind_count(b, node, "max_series", MAX_SERIES, &list->settings.max_series);
}

/* Sets *out to the number of the word, from 1. */
static int bind_word(struct binder *b, const struct tree_node *node, const char *key,
		     const char *const *words, size_t n, size_t *out)
{
	__cleanup_free char *why = NULL;
	const char *text;
	int err = binder__string(b, node, key, &text);

	if (err)
		return err;
	if (value__one_of(text, words, n, out, &why))
		return binder__fail(b, node, "%s: %s", key, why);
	++*out;
	return 0;
}

int probe__bind_keep(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const words[] = { "first", "top" };
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	size_t i = 0;
	int err = bind_word(b, node, "keep", words, ARRAY_SIZE(words), &i);

	s->keep = i;
	return err;
}

int probe__bind_by(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const words[] = { "calls", "errors", "time" };
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	size_t i = 0;
	int err = bind_word(b, node, "by", words, ARRAY_SIZE(words), &i);

	s->by = i;
	return err;
}

int probe__bind_series_ttl(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;

	if (node->type != TREE_SCALAR || (node->plain && !*node->value))
		return binder__mistyped(b, node, "series_ttl", "a duration");
	if (!strcmp(node->value, "never"))
		s->series_ttl = INFINITY;
	else if (value__duration(node->value, &s->series_ttl, &why))
		return binder__fail(b, node, "series_ttl: %s; or never", why);
	return 0;
}

static int bind_returns(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	__cleanup_free char *why = NULL;
	const char *text;
	int err;

	err = binder__string(b, node, "returns", &text);
	if (err)
		return err;
	if (returns__parse(text, &s->returns, &s->c_type, &why))
		return binder__fail(b, node, "returns: %s", why);
	s->returns_pos = binder__position(b, node);
	return 0;
}

/* The comparison depends on the result's type, which only discovery knows. */
static int bind_error(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_settings *s = &((struct probe_list *)target)->settings;
	const char *text;
	int err;

	err = binder__string(b, node, "error", &text);
	if (err)
		return err;
	if (strcmp(text, "none") && !strpbrk(text, "<>=&"))
		return binder__fail(b, node,
				    "error: \"%.80s\" compares nothing; write an operator and a "
				    "value, as in \"< 0\" or \"== null\", or none",
				    text);
	s->error.text = xstrdup(text);
	s->error.pos = binder__position(b, node);
	return 0;
}

static int bind_description(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_notes *notes = &((struct probe_list *)target)->settings.notes;
	const char *text;
	int err;

	err = binder__string(b, node, "description", &text);
	if (err)
		return err;
	for (const char *s = text; *s; s++)
		if (iscntrl((unsigned char)*s))
			return binder__fail(b, node,
					    "description must be on one line, without control "
					    "characters");
	if (strlen(text) > PROBE_DESCRIPTION_MAX)
		return binder__fail(b, node, "description is longer than %d bytes; shorten it",
				    PROBE_DESCRIPTION_MAX);
	notes->description = xstrdup(text);
	return 0;
}

static int bind_waits(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_notes *notes = &((struct probe_list *)target)->settings.notes;
	bool waits = true;
	int err = binder__bool(b, node, "waits", &waits);

	notes->waits = waits ? WAITS_YES : WAITS_NO;
	return err;
}

static int bind_expected(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_notes *notes = &((struct probe_list *)target)->settings.notes;
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);

	for (size_t i = 0; i < n; i++) {
		__cleanup_free char *value = NULL, *why = NULL;
		int err = binder__text(b, items[i], "expected", &value);

		if (err)
			return err;
		if (probe_notes__expect(notes, value ? value : "", &why))
			return binder__fail(b, items[i], "expected: %s", why);
	}
	return 0;
}

/* ---- the keys -------------------------------------------------------------------------------- */

/* The first keys are targets and the name. `defaults` may have only the rest. */
#define NTARGET_KEYS 9
static const struct key probe_keys[] = {
	{ "functions", targets__bind_functions, "[vfs_read, \"tcp_*\", \"!tcp_v4_rcv\"]" },
	{ "syscalls", targets__bind_syscalls, "[openat, connect]" },
	{ "tracepoints", targets__bind_tracepoints, "[block:block_rq_issue]" },
	{ "raw_tracepoints", targets__bind_raw_tracepoints, "[block_rq_issue]" },
	{ "usdt", targets__bind_usdt, "[/usr/lib/postgresql/15/bin/postgres:query__start]" },
	{ "entries", targets__bind_entries, "[do_exit, /usr/sbin/nginx:ngx_worker_process_cycle]" },
	{ "user", targets__bind_user,
	  "{object: /usr/lib/x86_64-linux-gnu/libc.so.6, functions: [getaddrinfo]}" },
	{ "module", targets__bind_module, "kvm" },
	{ "probe", bind_name, "slow_reads" },
	{ "mechanism", bind_mechanism, "kretprobe" },
	{ "maxactive", bind_maxactive, "1000" },
	{ "durations", bind_durations, "off" },
	{ "returns", bind_returns, "size" },
	{ "error", bind_error, "\"< 0\"" },
	{ "labels", expressions__bind_labels, "[comm, {flags: \"arg1\"}]" },
	{ "filter", expressions__bind_filter, "\"comm == rm\"" },
	{ "observe", expressions__bind_observe, "{bytes: \"count\"}" },
	{ "sample", sampling__bind, "{when: \"duration > 100ms\", per_second: 10}" },
	{ "split", bind_split, "cpu" },
	{ "counters", bind_counters, "[page-faults, cycles]" },
	{ "buckets", probe__bind_buckets, "[0.01, 0.1, 1]" },
	{ "in_flight", bind_in_flight, "longer" },
	{ "max_series", probe__bind_max_series, "1000" },
	{ "keep", probe__bind_keep, "top" },
	{ "by", probe__bind_by, "errors" },
	{ "series_ttl", probe__bind_series_ttl, "1h30m" },
	{ "max_rate", probe__bind_max_rate, "50000" },
	{ "max_cpu", probe__bind_max_cpu, "1%" },
	{ "description", bind_description, "\"reads of the data disk\"" },
	{ "expected", bind_expected, "[EAGAIN, ENOENT]" },
	{ "waits", bind_waits, "true" },
};

const char *probe__home_of(const char *key)
{
	if (!strcmp(key, "probe")) /* elsewhere it is a misspelt `probes` */
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(probe_keys); i++)
		if (!strcmp(probe_keys[i].name, key))
			return "in a probe, under probes:";
	return targets__is_user_key(key) ? "in user:" : NULL;
}

int probe__bind_defaults(struct binder *b, const struct tree_node *map, void *target)
{
	return binder__map(b, map, "defaults", probe_keys + NTARGET_KEYS,
			   ARRAY_SIZE(probe_keys) - NTARGET_KEYS,
			   &((struct loader *)b->ctx)->defaults);
}

/* An exclusion within `functions:` has no effect on other lists. */
static int check_list(const struct probe_list *list, char **error)
{
	const struct pattern *first = list->patterns;

	if (!probe_list__only_excludes(list))
		return 0;
	return source_pos__fail(
		error, &first->pos,
		"\"%.200s\" excludes, but its list has nothing to exclude it from; add "
		"functions to the list, or move it to presets: to exclude it from presets",
		first->text);
}

static int bind_probe(struct binder *b, const struct tree_node *map)
{
	struct source_pos pos = binder__position(b, map);
	struct loader *l = b->ctx;
	struct probe_list *list = loader__add_list(l, &pos, l->in_preset);
	int err;

	err = binder__map(b, map, "a probe", probe_keys, ARRAY_SIZE(probe_keys), list);
	if (err)
		return err;
	if (!list->npatterns)
		return binder__fail(b, map,
				    "a probe without a target; give it functions, syscalls, "
				    "tracepoints, raw_tracepoints, usdt, entries or user");
	err = targets__apply_module(b, list);
	return err ? err : check_list(list, b->error);
}

/* Mappings are probes with settings. All strings together are one list, as on the command line. */
int probe__bind_all(struct binder *b, const struct tree_node *node, void *target)
{
	struct loader *l = b->ctx;
	struct probe_list bare = {};
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (items[i]->type == TREE_MAP)
			err = bind_probe(b, items[i]);
		else
			err = targets__add(b, items[i], &bare);
	}
	loader__take_list(l, &bare, l->in_preset);
	return err;
}
