/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "kernel/bpf_sys.h"
#include "kernel/cgroupfs.h"
#include "kernel/kallsyms.h"
#include "kernel/kernel_btf.h"
#include "kernel/machine.h"
#include "kernel/perf_event.h"
#include "kernel/tracefs.h"

enum verdict { UNKNOWN, NO, YES };

struct features {
	int tracefs;
	bool assume;
	enum verdict confidential;
	enum verdict known[FEATURE_MAX];
};

/* Whether tracefs has the file or, if we may not read tracefs, the kernel has the symbol for it. */
static bool exists_in_tracefs(const struct features *f, const char *path, const char *symbol)
{
	if (f->tracefs >= 0)
		return !faccessat(f->tracefs, path, F_OK, 0);
	return f->assume && kallsyms__has(symbol);
}

static bool probe_tracefs(const struct features *f, int unused)
{
	return f->tracefs >= 0 || f->assume;
}

/* The event that needs the least: it counts nothing, in our own process. */
static bool probe_perf_events(const struct features *f, int unused)
{
	__cleanup_close int fd = f->assume ? -1 : perf_event__open_dummy();

	return f->assume || fd >= 0;
}

static bool probe_kprobe_events(const struct features *f, int unused)
{
	return exists_in_tracefs(f, "kprobe_events", "register_kprobe");
}

static bool probe_uprobe_pmu(const struct features *f, int unused)
{
	return !access("/sys/bus/event_source/devices/uprobe/type", F_OK);
}

static bool probe_syscall_events(const struct features *f, int unused)
{
	return exists_in_tracefs(f, "events/raw_syscalls/sys_enter/id", "perf_trace_sys_enter");
}

static bool probe_btf(const struct features *f, int unused)
{
	return kernel_btf__get()->exists;
}

static bool probe_helper(const struct features *f, int helper)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, helper, NULL) == 1;
}

/* Programs find a task's storage by its type. */
static bool probe_task_storage(const struct features *f, int unused)
{
	if (!kernel_btf__get()->exists)
		return false;
	if (f->assume && kallsyms__has("bpf_task_storage_get"))
		return true;
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1 &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_task_storage_get, NULL) == 1;
}

static bool probe_atomics(const struct features *f, int unused)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_0,
		  .off = -8 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_0,
		  .off = -8,
		  .imm = BPF_CMPXCHG },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	__cleanup_close int prog =
		bpf_prog_load(BPF_PROG_TYPE_KPROBE, "trial", "GPL", code, ARRAY_SIZE(code), NULL);

	return prog >= 0;
}

/* Kernel lockdown "confidentiality" forbids it. A process that may not load programs cannot tell by
 * loading one. */
static bool probe_read_kernel(const struct features *f, int unused)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	__cleanup_close int prog =
		bpf_prog_load(BPF_PROG_TYPE_KPROBE, "trial", "GPL", code, ARRAY_SIZE(code), NULL);

	return prog >= 0 || (prog != -EINVAL && !machine__is_confidential());
}

static bool probe_cgroup_v2(const struct features *f, int unused)
{
	return cgroupfs__in_use();
}

/* A program that does nothing, to be attached to KERNEL_BTF_TRIAL for a moment. */
static int load_trial(enum bpf_prog_type type, int attach, uint32_t btf_id)
{
	/* Sessions call kernel functions, which BTF names. */
	if ((attach == BPF_SYS_KPROBE_SESSION || attach == BPF_SYS_UPROBE_SESSION) &&
	    !kernel_btf__get()->exists)
		return -ENOENT;
	return bpf_sys__load_nothing(type, attach, btf_id);
}

/* While ftrace is off, nothing that uses it may be attached: when it is switched on again, ftrace
 * finds unexpected call sites and disables itself until a reboot. */
static bool ftrace_is_off(void)
{
	char c[2];

	return file__read_head(AT_FDCWD, "/proc/sys/kernel/ftrace_enabled", c, sizeof(c)) > 0 &&
	       *c == '0';
}

