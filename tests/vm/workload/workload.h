/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of the workload. Each source has a table of them at its end. */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct worker {
	pthread_t thread;
	const struct operation *op;
	int number;
	pid_t tid; /* 0 until known */
	long calls;
	uint64_t ok, failed, ns, min_ns, max_ns;
	int error; /* errno of the failed calls */
	timer_t timer;
	char path[256];
};

struct operation {
	const char *name;
	long (*call)(struct worker *w, long i); /* < 0: failed, errno set */
	int (*set_up)(void);			/* once, before the threads start; < 0: failed */
	int (*prepare)(struct worker *w);	/* in each thread, before its first call */
	void (*before)(struct worker *w);	/* before each call, not timed */
	/* In the main thread, while the others make their calls. */
	void (*attend)(const struct worker *workers, int threads, long calls);
	void (*tear_down)(void);
};

/* Each table ends with an operation without a name. */
extern const struct operation file_operations[], process_operations[], sleep_operations[],
	kernel_operations[], user_operations[], stream_operations[], stuck_operations[],
	usage_operations[];

extern const char *argument; /* of the command line */
extern int shared_fd;	     /* opened by set_up() */
extern volatile sig_atomic_t stopped;

void die(const char *what);

/* The number of a call over all threads. */
static inline long call_number(const struct worker *w, long i)
{
	return w->number * w->calls + i;
}

/* Whether a task sleeps in the system call of that number. False if the task is 0. */
bool is_asleep_in(pid_t task, long call);

/* Calls that streams consist of. */
long unlink_missing(struct worker *w, long i);
long getpgid_live(struct worker *w, long i);
long msgrcv_invalid(struct worker *w, long i);
long workload_function(long v);
