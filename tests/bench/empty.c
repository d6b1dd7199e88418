/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cost of a mechanism by itself: attaches a pair of programs that do nothing.
 *
 *	bench_empty [-r] MECHANISM FUNCTION...
 *	bench_empty MECHANISM @FILE		function names, one per line
 *	bench_empty uretprobe|uprobe.ret|uprobe.multi|uprobe.session PATH:OFFSET
 *	bench_empty tracepoint raw_syscalls
 *
 * With -r, only the program at the return: kretprobe, fexit, kprobe.multi, tracepoint.
 *
 * Prints "ready N" once N functions are attached, and keeps them attached until it is killed. Finds
 * the functions that the kernel refuses in a batch by halving, and leaves them out.
 *
 * The program is the same two instructions for every mechanism, so it needs no object file. Defines
 * what the oldest supported headers and libbpf lack.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "functions.h"

/* enum bpf_attach_type, include/uapi/linux/bpf.h */
#define ATTACH_KPROBE_MULTI   42
#define ATTACH_UPROBE_MULTI   48
#define ATTACH_KPROBE_SESSION 56
#define ATTACH_UPROBE_SESSION 57
#define ATTACH_FSESSION	      58
#define ATTACH_FSESSION_MULTI 61

#define MULTI_RETURN	      (1U << 0) /* BPF_F_KPROBE_MULTI_RETURN */

/* union bpf_attr for BPF_LINK_CREATE. */
struct link_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	union {
		struct {
			uint32_t flags, cnt;
			uint64_t syms, addrs, cookies;
		} kprobe_multi;
		struct {
			uint64_t path, offsets, ref_ctr_offsets, cookies;
			uint32_t cnt, flags, pid;
		} uprobe_multi;
		struct {
			uint64_t ids, cookies;
			uint32_t cnt;
		} tracing_multi;
	};
};

static bool only_returns;

/* what: for the message if the kernel refuses it. */
static int load(const char *what, enum bpf_prog_type type, int attach_type, uint32_t btf_id)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type,
		    .attach_btf_id = btf_id);
	int prog = bpf_prog_load(type, "nothing", "GPL", nothing, 2, &opts);

	if (prog < 0)
		die("loading a program for", what, prog);
	return prog;
}

static int create_link(struct link_attr *attr)
{
	int fd = syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));

	return fd < 0 ? -errno : fd;
}

/* ---- one function at a time ----------------------------------------------------------------- */

static int read_number(const char *path, const char *prefix)
{
	FILE *f = fopen(path, "re");
	char text[64] = "";
	int number = -ENOENT;

	if (f && fgets(text, sizeof(text), f) && !strncmp(text, prefix, strlen(prefix)))
		number = atoi(text + strlen(prefix));
	if (f)
		fclose(f);
	return number;
}

static void attach_event(struct perf_event_attr *attr, const char *name, int prog)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE))
		die("attaching an event", name, -errno);
}

/* The probe at the entry and the one at the return, by the kprobe or the uprobe PMU. */
static void attach_pair(const char *pmu, const char *name, const char *where, uint64_t offset,
			int prog)
{
	char type[96], format[96];
	struct perf_event_attr attr;

	snprintf(type, sizeof(type), "/sys/bus/event_source/devices/%s/type", pmu);
	snprintf(format, sizeof(format), "/sys/bus/event_source/devices/%s/format/retprobe", pmu);
	if (read_number(type, "") < 0)
		die("this kernel has no events of kind", pmu, 0);
	for (int is_return = only_returns; is_return < 2; is_return++) {
		attr = (struct perf_event_attr){
			.type = read_number(type, ""),
			.config = (uint64_t)is_return << read_number(format, "config:"),
			.config1 = (uintptr_t)where,
			.config2 = offset,
		};
		attach_event(&attr, name, prog);
	}
}

static size_t attach_kretprobe(const struct functions *f)
{
	int prog = load("kretprobe", BPF_PROG_TYPE_KPROBE, 0, 0);

	for (size_t i = 0; i < f->n; i++)
		attach_pair("kprobe", f->names[i], f->names[i], 0, prog);
	return f->n;
}

static size_t attach_tracepoint(const struct functions *f)
{
	static const char *const ids[] = {
		"/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
		"/sys/kernel/tracing/events/raw_syscalls/sys_exit/id",
	};
	int prog = load("tracepoint", BPF_PROG_TYPE_TRACEPOINT, 0, 0);

	/* If tracefs is not mounted, mount it in a namespace of our own. */
	if (access(ids[0], F_OK) && !unshare(CLONE_NEWNS)) {
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	}
	for (size_t i = only_returns; i < sizeof(ids) / sizeof(*ids); i++) {
		struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
		int id = read_number(ids[i], "");

		if (id < 0)
			die("reading", ids[i], id);
		attr.config = id;
		attach_event(&attr, ids[i], prog);
	}
	return f->n;
}

