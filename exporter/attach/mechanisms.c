/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/mechanisms.h"

/* The last one of each type has the fewest needs. uprobe.ret comes before the return probes, but
 * takes only functions that return probes could break (attach/choice.c). */
const struct attach_ops *const mechanisms[] = {
	&attach_fsession_multi, &attach_fsession,     &attach_fexit,	  &attach_kprobe_session,
	&attach_kprobe_multi,	&attach_kretprobe,    &attach_tracepoint, &attach_uprobe_ret,
	&attach_uprobe_session, &attach_uprobe_multi, &attach_uretprobe,  &attach_event,
	&attach_raw_event,	&attach_kprobe,	      &attach_uprobe,	  &attach_span,
};

const char *mechanisms__unavailable(const struct attach_ops *ops, struct features *f)
{
	const char *why = features__missing_of(f, ops->requires);

	return why || !ops->unavailable ? why : ops->unavailable(f);
}

const char *mechanisms__inexact(const struct attach_ops *ops, struct features *f)
{
	return ops->lossy ? ops->lossy : features__missing_of(f, ops->exact_with);
}

static const char *const type_names[] = {
	[TARGET_KERNEL] = "kernel functions",
	[TARGET_SYSCALL] = "system calls",
	[TARGET_USER] = "user-space functions",
	[TARGET_EVENT] = "tracepoints",
	[TARGET_RAW_EVENT] = "raw tracepoints",
	[TARGET_ENTRY] = "entries of kernel functions",
	[TARGET_USER_EVENT] = "USDT probes and entries of functions",
	[TARGET_SPAN] = "spans",
};

const struct attach_ops *mechanisms__find(const char *name)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if (!strcmp(mechanisms[i]->name, name))
			return mechanisms[i];
	return NULL;
}

static enum target_type type_of(const struct pattern *p)
{
	switch (p->type) {
	case OBJECT_SYSCALL:
		return TARGET_SYSCALL;
	case OBJECT_USER:
		return TARGET_USER;
	case OBJECT_TRACEPOINT:
		return TARGET_EVENT;
	case OBJECT_RAW_TRACEPOINT:
		return TARGET_RAW_EVENT;
	case OBJECT_USDT:
	case OBJECT_ENTRY:
		return TARGET_USER_EVENT;
	case OBJECT_SPAN:
		return TARGET_SPAN;
	case OBJECT_ANY:
	case OBJECT_KERNEL:
	case OBJECT_MODULE:
		break;
	}
	return p->at_entry ? TARGET_ENTRY : TARGET_KERNEL;
}

static bool has_type(const struct config *c, enum target_type type)
{
	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0; k < c->lists[i].npatterns; k++)
			if (!c->lists[i].patterns[k].exclude &&
			    type_of(&c->lists[i].patterns[k]) == type)
				return true;
	return false;
}

bool mechanisms__may_be_by_functions(const struct config *c, struct features *f)
{
	return has_type(c, TARGET_SYSCALL) && !mechanisms__impossible(f, TARGET_KERNEL);
}

enum fault mechanisms__check_forced(const struct config *c, struct features *f, char **error)
{
	const struct attach_ops *ops = mechanisms__find(c->mechanism);
	const char *why;

	if (!strcmp(c->mechanism, "auto"))
		return FAULT_NONE;
	if (!ops)
		return fault__set(error, FAULT_CONFIG, "--mechanism=%s: no such mechanism",
				  c->mechanism);
	why = mechanisms__unavailable(ops, f);
	if (why)
		return fault__set(error, FAULT_MACHINE, "--mechanism=%s is not available: %s",
				  c->mechanism, why);
	if (has_type(c, ops->type) || (ops->type == TARGET_KERNEL && has_type(c, TARGET_SYSCALL)))
		return FAULT_NONE;
	return fault__set(error, FAULT_CONFIG,
			  "--mechanism=%s is for %s, and none is to be probed: leave it out",
			  c->mechanism, type_names[ops->type]);
}

const char *mechanisms__impossible(struct features *f, enum target_type type)
{
	const char *why = NULL;

	for (size_t i = MECHANISMS; i--;)
		if (mechanisms[i]->type == type) {
			const char *reason = mechanisms__unavailable(mechanisms[i], f);

			if (!reason)
				return NULL;
			why = why ? why : reason;
		}
	return why;
}
