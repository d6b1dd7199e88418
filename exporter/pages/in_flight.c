/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/in_flight.h"

#include <errno.h>

#include "http/response.h"
#include "pages/context.h"
#include "pages/json.h"
#include "scan/report.h"

static void json_name(struct buf *b, const struct report_name *name)
{
	buf__puts(b, "{\"object\":");
	buf__json_string(b, name->object);
	json__member(b, "function", name->function);
	json__member(b, "probe", name->probe);
}

/* By its first name that the request wants. False: there is none. */
static bool json_call(struct buf *b, const struct http_request *req, const struct report_call *c,
		      const char *comma)
{
	size_t i = 0;

	while (i < c->nnames && !pages_source__wants(req, c->names[i].function))
		i++;
	if (i == c->nnames)
		return false;
	buf__puts(b, comma);
	json_name(b, &c->names[i]);
	buf__puts(b, ",\"age\":");
	buf__double(b, (double)c->age / 1e9);
	buf__printf(b, ",\"at_least\":%s,\"pid\":%u,\"tid\":%u", c->at_least ? "true" : "false",
		    c->pid, c->tid);
	json__member(b, "comm", c->comm);
	json__member(b, "cgroup", c->cgroup);
	json__member(b, "container_id", c->container_id);
	json__member(b, "pod_uid", c->pod_uid);
	buf__puts(b, ",\"stack\":[");
	json__lines(b, c->stack);
	buf__puts(b, "]}");
	return true;
}

static void json_report(struct buf *b, const struct http_request *req, const struct report *r)
{
	const char *comma = "\n";

	buf__puts(b, "{\"scanned\":");
	if (r->scanned > 0)
		buf__double(b, r->scanned);
	else
		buf__puts(b, "null");
	buf__printf(b, ",\"truncated\":%s,\"calls\":[", r->truncated ? "true" : "false");
	for (size_t i = 0; i < r->ncalls; i++)
		if (json_call(b, req, &r->calls[i], comma))
			comma = ",\n";
	buf__puts(b, "\n],\"unknown\":[");
	comma = "\n";
	for (size_t i = 0; i < r->nunknown; i++) {
		if (!pages_source__wants(req, r->unknown[i].name.function))
			continue;
		buf__puts(b, comma);
		json_name(b, &r->unknown[i].name);
		json__member(b, "why", r->unknown[i].why);
		buf__putc(b, '}');
		comma = ",\n";
	}
	buf__puts(b, "\n]}\n");
}

void pages__in_flight(void *ctx, const struct http_request *req, struct http_response *res)
{
	__cleanup_buf struct buf data = {};
	struct pages *p = ctx;
	struct report report = {};
	struct image io;
	int err;

	if (!p->source.ready(p->source.ctx)) {
		http_response__text(res, 503, "%s", PAGES_NOT_READY);
		return;
	}
	err = p->source.calls(p->source.ctx, &data);
	io = (struct image){ .next = buf__str(&data), .err = err };
	io.end = io.next ? io.next + data.len : NULL;
	if (!err)
		report__image(&io, &report);
	if (io.err == -ETIMEDOUT)
		http_response__text(res, 503, "The attacher is busy; try again.");
	else if (io.err)
		http_response__text(res, 500, "The calls in progress cannot be read: %s.",
				    strerror(-io.err));
	else {
		res->content_type = JSON_TYPE;
		res->vary = "Accept-Encoding";
		res->compressible = true;
		json_report(&res->body, req, &report);
	}
	report__free(&report);
}
