/* SPDX-License-Identifier: GPL-2.0-only */
/* The Prometheus text format, version 0.0.4. */
#include "expose/text.h"

#include "expose/escape.h"
#include "expose/lines.h"

/* In version 0.0.4 `_total` is part of a counter's name in metadata, too. */
static void put_name(struct buf *out, const struct metric_family *f)
{
	buf__puts(out, f->name);
	if (f->type == METRIC_COUNTER)
		buf__puts(out, "_total");
}

static void text_family(struct expo *e)
{
	const struct metric_family *f = e->family;

	buf__puts(e->out, "# HELP ");
	put_name(e->out, f);
	buf__putc(e->out, ' ');
	escape__text(e->out, f->help, false);
	buf__puts(e->out, "\n# TYPE ");
	put_name(e->out, f);
	buf__putc(e->out, ' ');
	buf__puts(e->out, expo_type_names[f->type]);
	buf__putc(e->out, '\n');
}

const struct expo_format expo_text = {
	.name = "text-0.0.4",
	.type = "text/plain",
	.params = { { "version", "0.0.4", "0.0.4" } },
	.content_type = "text/plain; version=0.0.4; charset=utf-8",
	.family = text_family,
	.sample = expo_lines__sample,
	.histogram = expo_lines__histogram,
};
