/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel has no call that compares the inodes below overlayfs. But the key of a futex in a
 * shared mapping is the inode below, with the page. So a thread sleeps on a word of one file's
 * mapping: if it can be woken through the other's, both are the same file.
 *
 * A thread that does not sleep yet cannot be woken. So it is first requeued to the other mapping,
 * which tells whether it slept, and then woken through its own.
 *
 * This reads pages of the files, and so may ask a file server: it is done in a child.
 */
#include "files/same_inode.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "files/confined.h"

#define WORD	4
#define SECONDS 3.0
#define MEMORY	(64 << 20)

struct pair {
	int a, b;
};

static long futex(volatile uint32_t *word, int op, uint32_t value, long value2,
		  volatile uint32_t *other, uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, value2, other, value3);
}

/* Retries while the word changes. */
static void *sleep_on(void *arg)
{
	volatile uint32_t *word = arg;

	while (futex(word, FUTEX_WAIT, *word, 0, NULL, 0) && errno == EAGAIN)
		;
	return NULL;
}

static volatile uint32_t *map(int fd)
{
	void *p = mmap(NULL, WORD, PROT_READ, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Requeues the sleeper from one word to the other. Returns the number of threads moved, or -1. */
static long move(volatile uint32_t *from, volatile uint32_t *to)
{
	return futex(from, FUTEX_CMP_REQUEUE, 0, 1, to, *from);
}

/* The child's time is limited. */
static int64_t compare_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct pair *pair = ctx;
	volatile uint32_t *a = map(pair->a), *b = map(pair->b);
	pthread_t sleeper;
	long moved;
	int err;

	if (!a || !b)
		return -errno;
	err = pthread_create(&sleeper, NULL, sleep_on, (void *)a);
	if (err)
		return -err;
	while (!(moved = move(a, b)) || (moved < 0 && errno == EAGAIN))
		usleep(100);
	if (moved < 0)
		return -errno;
	*(bool *)out = futex(a, FUTEX_WAKE, 1, 0, NULL, 0) == 1;
	return sizeof(bool);
}

bool same_inode(int a, int b, const char *path)
{
	__cleanup_free char *what = xasprintf("comparing %s", path);
	struct pair pair = { a, b };
	struct confined_job job = {
		.run = compare_in_child,
		.ctx = &pair,
		.what = what,
		.max = sizeof(bool),
		.memory = MEMORY,
		.seconds = SECONDS,
		.fd = a,
		.also = &b,
		.finds_files = true, /* it makes a thread */
	};
	struct confined_result result;
	__cleanup_free char *why = NULL;
	bool same = !confined__run(&job, &result, &why) && *(const bool *)result.data;

	confined__release(&result);
	return same;
}
