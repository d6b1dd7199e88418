/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trial functions: for kernel functions one that the kernel's own tests call
 * (KERNEL_BTF_TRIAL), for system calls getppid(2), for tracepoints what a thread does that renames
 * itself, for user functions one of our own program.
 *
 * A child calls the user function. If a sandbox refuses the kernel's own system call at the end of
 * a return probe (Linux 6.11 to 6.13), the caller crashes.
 */
#include "attach/overhead.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <math.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "attach/mechanisms.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mapped.h"
#include "files/confined.h"
#include "kernel/bpf_sys.h"
#include "kernel/kernel_btf.h"
#include "kernel/perf_event.h"
#include "kernel/tracefs.h"

#define CALLS	   8 /* of a round */
#define ROUNDS_MIN 5
#define ROUNDS_MAX 200
#define PATIENCE   0.02 /* seconds for more than ROUNDS_MIN */

struct trial {
	struct features *features;
	const struct row *row;
	int runner;	/* a program whose test run calls the kernel's trial function */
	char *path;	/* of our own program */
	uint64_t at[2]; /* offsets of the user function's entry and exit */
	char name[16];	/* of this thread */
	int fds[5];	/* programs and links */
	size_t nfds;
	struct perf_attachment events[2];
	size_t nevents;
};

enum { AT_ENTRY, AT_RETURN, AT_BOTH };

/* ---- the trial functions --------------------------------------------------------------------- */

void overhead_trial(void);
extern const char overhead_trial_exit[];

/* The first instruction is what compilers begin functions with. Kernels that do not emulate it trap
 * once more. */
#if defined(__x86_64__)
#define FIRST "endbr64"
#elif defined(__aarch64__)
#define FIRST "hint #34"
#else
#define FIRST "nop"
#endif
__asm__(".pushsection .text\n"
	".balign 16\n"
	".type overhead_trial, %function\n"
	"overhead_trial:\n" FIRST "\n"
	"overhead_trial_exit:\n"
	"ret\n"
	".size overhead_trial, . - overhead_trial\n"
	".popsection\n");

static void call_kernel(const struct trial *t)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	bpf_prog_test_run_opts(t->runner, &opts);
}

static void call_system(const struct trial *t)
{
	syscall(SYS_getppid);
}

static void call_rename(const struct trial *t)
{
	prctl(PR_SET_NAME, t->name);
}

static void call_user(const struct trial *t)
{
	overhead_trial();
}

/* Seconds of a call, without interruptions. */
static double least_time(void (*call)(const struct trial *t), const struct trial *t)
{
	double least = INFINITY, begin = monotonic_seconds(), from = begin;

	for (int i = 0; i < ROUNDS_MAX && (i < ROUNDS_MIN || from - begin < PATIENCE); i++) {
		from = monotonic_seconds();
		for (int k = 0; k < CALLS; k++)
			call(t);
		least = fmin(least, monotonic_seconds() - from);
	}
	return least / CALLS;
}

static int64_t time_user(void *ctx, void *out, size_t max, char *why)
{
	*(double *)out = least_time(call_user, ctx);
	return sizeof(double);
}

static int time_in_child(const struct trial *t, double *seconds, char **why)
{
	struct confined_job job = {
		.run = time_user,
		.ctx = (void *)t,
		.what = "a call of a probed function",
		.max = sizeof(*seconds),
		.memory = 1 << 20,
		.seconds = 5,
		.fd = -1,
	};
	struct confined_result result;
	int err = confined__run(&job, &result, why);

	if (!err)
		*seconds = *(const double *)result.data;
	confined__release(&result);
	return err;
}

static bool is_of_kernel(enum target_type type)
{
	return type == TARGET_KERNEL || type == TARGET_ENTRY;
}

static int time_calls(const struct trial *t, enum target_type type, double *seconds, char **why)
{
	if (target_type__is_in_file(type))
		return time_in_child(t, seconds, why);
	*seconds = least_time(is_of_kernel(type)       ? call_kernel
			      : type == TARGET_SYSCALL ? call_system
						       : call_rename,
			      t);
	return 0;
}

