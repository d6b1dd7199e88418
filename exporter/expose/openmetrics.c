/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OpenMetrics 1.0.0 (https://github.com/prometheus/OpenMetrics).
 *
 * The sample lines are those of the text format. Metadata differs: it names the family, without
 * `_total`, and has units. An end marker tells a complete body from a truncated one. `_created`
 * lines are optional, because most scrapers store them as another series.
 */
#include "expose/openmetrics.h"

#include "expose/escape.h"
#include "expose/lines.h"

static void metadata(struct expo *e, const char *keyword)
{
	buf__puts(e->out, keyword);
	buf__puts(e->out, e->family->name);
	buf__putc(e->out, ' ');
}

static void openmetrics_family(struct expo *e)
{
	const struct metric_family *f = e->family;

	metadata(e, "# TYPE ");
	buf__puts(e->out, expo_type_names[f->type]);
	if (f->unit[0]) {
		metadata(e, "\n# UNIT ");
		buf__puts(e->out, f->unit);
	}
	metadata(e, "\n# HELP ");
	escape__text(e->out, f->help, true);
	buf__putc(e->out, '\n');
}

static void put_created(struct expo *e, double created)
{
	if (e->created_series && created > 0)
		expo_lines__again(e, "_created", created);
}

static void openmetrics_sample(struct expo *e, const struct label_set *ls, struct metric_value v,
			       double created)
{
	expo_lines__sample(e, ls, v, created);
	if (e->family->type == METRIC_COUNTER)
		put_created(e, created);
}

static void openmetrics_histogram(struct expo *e, const struct label_set *ls,
				  const struct histogram_value *v, double created)
{
	expo_lines__exemplary(e, ls, v);
	put_created(e, created);
}

static void openmetrics_finish(struct expo *e)
{
	buf__puts(e->out, "# EOF\n");
}

const struct expo_format expo_openmetrics = {
	.name = "openmetrics-1.0.0",
	.type = "application/openmetrics-text",
	/* Old scrapers, which mean 0.0.1, do not name a version. */
	.params = { { "version", "1.0.0", "0.0.1" } },
	.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	.family = openmetrics_family,
	.sample = openmetrics_sample,
	.histogram = openmetrics_histogram,
	.finish = openmetrics_finish,
};
