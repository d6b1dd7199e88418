/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cost of one call: makes many in a row, and prints the nanoseconds per call and their number.
 *
 *	bench_calls getpgid|getpgid-other|getpgid-filtered|switch|signal|function|usdt [CALLS
 *[ROUNDS]] bench_calls offset		the offset in this file of what `function` calls
 *
 * The result is the minimum over all rounds. A round is shorter than a timer tick, so most have no
 * interrupt. The first rounds, which fill caches and page tables, do not matter. In a guest that
 * counts instructions, nanoseconds are instructions.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	/* Not slewed. */
	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* To be probed by name in this binary. */
long bench_function(long v);

__attribute__((noipa)) long bench_function(long v)
{
	return v;
}

static void call_getpgid(long calls)
{
	for (long i = 0; i < calls; i++)
		syscall(SYS_getpgid, 0);
}

static void call_getpgid_other(long calls)
{
	for (long i = 0; i < calls; i++)
		syscall(SYS_getpgid, 1);
}

/* In a task with a seccomp filter that allows all. */
static void call_getpgid_filtered(long calls)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { 1, &code };
	static bool filtered;

	if (!filtered && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)))
		exit(1);
	filtered = true;
	call_getpgid(calls);
}

/* Another process takes the CPU and gives it back: two task switches on one CPU. Those of real-time
 * tasks are all alike. */
static void call_switch(long calls)
{
	struct sched_param first = { .sched_priority = 1 };
	static bool forked;

	if (!forked) {
		if (sched_setscheduler(0, SCHED_FIFO, &first))
			exit(1);
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				sched_yield();
		}
	}
	forked = true;
	for (long i = 0; i < calls; i++)
		sched_yield();
}

static void on_signal(int signal)
{
}

/* Each is generated, and delivered at the end of its system call. */
static void call_signal(long calls)
{
	signal(SIGUSR1, on_signal);
	for (long i = 0; i < calls; i++)
		syscall(SYS_tkill, getpid(), SIGUSR1);
}

static void call_function(long calls)
{
	for (long i = 0; i < calls; i++)
		bench_function(i);
}

/* With a USDT probe in each. */
static void call_usdt(long calls)
{
	for (long i = 0; i < calls; i++)
		STAP_PROBE1(bench, point, i);
}

/* A uprobe needs the function's offset in the file. */
static int print_offset(void)
{
	unsigned long start, end, offset, address = (unsigned long)bench_function;
	FILE *f = fopen("/proc/self/maps", "re");
	char line[4352];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    address >= start && address < end) {
			printf("%lu\n", address - start + offset);
			fclose(f);
			return 0;
		}
	}
	perror("/proc/self/maps");
	return 1;
}

static const struct {
	const char *name;
	void (*run)(long calls);
} loops[] = {
	{ "getpgid", call_getpgid },
	{ "getpgid-other", call_getpgid_other },
	{ "getpgid-filtered", call_getpgid_filtered },
	{ "switch", call_switch },
	{ "signal", call_signal },
	{ "function", call_function },
	{ "usdt", call_usdt },
	{},
};

int main(int argc, char **argv)
{
	long calls = argc > 2 ? atol(argv[2]) : 1000, rounds = argc > 3 ? atol(argv[3]) : 100;
	uint64_t min = UINT64_MAX;
	int l = 0;

	if (argc == 2 && !strcmp(argv[1], "offset"))
		return print_offset();
	while (argc > 1 && loops[l].name && strcmp(loops[l].name, argv[1]))
		l++;
	if (argc < 2 || !loops[l].name || calls < 1 || rounds < 1) {
		fprintf(stderr,
			"usage: bench_calls getpgid|function|usdt [CALLS [ROUNDS]], or offset\n");
		return 2;
	}
	/* The first processes of a guest have no process group for getpgid(2). */
	setpgid(0, 0);
	for (long r = 0; r < rounds; r++) {
		uint64_t t = now_ns(), d;

		loops[l].run(calls);
		d = now_ns() - t;
		min = d < min ? d : min;
	}
	printf("%.1f %ld\n", (double)min / calls, calls * rounds);
	return 0;
}
