/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracepoint: system calls, by one pair of programs on raw_syscalls for all of them. It also works
 * on kernels without kprobes.
 *
 * The programs belong to perf events, which run with preemption off. Raw tracepoint programs are
 * skipped while a task is preempted inside one: 27 % of calls on Linux 7.3 with lazy preemption.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/slot.h"
#include "kernel/perf_event.h"
#include "kernel/tracefs.h"

struct shared {
	struct perf_attachment enter, exit;
};

/* The program that dispatches is there if some system call has captures. */
static int attach_event(struct attach_context *c, const char *name, enum program_id dispatching,
			enum program_id plain, struct perf_attachment *out)
{
	int id = tracefs__event_id(features__tracefs(c->features), "raw_syscalls", name);
	int prog = programs__fd(object__programs(c->obj), dispatching, NULL);

	if (prog < 0)
		prog = programs__fd(object__programs(c->obj), plain, NULL);
	return perf_event__attach(perf_event__open_tracepoint(id), prog, 0, out);
}

static void close_shared(struct attach_context *c)
{
	struct shared *s = take_ptr(c->shared);

	perf_event__close(&s->exit);
	perf_event__close(&s->enter);
	free(s);
}

static int open_shared(struct attach_context *c)
{
	struct shared *s = xcalloc(1, sizeof(*s));
	int err;

	c->shared = s;
	s->enter = s->exit = PERF_ATTACHMENT_NONE;
	/* Entries first: an exit without an entry is then not ours. */
	err = attach_event(c, "sys_enter", PROG_SYSCALL_DISPATCH_ENTER, PROG_SYSCALL_ENTER,
			   &s->enter);
	if (!err)
		err = attach_event(c, "sys_exit", PROG_SYSCALL_DISPATCH_EXIT, PROG_SYSCALL_EXIT,
				   &s->exit);
	if (err)
		close_shared(c);
	return err;
}

/* The programs find their system calls in a table. */
static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	const struct target *t = slot->target;
	uint64_t round = RP_DESC_ADD_ROUND(slot->rounds);
	int err = t->capture ? object__set_syscall_programs(c->obj, t->capture) : 0;

	*at = ATTEMPT_LOAD;
	if (err)
		return err;
	object__set_syscall(c->obj, t->nr, false, site__of(t).spec | round);
	object__set_syscall(c->obj, t->nr32, true, site__compat_spec(t) | round);
	return 0;
}

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	object__set_syscall(c->obj, slot->target->nr, false, 0);
	object__set_syscall(c->obj, slot->target->nr32, true, 0);
}

const struct attach_ops attach_tracepoint = {
	.name = "tracepoint",
	.type = TARGET_SYSCALL,
	.programs = PROG_BIT(PROG_SYSCALL_ENTER) | PROG_BIT(PROG_SYSCALL_EXIT) |
		    PROG_BIT(PROG_SYSCALL_DISPATCH_ENTER) | PROG_BIT(PROG_SYSCALL_DISPATCH_EXIT) |
		    PROG_BIT(PROG_SYSCALL_ENTER_CAPTURE) | PROG_BIT(PROG_SYSCALL_EXIT_CAPTURE),
	.returns = PROG_BIT(PROG_SYSCALL_EXIT) | PROG_BIT(PROG_SYSCALL_DISPATCH_EXIT),
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_TRAPPED,
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS) |
		    FEATURE_BIT(FEATURE_SYSCALL_EVENTS),
	.open = open_shared,
	.close = close_shared,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
};
