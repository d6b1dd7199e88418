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
	struct perf_attachment count; /* for targets without durations */
};

/* Nothing if no target needs the program. */
static int attach_program(struct attach_context *c, const char *name, enum program_id program,
			  struct perf_attachment *out)
{
	int id = tracefs__event_id(features__tracefs(c->features), "raw_syscalls", name);

	if (!programs__is_selected(object__programs(c->obj), program))
		return 0;
	return perf_event__attach(perf_event__open_tracepoint(id),
				  programs__fd(object__programs(c->obj), program, NULL), 0, out);
}

static void close_shared(struct attach_context *c)
{
	struct shared *s = take_ptr(c->shared);

	perf_event__close(&s->count);
	perf_event__close(&s->exit);
	perf_event__close(&s->enter);
	free(s);
}

static int open_shared(struct attach_context *c)
{
	struct shared *s = xcalloc(1, sizeof(*s));
	/* Those that dispatch replace the others. Entries first: an exit without an entry is then
	 * not ours. */
	const struct {
		const char *event;
		enum program_id program;
		struct perf_attachment *out;
	} rows[] = {
		{ "sys_enter", PROG_SYSCALL_DISPATCH_ENTER, &s->enter },
		{ "sys_enter", PROG_SYSCALL_ENTER, &s->enter },
		{ "sys_exit", PROG_SYSCALL_DISPATCH_EXIT, &s->exit },
		{ "sys_exit", PROG_SYSCALL_EXIT, &s->exit },
		{ "sys_exit", PROG_SYSCALL_COUNT, &s->count },
	};
	int err = 0;

	c->shared = s;
	s->enter = s->exit = s->count = PERF_ATTACHMENT_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(rows) && !err; i++)
		err = attach_program(c, rows[i].event, rows[i].program, rows[i].out);
	if (err)
		close_shared(c);
	return err;
}

static void set_syscall(struct attach_context *c, const struct target *t, uint64_t native,
			uint64_t compat)
{
	void (*set)(struct object * o, int nr, bool compat, uint64_t spec) =
		t->untimed ? object__count_syscall : object__set_syscall;

	set(c->obj, t->nr, false, native);
	set(c->obj, t->nr_x32, false, native);
	set(c->obj, t->nr32, true, compat);
}

/* The programs find their system calls in a table. */
static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	const struct target *t = slot->target;
	uint64_t round = RP_DESC_ADD_ROUND(slot->rounds);
	int err = t->capture ? object__set_syscall_programs(c->obj, t->capture, t->untimed) : 0;

	*at = ATTEMPT_LOAD;
	if (err)
		return err;
	set_syscall(c, t, site__of(t).spec | round, site__compat_spec(t) | round);
	return 0;
}

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	set_syscall(c, slot->target, 0, 0);
}

const struct attach_ops attach_tracepoint = {
	.name = "tracepoint",
	.type = TARGET_SYSCALL,
	.programs = PROG_BIT(PROG_SYSCALL_ENTER) | PROG_BIT(PROG_SYSCALL_EXIT) |
		    PROG_BIT(PROG_SYSCALL_DISPATCH_ENTER) | PROG_BIT(PROG_SYSCALL_DISPATCH_EXIT) |
		    PROG_BIT(PROG_SYSCALL_ENTER_CAPTURE) | PROG_BIT(PROG_SYSCALL_EXIT_CAPTURE),
	.counting = PROG_BIT(PROG_SYSCALL_COUNT) | PROG_BIT(PROG_SYSCALL_COUNT_CAPTURE),
	.returns = PROG_BIT(PROG_SYSCALL_EXIT) | PROG_BIT(PROG_SYSCALL_DISPATCH_EXIT) |
		   PROG_BIT(PROG_SYSCALL_COUNT),
	.keeps_frames = true,
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_TRAPPED,
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS) |
		    FEATURE_BIT(FEATURE_SYSCALL_EVENTS),
	.open = open_shared,
	.close = close_shared,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
};
