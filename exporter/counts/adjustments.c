/* SPDX-License-Identifier: GPL-2.0-only */
#include "counts/adjustments.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#define READ_TRIES    1000
#define READ_PAUSE_NS 1000000

size_t adjustments__size(const struct adjustments *l)
{
	size_t words =
		(size_t)l->ncells * l->cell_width + (size_t)l->nhists * l->hist_width + l->nvalues;

	return ALIGN_UP(sizeof(*l->head), sizeof(uint64_t)) + words * sizeof(uint64_t) +
	       l->ncells * (sizeof(uint32_t) + 1);
}

static void lay_out(struct adjustments *l, char *p)
{
	l->head = (struct adjustments_head *)p;
	l->cells = (uint64_t *)(p + ALIGN_UP(sizeof(*l->head), sizeof(uint64_t)));
	l->hists = l->cells + (size_t)l->ncells * l->cell_width;
	l->values = l->hists + (size_t)l->nhists * l->hist_width;
	l->alias = (uint32_t *)(l->values + l->nvalues);
	l->used = (uint8_t *)(l->alias + l->ncells);
}

int adjustments__init(struct adjustments *l)
{
	char *p;

	l->size = adjustments__size(l);
	p = mmap(NULL, l->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	lay_out(l, p);
	return shared_memory__new(&l->copy, l->size);
}

void adjustments__destroy(struct adjustments *l)
{
	shared_memory__free(&l->copy);
	if (l->head)
		munmap(l->head, l->size);
	*l = (struct adjustments){};
}

void adjustments__read(struct adjustments *l, const void *copy)
{
	if (copy)
		lay_out(l, (char *)copy);
}

/* The copy of one of our own counters. */
static void *copy_of(const struct adjustments *l, const void *own)
{
	return (char *)l->copy.addr + ((const char *)own - (const char *)l->head);
}

static void set_version(struct adjustments *l, int order)
{
	uint32_t *copy = &((struct adjustments_head *)l->copy.addr)->version;

	__atomic_store_n(copy, ++l->head->version, order);
}

/* No change may be visible before the version is odd, */
void adjustments__begin(struct adjustments *l)
{
	set_version(l, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* and none after it is even again. */
void adjustments__end(struct adjustments *l)
{
	set_version(l, __ATOMIC_RELEASE);
}

void adjustments__add(struct adjustments *l, uint64_t *to, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += words[i];
	shared_memory__put(copy_of(l, to), to, n);
}

void adjustments__subtract(struct adjustments *l, uint64_t *from, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		from[i] -= words[i];
	shared_memory__put(copy_of(l, from), from, n);
}

void adjustments__use(struct adjustments *l, uint32_t cell)
{
	l->used[cell] = 1;
	__atomic_store_n((uint8_t *)copy_of(l, &l->used[cell]), 1, __ATOMIC_RELAXED);
}

/* 1 + the other, so that 0, in memory that was never written, means no alias. */
void adjustments__set_alias(struct adjustments *l, uint32_t cell, uint32_t other)
{
	uint32_t *copy = copy_of(l, &l->alias[cell]);

	l->alias[cell] = other == cell ? 0 : 1 + other;
	__atomic_store_n(copy, l->alias[cell], __ATOMIC_RELAXED);
}

uint32_t adjustments__alias_of(const struct adjustments *l, uint32_t cell)
{
	uint32_t other = __atomic_load_n(&l->alias[cell], __ATOMIC_RELAXED);

	return other ? other - 1 : cell;
}

/* A change takes milliseconds, on a busy machine several times that. */
int adjustments__begin_read(const struct adjustments *l, uint32_t *version)
{
	for (int try = 0; try < READ_TRIES; try++) {
		*version = __atomic_load_n(&l->head->version, __ATOMIC_ACQUIRE);
		if (!(*version & 1))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = READ_PAUSE_NS }, NULL);
	}
	return -EAGAIN;
}

bool adjustments__changed(const struct adjustments *l, uint32_t version)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&l->head->version, __ATOMIC_RELAXED) != version;
}
