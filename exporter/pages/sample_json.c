/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/sample_json.h"

#include "base/buf.h"
#include "bpf/samples.h"
#include "pages/json.h"
#include "samples/report.h"

static void json_labels(struct buf *b, const struct sample_label *v, size_t n)
{
	buf__putc(b, '{');
	for (size_t i = 0; i < n; i++) {
		buf__puts(b, i ? "," : "");
		buf__json_string(b, v[i].name);
		buf__putc(b, ':');
		buf__json_string(b, v[i].text);
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

void sample_json__print(struct buf *b, const struct sample_report *s,
			const struct sample_name *name)
{
	buf__printf(b, "{\"sample\":%llu,\"time\":", (unsigned long long)s->number);
	buf__double(b, s->time);
	json__member(b, "object", name->object);
	json__member(b, "function", name->function);
	json__member(b, "probe", name->probe);
	buf__puts(b, ",\"duration\":");
	if (s->ns == RP_SAMPLE_UNKNOWN)
		buf__puts(b, "null");
	else
		buf__double(b, (double)s->ns / 1e9);
	json_result(b, s);
	buf__puts(b, ",\"labels\":");
	json_labels(b, s->labels, s->nlabels);
	buf__puts(b, ",\"show\":");
	json_labels(b, s->shown, s->nshown);
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
