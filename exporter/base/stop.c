/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/stop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define GRACE	    2.5 /* seconds for the main thread to call stop__signal() */
#define STACK_BYTES (128 << 10)

static struct {
	sigset_t signals;
	int event;
	atomic_int signal;
	atomic_bool taken; /* by the main thread */
	void (*_Atomic before_exit)(void);
} stop = { .event = -1 };

/* Waits for a signal, at most so many seconds; 0: none. */
static int await_signal(double seconds)
{
	double end = monotonic_seconds() + seconds, left = seconds;
	int number = -1;

	while (number < 0 && left > 0) {
		struct timespec t = { (time_t)left, (long)((left - (double)(time_t)left) * 1e9) };

		number = sigtimedwait(&stop.signals, NULL, &t);
		left = end - monotonic_seconds();
	}
	return number < 0 ? 0 : number;
}

static void await_taken(void)
{
	double end = monotonic_seconds() + GRACE;

	while (!stop.taken && monotonic_seconds() < end)
		if (await_signal(0.05))
			break;
}

static void *watch(void *arg)
{
	void (*before_exit)(void);
	int number;

	while (sigwait(&stop.signals, &number))
		;
	stop.signal = number;
	eventfd_write(stop.event, 1);
	await_taken();
	if (stop.taken)
		while (sigwait(&stop.signals, &number))
			;
	before_exit = stop.before_exit;
	if (before_exit)
		before_exit();
	log_warn("ended by signal %d while busy", number);
	_exit(0);
}

int stop__watch(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	sigemptyset(&stop.signals);
	sigaddset(&stop.signals, SIGINT);
	sigaddset(&stop.signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stop.signals, NULL);
	stop.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop.event < 0)
		return -errno;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	err = pthread_create(&thread, &attr, watch, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

void stop__before_exit(void (*fn)(void))
{
	stop.before_exit = fn;
}

int stop__signal(void)
{
	int number = stop.signal;

	if (number)
		stop.taken = true;
	return number;
}

int stop__descriptor(void)
{
	return stop.event;
}
