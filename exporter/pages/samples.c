/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/samples.h"

#include <errno.h>

#include "base/value.h"
#include "http/response.h"
#include "pages/context.h"
#include "pages/json.h"
#include "pages/sample_json.h"
#include "samples/report.h"

#define LIMIT_DEFAULT 100

/* By the first name that the request wants. NULL: none. */
static const struct sample_name *name_of(const struct http_request *req,
					 const struct sample_report *s)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (pages_source__wants(req, s->names[i].function))
			return &s->names[i];
	return NULL;
}

static void json_samples(struct buf *b, const struct http_request *req, size_t limit,
			 const struct samples_report *r)
{
	const char *comma = "\n";

	buf__puts(b, "{\"samples\":[");
	for (size_t i = 0; i < r->n && limit; i++) {
		const struct sample_name *name = name_of(req, &r->v[i]);

		if (!name)
			continue;
		buf__puts(b, comma);
		sample_json__print(b, &r->v[i], name);
		comma = ",\n";
		limit--;
	}
	buf__puts(b, "\n]}\n");
}

void pages__samples(void *ctx, const struct http_request *req, struct http_response *res)
{
	__cleanup_buf struct buf data = {};
	__cleanup_free char *why = NULL;
	unsigned long limit = LIMIT_DEFAULT;
	struct samples_report report = {};
	struct pages *p = ctx;
	struct image io;
	int err;

	if (req->limit && value__unsigned(req->limit, 1, SAMPLES_KEPT, &limit, &why)) {
		http_response__text(res, 400, "limit: %s.", why);
		return;
	}
	if (!p->source.ready(p->source.ctx)) {
		http_response__text(res, 503, "%s", PAGES_NOT_READY);
		return;
	}
	err = p->source.samples(p->source.ctx, &data);
	io = (struct image){ .next = buf__str(&data), .err = err };
	io.end = io.next ? io.next + data.len : NULL;
	if (!err)
		samples_report__image(&io, &report);
	if (io.err == -ETIMEDOUT)
		http_response__text(res, 503, "The attacher is busy; try again.");
	else if (io.err)
		http_response__text(res, 500, "The samples cannot be read: %s.", strerror(-io.err));
	else {
		res->content_type = JSON_TYPE;
		res->vary = "Accept-Encoding";
		res->compressible = true;
		json_samples(&res->body, req, limit, &report);
	}
	samples_report__free(&report);
}
