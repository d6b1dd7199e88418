/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cost of a scan for calls in progress (bpf/scan.bpf.h):
 *
 *	bench_scan THREADS FUNCTIONS	as root
 *
 * Starts that many threads, which sleep, and looks for that many kernel functions in the stacks of
 * all threads of the machine. Attaches nothing, so it works without kprobes. Prints CPU time.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "config/config.h"
#include "kernel/symbols.h"
#include "kernel/tracefs.h"
#include "object/scan.h"

#define RUNS 20

static void fail(const char *what, int err)
{
	fprintf(stderr, "bench_scan: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

static void start_threads(long n)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (long i = 0; i < n; i++) {
		pthread_t thread;
		int err = pthread_create(&thread, &attr, sleep_on, NULL);

		if (err)
			fail("pthread_create", -err);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct rp_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Every so many functions of the kernel, in the order of their addresses. */
static struct rp_range *choose(size_t n)
{
	struct symbols_env env = { .tracefs = -1 };
	struct rp_range *ranges;
	const struct ksym *all;
	struct symbols *s;
	size_t total, known = 0;

	if (symbols__read(&env, &s))
		fail("kallsyms", -ENOENT);
	all = symbols__all(s, &total);
	ranges = xcalloc(total + 1, sizeof(*ranges));
	for (size_t i = 0; i < total; i++)
		if (all[i].addr && all[i].copies == 1 && !strcmp(all[i].object, SYMBOLS_VMLINUX))
			ranges[known++] =
				(struct rp_range){ all[i].addr, symbols__end(s, &all[i]), 0, 0 };
	qsort(ranges, known, sizeof(*ranges), by_start);
	if (known < n)
		fail("functions", -ENOENT);
	for (size_t i = 0; i < n; i++)
		ranges[i] = ranges[i * known / n];
	symbols__free(s);
	return ranges;
}

static size_t found;

static void on_found(void *ctx, const struct scan_found *f)
{
	found += f->task.ncalls;
}

static bool never(void *ctx)
{
	return false;
}

static struct object *load(size_t nfunctions)
{
	struct config *c = config__new();
	struct features *f = features__new(tracefs__open(), false);
	struct histogram_layout *layout, *sizes;
	struct object_params p = {
		.ntargets = 1,
		.cpus = cpus__read(),
		.programs = PROG_BIT(PROG_SYSCALL_ENTER) | PROG_BIT(PROG_SCAN),
		.scan = { .ranges = choose(nfunctions), .nranges = nfunctions, .syscalls = true },
	};
	struct object *o;
	char *error;
	int err;

	p.first_hists = xcalloc(1, sizeof(uint32_t));
	if (histogram_layout__build(c->buckets, c->nbuckets, c->native_schema, &layout, &error) ||
	    histogram_layout__build(c->size_buckets, c->nsize_buckets, HISTOGRAM_INTEGERS, &sizes,
				    &error))
		fail("histograms", -EINVAL);
	p.layout = layout;
	p.size_layout = sizes;
	err = object__load(&p, f, &o, &error);
	if (err)
		fail(error, err);
	err = object_scan__open(o);
	if (err)
		fail("the task iterator", err);
	return o;
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 20000,
	     functions = argc > 2 ? atol(argv[2]) : 1000;
	struct object *o = load(functions);
	struct scan_run run = { .found = on_found, .enough = never };
	double least = 1e9, begun, total = cpu_seconds();

	start_threads(threads);
	total = cpu_seconds();
	for (int i = 0; i < RUNS; i++) {
		int err;

		begun = cpu_seconds();
		err = object_scan__run(o, &run);
		if (err)
			fail("scan", err);
		begun = cpu_seconds() - begun;
		least = begun < least ? begun : least;
	}
	total = cpu_seconds() - total;
	printf("%llu threads, %ld functions: %.2f ms per scan, %.2f at least; %zu calls found\n",
	       (unsigned long long)run.tasks, functions, total / RUNS * 1e3, least * 1e3,
	       found / RUNS);
	fflush(stdout);
	_exit(0); /* the threads sleep on */
}
