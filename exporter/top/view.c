/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/view.h"

#include "top/figures.h"
#include "top/histogram.h"
#include "top/samples.h"
#include "top/table.h"

#define LINES_AROUND 3 /* title, header, keys */
#define LINES_MAX    (1 << 20)

/* ---- keys ------------------------------------------------------------------------------------ */

static const char sort_keys[TOP_COLUMNS] = {
	[TOP_CALLS] = 'c', [TOP_ERRORS] = 'e',	  [TOP_MISSED] = 'm', [TOP_P50] = '5',
	[TOP_P99] = '9',   [TOP_IN_FLIGHT] = 'i', [TOP_TIME] = 't',   [TOP_FUNCTION] = 'f',
};

static bool is_there(const struct view *v, const struct top_rows *rows, size_t *at)
{
	for (*at = 0; *at < rows->n && v->selected; ++*at)
		if (!strcmp(rows->v[*at].name, v->selected))
			return true;
	*at = 0;
	return rows->n && !v->selected;
}

/* A label set has no row while it has no calls. */
static size_t find_selected(const struct view *v, const struct top_rows *rows)
{
	size_t at;

	is_there(v, rows, &at);
	return at;
}

static void select_row(struct view *v, const struct top_rows *rows, size_t i)
{
	free(v->selected);
	v->selected = i < rows->n ? xstrdup(rows->v[i].name) : NULL;
}

/* The number of the row or line that a key leads to. */
static size_t move(const struct view *v, unsigned key, size_t at, size_t n)
{
	size_t last = n ? n - 1 : 0, page = v->page ? v->page : 1;

	switch (key) {
	case KEY_UP:
	case 'k':
		return at ? at - 1 : 0;
	case KEY_DOWN:
	case 'j':
		return at < last ? at + 1 : last;
	case KEY_PAGE_UP:
		return at > page ? at - page : 0;
	case KEY_PAGE_DOWN:
		return last - at > page ? at + page : last;
	case KEY_HOME:
		return 0;
	case KEY_END:
		return last;
	}
	return at;
}

/* Of text that scrolls: the histogram, or samples. */
static void key_of_text(struct view *v, unsigned key)
{
	if (key == KEY_BACK || key == KEY_ENTER || key == 'q' || (key == 's' && v->listing)) {
		v->opened = v->listing = false;
		v->top = 0;
	} else {
		v->top = move(v, key, v->top, LINES_MAX); /* drawing clips it */
	}
}

static void key_of_table(struct view *v, unsigned key, const struct top_rows *rows)
{
	size_t at = find_selected(v, rows), to = move(v, key, at, rows->n);

	for (int c = 0; c < TOP_COLUMNS; c++)
		if (key == (unsigned char)sort_keys[c])
			v->sort = c;
	if (key == 'q')
		v->quit = true;
	else if (key == 's')
		v->listing = true;
	else if (key == 'r')
		v->reverse = !v->reverse;
	else if (key == KEY_ENTER && rows->n)
		v->opened = true;
	else if (key == KEY_BACK || to == at)
		return;
	if (v->opened || to != at)
		select_row(v, rows, to);
	if (v->opened || v->listing)
		v->top = 0;
}

void view__key(struct view *v, unsigned key, const struct top_rows *rows)
{
	if (key == 'w')
		v->since_start = !v->since_start;
	else if (v->opened || v->listing)
		key_of_text(v, key);
	else
		key_of_table(v, key, rows);
}

void view__free(struct view *v)
{
	free(v->selected);
}

/* ---- the screen ------------------------------------------------------------------------------ */

static void draw_title(const struct view *v, const struct top_rows *rows, unsigned width,
		       struct buf *out)
{
	__cleanup_buf struct buf line = {};
	char seconds[FIGURE_MAX];