/* ---- empty programs -------------------------------------------------------------------------- */

/* Keeps a program or a link, until the trial ends. */
static int keep(struct trial *t, int fd)
{
	if (fd >= 0)
		t->fds[t->nfds++] = fd;
	return fd;
}

static int keep_event(struct trial *t, int event, int prog)
{
	int err = perf_event__attach(event, prog, 0, &t->events[t->nevents]);

	t->nevents += !err;
	return err;
}

/* All attach one program at the entry (AT_ENTRY), at the return (AT_RETURN), or at both. */

static int by_trampoline(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_TRACING, attach,
						 kernel_btf__get()->trial));

	return prog < 0 ? prog : keep(t, bpf_sys__link_tracing(prog, attach));
}

static int by_btf_ids(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_TRACING, attach, 0));
	uint32_t id = kernel_btf__get()->trial;

	return prog < 0 ? prog : keep(t, bpf_sys__link_btf_ids(prog, &id, NULL, 1));
}

static int by_kprobe_link(struct trial *t, int attach, int where)
{
	const char *symbol = KERNEL_BTF_TRIAL;
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_KPROBE, attach, 0));
	struct bpf_sys_functions f = { .symbols = &symbol,
				       .n = 1,
				       .is_return = where == AT_RETURN };

	return prog < 0 ? prog : keep(t, bpf_sys__link_functions(prog, attach, &f));
}

static int by_kprobe_event(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_KPROBE, 0, 0));

	return keep_event(t, perf_event__open_kprobe(KERNEL_BTF_TRIAL, where == AT_RETURN), prog);
}

static int by_tracepoint(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_TRACEPOINT, 0, 0));
	int id = tracefs__event_id(features__tracefs(t->features), "raw_syscalls",
				   where == AT_RETURN ? "sys_exit" : "sys_enter");

	return keep_event(t, perf_event__open_tracepoint(id), prog);
}

/* One program. */
static int by_event(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_TRACEPOINT, 0, 0));
	int id = tracefs__event_id(features__tracefs(t->features), "task", "task_rename");

	return keep_event(t, perf_event__open_tracepoint(id), prog);
}

/* One program. */
static int by_raw_event(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0));
	int link;

	if (prog < 0)
		return prog;
	link = bpf_raw_tracepoint_open("task_rename", prog);
	return keep(t, link < 0 ? -errno : link);
}

static int by_uprobe_link(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_KPROBE, attach, 0));

	return prog < 0 ? prog
			: keep(t, bpf_sys__link_uprobes(prog, attach, t->path, &t->at[AT_ENTRY],
							NULL, 1, where == AT_RETURN));
}

static int by_uprobe_event(struct trial *t, int attach, int where)
{
	int prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_KPROBE, 0, 0));

	return keep_event(t, perf_event__open_uprobe(t->path, t->at[AT_ENTRY], where == AT_RETURN),
			  prog);
}

/* Two entry probes, one of them at the exit. */
static int at_exit(struct trial *t, int attach, int where)
{
	int prog;

	if (!features__has(t->features, FEATURE_UPROBE_MULTI)) {
		prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_KPROBE, 0, 0));
		return keep_event(t, perf_event__open_uprobe(t->path, t->at[where], false), prog);
	}
	prog = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_KPROBE, attach, 0));
	return prog < 0 ? prog
			: keep(t, bpf_sys__link_uprobes(prog, attach, t->path, &t->at[where], NULL,
							1, false));
}

/* One program. */
static int by_uprobe(struct trial *t, int attach, int where)
{
	return at_exit(t, attach, AT_ENTRY);
}

