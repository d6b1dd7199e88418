/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/table.h"

#include "base/buf.h"
#include "top/figures.h"

#define QUIET_SHOWN 10 /* rows without calls; more are only counted */

static const struct {
	const char *name;
	int width;
} columns[TOP_FUNCTION] = {
	[TOP_CALLS] = { "calls/s", 9 },	  [TOP_ERRORS] = { "errors/s", 9 },
	[TOP_MISSED] = { "missed/s", 9 }, [TOP_P50] = { "p50", 8 },
	[TOP_P99] = { "p99", 8 },	  [TOP_IN_FLIGHT] = { "in flight", 10 },
	[TOP_TIME] = { "time/s", 8 },
};

void table__line(struct buf *out, const char *text, unsigned width)
{
	size_t len = 0, left = strlen(text);

	for (unsigned n = 0; left && (!width || n < width); n++) {
		size_t next = utf8__sequence(text + len, left);

		next = next ? next : 1;
		len += next;
		left -= next;
	}
	buf__append(out, text, len);
	buf__putc(out, '\n');
}

void table__header(struct buf *out, unsigned width)
{
	__cleanup_buf struct buf line = {};

	for (int c = 0; c < TOP_FUNCTION; c++)
		buf__printf(&line, "%*s", columns[c].width, columns[c].name);
	buf__puts(&line, "  function");
	table__line(out, buf__str(&line), width);
}

static void print_cell(char out[FIGURE_MAX], const struct top_row *row, enum top_column c)
{
	const char *unknown = "-";

	if (!row->counted)
		snprintf(out, FIGURE_MAX, "%s", unknown);
	else if (c == TOP_CALLS)
		figure__rate(out, (double)row->calls / row->seconds);
	else if (c == TOP_ERRORS)
		figure__rate(out, (double)row->errors / row->seconds);
	else if (c == TOP_MISSED && !row->is_set)
		figure__rate(out, (double)row->all_missed / row->seconds);
	else if (c == TOP_P50)
		figure__quantile(out, &row->p50);
	else if (c == TOP_P99)
		figure__quantile(out, &row->p99);
	else if (c == TOP_IN_FLIGHT && row->has_in_flight)
		snprintf(out, FIGURE_MAX, "%llu", (unsigned long long)row->in_flight);
	else if (c == TOP_TIME && row->time >= 0)
		figure__rate(out, row->time / row->seconds);
	else
		snprintf(out, FIGURE_MAX, "%s", unknown);
}

void table__row(struct buf *out, const struct top_row *row, unsigned width)
{
	__cleanup_buf struct buf line = {};

	for (int c = 0; c < TOP_FUNCTION; c++) {
		char text[FIGURE_MAX];

		print_cell(text, row, c);
		/* A wide number leaves a blank to its neighbour. */
		buf__printf(&line, " %*s", columns[c].width - 1, text);
	}
	buf__printf(&line, "  %s", row->name + (width ? row->directory : 0));
	if (!row->state->attached)
		buf__printf(&line, " [%s]", target_reason_names[row->state->target->reason]);
	table__line(out, buf__str(&line), width);
}

/* Whether there is nothing to tell but zeros. */
static bool is_quiet(const struct top_row *row)
{
	return row->counted && row->state->attached && !row->calls && !row->all_missed &&
	       !row->in_flight;
}

void table__plain(struct buf *out, const struct top_rows *rows)
{
	size_t quiet = 0;

	for (size_t i = 0; i < rows->n; i++)
		quiet += is_quiet(&rows->v[i]);
	table__header(out, 0);
	for (size_t i = 0; i < rows->n; i++)
		if (quiet <= QUIET_SHOWN || !is_quiet(&rows->v[i]))
			table__row(out, &rows->v[i], 0);
	if (quiet > QUIET_SHOWN)
		buf__printf(out, "%zu functions without calls\n", quiet);
	if (rows->shared_missed)
		buf__printf(out,
			    "%llu calls of these functions were missed by programs that they "
			    "share\n",
			    (unsigned long long)rows->shared_missed);
}