static int link_trial(int prog, int attach, const char *symbol)
{
	const struct bpf_sys_functions functions = { .symbols = &symbol, .n = 1 };

	return prog < 0 || ftrace_is_off() ? -1 : bpf_sys__link_functions(prog, attach, &functions);
}

static bool probe_multi(const struct features *f, int attach)
{
	__cleanup_close int prog = load_trial(BPF_PROG_TYPE_KPROBE, attach, 0);
	__cleanup_close int link = link_trial(prog, attach, KERNEL_BTF_TRIAL);

	return link >= 0;
}

/* A kernel with such links looks at the path, and refuses a directory. */
static bool probe_uprobe_link(const struct features *f, int attach)
{
	const uint64_t offset = 0;
	__cleanup_close int prog = load_trial(BPF_PROG_TYPE_KPROBE, attach, 0);

	return prog >= 0 &&
	       bpf_sys__link_uprobes(prog, attach, "/", &offset, NULL, 1, false) == -EBADF;
}

static bool probe_tracing(const struct features *f, int attach)
{
	int id = kernel_btf__get()->trial;
	bool many = attach == BPF_SYS_FSESSION_MULTI;
	__cleanup_close int prog =
		id < 0 ? -1 : load_trial(BPF_PROG_TYPE_TRACING, attach, many ? 0 : id);
	__cleanup_close int link = -1;

	if (prog >= 0 && !ftrace_is_off())
		link = many ? bpf_sys__link_btf_ids(prog, &(uint32_t){ id }, NULL, 1)
			    : bpf_sys__link_tracing(prog, attach);
	return link >= 0;
}

/* "none (voluntary) full lazy": the current model is in parentheses. */
static bool read_preemption(char *text, size_t size)
{
	__cleanup_close int debugfs = tracefs__open_debugfs();

	return debugfs >= 0 && file__read_head(debugfs, "sched/preempt", text, size) > 0;
}

/* The version names a fixed model, or says that the model can be chosen. */
static bool version_has(const char *model)
{
	struct utsname u;

	return !uname(&u) && strstr(u.version, model);
}

static bool probe_no_preemption(const struct features *f, int unused)
{
	char text[64];

	if (read_preemption(text, sizeof(text)))
		return strstr(text, "(none)") || strstr(text, "(voluntary)");
	return !version_has("PREEMPT");
}

/* Since fprobe uses the function graph tracer, returns are on the task's shadow stack. Before, a
 * link had two return slots per CPU. (6.14, kernel commit 4346ba160409) */
static bool probe_return_slots(const struct features *f, int unused)
{
	return kernel_btf__get()->fprobe_return >= 0 ||
	       (!kernel_btf__get()->exists && kallsyms__has("fprobe_return"));
}

/*
 * The runs of a kprobe session that the kernel skips for one skipped call: 1 if it skips the return
 * because it skipped the entry, or 2. Stack trace maps cannot be updated: the kernel disables
 * programs on this CPU, and calls a function that always fails. Nothing else calls that function.
 */
static uint64_t count_skips_of_call(void)
{
	const uint32_t key = 0;
	const uint64_t stack = 0;
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	__cleanup_close int map = bpf_map_create(BPF_MAP_TYPE_STACK_TRACE, "trial", sizeof(key),
						 sizeof(stack), 1, NULL);
	__cleanup_close int prog = load_trial(BPF_PROG_TYPE_KPROBE, BPF_SYS_KPROBE_SESSION, 0);
	__cleanup_close int link =
		link_trial(prog, BPF_SYS_KPROBE_SESSION, "stack_map_update_elem");

	if (map < 0 || link < 0)
		return 0;
	bpf_map_update_elem(map, &key, &stack, BPF_ANY);
	return bpf_obj_get_info_by_fd(prog, &info, &size) ? 0 : info.recursion_misses;
}

/*
 * Whether a session's return runs only if its entry ran. At first it also ran without, and with the
 * shadow stack it found a stale cookie. Fixed in 7.0 and in some stable kernels (kernel commit
 * 2ebadb60cb36). 7.0 also added a parameter to bpf_session_cookie(), which all processes can see.
 */