#define NONE -1
static const struct row {
	const struct attach_ops *ops;
	int (*attach)(struct trial *t, int attach, int where);
	int entry, leave; /* enum bpf_sys_attach, or 0; entry NONE: leave is for both */
} rows[] = {
	{ &attach_fsession_multi, by_btf_ids, NONE, BPF_SYS_FSESSION_MULTI },
	{ &attach_fsession, by_trampoline, NONE, BPF_SYS_FSESSION },
	{ &attach_fexit, by_trampoline, BPF_SYS_FENTRY, BPF_SYS_FEXIT },
	{ &attach_kprobe_session, by_kprobe_link, NONE, BPF_SYS_KPROBE_SESSION },
	{ &attach_kprobe_multi, by_kprobe_link, BPF_SYS_KPROBE_MULTI, BPF_SYS_KPROBE_MULTI },
	{ &attach_kretprobe, by_kprobe_event, 0, 0 },
	{ &attach_tracepoint, by_tracepoint, 0, 0 },
	{ &attach_uprobe_ret, at_exit, BPF_SYS_UPROBE_MULTI, BPF_SYS_UPROBE_MULTI },
	{ &attach_uprobe_session, by_uprobe_link, NONE, BPF_SYS_UPROBE_SESSION },
	{ &attach_uprobe_multi, by_uprobe_link, BPF_SYS_UPROBE_MULTI, BPF_SYS_UPROBE_MULTI },
	{ &attach_uretprobe, by_uprobe_event, 0, 0 },
	{ &attach_event, by_event, NONE, 0 },
	{ &attach_raw_event, by_raw_event, NONE, 0 },
	{ &attach_kprobe, by_kprobe_event, NONE, 0 },
	{ &attach_uprobe, by_uprobe, NONE, BPF_SYS_UPROBE_MULTI },
	{ &attach_span, by_event, NONE, 0 },
};

_Static_assert(ARRAY_SIZE(rows) == MECHANISMS, "each mechanism has a trial");

static const struct row *row_of(const struct attach_ops *ops)
{
	const struct row *row = rows;

	while (row->ops != ops)
		row++;
	return row;
}

/* ---- the trial ------------------------------------------------------------------------------- */

static int attach(struct trial *t, bool only_return)
{
	const struct row *row = t->row;
	int err = 0;

	if (row->entry != NONE && !only_return)
		err = row->attach(t, row->entry, AT_ENTRY);
	if (err >= 0)
		err = row->attach(t, row->leave, row->entry == NONE ? AT_BOTH : AT_RETURN);
	return err < 0 ? err : 0;
}

/* What the calls need. */
static int prepare(struct trial *t, char **why)
{
	if (target_type__is_in_file(t->row->ops->type)) {
		t->path = mapped__file(overhead_trial, &t->at[AT_ENTRY]);
		t->at[AT_RETURN] =
			t->at[AT_ENTRY] + (overhead_trial_exit - (const char *)overhead_trial);
		return t->path ? 0
			       : error__set(why, -ENOENT,
					    "the file of the trial function is not known");
	}
	prctl(PR_GET_NAME, t->name);
	if (!is_of_kernel(t->row->ops->type))
		return 0;
	if (kernel_btf__get()->trial < 0)
		return error__set(why, -ENOENT, "the kernel's BTF lacks the trial function %s",
				  KERNEL_BTF_TRIAL);
	t->runner = keep(t, bpf_sys__load_nothing(BPF_PROG_TYPE_TRACING, BPF_SYS_FENTRY,
						  kernel_btf__get()->trial));
	return t->runner < 0
		       ? error__set(why, t->runner, "loading a program for the trial function: %s",
				    strerror(-t->runner))
		       : 0;
}

static void finish(struct trial *t)
{
	while (t->nevents)
		perf_event__close(&t->events[--t->nevents]);
	while (t->nfds)
		close(t->fds[--t->nfds]);
	free(t->path);
}

int overhead__measure(const struct attach_ops *ops, struct features *f, bool only_return,
		      double *seconds, char **why)
{
	struct trial t = { .features = f, .row = row_of(ops), .runner = -1 };
	double without = 0, with;
	int err = prepare(&t, why);

	/* A call of a user function takes a nanosecond. */
	if (!err && !target_type__is_in_file(ops->type))
		err = time_calls(&t, ops->type, &without, why);
	if (!err) {
		err = attach(&t, only_return);
		if (err)
			error__set(why, err, "attaching to the trial function: %s", strerror(-err));
	}
	if (!err)
		err = time_calls(&t, ops->type, &with, why);
	finish(&t);
	if (!err)
		*seconds = fmax(0, with - without);
	return err;
}
