// SPDX-License-Identifier: GPL-2.0-only
/*
 * Imitations of other exporters' programs, and programs written by hand, to be measured beside
 * ours. The cost depends on the maps they use, and on how they are attached. bench_pattern loads
 * the programs of one pattern, which is the prefix of their names.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* The power of two below a value. */
static __always_inline __u32 log2_32(__u32 v)
{
	__u32 r = (v > 0xffff) << 4, s;

	v >>= r;
	s = (v > 0xff) << 3, v >>= s, r |= s;
	s = (v > 0xf) << 2, v >>= s, r |= s;
	s = (v > 3) << 1, v >>= s, r |= s;
	return r | v >> 1;
}

static __always_inline __u32 log2_64(__u64 v)
{
	return v >> 32 ? log2_32(v >> 32) + 32 : log2_32(v);
}

/*
 * ---- ebpf_exporter: examples ext4dist, xfsdist, cephfs-dist -------------------------------------
 * A kprobe stores the time per thread in a hash map, and a kretprobe takes it from there. The
 * histogram is a hash map keyed by the labels and the bucket, shared by all CPUs. The sum of
 * microseconds is the bucket after the last.
 */
#define EXPORTER_SUM 28

struct exporter_key {
	__u8 op;
	__u64 bucket;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} exporter_start SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EXPORTER_SUM + 1);
	__type(key, struct exporter_key);
	__type(value, __u64);
} exporter_counts SEC(".maps");

/* Has several callers, so no compiler inlines it. */
static __noinline int exporter_add(const struct exporter_key *key, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(&exporter_counts, key), zero = 0;

	if (!count) {
		bpf_map_update_elem(&exporter_counts, key, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&exporter_counts, key);
		if (!count)
			return 0;
	}
	__sync_fetch_and_add(count, n);
	return *count;
}

SEC("kprobe")
int exporter_entry(struct pt_regs *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&exporter_start, &tid, &now, BPF_ANY);
	return 0;
}

SEC("kretprobe")
int exporter_return(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), us, *start;
	__u32 tid = bpf_get_current_pid_tgid();
	struct exporter_key key = {};

	start = bpf_map_lookup_elem(&exporter_start, &tid);
	if (!start)
		return 0;
	us = (now - *start) / 1000;
	key.bucket = log2_64(us);
	if (key.bucket >= EXPORTER_SUM)
		key.bucket = EXPORTER_SUM - 1;
	exporter_add(&key, 1);
	if (us) {
		key.bucket = EXPORTER_SUM;
		exporter_add(&key, us);
	}
	bpf_map_delete_elem(&exporter_start, &tid);
	return 0;
}

/*
 * ---- netdata ------------------------------------------------------------------------------------
 * Trampolines, if there is BTF. Counts the calls of most functions and, with `ebpf load mode =
 * return`, their errors, in a per-CPU array. Then counts per process, if that is on (a switch that
 * is looked up, too). For file systems it measures durations. The time of the entry is stored per
 * process, not per thread, in a per-CPU hash map.
 */
enum { NETDATA_CALLS, NETDATA_ERRORS, NETDATA_BY_PROCESS, NETDATA_SLOTS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NETDATA_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} netdata_calls_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} netdata_calls_switch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4192);
	__type(key, __u32);
	__type(value, __u64);
} netdata_time_start SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 24);
	__type(key, __u32);
	__type(value, __u64);
} netdata_time_counts SEC(".maps");

static __always_inline void netdata_add(void *map, __u32 key, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(map, &key);

	if (!count)
		return;
	__sync_fetch_and_add(count, n);
	if (~0ULL - *count <= n) /* full: start again */
		*count = n;
}

/* For a function with one argument. */
SEC("fexit")
int netdata_calls_return(__u64 *ctx)
{
	__u32 *by_process, key = 0;

	if ((__s64)ctx[1] < 0)
		netdata_add(&netdata_calls_counts, NETDATA_ERRORS, 1);
	netdata_add(&netdata_calls_counts, NETDATA_CALLS, 1);
	by_process = bpf_map_lookup_elem(&netdata_calls_switch, &key);
	if (by_process && *by_process)
		netdata_add(&netdata_calls_counts, NETDATA_BY_PROCESS, 1);
	return 0;
}

