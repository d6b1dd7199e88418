/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/samples.h"

#include <errno.h>

#include "base/value.h"
#include "bpf/samples.h"
#include "http/response.h"
#include "pages/context.h"
#include "pages/json.h"
#include "samples/report.h"

#define LIMIT_DEFAULT 100

static void json_labels(struct buf *b, const struct sample_report *s)
{
	buf__puts(b, ",\"labels\":{");
	for (size_t i = 0; i < s->nlabels; i++) {
		buf__puts(b, i ? "," : "");
		buf__json_string(b, s->labels[i].name);
		buf__putc(b, ':');
		buf__json_string(b, s->labels[i].text);
	}
	buf__putc(b, '}');
}

static void json_result(struct buf *b, const struct sample_report *s)
{
	json__member(b, "outcome", s->outcome);
	json__member(b, "value", s->value);
	if (!s->has_ret)
		buf__puts(b, ",\"ret\":null");
	else if (s->is_signed)
		buf__printf(b, ",\"ret\":%lld", (long long)s->ret);
	else
		buf__printf(b, ",\"ret\":%llu", (unsigned long long)s->ret);
}

static void json_sample(struct buf *b, const struct sample_report *s,
			const struct sample_name *name)
{
	buf__printf(b, "{\"sample\":%llu,\"time\":", (unsigned long long)s->number);
	buf__double(b, s->time);
	json__member(b, "object", name->object);
	json__member(b, "function", name->function);
	buf__puts(b, ",\"duration\":");
	if (s->ns == RP_SAMPLE_UNKNOWN)
		buf__puts(b, "null");
	else
		buf__double(b, (double)s->ns / 1e9);
	json_result(b, s);
	json_labels(b, s);
	buf__printf(b, ",\"pid\":%u,\"tid\":%u", s->pid, s->tid);
	json__member(b, "comm", s->comm);
	json__member(b, "cgroup", s->cgroup);
	json__member(b, "container_id", s->container_id);
	json__member(b, "pod_uid", s->pod_uid);
	buf__puts(b, ",\"stack\":[");
	json__lines(b, s->stack);
	buf__putc(b, ']');
	json__member(b, "stack_error", s->stack_error);
	buf__puts(b, ",\"user_stack\":[");
	json__lines(b, s->user_stack);
	buf__putc(b, ']');
	json__member(b, "user_stack_error", s->user_stack_error);
	buf__putc(b, '}');
}

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
		json_sample(b, &r->v[i], name);
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