static bool probe_session_pairs(const struct features *f, int unused)
{
	int n = kernel_btf__get()->session_cookie;

	return n == 1 || (!n && count_skips_of_call() == 1);
}

/* An iterator walks the tasks of its reader's pid namespace. */
static bool probe_task_iterator(const struct features *f, int unused)
{
	return kernel_btf__get()->task_iterator > 0 && machine__is_initial_pid_namespace();
}

/* Before 6.10, rethook_find_ret_addr() warned if a task was woken, in a call that has a return
 * probe, while its stack was read. With panic_on_warn, that ends the machine. The function came
 * with 5.18, but distributions can have it in older kernels. */
static bool probe_task_stacks(const struct features *f, int unused)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return kernel_btf__get()->find_ret_addr < 0 || major > 6 || (major == 6 && minor >= 10);
}

/* arm64 has fprobe since it uses the function graph tracer. */
#ifdef __aarch64__
#define MULTI_SINCE   "6.14"
#define SESSION_SINCE "6.14"
#else
#define MULTI_SINCE   "5.18"
#define SESSION_SINCE "6.10"
#endif

static const struct {
	bool (*probe)(const struct features *f, int what);
	int what;
	const char *missing;
} table[FEATURE_MAX] = {
	[FEATURE_TRACEFS] = { probe_tracefs, 0,
			      "tracefs is not mounted at /sys/kernel/tracing, or is closed to this "
			      "process (CAP_DAC_READ_SEARCH)" },
	[FEATURE_PERF_EVENTS] = { probe_perf_events, 0,
				  "perf events are not permitted: they need CAP_SYS_ADMIN where "
				  "kernel.perf_event_paranoid is 3, else CAP_PERFMON" },
	[FEATURE_KPROBE_EVENTS] = { probe_kprobe_events, 0,
				    "this kernel has no kprobe events (CONFIG_KPROBE_EVENTS)" },
	[FEATURE_UPROBE_PMU] = { probe_uprobe_pmu, 0,
				 "this kernel has no uprobe events (CONFIG_UPROBE_EVENTS)" },
	[FEATURE_SYSCALL_EVENTS] = { probe_syscall_events, 0,
				     "this kernel has no system call tracepoints "
				     "(CONFIG_FTRACE_SYSCALLS)" },
	[FEATURE_BTF] = { probe_btf, 0,
			  "this kernel has no BTF (/sys/kernel/btf/vmlinux; "
			  "CONFIG_DEBUG_INFO_BTF=y)" },
	[FEATURE_ATTACH_COOKIE] = { probe_helper, BPF_FUNC_get_attach_cookie,
				    "this kernel has no attach cookies" },
	[FEATURE_ATOMICS] = { probe_atomics, 0,
			      "this kernel has no atomic instructions in BPF programs (5.12)" },
	[FEATURE_READ_KERNEL] = { probe_read_kernel, 0,
				  "kernel lockdown is \"confidentiality\": programs cannot read "
				  "the memory that labels and filters need" },
	[FEATURE_CGROUP_ANCESTOR] = { probe_helper, BPF_FUNC_get_current_ancestor_cgroup_id,
				      "kprobe programs of this kernel cannot read the parents of a "
				      "cgroup (5.15)" },
	[FEATURE_CGROUP_V2] = { probe_cgroup_v2, 0,
				"this machine has no cgroup v2 hierarchy, which cgroup, "
				"container_id and pod_uid need: boot without "
				"systemd.unified_cgroup_hierarchy=0, or mount -t cgroup2" },
	[FEATURE_KPROBE_MULTI] = { probe_multi, BPF_SYS_KPROBE_MULTI,
				   "this kernel has no kprobe.multi links "
				   "(CONFIG_FPROBE, " MULTI_SINCE ")" },
	[FEATURE_KPROBE_SESSION] = { probe_multi, BPF_SYS_KPROBE_SESSION,
				     "this kernel has no kprobe.session links "
				     "(CONFIG_FPROBE, " SESSION_SINCE ")" },
	[FEATURE_TRAMPOLINE] = { probe_tracing, BPF_SYS_FENTRY,
				 "this kernel does not support fentry programs (needs kernel BTF "
				 "and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)" },
	[FEATURE_FSESSION] = { probe_tracing, BPF_SYS_FSESSION,
			       "this kernel has no fsession programs (7.x)" },
	[FEATURE_FSESSION_MULTI] = { probe_tracing, BPF_SYS_FSESSION_MULTI,
				     "this kernel has no fsession.multi links (x86-64, 7.x)" },
	[FEATURE_UPROBE_MULTI] = { probe_uprobe_link, BPF_SYS_UPROBE_MULTI,
				   "this kernel has no uprobe.multi links (6.6)" },
	[FEATURE_UPROBE_SESSION] = { probe_uprobe_link, BPF_SYS_UPROBE_SESSION,
				     "this kernel has no uprobe.session links (6.13)" },
	[FEATURE_NO_PREEMPTION] = { probe_no_preemption, 0,
				    "preemptible kernel (full or lazy): trampoline programs can "
				    "miss calls" },
	[FEATURE_RETURN_SLOTS] = { probe_return_slots, 0,
				   "this kernel has few return slots per multi link (before 6.14): "
				   "it can miss calls of functions that sleep" },
	[FEATURE_SESSION_PAIRS] = { probe_session_pairs, 0,
				    "this kernel runs a session's return program even if it "
				    "skipped the entry (before 7.0)" },
	[FEATURE_TASK_ITERATOR] = { probe_task_iterator, 0,
				    "this kernel has no task iterators (5.8, with BTF)" },
	[FEATURE_TASK_STACKS] = { probe_task_stacks, 0,
				  "this kernel may print a warning when the stack of a task in a "
				  "return probe is read (before 6.10)" },
	[FEATURE_TASK_STORAGE] = { probe_task_storage, 0, "this kernel has no task storage" },
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
		f->known[feature] = table[feature].probe(f, table[feature].what) ? YES : NO;
	return f->known[feature] == YES;
}

