/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/samples.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include "object/state.h"

#define ENTRY(len) (ALIGN_UP((uint64_t)(len) + BPF_RINGBUF_HDR_SZ, 8))

static void *map_part(struct object *o, size_t offset, size_t size, int prot)
{
	void *addr = mmap(NULL, size, prot, MAP_SHARED, bpf_map__fd(o->skel->maps.samples), offset);

	if (addr == MAP_FAILED)
		return NULL;
	madvise(addr, size, MADV_DONTFORK);
	o->mappings[o->nmappings++] = (struct mapping){ addr, size };
	return addr;
}

/* A page for the reader's position, one for the writer's, then the data, twice: no entry breaks off
 * at the end. */
int object_samples__map(struct object *o)
{
	struct sample_ring *r = &o->samples;
	size_t page = sysconf(_SC_PAGESIZE);

	if (!o->plan.samples)
		return 0;
	r->size = bpf_map__max_entries(o->skel->maps.samples);
	r->consumed = map_part(o, 0, page, PROT_READ | PROT_WRITE);
	r->produced = map_part(o, page, page + 2 * r->size, PROT_READ);
	if (!r->consumed || !r->produced)
		return -errno;
	r->data = (const char *)r->produced + page;
	return 0;
}

bool object_samples__are_taken(const struct object *o)
{
	return o->samples.size;
}

void object_samples__take(struct object *o,
			  void (*found)(void *ctx, const struct rp_sample *s, size_t len),
			  void *ctx)
{
	struct sample_ring *r = &o->samples;
	uint64_t at, end;

	if (!r->size)
		return;
	at = *r->consumed;
	end = __atomic_load_n(r->produced, __ATOMIC_ACQUIRE);
	while (at < end) {
		const char *entry = r->data + (at & (r->size - 1));
		uint32_t head = __atomic_load_n((const uint32_t *)entry, __ATOMIC_ACQUIRE);
		uint32_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (head & BPF_RINGBUF_BUSY_BIT)
			return;
		found(ctx, (const void *)(entry + BPF_RINGBUF_HDR_SZ), len);
		at += ENTRY(len);
		__atomic_store_n(r->consumed, at, __ATOMIC_RELEASE);
	}
}
