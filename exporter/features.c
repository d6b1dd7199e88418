/* SPDX-License-Identifier: GPL-2.0-only */
#include "features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tracefs.h"

enum verdict { UNKNOWN, NO, YES };

struct features {
	int tracefs;
	bool assume;
	enum verdict known[FEATURE_MAX];
};

/* Symbol names in kallsyms are for everyone to read, when tracefs is not. */
static bool kallsyms_has(const char *name)
{
	__cleanup_fclose FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], symbol[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %255s", symbol) == 1 && !strcmp(symbol, name))
			return true;
	return false;
}

/* A file of tracefs, or the symbol behind it where tracefs is closed to us. */
static bool exists_in_tracefs(const struct features *f, const char *path, const char *symbol)
{
	if (f->tracefs >= 0)
		return !faccessat(f->tracefs, path, F_OK, 0);
	return f->assume && kallsyms_has(symbol);
}

static bool probe_tracefs(const struct features *f)
{
	return f->tracefs >= 0 || f->assume;
}

static bool probe_kprobe_events(const struct features *f)
{
	return exists_in_tracefs(f, "kprobe_events", "register_kprobe");
}

static bool probe_uprobe_pmu(const struct features *f)
{
	return !access("/sys/bus/event_source/devices/uprobe/type", F_OK);
}

static bool probe_syscall_events(const struct features *f)
{
	return exists_in_tracefs(f, "events/raw_syscalls/sys_enter/id", "perf_trace_sys_enter");
}

static bool probe_attach_cookie(const struct features *f)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie, NULL) == 1;
}

static bool probe_task_storage(const struct features *f)
{
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1 &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_task_storage_get, NULL) == 1;
}

static const struct {
	const char *missing;
	bool (*probe)(const struct features *f);
} table[FEATURE_MAX] = {
	[FEATURE_TRACEFS] = { "tracefs cannot be read: run as root, or mount it at "
			      "/sys/kernel/tracing",
			      probe_tracefs },
	[FEATURE_KPROBE_EVENTS] = { "this kernel has no kprobe events (CONFIG_KPROBE_EVENTS)",
				    probe_kprobe_events },
	[FEATURE_UPROBE_PMU] = { "this kernel has no uprobe events (CONFIG_UPROBE_EVENTS)",
				 probe_uprobe_pmu },
	[FEATURE_SYSCALL_EVENTS] = { "this kernel has no system call tracepoints "
				     "(CONFIG_FTRACE_SYSCALLS)",
				     probe_syscall_events },
	[FEATURE_ATTACH_COOKIE] = { "this kernel has no attach cookies", probe_attach_cookie },
	[FEATURE_TASK_STORAGE] = { "this kernel has no task storage", probe_task_storage },
};

struct features *features__new(int tracefs, bool assume)
{
	struct features *f = xcalloc(1, sizeof(*f));

	f->tracefs = tracefs;
	f->assume = assume;
	return f;
}

bool features__has(struct features *f, enum feature feature)
{
	if (f->known[feature] == UNKNOWN)
		f->known[feature] = table[feature].probe(f) ? YES : NO;
	return f->known[feature] == YES;
}

const char *features__describe(enum feature feature)
{
	return table[feature].missing;
}

int features__tracefs(const struct features *f)
{
	return f->tracefs;
}

void features__free(struct features *f)
{
	free(f);
}
