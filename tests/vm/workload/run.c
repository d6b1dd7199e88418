/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes an exact number of calls with known results, and prints a summary as one line of JSON:
 *
 *	workload OPERATION THREADS CALLS [ARGUMENT]
 *
 * The threads share CALLS evenly and start together. `ns` is the time spent in all calls, by a
 * clock that is read around each. A probe inside the call must measure less.
 *
 * Operations that sleep are woken once the kernel reports all threads asleep. With the ARGUMENT
 * "held", the workload then prints "asleep" to stderr, and wakes them after a line on stdin.
 */
#include "workload.h"

#define MAX_THREADS 1024

const char *argument;
int shared_fd;
volatile sig_atomic_t stopped;

static pthread_barrier_t start;

static const struct operation *const groups[] = {
	file_operations, process_operations, sleep_operations, kernel_operations,
	user_operations, stream_operations,  stuck_operations, usage_operations,
};

#define GROUPS (sizeof(groups) / sizeof(*groups))

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void die(const char *what)
{
	perror(what);
	exit(1);
}

static const struct operation *find_operation(const char *name)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct operation *op = groups[g]; op->name; op++)
			if (!strcmp(op->name, name))
				return op;
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: workload OPERATION THREADS CALLS [ARGUMENT]; CALLS is a multiple "
			"of THREADS\noperations:");
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct operation *op = groups[g]; op->name; op++)
			fprintf(stderr, " %s", op->name);
	fprintf(stderr, "\n");
	return 2;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	if (w->op->prepare && w->op->prepare(w))
		die(w->op->name);
	w->min_ns = UINT64_MAX;
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	pthread_barrier_wait(&start);
	for (long i = 0; i < w->calls && !stopped; i++) {
		uint64_t t, d;
		long ret;

		if (w->op->before)
			w->op->before(w);
		t = now_ns();
		ret = w->op->call(w, i);
		d = now_ns() - t;
		w->ns += d;
		w->min_ns = d < w->min_ns ? d : w->min_ns;
		w->max_ns = d > w->max_ns ? d : w->max_ns;
		if (ret < 0) {
			w->failed++;
			w->error = errno;
		} else {
			w->ok++;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	const struct operation *op = argc > 3 ? find_operation(argv[1]) : NULL;
	uint64_t ok = 0, failed = 0, ns = 0, min = UINT64_MAX, max = 0;
	int threads = argc > 3 ? atoi(argv[2]) : 0, error = 0;
	long calls = argc > 3 ? atol(argv[3]) : 0;

	argument = argc > 4 ? argv[4] : "1";
	if (!op || threads < 1 || threads > MAX_THREADS || calls % threads)
		return usage();
	setpgid(0, 0); /* the first processes of a guest have no group for getpgid(2) */
	if (op->set_up && op->set_up() < 0)
		die(op->name);
	pthread_barrier_init(&start, NULL, threads);
	for (int i = 0; i < threads; i++) {
		workers[i] = (struct worker){ .op = op, .number = i, .calls = calls / threads };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("pthread_create");
	}
	if (op->attend)
		op->attend(workers, threads, calls);
	for (int i = 0; i < threads; i++) {
		struct worker *w = &workers[i];

		pthread_join(w->thread, NULL);
		ok += w->ok;
		failed += w->failed;
		ns += w->ns;
		min = w->min_ns < min ? w->min_ns : min;
		max = w->max_ns > max ? w->max_ns : max;
		error = w->error ? w->error : error;
	}
	if (op->tear_down)
		op->tear_down();
	printf("{\"operation\": \"%s\", \"ok\": %lu, \"failed\": %lu, \"errno\": %d, \"ns\": %lu, "
	       "\"min_ns\": %lu, \"max_ns\": %lu}\n",
	       op->name, ok, failed, error, ns, min, max);
	return 0;
}