	figure__seconds(seconds, rows->seconds);
	if (v->listing)
		buf__puts(&line, "retprobe_exporter top  samples, the newest first");
	else
		buf__printf(&line, "retprobe_exporter top  %s %s  by %s%s",
			    v->since_start ? "since the start:" : "last", seconds,
			    top_column_names[v->sort], v->reverse ? ", reversed" : "");
	if (rows->shared_missed)
		buf__printf(&line, "  missed by shared programs: %llu",
			    (unsigned long long)rows->shared_missed);
	table__line(out, buf__str(&line), width);
}

/* As many empty lines as are left, the message, and the keys. */
static void draw_end(const struct screen *s, const char *keys, size_t used, struct buf *out)
{
	size_t end = s->message ? 2 : 1;

	for (; used + end < s->height; used++)
		buf__putc(out, '\n');
	if (s->message)
		table__line(out, s->message, s->width);
	table__line(out, keys, s->width);
}

static void draw_table(struct view *v, const struct top_rows *rows, const struct screen *s,
		       struct buf *out, int bright[2])
{
	size_t at = find_selected(v, rows), shown = 0;

	if (at < v->top)
		v->top = at;
	if (v->page && at >= v->top + v->page)
		v->top = at - v->page + 1;
	if (v->top + v->page > rows->n)
		v->top = rows->n > v->page ? rows->n - v->page : 0;
	table__header(out, s->width);
	for (size_t i = v->top; i < rows->n && shown < v->page; i++, shown++)
		table__row(out, &rows->v[i], s->width);
	bright[0] = 1;
	bright[1] = rows->n ? (int)(2 + at - v->top) : -1;
	draw_end(s,
		 "sort: c e m 5 9 i t f  r reverse  w window  s samples  Enter histogram  q quit",
		 2 + shown, out);
}

static void print_row(const struct view *v, const struct top_rows *rows, const struct screen *s,
		      struct buf *text)
{
	size_t at;

	if (!is_there(v, rows, &at)) {
		buf__printf(text, "%s\n    no calls\n", v->selected);
		return;
	}
	histogram__print(text, rows, &rows->v[at], s->width);
	top_samples__of_row(text, rows, &rows->v[at], s->width);
}

static bool is_any_sampled(const struct top_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].sampled)
			return true;
	return false;
}

static void print_samples(const struct top_rows *rows, const struct screen *s, struct buf *text)
{
	const struct samples_report *report = rows->samples;

	if (!is_any_sampled(rows))
		buf__puts(text,
			  "no function is sampled; start top with --sample='duration > 10ms'\n");
	else if (!report || !report->n)
		buf__puts(text, "no call has been sampled\n");
	else
		top_samples__header(text, s->width);
	for (size_t i = 0; report && i < report->n; i++)
		top_samples__line(text, &report->v[i], s->width);
}

static void draw_text(struct view *v, const struct top_rows *rows, const struct screen *s,
		      struct buf *out, int bright[2])
{
	__cleanup_buf struct buf text = {};
	size_t n = 0, shown = 0;

	if (v->listing)
		print_samples(rows, s, &text);
	else
		print_row(v, rows, s, &text);
	for (const char *p = buf__str(&text); p && *p; p = strchr(p, '\n') + 1)
		n++;
	if (v->top + v->page > n)
		v->top = n > v->page ? n - v->page : 0;
	n = 0;
	for (char *p = text.data, *end; p && *p && shown < v->page; p = end + 1, n++) {
		end = strchr(p, '\n');
		*end = '\0';
		if (n < v->top)
			continue;
		table__line(out, p, s->width);
		shown++;
	}
	bright[0] = v->top ? -1 : 1;
	bright[1] = -1;
	draw_end(s, "up, down: scroll | w window | Esc back to the table", 1 + shown, out);
}

void view__draw(struct view *v, const struct top_rows *rows, const struct screen *screen,
		struct buf *out, int bright[2])
{
	bool is_text = v->opened || v->listing;
	size_t around = is_text ? 2 : LINES_AROUND;

	around += screen->message != NULL;
	v->page = screen->height > around ? screen->height - around : 1;
	draw_title(v, rows, screen->width, out);
	if (is_text)
		draw_text(v, rows, screen, out, bright);
	else
		draw_table(v, rows, screen, out, bright);
}
