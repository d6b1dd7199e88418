/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/samples.h"

#include <errno.h>
#include <time.h>

#include "base/buf.h"
#include "expose/metrics.h"
#include "expr/capture.h"
#include "probes/sampled.h"
#include "top/figures.h"
#include "top/table.h"

#define NEWEST	   10 /* of a row */
#define FRAMES_MAX 8  /* of a line */

int top_samples__read(struct top_samples *s, struct reconcile *r, double now)
{
	struct image io;

	sampled__write(r, now, &s->image);
	if (s->image.failed)
		return -ENOMEM;
	io = (struct image){ .next = buf__str(&s->image) };
	io.end = io.next + s->image.len;
	samples_report__image(&io, &s->report);
	return io.err;
}

void top_samples__free(struct top_samples *s)
{
	samples_report__free(&s->report);
	buf__free(&s->image);
	*s = (struct top_samples){};
}

/* ---- a line ---------------------------------------------------------------------------------- */

static void put_time(struct buf *b, double time)
{
	time_t seconds = (time_t)time;
	struct tm tm = {};

	localtime_r(&seconds, &tm);
	buf__printf(b, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
		    (int)((time - (double)seconds) * 1000));
}

/* A number says more than "positive". */
static void put_result(struct buf *b, const struct sample_report *s)
{
	const char *value = s->value ? s->value : "?";
	bool is_class = !strcmp(value, "positive") || !strcmp(value, "negative");
	__cleanup_free char *number = NULL, *text = NULL;

	if (s->has_ret && is_class)
		number = s->is_signed ? xasprintf("%lld", (long long)s->ret)
				      : xasprintf("%llu", (unsigned long long)s->ret);
	text = escaped(number ? number : value);
	buf__printf(b, "  %-16s", text);
}

/* As rows are named, without the directory of a file. */
static void put_function(struct buf *b, const struct sample_report *s)
{
	const char *object = s->names[0].object, *slash = strrchr(object, '/');
	__cleanup_buf struct buf name = {};
	__cleanup_free char *text = NULL;

	if (strcmp(object, "vmlinux"))
		buf__printf(&name, "%s:", slash ? slash + 1 : object);
	buf__puts(&name, s->names[0].function);
	for (size_t i = 0; i < s->nlabels; i++)
		buf__printf(&name, "%s%s=\"%s\"%s", i ? "," : "{", s->labels[i].name,
			    s->labels[i].text, i + 1 < s->nlabels ? "" : "}");
	for (size_t i = 0; i < s->nshown; i++)
		buf__printf(&name, " %s=%s", s->shown[i].name, s->shown[i].text);
	text = escaped(buf__str(&name));
	buf__puts(b, text);
}

/* "a < b < c": the innermost first, by name. Returns how many there are. */
static int put_frames(struct buf *b, const char *stack, int n)
{
	for (const char *line = stack; line && *line && n < FRAMES_MAX; n++) {
		const char *end = strchrnul(line, '\n'),
			   *offset = memmem(line, end - line, "+0x", 3);
		__cleanup_free char *name = xstrndup(line, (offset ? offset : end) - line);
		__cleanup_free char *text = escaped(name);

		buf__printf(b, "%s%s", n ? " < " : ": ", text);
		line = *end ? end + 1 : end;
	}
	return n;
}

void top_samples__header(struct buf *out, unsigned width)
{
	__cleanup_buf struct buf line = {};

	buf__printf(&line, "%12s %10s  %-16s  %-15s %8s  %s", "time", "duration", "result", "comm",
		    "pid", "function: innermost frames");
	table__line(out, buf__str(&line), width);
}

void top_samples__line(struct buf *out, const struct sample_report *s, unsigned width)
{
	__cleanup_free char *comm = escaped(s->comm ? s->comm : "?");
	__cleanup_buf struct buf line = {};
	char duration[FIGURE_MAX] = "-";

	put_time(&line, s->time);
	if (s->ns != RP_SAMPLE_UNKNOWN)
		figure__at_most(duration, s->ns);
	buf__printf(&line, " %10s", duration);
	put_result(&line, s);
	buf__printf(&line, "  %-15s %8u  ", comm, s->pid);
	put_function(&line, s);
	put_frames(&line, s->user_stack, put_frames(&line, s->stack, 0));
	table__line(out, buf__str(&line), width);
}

/* ---- of a row -------------------------------------------------------------------------------- */

static bool has_name(const struct sample_report *s, const struct target_state *st)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (!strcmp(s->names[i].object, st->object) &&
		    !strcmp(s->names[i].function, st->function) &&
		    !strcmp(s->names[i].probe ? s->names[i].probe : "", st->probe ? st->probe : ""))
			return true;
	return false;
}

bool top_samples__is_of(const struct sample_report *s, const struct top_row *row)
{
	if (!has_name(s, row->state))
		return false;
	for (size_t i = 0; row->is_set && i < s->nlabels; i++) {
		const char *text = !row->texts	       ? LABEL_OTHERS
				   : i < row->texts->n ? row->texts->v[i]
						       : "";

		if (strcmp(s->labels[i].text, text))
			return false;
	}
	return true;
}

static void put_counts(struct buf *out, const struct top_row *row)
{
	buf__printf(out, "    %llu sample%s", (unsigned long long)row->samples,
		    row->samples == 1 ? "" : "s");
	for (int i = 0; i < RP_DROP_MAX; i++)
		if (row->dropped[i])
			buf__printf(out, ", %llu dropped (%s)", (unsigned long long)row->dropped[i],
				    sample_drop_names[i]);
	buf__putc(out, '\n');
}

void top_samples__of_row(struct buf *out, const struct top_rows *rows, const struct top_row *row,
			 unsigned width)
{
	const struct samples_report *report = rows->samples;
	size_t n = 0;

	if (row->sampled)
		put_counts(out, row);
	for (size_t i = 0; report && i < report->n && n < NEWEST; i++) {
		if (!top_samples__is_of(&report->v[i], row))
			continue;
		if (!n++)
			top_samples__header(out, width);
		top_samples__line(out, &report->v[i], width);
	}
}