struct place {
	char *path;
	uint64_t offset;
};

/* Splits PATH:OFFSET. */
static struct place find_place(const char *text)
{
	struct place p = { .path = strdup(text) };
	char *colon = p.path ? strrchr(p.path, ':') : NULL;

	if (!colon)
		die("not PATH:OFFSET", text, 0);
	*colon = '\0';
	p.offset = strtoull(colon + 1, NULL, 10);
	return p;
}

static size_t attach_uretprobe(const struct functions *f)
{
	int prog = load("uretprobe", BPF_PROG_TYPE_KPROBE, 0, 0);

	for (size_t i = 0; i < f->n; i++) {
		struct place p = find_place(f->names[i]);

		attach_pair("uprobe", p.path, p.path, p.offset, prog);
	}
	return f->n;
}

static void link_uprobe(struct place p, int attach_type, uint32_t flags, int prog)
{
	struct link_attr attr = { .prog_fd = prog, .attach_type = attach_type };
	int link;

	attr.uprobe_multi.path = (uintptr_t)p.path;
	attr.uprobe_multi.offsets = (uintptr_t)&p.offset;
	attr.uprobe_multi.cnt = 1;
	attr.uprobe_multi.flags = flags;
	link = create_link(&attr);
	if (link < 0)
		die("attaching a uprobe link", p.path, link);
}

/* The return instruction of a function. Ours is too short to contain that byte elsewhere. */
static struct place find_return(struct place p)
{
	uint8_t code[16];
	int fd = open(p.path, O_RDONLY | O_CLOEXEC);
	size_t i = 0;

	if (fd < 0 || pread(fd, code, sizeof(code), p.offset) != sizeof(code))
		die("reading", p.path, -errno);
	close(fd);
	while (i < sizeof(code) && code[i] != 0xc3)
		i++;
	return (struct place){ p.path, p.offset + i };
}

static size_t attach_uprobe_ret(const struct functions *f)
{
	int prog = load("uprobe.ret", BPF_PROG_TYPE_KPROBE, ATTACH_UPROBE_MULTI, 0);

	for (size_t i = 0; i < f->n; i++) {
		struct place p = find_place(f->names[i]);

		link_uprobe(find_return(p), ATTACH_UPROBE_MULTI, 0, prog);
		link_uprobe(p, ATTACH_UPROBE_MULTI, 0, prog);
	}
	return f->n;
}

static size_t attach_uprobe_multi(const struct functions *f)
{
	int prog = load("uprobe.multi", BPF_PROG_TYPE_KPROBE, ATTACH_UPROBE_MULTI, 0);

	for (size_t i = 0; i < f->n; i++) {
		struct place p = find_place(f->names[i]);

		link_uprobe(p, ATTACH_UPROBE_MULTI, MULTI_RETURN, prog);
		link_uprobe(p, ATTACH_UPROBE_MULTI, 0, prog);
	}
	return f->n;
}

static size_t attach_uprobe_session(const struct functions *f)
{
	int prog = load("uprobe.session", BPF_PROG_TYPE_KPROBE, ATTACH_UPROBE_SESSION, 0);

	for (size_t i = 0; i < f->n; i++)
		link_uprobe(find_place(f->names[i]), ATTACH_UPROBE_SESSION, 0, prog);
	return f->n;
}

static void attach_tracing(const struct functions *f, size_t i, int attach_type)
{
	int prog = load(f->names[i], BPF_PROG_TYPE_TRACING, attach_type, f->ids[i]), link;

	link = bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0)
		die("attaching a program to", f->names[i], link);
	close(prog);
}

static size_t attach_fexit(const struct functions *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!only_returns)
			attach_tracing(f, i, BPF_TRACE_FENTRY);
		attach_tracing(f, i, BPF_TRACE_FEXIT);
	}
	return f->n;
}

static size_t attach_fsession(const struct functions *f)
{
	for (size_t i = 0; i < f->n; i++)
		attach_tracing(f, i, ATTACH_FSESSION);
	return f->n;
}

/* ---- batches -------------------------------------------------------------------------------- */

struct batch {
	struct functions good;
	struct link_attr attr;
	bool by_id;
};

static int link_batch(const struct batch *b, const struct functions *f, size_t from, size_t n)
{
	struct link_attr attr = b->attr;

	if (b->by_id) {
		attr.tracing_multi.ids = (uintptr_t)(f->ids + from);
		attr.tracing_multi.cnt = n;
	} else {
		attr.kprobe_multi.syms = (uintptr_t)(f->names + from);
		attr.kprobe_multi.cnt = n;
	}
	return create_link(&attr);
}

