/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages. Each is made from one acquired reading, in memory, before anything is sent; none can
 * do harm by being asked for often, and all but /metrics also answer while scrapes are limited.
 */
#include "pages.h"
#include "self.h"
#include "version.h"

#include <errno.h>
#include <time.h>

#define TEXT_HTML "text/html; charset=utf-8"
#define JSON	  "application/json; charset=utf-8"
#define NROUTES	  6

struct pages {
	char *telemetry_path;
	struct pages_source source;
	struct http_route routes[NROUTES + 1];
};

/* A failed reading has answered already. */
static bool acquire(const struct pages *p, struct metrics_input *in, struct http_response *res)
{
	int err;

	*in = (struct metrics_input){ 0 };
	err = p->source.acquire(p->source.ctx, in);
	if (err)
		http_response__text(res, 500, "The counters cannot be read: %s.", strerror(-err));
	return !err;
}

static void release(const struct pages *p, struct metrics_input *in)
{
	p->source.release(p->source.ctx, in);
}

static double monotonic_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *object_of(const struct target *t)
{
	return t->object ? t->object : t->type == TARGET_SYSCALL ? "syscall" : "vmlinux";
}

/* ---- /metrics -------------------------------------------------------------------------------- */

static void metrics_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	const struct expo_format *format = expo__negotiate(req->accept);
	double begin = monotonic_seconds();
	struct pages *p = ctx;
	struct metrics_input in;
	struct self self;
	struct expo e;

	if (!acquire(p, &in, res))
		return;
	if (!in.self) {
		self__read(&self);
		in.self = &self;
	}
	if (req->nfunctions) {
		in.functions = req->functions;
		in.nfunctions = req->nfunctions;
	}
	res->content_type = format->content_type;
	res->vary = "Accept, Accept-Encoding";
	res->compressible = true;
	expo__begin(&e, format, &res->body);
	metrics__write(&in, &e);
	expo__end(&e);
	release(p, &in);
	self__note_scrape(monotonic_seconds() - begin);
}

/* ---- /-/ ------------------------------------------------------------------------------------- */

static void healthy_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	http_response__text(res, 200, "retprobe_exporter is healthy.");
}

static void ready_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	struct pages *p = ctx;

	if (p->source.ready(p->source.ctx))
		http_response__text(res, 200, "retprobe_exporter is ready.");
	else
		http_response__text(res, 503, "retprobe_exporter is not ready: still attaching.");
}

static void reload_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	http_response__text(res, 403, "The lifecycle API is not enabled.");
}

/* ---- /api/v1/probes -------------------------------------------------------------------------- */

static const char *const type_names[] = {
	[TARGET_KERNEL] = "kernel",
	[TARGET_SYSCALL] = "syscall",
	[TARGET_USER] = "user",
};

static void json_member(struct buf *b, const char *name, const char *value)
{
	buf__printf(b, ",\"%s\":", name);
	if (value)
		buf__json_string(b, value);
	else
		buf__puts(b, "null");
}

/* What is known only while a probe is attached. */
/* Reasons of the mask, and whatever else is not 0. */
static void json_missed(struct buf *b, const uint64_t missed[MISSED_MAX], uint32_t reasons)
{
	const char *comma = "";

	buf__puts(b, ",\"missed\":{");
	for (int r = 0; r < MISSED_MAX; r++) {
		if (!missed[r] && !(reasons & 1U << r))
			continue;
		buf__printf(b, "%s\"%s\":%llu", comma, missed_reason_names[r],
			    (unsigned long long)missed[r]);
		comma = ",";
	}
	buf__putc(b, '}');
}

static void json_counts(struct buf *b, const struct metrics_input *in,
			const struct target_state *st)
{
	uint32_t id = st->target->id;
	uint64_t calls = 0;

	if (id < in->snapshot->n) {
		for (uint32_t i = 0; i < in->grid->ncells; i++)
			calls += in->snapshot->targets[id].cells[i];
		buf__printf(b, ",\"calls\":%llu", (unsigned long long)calls);
	}
	if (in->losses && id < in->losses->n)
		json_missed(b, in->losses->targets[id].missed, in->losses->targets[id].reasons);
	else
		json_missed(b, (uint64_t[MISSED_MAX]){}, 0);
}

static void json_probe(struct buf *b, const struct metrics_input *in, const struct target_state *st)
{
	const struct target *t = st->target;

	buf__puts(b, "{\"object\":");
	buf__json_string(b, object_of(t));
	json_member(b, "function", t->function);
	json_member(b, "type", type_names[t->type]);
	json_member(b, "signature", t->signature);
	/* Of a function that was not found nothing is known. */
	json_member(b, "returns", st->attached || t->signature ? kind_names[t->kind] : NULL);
	json_member(b, "mechanism", st->attached ? st->mechanism : NULL);
	buf__printf(b, ",\"attached\":%s", st->attached ? "true" : "false");
	json_member(b, "reason", st->attached ? "" : target_reason_names[t->reason]);
	json_member(b, "why", st->attached ? NULL : t->why);
	json_member(b, "caveat", st->attached ? st->caveat : NULL);
	buf__puts(b, ",\"created\":");
	if (st->attached)
		buf__double(b, st->created);
	else
		buf__puts(b, "null");
	if (st->attached)
		json_counts(b, in, st);
	buf__putc(b, '}');
}

