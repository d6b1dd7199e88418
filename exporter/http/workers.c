/* SPDX-License-Identifier: GPL-2.0-only */
#include "http/workers.h"

#include "base/clock.h"

static struct http_job *take(struct http_workers *w)
{
	struct http_job *job = w->first;

	w->first = job->next;
	if (!w->first)
		w->last = &w->first;
	return job;
}

static void *work(void *arg)
{
	struct http_worker *self = arg;
	struct http_workers *w = self->workers;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct http_job *job;

		while (!w->first && !w->stopping)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->stopping)
			break;
		job = take(w);
		self->since = monotonic_seconds();
		pthread_mutex_unlock(&w->lock);
		job->run(job, false);
		pthread_mutex_lock(&w->lock);
		self->since = 0;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int http_workers__start(struct http_workers *w, size_t n)
{
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->last = &w->first;
	while (w->n < n) {
		struct http_worker *t = &w->threads[w->n];
		int err;

		t->workers = w;
		err = pthread_create(&t->thread, NULL, work, t);
		if (err)
			return -err;
		w->n++;
	}
	return 0;
}

bool http_workers__submit(struct http_workers *w, struct http_job *job)
{
	bool taken;

	pthread_mutex_lock(&w->lock);
	taken = !w->stopping;
	if (taken) {
		job->next = NULL;
		*w->last = job;
		w->last = &job->next;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return taken;
}

double http_workers__longest(struct http_workers *w)
{
	double now = monotonic_seconds(), longest = 0;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n; i++)
		if (w->threads[i].since && now - w->threads[i].since > longest)
			longest = now - w->threads[i].since;
	pthread_mutex_unlock(&w->lock);
	return longest;
}

void http_workers__stop(struct http_workers *w)
{
	if (!w->last)
		return;
	/* Keep the lock: jobs may still be submitted, and are refused. */
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->n; i++)
		pthread_join(w->threads[i].thread, NULL);
	while (w->first) {
		struct http_job *job = take(w);

		job->run(job, true);
	}
	w->n = 0;
}
