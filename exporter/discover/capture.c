/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/capture.h"

#include <errno.h>

#include "base/log.h"
#include "config/named_label.h"
#include "discover/points.h"
#include "discover/raw_tracepoints.h"
#include "discover/scopes.h"
#include "discover/usdt.h"
#include "expr/capture_new.h"
#include "kernel/perf_counters.h"

bool capture__needs_parameters(const struct probe_settings *s)
{
	for (size_t i = 0; i < s->nlabels; i++)
		if (!named_label__of(s->labels[i].name, s->labels[i].text))
			return true;
	return s->nfilters || s->nobserved || (s->sample.on && s->sample.nshow);
}

/* Where the kernel's return probes put their own address. It has some of them. */
static void add_return_trampolines(struct sources *src, struct rp_capture_spec *k)
{
	static const char *const names[] = {
		"arch_rethook_trampoline",
		"__kretprobe_trampoline",
		"kretprobe_trampoline",
		"return_to_handler",
	};
	const struct symbols *symbols = sources__symbols(src);
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && symbols; i++) {
		const struct ksym *sym = symbols__find(symbols, names[i]);

		if (sym && n < RP_RETURN_TRAMPOLINES)
			k->return_trampoline[n++] = sym->addr;
	}
}

/* Probes go on without the counters that this machine lacks. */
static void leave_out_counters(struct sources *src, const struct probe_settings *s,
			       struct target *t)
{
	uint32_t asked = COUNTER_PERF_BITS(s->counters);

	for (uint32_t i = 0; i < RP_PERF_COUNTERS; i++) {
		const char *why = asked & 1U << i ? perf_counters__unavailable(i) : NULL;
		char *longer;

		if (!why)
			continue;
		longer = xasprintf("%s%scounter %s is unavailable: %s", t->note ? t->note : "",
				   t->note ? "; " : "", perf_counter_names[i], why);
		free(t->note);
		t->note = longer;
		if (!(src->told_counters & 1U << i) && !src->env->lenient)
			log_warn("counter %s is unavailable, and probes have no series of it: %s",
				 perf_counter_names[i], why);
		src->told_counters |= 1U << i;
	}
}

int capture__resolve(struct sources *src, const struct probe_settings *s, struct target *t,
		     const struct source_pos **pos, char **why)
{
	bool needs_types = false;
	uint32_t asked = COUNTER_PERF_BITS(s->counters);
	struct expr_scope scope = {
		.result = target__result(t),
		.needs_types = &needs_types,
		.is_point = t->at_entry,
		.perf_counters = asked ? perf_counters__available() : 0,
	};
	struct syscall_type syscall = {};
	struct event_format format = {};
	struct raw_tracepoint raw = {};
	int err;

	if (t->type == TARGET_SPAN)
		return points__capture(src, s, t, pos, why);
	if (t->type == TARGET_USER_EVENT && !t->at_entry)
		return usdt__capture(src, s, t, pos, why);
	if (s->nlabels || s->nfilters || s->nobserved || s->sample.nshow) {
		switch (t->type) {
		case TARGET_KERNEL:
			scopes__of_function(src, t, &scope);
			break;
		case TARGET_SYSCALL:
			scopes__of_syscall(src, t, &syscall, &scope);
			break;
		case TARGET_USER:
		case TARGET_USER_EVENT:
			scopes__of_user(src, t, &scope);
			break;
		case TARGET_EVENT:
			scope.signature = t->signature;
			scope.result.size = 0;
			scopes__of_event(src, t->function, &format, &scope);
			break;
		case TARGET_ENTRY:
			scope.is_point = true;
			scope.result.size = 0;
			scopes__of_function(src, t, &scope);
			break;
		case TARGET_RAW_EVENT:
			scope.result.size = 0;
			raw_tracepoints__scope(src, t->function, &raw, &scope);
			break;
		case TARGET_SPAN:
		case TARGET_TYPES:
			break;
		}
	}
	leave_out_counters(src, s, t);
	err = capture_spec__new(s, &scope, &t->error, &t->capture, pos, why);
	if (t->at_entry)
		t->points[0].capture = t->capture;
	if (!err && (t->type == TARGET_KERNEL || t->type == TARGET_ENTRY) && t->capture &&
	    t->capture->kernel.callers)
		add_return_trampolines(src, &t->capture->kernel);
	event_format__free(&syscall.format);
	event_format__free(&format);
	raw_tracepoint__release(&raw);
	free(syscall.signature);
	return err && target__is_in_file(t) && (scope.btf || needs_types) ? -ENOENT : err;
}
