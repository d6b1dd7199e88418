/* SPDX-License-Identifier: GPL-2.0-only */
#include "ledger.h"

#include <errno.h>
#include <sched.h>

static size_t words(uint32_t ncells, uint32_t cell_width, uint32_t nhists, uint32_t hist_width,
		    uint32_t ndetails)
{
	return (size_t)ncells * cell_width + (size_t)nhists * hist_width + ndetails;
}

size_t ledger__size(uint32_t ncells, uint32_t cell_width, uint32_t nhists, uint32_t hist_width,
		    uint32_t ndetails)
{
	size_t n = words(ncells, cell_width, nhists, hist_width, ndetails);

	return ALIGN_UP(sizeof(struct ledger_head), sizeof(uint64_t)) + n * sizeof(uint64_t) +
	       ncells * (sizeof(uint32_t) + 1);
}

int ledger__init(struct ledger *l, uint32_t ncells, uint32_t cell_width, uint32_t nhists,
		 uint32_t hist_width, uint32_t ndetails)
{
	size_t size = ledger__size(ncells, cell_width, nhists, hist_width, ndetails);
	char *p = shared_memory(size);

	if (!p)
		return -errno;
	*l = (struct ledger){
		.head = (struct ledger_head *)p,
		.ncells = ncells,
		.cell_width = cell_width,
		.nhists = nhists,
		.hist_width = hist_width,
		.ndetails = ndetails,
		.size = size,
	};
	l->cells = (uint64_t *)(p + ALIGN_UP(sizeof(*l->head), sizeof(uint64_t)));
	l->hists = l->cells + (size_t)ncells * cell_width;
	l->details = l->hists + (size_t)nhists * hist_width;
	l->shown_in = (uint32_t *)(l->details + ndetails);
	l->used = (uint8_t *)(l->shown_in + ncells);
	return 0;
}

void ledger__destroy(struct ledger *l)
{
	shared_memory_free(l->head, l->size);
	*l = (struct ledger){};
}

void ledger__begin(struct ledger *l)
{
	__atomic_add_fetch(&l->head->version, 1, __ATOMIC_SEQ_CST);
}

void ledger__end(struct ledger *l)
{
	__atomic_add_fetch(&l->head->version, 1, __ATOMIC_SEQ_CST);
}

/* 1 + the other, so that what has never been written is shown in itself. */
void ledger__show_in(struct ledger *l, uint32_t cell, uint32_t other)
{
	l->shown_in[cell] = other == cell ? 0 : 1 + other;
}

uint32_t ledger__shown_in(const struct ledger *l, uint32_t cell)
{
	uint32_t other = *(volatile uint32_t *)&l->shown_in[cell];

	return other ? other - 1 : cell;
}

uint32_t ledger__begin_read(const struct ledger *l)
{
	uint32_t version;

	while ((version = __atomic_load_n(&l->head->version, __ATOMIC_ACQUIRE)) & 1)
		sched_yield();
	return version;
}

bool ledger__changed(const struct ledger *l, uint32_t version)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&l->head->version, __ATOMIC_RELAXED) != version;
}
