/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/settings.h"

#include <math.h>

#define DEFAULT_MAXACTIVE 4096
#define DEFAULT_MAX_RATE  1000000

void probe_settings__free(struct probe_settings *s)
{
	expression__free_all(s->labels, s->nlabels);
	expression__free_all(s->filters, s->nfilters);
	expression__free_all(s->observed, s->nobserved);
	expression__free_all(s->sample.when, s->sample.nwhen);
	expression__free_all(s->sample.show, s->sample.nshow);
	free(s->name);
	free(s->buckets.v);
	free(s->error.text);
	free(s->mechanism);
	probe_notes__free(&s->notes);
	span_settings__free(s->span);
	memset(s, 0, sizeof(*s));
}

/* A list that was given empty has a pointer, too. */
static void fill_expressions(struct expression **v, size_t *n, const struct expression *from,
			     size_t nfrom)
{
	if (*v)
		return;
	for (size_t i = 0; i < nfrom; i++) {
		struct expression *e = array__grow(v, n, sizeof(*e));

		e->name = from[i].name ? xstrdup(from[i].name) : NULL;
		e->text = xstrdup(from[i].text);
		e->pos = from[i].pos;
	}
}

/* Other defaults are for functions. */
static struct probe_settings defaults_of_spans(const struct probe_settings *defaults)
{
	return (struct probe_settings){
		.buckets = defaults->buckets,
		.max_series = defaults->max_series,
		.keep = defaults->keep,
		.series_ttl = defaults->series_ttl,
		.has_max_rate = defaults->has_max_rate,
		.max_rate = defaults->max_rate,
		.max_cpu = defaults->max_cpu,
	};
}

static void fill_buckets(struct probe_settings *s, const struct probe_settings *defaults)
{
	if (s->buckets.given || !defaults->buckets.given)
		return;
	s->buckets = defaults->buckets;
	s->buckets.v = xcalloc(s->buckets.n + 1, sizeof(*s->buckets.v));
	if (s->buckets.n)
		memcpy(s->buckets.v, defaults->buckets.v, s->buckets.n * sizeof(*s->buckets.v));
}

void probe_settings__fill(struct probe_settings *s, const struct probe_settings *defaults)
{
	struct probe_settings of_spans = defaults_of_spans(defaults);

	if (s->span)
		defaults = &of_spans;
	if (!s->mechanism && defaults->mechanism)
		s->mechanism = xstrdup(defaults->mechanism);
	if (!s->maxactive)
		s->maxactive = defaults->maxactive ? defaults->maxactive : DEFAULT_MAXACTIVE;
	if (!s->returns_pos.file) {
		s->returns = defaults->returns;
		s->c_type = defaults->c_type;
		s->returns_pos = defaults->returns_pos;
	}
	if (!s->error.text && defaults->error.text) {
		s->error = defaults->error;
		s->error.text = xstrdup(defaults->error.text);
	}
	/* "none" had to differ from a missing key until here. */
	if (s->error.text && !strcmp(s->error.text, "none"))
		free(take_ptr(s->error.text));
	fill_expressions(&s->labels, &s->nlabels, defaults->labels, defaults->nlabels);
	fill_expressions(&s->filters, &s->nfilters, defaults->filters, defaults->nfilters);
	fill_expressions(&s->observed, &s->nobserved, defaults->observed, defaults->nobserved);
	if (!s->sample.given) {
		s->sample = defaults->sample;
		s->sample.when = s->sample.show = NULL;
		s->sample.nwhen = s->sample.nshow = 0;
		fill_expressions(&s->sample.when, &s->sample.nwhen, defaults->sample.when,
				 defaults->sample.nwhen);
		fill_expressions(&s->sample.show, &s->sample.nshow, defaults->sample.show,
				 defaults->sample.nshow);
	}
	fill_buckets(s, defaults);
	if (!s->has_max_rate) {
		s->max_rate = defaults->has_max_rate ? defaults->max_rate : DEFAULT_MAX_RATE;
		s->has_max_rate = defaults->has_max_rate;
	}
	if (!s->max_cpu)
		s->max_cpu = defaults->max_cpu;
	if (!s->has_durations)
		s->untimed = defaults->untimed;
	if (s->in_flight == IN_FLIGHT_DEFAULT)
		s->in_flight = defaults->in_flight ? defaults->in_flight : IN_FLIGHT_ON;
	if (!s->has_split && !s->has_counters)
		s->measured_pos = defaults->measured_pos;
	if (!s->has_split)
		s->off_cpu = defaults->off_cpu;
	if (!s->has_counters)
		s->counters = defaults->counters;
	if (!s->max_series)
		s->max_series = defaults->max_series;
	if (s->keep == KEEP_DEFAULT)
		s->keep = defaults->keep ? defaults->keep : KEEP_FIRST;
	if (s->series_ttl == 0)
		s->series_ttl = defaults->series_ttl;
	/* "never" had to differ from a missing key until here. */
	if (isinf(s->series_ttl))
		s->series_ttl = 0;
	probe_notes__fill(&s->notes, &defaults->notes);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_sampling(const struct sampling *a, const struct sampling *b)
{
	if (!a->on || !b->on)
		return a->on == b->on;
	return a->per_second == b->per_second && a->stacks == b->stacks &&
	       expression__same_all(a->when, a->nwhen, b->when, b->nwhen) &&
	       expression__same_all(a->show, a->nshow, b->show, b->nshow);
}

static bool same_buckets(const struct probe_settings *a, const struct probe_settings *b)
{
	return a->buckets.given == b->buckets.given && a->buckets.n == b->buckets.n &&
	       (!a->buckets.n ||
		!memcmp(a->buckets.v, b->buckets.v, a->buckets.n * sizeof(*a->buckets.v)));
}

static uint32_t series_of(const struct probe_settings *s)
{
	return s->max_series ? s->max_series : MAX_SERIES_DEFAULT;
}

bool probe_settings__same(const struct probe_settings *a, const struct probe_settings *b)
{
	return same_text(a->name, b->name) && same_text(a->mechanism, b->mechanism) &&
	       a->maxactive == b->maxactive && a->untimed == b->untimed &&
	       a->returns == b->returns && a->c_type == b->c_type &&
	       same_text(a->error.text, b->error.text) && series_of(a) == series_of(b) &&
	       a->off_cpu == b->off_cpu && a->counters == b->counters && a->keep == b->keep &&
	       a->by == b->by && a->series_ttl == b->series_ttl && a->in_flight == b->in_flight &&
	       span_settings__same(a->span, b->span) && same_buckets(a, b) &&
	       expression__same_all(a->labels, a->nlabels, b->labels, b->nlabels) &&
	       expression__same_all(a->filters, a->nfilters, b->filters, b->nfilters) &&
	       expression__same_all(a->observed, a->nobserved, b->observed, b->nobserved) &&
	       same_sampling(&a->sample, &b->sample);
}

bool probe_settings__same_limits(const struct probe_settings *a, const struct probe_settings *b)
{
	return a->max_rate == b->max_rate && a->has_max_rate == b->has_max_rate &&
	       a->max_cpu == b->max_cpu;
}
