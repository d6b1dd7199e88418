/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/sd_notify.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

static int send_to(const char *path, const char *state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	__cleanup_close int fd = -1;

	if ((*path != '/' && *path != '@') || len >= sizeof(un.sun_path))
		return -EINVAL;
	memcpy(un.sun_path, path, len);
	if (*path == '@') /* how systemd writes an abstract socket */
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&un,
			     offsetof(struct sockaddr_un, sun_path) + len) < 0)
		return -errno;
	return 0;
}

static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int err = path ? send_to(path, state) : 0;

	if (err)
		log_debug("sd_notify: cannot tell %s: %s", path, strerror(-err));
}

void sd_notify__ready(void)
{
	notify("READY=1");
}

void sd_notify__reloading(void)
{
	char state[64];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	notify(state);
}

void sd_notify__stopping(void)
{
	notify("STOPPING=1");
}

/* Seconds of WatchdogSec=; 0 if there is none, or if it is for another process. */
static double watchdog_seconds(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && atol(pid) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10) / 1e6;
}

void sd_notify__alive(void)
{
	static double told;
	double now = monotonic_seconds(), limit = watchdog_seconds();

	if (!limit || (told && now - told < limit / 4))
		return;
	told = now;
	notify("WATCHDOG=1");
}
