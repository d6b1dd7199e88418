/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page contains the table of probes, so that it works without scripts. Its script replaces the
 * table by a live one.
 */
#include "pages/landing.h"

#include "base/version.h"
#include "pages/context.h"
#include "pages/page_files.h"

#define TEXT_HTML "text/html; charset=utf-8"

/* Text of an element or of a quoted attribute. */
static void html_text(struct buf *b, const char *s)
{
	size_t left = strlen(s);

	while (left) {
		size_t n = utf8__sequence(s, left);

		switch (n ? *s : 0) {
		case 0:
			buf__puts(b, "\xef\xbf\xbd");
			n = 1;
			break;
		case '&':
			buf__puts(b, "&amp;");
			break;
		case '<':
			buf__puts(b, "&lt;");
			break;
		case '>':
			buf__puts(b, "&gt;");
			break;
		case '"':
			buf__puts(b, "&quot;");
			break;
		default:
			buf__append(b, s, n);
		}
		s += n;
		left -= n;
	}
}

static void html_cell(struct buf *b, const char *open, const char *text, const char *close)
{
	buf__puts(b, open);
	html_text(b, text ? text : "");
	buf__puts(b, close);
}

static void html_probe(struct buf *b, const struct target_state *st)
{
	const struct target *t = st->target;

	html_cell(b, "<tr><td>", st->object, "</td>");
	html_cell(b, "<td>", st->function, "</td>");
	html_cell(b, "<td><code>", t->signature, "</code></td>");
	html_cell(b, "<td>", st->attached ? st->mechanism : "", "</td>");
	if (st->attached) {
		buf__puts(b, "<td class=on>attached</td></tr>\n");
		return;
	}
	html_cell(b, "<td class=off>", target_reason_names[t->reason], "");
	html_cell(b, t->why ? ": " : "", t->why, "</td></tr>\n");
}

static void html_table(struct buf *b, const struct metrics_input *in)
{
	size_t attached = 0;

	for (size_t i = 0; i < in->ntargets; i++)
		attached += in->targets[i].attached;
	buf__printf(b, "<p>%zu of %zu probes attached.</p>\n", attached, in->ntargets);
	buf__puts(b, "<table>\n<tr><th>object</th><th>function</th><th>signature</th>"
		     "<th>mechanism</th><th>state</th></tr>\n");
	/* Problems first. */
	for (int on = 0; on <= 1; on++)
		for (size_t i = 0; i < in->ntargets; i++)
			if (in->targets[i].attached == on)
				html_probe(b, &in->targets[i]);
	buf__puts(b, "</table>\n");
}

/* ---- {{names}} ------------------------------------------------------------------------------ */

static void put_telemetry_path(const struct pages *p, struct buf *b)
{
	html_text(b, p->telemetry_path);
}

/* Liveness checks often request "/": it must work even if the counters cannot be read. */
static void put_probes(const struct pages *p, struct buf *b)
{
	struct metrics_input in = { 0 };
	int err = p->source.acquire(p->source.ctx, 0, &in);

	if (err) {
		html_cell(b, "<p class=off>The counters cannot be read: ", strerror(-err),
			  ".</p>\n");
		return;
	}
	html_table(b, &in);
	pages_source__release(&p->source, &in);
}

static const struct place {
	const char *name;
	const char *text; /* or: */
	void (*put)(const struct pages *p, struct buf *b);
} places[] = {
	{ "{{version}}", rp_version, NULL },
	{ "{{revision}}", rp_revision, NULL },
	{ "{{telemetry_path}}", NULL, put_telemetry_path },
	{ "{{probes}}", NULL, put_probes },
};

static const struct place *place_at(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strncmp(s, places[i].name, strlen(places[i].name)))
			return &places[i];
	return NULL;
}

static const char *template_text(void)
{
	const struct page_file *f = page_files;

	while (strcmp(f->name, "page.html"))
		f++;
	return f->text;
}

void pages__landing(void *ctx, const struct http_request *req, struct http_response *res)
{
	const char *s = template_text(), *next;
	struct buf *b = &res->body;

	res->content_type = TEXT_HTML;
	res->vary = "Accept-Encoding";
	res->compressible = true;
	for (; (next = strstr(s, "{{")); s = next) {
		const struct place *place = place_at(next);

		buf__append(b, s, next - s);
		if (place && place->text)
			html_text(b, place->text);
		else if (place)
			place->put(ctx, b);
		next += place ? strlen(place->name) : 2;
	}
	buf__puts(b, s);
}