/* Lockdown refuses to open files of tracefs. */
static bool is_locked_down(struct features *f, enum feature feature)
{
	if (feature != FEATURE_TRACEFS && feature != FEATURE_KPROBE_EVENTS &&
	    feature != FEATURE_SYSCALL_EVENTS)
		return false;
	if (f->confidential == UNKNOWN)
		f->confidential = machine__is_confidential() ? YES : NO;
	return f->confidential == YES;
}

static const char *describe(struct features *f, enum feature feature)
{
	char text[64];

	if (feature == FEATURE_NO_PREEMPTION && version_has("PREEMPT_DYNAMIC") &&
	    !read_preemption(text, sizeof(text)))
		return "cannot read the preemption model (sched/preempt in debugfs), assuming "
		       "full: "
		       "trampoline programs could miss calls";
	if (feature == FEATURE_TASK_ITERATOR && !machine__is_initial_pid_namespace())
		return "this process does not see the processes of the machine (hostPID in a pod)";
	if (is_locked_down(f, feature))
		return "kernel lockdown is \"confidentiality\", which closes tracefs";
	if (feature >= FEATURE_KPROBE_MULTI && feature <= FEATURE_FSESSION_MULTI && ftrace_is_off())
		return "kernel.ftrace_enabled is 0: this cannot be tried until it is 1";
	return table[feature].missing;
}

const char *features__missing(struct features *f, enum feature feature)
{
	return features__has(f, feature) ? NULL : describe(f, feature);
}

bool features__preemption_changed(struct features *f)
{
	enum verdict before = f->known[FEATURE_NO_PREEMPTION];

	if (before == UNKNOWN)
		return false;
	f->known[FEATURE_NO_PREEMPTION] = UNKNOWN;
	features__has(f, FEATURE_NO_PREEMPTION);
	return f->known[FEATURE_NO_PREEMPTION] != before;
}

uint32_t features__task_iterator(void)
{
	return kernel_btf__get()->task_iterator;
}

uint32_t features__map_iterator(void)
{
	int id = kernel_btf__get()->map_iterator;

	return id > 0 ? id : 0;
}

int features__tracefs(const struct features *f)
{
	return f->tracefs;
}

void features__free(struct features *f)
{
	free(f);
}
