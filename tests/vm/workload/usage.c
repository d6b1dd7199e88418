/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function that sleeps, works, moves between CPUs or touches new memory, and what its calls took
 * by the task's own clocks and counters, one line of JSON: the least, read inside the function, and
 * the most, read around it. On a busy machine other threads may run in between. For one thread.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "workload.h"

#define MS	   1000000L /* ns */
#define PAGES	   32
#define PAGE_BYTES 4096

static struct taken {
	int64_t off_ns;
	long faults, switches;
} least, most;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* Adds what has been taken until now, or subtracts it. cpu_first: the order in which the two clocks
 * are read. If another thread runs in between, the time off the CPU is larger with it. */
static void add(struct taken *t, int sign, bool cpu_first)
{
	int64_t cpu, now;
	struct rusage r;

	cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	now = clock_ns(CLOCK_MONOTONIC);
	if (!cpu_first)
		cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	getrusage(RUSAGE_THREAD, &r);
	t->off_ns += sign * (now - cpu);
	t->faults += sign * (r.ru_minflt + r.ru_majflt);
	t->switches += sign * (r.ru_nvcsw + r.ru_nivcsw);
}

static void sleep_ns(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static void work_ns(long ns)
{
	int64_t end = clock_ns(CLOCK_MONOTONIC) + ns;

	while (clock_ns(CLOCK_MONOTONIC) < end)
		;
}

/* To one of the first two CPUs. */
static void move(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu & 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void touch_pages(void)
{
	volatile char *p = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise((void *)p, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
	for (int i = 0; p != MAP_FAILED && i < PAGES; i++)
		p[i * PAGE_BYTES] = 1;
	munmap((void *)p, PAGES * PAGE_BYTES);
}

long workload_usage(const char *kind, long i);

__attribute__((noipa)) long workload_usage(const char *kind, long i)
{
	add(&least, -1, true);
	if (!strcmp(kind, "sleep"))
		sleep_ns(20 * MS);
	else if (!strcmp(kind, "work"))
		work_ns(50 * MS);
	else if (!strcmp(kind, "burn"))
		work_ns(MS / 2);
	else if (!strcmp(kind, "touch"))
		touch_pages();
	else
		for (int n = 0; n < 4; n++) {
			move(n);
			work_ns(5 * MS);
			sleep_ns(5 * MS);
		}
	add(&least, 1, false);
	return i;
}

/* The first call faults in the program itself, so it is not counted. */
static int warm_up(struct worker *w)
{
	add(&most, 1, true);
	add(&most, -1, false);
	touch_pages();
	sleep_ns(MS);
	work_ns(MS);
	memset(&most, 0, sizeof(most));
	return 0;
}

static long use(struct worker *w, long i)
{
	add(&most, -1, false);
	workload_usage(argument, i);
	add(&most, 1, true);
	return 0;
}

static void print(const char *name, const struct taken *t, const char *end)
{
	printf("\"%s_off_ns\": %ld, \"%s_faults\": %ld, \"%s_switches\": %ld%s", name,
	       (long)t->off_ns, name, t->faults, name, t->switches, end);
}

static void print_taken(void)
{
	printf("{");
	print("least", &least, ", ");
	print("most", &most, "}\n");
}

const struct operation usage_operations[] = {
	{ "usage", .call = use, .prepare = warm_up, .tear_down = print_taken },
	{},
};
