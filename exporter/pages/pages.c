/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each page is made in memory from one snapshot before anything is sent. The number of concurrent
 * requests is limited, that of /metrics apart from the others.
 */
#include "pages/pages.h"

#include <ctype.h>

#include "base/clock.h"
#include "base/self.h"
#include "expose/formats.h"
#include "expose/metrics.h"
#include "http/accept.h"
#include "http/response.h"
#include "pages/context.h"
#include "pages/history.h"
#include "pages/in_flight.h"
#include "pages/json.h"
#include "pages/landing.h"
#include "pages/page_files.h"
#include "pages/probes.h"
#include "pages/samples.h"

/* ---- /metrics -------------------------------------------------------------------------------- */

static void metrics_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	const struct expo_format *format = accept__format(expo_formats, EXPO_FORMATS, req->accept);
	double begin = monotonic_seconds();
	struct pages *p = ctx;
	struct metrics_input in;
	struct self self;
	struct expo e;

	if (!pages_source__acquire(&p->source, req, &in, res))
		return;
	if (!in.self) {
		self__read(&self);
		in.self = &self;
	}
	res->content_type = format->content_type;
	res->vary = "Accept, Accept-Encoding";
	res->compressible = true;
	expo__begin(&e, format, &res->body);
	e.created_series = p->openmetrics_created;
	metrics__write(&in, &e);
	expo__end(&e);
	history__record(p->source.history, &in, now_seconds());
	pages_source__release(&p->source, &in);
	self__note_scrape(monotonic_seconds() - begin);
}

/* ---- /api/v1/history ------------------------------------------------------------------------- */

static void history_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	struct pages *p = ctx;

	res->content_type = JSON_TYPE;
	res->vary = "Accept-Encoding";
	res->compressible = true;
	history__write(p->source.history, now_seconds(), &res->body);
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
		http_response__text(res, 503, "%s", PAGES_NOT_READY);
}

/* The length of "FILE:LINE:COLUMN", which most errors begin with. The rest may quote the
 * configuration, which clients must not see. */
static int place_length(const char *error)
{
	const char *end = error ? strstr(error, ": ") : NULL, *p = end;
	int colons = 0;

	for (; p > error && (isdigit((unsigned char)p[-1]) || (p[-1] == ':' && colons < 2)); p--)
		colons += p[-1] == ':';
	return end && p > error && colons == 2 ? (int)(end - error) : 0;
}

static void reload_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	__cleanup_free char *error = NULL;
	struct pages *p = ctx;

	if (!p->source.reload)
		http_response__text(res, 403,
				    "Reloading over HTTP is not enabled: --web.enable-lifecycle.");
	else if (p->source.reload(p->source.ctx, &error))
		http_response__text(res, 500,
				    "The configuration stays as it was%s%.*s. The log says why.",
				    place_length(error) ? ": see " : "", place_length(error),
				    error ? error : "");
	else
		http_response__text(res, 200, "The configuration has been reloaded.");
}

/* ---- /page/ ---------------------------------------------------------------------------------- */

static const struct {
	const char *suffix, *content_type;
} file_types[] = {
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
};

/* NULL: the file is not served. */
static const char *content_type_of(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix && i < ARRAY_SIZE(file_types); i++)
		if (!strcmp(suffix, file_types[i].suffix))
			return file_types[i].content_type;
	return NULL;
}

static void file_page(void *ctx, const struct http_request *req, struct http_response *res)
{
	const struct page_file *f = page_files;

	while (strcmp(f->name, strrchr(req->path, '/') + 1))
		f++;
	res->content_type = content_type_of(f->name);
	res->vary = "Accept-Encoding";
	res->compressible = true;
	buf__puts(&res->body, f->text);
}

/* ---- the table of paths ---------------------------------------------------------------------- */

/* The landing page is at "/", unless --web.telemetry-path is. */
static const struct http_route fixed_routes[] = {
	{ "/-/healthy", healthy_page, HTTP_READ, HTTP_SMALL },
	{ "/-/ready", ready_page, HTTP_READ, HTTP_SMALL },
	{ "/-/reload", reload_page, HTTP_WRITE, HTTP_CHANGE },
	{ "/api/v1/probes", pages__probes, HTTP_READ, HTTP_PAGE },
	{ "/api/v1/inflight", pages__in_flight, HTTP_READ, HTTP_PAGE },
	{ "/api/v1/samples", pages__samples, HTTP_READ, HTTP_PAGE },
	{ "/api/v1/history", history_page, HTTP_READ, HTTP_PAGE },
	{ "/", pages__landing, HTTP_READ, HTTP_PAGE },
};

static size_t count_files(void)
{
	size_t n = 0;

	while (page_files[n].name)
		n++;
	return n;
}

struct pages *pages__new(const struct web_config *web, const struct pages_source *source)
{
	struct pages *p = xcalloc(1, sizeof(*p));
	struct http_route *r;

	p->telemetry_path = xstrdup(web->telemetry_path);
	p->openmetrics_created = web->openmetrics_created;
	p->source = *source;
	/* Two more: the metrics, and the end. */
	p->routes = r = xcalloc(ARRAY_SIZE(fixed_routes) + count_files() + 2, sizeof(*r));
	/* Of two routes with one path the first answers. */
	*r++ = (struct http_route){ p->telemetry_path, metrics_page, HTTP_READ, HTTP_SCRAPE };
	for (size_t i = 0; i < ARRAY_SIZE(fixed_routes); i++)
		*r++ = fixed_routes[i];
	for (const struct page_file *f = page_files; f->name; f++)
		if (content_type_of(f->name))
			*r++ = (struct http_route){ xasprintf("/page/%s", f->name), file_page,
						    HTTP_READ, HTTP_PAGE };
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
	for (struct http_route *r = p->routes; r->path; r++)
		if (r->handle == file_page)
			free((char *)r->path);
	free(p->routes);
	free(p->telemetry_path);
	free(p);
}