SEC("fentry")
int netdata_time_entry(__u64 *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&netdata_time_start, &pid, &now, BPF_ANY);
	return 0;
}

SEC("fexit")
int netdata_time_return(__u64 *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, bucket;
	__u64 *start = bpf_map_lookup_elem(&netdata_time_start, &pid);
	__s64 ns;

	if (!start)
		return 0;
	ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&netdata_time_start, &pid);
	if (ns < 0)
		return 0;
	bucket = log2_64(ns / 1000ULL);
	netdata_add(&netdata_time_counts, bucket > 23 ? 23 : bucket, 1);
	return 0;
}

/*
 * ---- by hand ------------------------------------------------------------------------------------
 * What somebody would write for a point, and for the span between two points of a task: a count
 * per CPU; and a hash map keyed as the span, with a log2 histogram per CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} point_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10000);
	__type(key, __u64);
	__type(value, __u64);
} span_start SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} span_counts SEC(".maps");

static __always_inline void count_point(void)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&point_counts, &key);

	if (count)
		*count += 1;
}

static __always_inline void begin_span(void)
{
	__u64 tid = (__u32)bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	bpf_map_update_elem(&span_start, &tid, &now, BPF_ANY);
}

static __always_inline void end_span(void)
{
	__u64 tid = (__u32)bpf_get_current_pid_tgid(), *start, *count;
	__u32 bucket;

	start = bpf_map_lookup_elem(&span_start, &tid);
	if (!start)
		return;
	bucket = log2_64(bpf_ktime_get_ns() - *start) & 63;
	bpf_map_delete_elem(&span_start, &tid);
	count = bpf_map_lookup_elem(&span_counts, &bucket);
	if (count)
		*count += 1;
}

SEC("tracepoint/signal/signal_generate")
int point_generate(void *ctx)
{
	count_point();
	return 1;
}

SEC("raw_tp/signal_generate")
int raw_point_generate(void *ctx)
{
	count_point();
	return 0;
}

SEC("tracepoint/signal/signal_generate")
int span_generate(void *ctx)
{
	begin_span();
	return 1;
}

SEC("tracepoint/signal/signal_deliver")
int span_deliver(void *ctx)
{
	end_span();
	return 1;
}

SEC("raw_tp/signal_generate")
int raw_span_generate(void *ctx)
{
	begin_span();
	return 0;
}

SEC("raw_tp/signal_deliver")
int raw_span_deliver(void *ctx)
{
	end_span();
	return 0;
}

/*
 * Time off the CPU, by a program at each task switch, which adds it up for tasks that are in a call
 * of the function.
 */
struct offcpu_task {
	__u64 start, off_since, off;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct offcpu_task);
} offcpu_tasks SEC(".maps");

/* By power of two: durations, then times off the CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, __u64);
} offcpu_counts SEC(".maps");

static __always_inline void offcpu_count(__u32 bucket)
{
	__u64 *count = bpf_map_lookup_elem(&offcpu_counts, &bucket);

	if (count)
		*count += 1;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(offcpu_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct offcpu_task *t = bpf_task_storage_get(&offcpu_tasks, prev, 0, 0);

	if (t && t->start)
		t->off_since = bpf_ktime_get_ns();
	t = bpf_task_storage_get(&offcpu_tasks, next, 0, 0);
	if (t && t->off_since) {
		t->off += bpf_ktime_get_ns() - t->off_since;
		t->off_since = 0;
	}
	return 0;
}

SEC("fentry")
int offcpu_entry(void *ctx)
{
	struct offcpu_task *t = bpf_task_storage_get(&offcpu_tasks, bpf_get_current_task_btf(), 0,
						     BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (t) {
		t->off = 0;
		t->start = bpf_ktime_get_ns();
	}
	return 0;
}

SEC("fexit")
int offcpu_return(void *ctx)
{
	struct offcpu_task *t =
		bpf_task_storage_get(&offcpu_tasks, bpf_get_current_task_btf(), 0, 0);

	if (!t || !t->start)
		return 0;
	offcpu_count(log2_64(bpf_ktime_get_ns() - t->start) & 63);
	offcpu_count(64 + (log2_64(t->off) & 63));
	t->start = 0;
	return 0;
}
