/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of label sets, as a server receives them. */
#include "fuzz.h"
#include "labels/cache.h"

void fuzz__input(const char *data, size_t len)
{
	static const uint32_t nslots[] = { 2, 4 };
	struct label_cache *cache = label_cache__new(nslots, ARRAY_SIZE(nslots));
	__cleanup_free char *updates = fuzz__copy(data, len);
	struct snap_set sets[] = { { .slot = 0 }, { .slot = 1, .gen = 1 }, { .slot = 3 } };
	struct snap_target target = { .sets = sets, .nsets = ARRAY_SIZE(sets) };
	struct snapshot s = { .targets = &target, .n = 1 };

	label_cache__read(cache, updates, len);
	label_cache__apply(cache, 1, &s);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		fuzz__check(!sets[i].texts == (i >= target.nsets));
		label_texts__unref(sets[i].texts);
	}
	label_cache__free(cache);
}
