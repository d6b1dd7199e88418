/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function that sleeps, works, moves between CPUs or touches new memory, and what its calls took
 * by the task's own clock and counters: {"off_ns", "faults", "switches"}, one line of JSON. For one
 * thread.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "workload.h"

#define MS	   1000000L /* ns */
#define PAGES	   32
#define PAGE_BYTES 4096

static struct {
	int64_t off_ns;
	long faults, switches;
} taken;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
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
	if (!strcmp(kind, "sleep"))
		sleep_ns(20 * MS);
	else if (!strcmp(kind, "work"))
		work_ns(50 * MS);
	else if (!strcmp(kind, "touch"))
		touch_pages();
	else
		for (int n = 0; n < 4; n++) {
			move(n);
			work_ns(5 * MS);
			sleep_ns(5 * MS);
		}
	return i;
}

static void add(int sign)
{
	struct rusage r;

	getrusage(RUSAGE_THREAD, &r);
	taken.off_ns += sign * (clock_ns(CLOCK_MONOTONIC) - clock_ns(CLOCK_THREAD_CPUTIME_ID));
	taken.faults += sign * (r.ru_minflt + r.ru_majflt);
	taken.switches += sign * (r.ru_nvcsw + r.ru_nivcsw);
}

/* The first call faults in the program itself, so it is not counted. */
static int warm_up(struct worker *w)
{
	add(1);
	add(-1);
	touch_pages();
	sleep_ns(MS);
	work_ns(MS);
	memset(&taken, 0, sizeof(taken));
	return 0;
}

static long use(struct worker *w, long i)
{
	add(-1);
	workload_usage(argument, i);
	add(1);
	return 0;
}

static void print_taken(void)
{
	printf("{\"off_ns\": %ld, \"faults\": %ld, \"switches\": %ld}\n", (long)taken.off_ns,
	       taken.faults, taken.switches);
}

const struct operation usage_operations[] = {
	{ "usage", .call = use, .prepare = warm_up, .tear_down = print_taken },
	{},
};