static void probes_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	struct buf *b = &res->body;
	struct pages *p = ctx;
	struct metrics_input in;

	if (!acquire(p, &in, res))
		return;
	res->content_type = JSON;
	res->vary = "Accept-Encoding";
	res->compressible = true;

	buf__puts(b, "{\"version\":");
	buf__json_string(b, rp_version);
	buf__puts(b, ",\"probes\":[");
	for (size_t i = 0; i < in.ntargets; i++) {
		buf__puts(b, i ? ",\n" : "\n");
		json_probe(b, &in, &in.targets[i]);
	}
	/* Losses of programs that several functions share. */
	buf__puts(b, "\n],\"shared_missed\":[");
	for (size_t i = 0; in.losses && i < in.losses->nshared; i++) {
		const struct losses_shared *s = &in.losses->shared[i];

		buf__puts(b, i ? ",{\"mechanism\":" : "{\"mechanism\":");
		buf__json_string(b, s->mechanism);
		json_missed(b, s->missed, 1U << MISSED_RECURSION);
		buf__putc(b, '}');
	}
	buf__puts(b, "]}\n");
	release(p, &in);
}

/* ---- / --------------------------------------------------------------------------------------- */

static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;"
	"color:#1c2024;background:#fff}h1{font-size:1.6rem;margin:0}p{margin:.4rem 0}"
	"nav{margin:1rem 0}nav a{margin-right:1.2rem}a{color:#0b62a8}"
	"table{border-collapse:collapse;width:100%;font-size:.9rem}"
	"th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #dfe3e7;"
	"vertical-align:top;overflow-wrap:anywhere}th{color:#5b646d;font-weight:600}"
	"code{font:.85rem ui-monospace,monospace}.off{color:#a4262c}.on{color:#1d7a3a}"
	"@media(prefers-color-scheme:dark){body{color:#dfe3e7;background:#16191c}a{color:#6cb6f0}"
	"th,td{border-color:#33393f}th{color:#98a2ab}.off{color:#f0868b}.on{color:#6fce8c}}";

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

	html_cell(b, "<tr><td>", object_of(t), "</td>");
	html_cell(b, "<td>", t->function, "</td>");
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
	for (size_t i = 0; i < in->ntargets; i++)
		html_probe(b, &in->targets[i]);
	buf__puts(b, "</table>\n");
}

static void landing_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	struct buf *b = &res->body;
	struct pages *p = ctx;
	struct metrics_input in = { 0 };
	int err = p->source.acquire(p->source.ctx, &in);

	res->content_type = TEXT_HTML;
	res->vary = "Accept-Encoding";
	res->compressible = true;
	buf__puts(b, "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
		     "<meta name=viewport content=\"width=device-width\">\n"
		     "<title>retprobe_exporter</title>\n<style>");
	buf__puts(b, style);
	buf__puts(b, "</style>\n</head>\n<body>\n<h1>retprobe_exporter</h1>\n"
		     "<p>How often functions are called, what they return, and how long they "
		     "take.</p>\n");
	html_cell(b, "<p>Version ", rp_version, ", ");
	html_cell(b, "revision ", rp_revision, "</p>\n");
	html_cell(b, "<nav><a href=\"", p->telemetry_path, "\">Metrics</a>");
	buf__puts(b, "<a href=\"/api/v1/probes\">Probes (JSON)</a><a href=\"/-/healthy\">Health</a>"
		     "<a href=\"/-/ready\">Readiness</a></nav>\n");
	/* This page is what probes of liveness ask for by habit: it is there even so. */
	if (err) {
		html_cell(b, "<p class=off>The counters cannot be read: ", strerror(-err),
			  ".</p>\n");
	} else {
		html_table(b, &in);
		release(p, &in);
	}
	buf__puts(b, "</body>\n</html>\n");
}

/* ---------------------------------------------------------------------------------------------- */

struct pages *pages__new(const char *telemetry_path, const struct pages_source *source)
{
	struct pages *p = xcalloc(1, sizeof(*p));
	struct http_route *r = p->routes;

	p->telemetry_path = xstrdup(telemetry_path);
	p->source = *source;
	*r++ = (struct http_route){ p->telemetry_path, metrics_page, HTTP_READ, true };
	if (strcmp(telemetry_path, "/"))
		*r++ = (struct http_route){ "/", landing_page, HTTP_READ, false };
	*r++ = (struct http_route){ "/-/healthy", healthy_page, HTTP_READ, false };
	*r++ = (struct http_route){ "/-/ready", ready_page, HTTP_READ, false };
	*r++ = (struct http_route){ "/-/reload", reload_page, HTTP_WRITE, false };
	*r++ = (struct http_route){ "/api/v1/probes", probes_page, HTTP_READ, false };
	return p;
}

const struct http_route *pages__routes(const struct pages *p)
{
	return p->routes;
}

void pages__free(struct pages *p)
{
	if (!p)
		return;
	free(p->telemetry_path);
	free(p);
}
