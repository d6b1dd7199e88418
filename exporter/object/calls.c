/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call that was unwound is over at the latest when its thread or process ends (bpf/calls.bpf.h).
 * The map `owners` then has no entry for that thread or process.
 */
#include "object/calls.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "object/state.h"

/* The same as in bpf/calls.bpf.h. */
struct call_key {
	uint64_t owner, stack, addr;
	uint32_t id, zero;
};

#define BATCH 512

struct entries {
	void *keys, *values;
	size_t key_size, value_size, n, room;
};

static void entries__free(struct entries *e)
{
	free(e->keys);
	free(e->values);
}

static void make_room(struct entries *e, size_t more)
{
	if (e->n + more <= e->room)
		return;
	e->room = 2 * (e->n + more);
	e->keys = xreallocarray(e->keys, e->room, e->key_size);
	e->values = xreallocarray(e->values, e->room, e->value_size);
}

/* Bucket by bucket, so that concurrent inserts and deletes do no harm. */
static int read_all(const struct bpf_map *map, struct entries *e)
{
	uint32_t position = 0, n, batch = BATCH;
	bool begun = false;

	e->key_size = bpf_map__key_size(map);
	e->value_size = bpf_map__value_size(map);
	for (;;) {
		int err;

		n = batch;
		make_room(e, n);
		err = bpf_map_lookup_batch(bpf_map__fd(map), begun ? &position : NULL, &position,
					   (char *)e->keys + e->n * e->key_size,
					   (char *)e->values + e->n * e->value_size, &n, NULL)
			      ? -errno
			      : 0;
		if (err == -ENOSPC && batch < (1U << 20)) {
			batch *= 2; /* a bucket has more */
			continue;
		}
		if (err && err != -ENOENT)
			return err;
		e->n += n;
		if (err)
			return 0;
		begun = true;
	}
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int sweep(struct object *o, uint64_t *unwound)
{
	struct entries calls = {}, owners = {};
	int err, fd = bpf_map__fd(o->skel->maps.calls);

	/* An owner is inserted before its calls. So calls are read first: none of them then seems
	 * to have lost its owner. */
	err = read_all(o->skel->maps.calls, &calls);
	if (!err && calls.n)
		err = read_all(o->skel->maps.owners, &owners);
	if (!err && owners.n)
		qsort(owners.values, owners.n, sizeof(uint64_t), by_number);
	for (size_t i = 0; i < calls.n && !err; i++) {
		struct call_key *key = (struct call_key *)calls.keys + i;

		if (owners.n &&
		    bsearch(&key->owner, owners.values, owners.n, sizeof(uint64_t), by_number))
			continue;
		if (!bpf_map_delete_elem(fd, key) && key->id < o->ntargets)
			unwound[key->id]++;
	}
	entries__free(&calls);
	entries__free(&owners);
	return err;
}

int object_calls__sweep(struct object *o, uint64_t *unwound)
{
	uint64_t ended = __atomic_load_n(&o->skel->bss->owners_ended, __ATOMIC_RELAXED);
	int err;

	if (ended == o->swept)
		return 0;
	err = sweep(o, unwound);
	if (!err)
		o->swept = ended;
	return err;
}

void object_calls__forget(struct object *o, const bool *of)
{
	const struct bpf_map *map = o->skel->maps.calls;
	struct entries calls = {};

	if (read_all(map, &calls))
		calls.n = 0;
	for (size_t i = 0; i < calls.n; i++) {
		struct call_key *key = (struct call_key *)calls.keys + i;

		if (key->id < o->ntargets && of[key->id])
			bpf_map_delete_elem(bpf_map__fd(map), key);
	}
	entries__free(&calls);
}
