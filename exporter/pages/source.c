/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/source.h"

#include <errno.h>
#include <string.h>

#include "http/response.h"

/* Seconds of the scraper's timeout that are left for the answer to arrive. */
#define TIMEOUT_MARGIN 0.5

static double deadline_of(const struct http_request *req)
{
	double margin = req->timeout > 2 * TIMEOUT_MARGIN ? TIMEOUT_MARGIN : req->timeout / 2;

	return req->timeout ? req->arrived + req->timeout - margin : 0;
}

bool pages_source__wants(const struct http_request *req, const char *function)
{
	for (size_t i = 0; i < req->nfunctions; i++)
		if (!strcmp(req->functions[i], function))
			return true;
	return !req->nfunctions;
}

bool pages_source__acquire(const struct pages_source *s, const struct http_request *req,
			   struct metrics_input *in, struct http_response *res)
{
	int err;

	*in = (struct metrics_input){ 0 };
	if (!s->ready(s->ctx)) {
		http_response__text(res, 503, "%s", PAGES_NOT_READY);
		return false;
	}
	err = s->acquire(s->ctx, deadline_of(req), in);
	if (err == -ETIMEDOUT)
		http_response__text(res, 503,
				    "The counters could not be read within the scraper's timeout "
				    "of %g s.",
				    req->timeout);
	else if (err == -EAGAIN)
		http_response__text(res, 503,
				    "The counters cannot be read: the exporter moved some of them "
				    "at each attempt.");
	else if (err)
		http_response__text(res, 500, "The counters cannot be read: %s.", strerror(-err));
	if (!err && req->nfunctions) {
		in->functions = req->functions;
		in->nfunctions = req->nfunctions;
	}
	return !err;
}

void pages_source__release(const struct pages_source *s, struct metrics_input *in)
{
	s->release(s->ctx, in);
}
