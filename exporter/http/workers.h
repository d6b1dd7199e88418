/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that make answers, so that the connection loops never block. Jobs run in order. */
#pragma once

#include <pthread.h>

#include "base/util.h"

/* Embedded in the job's data. The workers own that from submit until run() is called. */
struct http_job {
	struct http_job *next;
	/* Runs in a worker; or, with dropped, in the thread that stops the workers. */
	void (*run)(struct http_job *job, bool dropped);
};

#define HTTP_WORKERS_MAX 8

struct http_workers {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct http_job *first, **last; /* waiting */
	bool stopping;
	size_t n;
	struct http_worker {
		struct http_workers *workers;
		pthread_t thread;
		double since; /* when its job began; 0: it has none */
	} threads[HTTP_WORKERS_MAX];
};

/* 0 or a negative errno; stop the workers in either case. */
int http_workers__start(struct http_workers *w, size_t n);
/* False: the workers have been stopped; the job will not run. */
bool http_workers__submit(struct http_workers *w, struct http_job *job);
/* Seconds that the oldest running job has been running. */
double http_workers__longest(struct http_workers *w);
/* Waits for running jobs and drops the others. Zeroed workers are fine. */
void http_workers__stop(struct http_workers *w);
