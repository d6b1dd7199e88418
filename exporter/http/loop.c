/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library's own threads are not used: if it cannot create one, it shuts down the listening
 * socket, which all processes share; and there is no way to see whether they still run. Without
 * them, resuming a connection does not wake the library, so we wake it ourselves.
 */
#include "http/loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "base/util.h"

#define TURN_MS 1000 /* the longest turn, for http_loop__is_alive() */

static int patience(const struct http_loop *l)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(l->daemon, &ms) == MHD_YES && ms < TURN_MS ? (int)ms : TURN_MS;
}

static void *turn(void *arg)
{
	struct http_loop *l = arg;
	struct pollfd fds[] = { { .fd = l->epoll, .events = POLLIN },
				{ .fd = l->wake, .events = POLLIN } };

	while (!l->stopping) {
		eventfd_t woken;

		poll(fds, ARRAY_SIZE(fds), patience(l));
		eventfd_read(l->wake, &woken);
		MHD_run(l->daemon);
		l->turns++;
	}
	return NULL;
}

int http_loop__start(struct http_loop *l, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int err;

	l->daemon = daemon;
	l->epoll = info ? info->epoll_fd : -1;
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake < 0)
		return -errno;
	err = l->epoll < 0 ? ENOSYS : pthread_create(&l->thread, NULL, turn, l);
	l->started = !err;
	return -err;
}

void http_loop__resume(struct http_loop *l, struct MHD_Connection *c)
{
	MHD_resume_connection(c);
	eventfd_write(l->wake, 1);
}

bool http_loop__is_alive(struct http_loop *l)
{
	unsigned before = l->turns_seen;

	l->turns_seen = l->turns;
	return l->turns_seen != before;
}

void http_loop__stop(struct http_loop *l)
{
	if (!l->daemon)
		return;
	if (l->started) {
		l->stopping = true;
		eventfd_write(l->wake, 1);
		pthread_join(l->thread, NULL);
	}
	MHD_stop_daemon(l->daemon);
	cleanup__close(&l->wake);
}