/* Collects the functions that the kernel accepts. n is at least 1. */
static void sift(struct batch *b, const struct functions *f, size_t from, size_t n)
{
	int link = link_batch(b, f, from, n);

	if (link >= 0) {
		close(link);
		for (size_t i = from; i < from + n; i++) {
			b->good.names[b->good.n] = f->names[i];
			b->good.ids[b->good.n++] = f->ids[i];
		}
	} else if (n == 1) {
		fprintf(stderr, "bench_empty: %s is left out: %s\n", f->names[from],
			strerror(-link));
	} else {
		sift(b, f, from, n / 2);
		sift(b, f, from + n / 2, n - n / 2);
	}
}

static void *array(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		die("out of", "memory", 0);
	return p;
}

/* The links stay open until the program ends. */
static size_t attach_batch(struct batch *b, const struct functions *f)
{
	int link = link_batch(b, f, 0, f->n);

	if (link < 0 && f->n > 1) {
		b->good.names = array(f->n, sizeof(*f->names));
		b->good.ids = array(f->n, sizeof(*f->ids));
		sift(b, f, 0, f->n);
		f = &b->good;
		link = link_batch(b, f, 0, f->n);
	}
	if (link < 0)
		die("attaching", f->n == 1 ? f->names[0] : "what was left", link);
	return f->n;
}

static size_t attach_kprobe_multi(const struct functions *f)
{
	int prog = load("kprobe.multi", BPF_PROG_TYPE_KPROBE, ATTACH_KPROBE_MULTI, 0);
	struct batch entries = { .attr = { .prog_fd = prog, .attach_type = ATTACH_KPROBE_MULTI } };
	struct batch returns = entries;

	returns.attr.kprobe_multi.flags = MULTI_RETURN;
	if (only_returns)
		return attach_batch(&returns, f);
	attach_batch(&returns, f);
	return attach_batch(&entries, f);
}

static size_t attach_kprobe_session(const struct functions *f)
{
	int prog = load("kprobe.session", BPF_PROG_TYPE_KPROBE, ATTACH_KPROBE_SESSION, 0);
	struct batch b = { .attr = { .prog_fd = prog, .attach_type = ATTACH_KPROBE_SESSION } };

	return attach_batch(&b, f);
}

static size_t attach_fsession_multi(const struct functions *f)
{
	int prog = load("fsession.multi", BPF_PROG_TYPE_TRACING, ATTACH_FSESSION_MULTI, 0);
	struct batch b = { .attr = { .prog_fd = prog, .attach_type = ATTACH_FSESSION_MULTI },
			   .by_id = true };

	return attach_batch(&b, f);
}

/* ---- mechanisms ----------------------------------------------------------------------------- */

static const struct mechanism {
	const char *name;
	size_t (*attach)(const struct functions *f);
	bool needs_btf;
} mechanisms[] = {
	{ "kretprobe", attach_kretprobe, false },
	{ "fexit", attach_fexit, true },
	{ "kprobe.multi", attach_kprobe_multi, false },
	{ "kprobe.session", attach_kprobe_session, false },
	{ "fsession", attach_fsession, true },
	{ "fsession.multi", attach_fsession_multi, true },
	{ "tracepoint", attach_tracepoint, false },
	{ "uretprobe", attach_uretprobe, false },
	{ "uprobe.ret", attach_uprobe_ret, false },
	{ "uprobe.multi", attach_uprobe_multi, false },
	{ "uprobe.session", attach_uprobe_session, false },
	{},
};

int main(int argc, char **argv)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY }, files = { 65536, 65536 };
	const struct mechanism *m = mechanisms;
	struct functions f = {};

	only_returns = argc > 1 && !strcmp(argv[1], "-r");
	argc -= only_returns;
	argv += only_returns;

	while (argc > 2 && m->name && strcmp(m->name, argv[1]))
		m++;
	if (argc < 3 || !m->name) {
		fprintf(stderr, "usage: bench_empty [-r] MECHANISM FUNCTION...|@FILE\nmechanisms:");
		for (m = mechanisms; m->name; m++)
			fprintf(stderr, " %s", m->name);
		fprintf(stderr, "\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] == '@')
			read_names(&f, argv[i] + 1);
		else
			add_name(&f, argv[i]);
	}
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	setrlimit(RLIMIT_NOFILE, &files);
	f.ids = array(f.n, sizeof(*f.ids));
	if (m->needs_btf)
		find_ids(&f);
	printf("ready %zu\n", m->attach(&f));
	fflush(stdout);
	for (;;)
		pause();
}
