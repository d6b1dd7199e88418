/* SPDX-License-Identifier: GPL-2.0-only */
/* A listening socket at work: the library's daemon, and the thread that runs it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "http/mhd.h"

struct http_loop {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int epoll, wake; /* descriptors that the thread polls; -1: none */
	bool started;
	atomic_bool stopping;
	atomic_uint turns;
	unsigned turns_seen;
};

/* The daemon must not have threads of its own. 0 or a negative errno; stop the loop in any case. */
int http_loop__start(struct http_loop *l, struct MHD_Daemon *daemon);
/* Resumes a suspended connection. Thread-safe. */
void http_loop__resume(struct http_loop *l, struct MHD_Connection *c);
/* Whether the thread has made progress since the last call. */
bool http_loop__is_alive(struct http_loop *l);
/* Ends the thread, then the daemon. A zeroed loop is fine. */
void http_loop__stop(struct http_loop *l);
