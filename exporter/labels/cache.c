/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels/cache.h"

#include <errno.h>

#include "base/image.h"
#include "expr/capture.h"

struct entry {
	uint32_t gen;
	struct label_texts *texts; /* NULL: not named yet */
};

struct page {
	struct entry *slots;
	uint32_t n;
};

struct label_cache {
	struct page *pages; /* by generation */
	size_t n;
};

struct label_cache *label_cache__new(const uint32_t *nslots, size_t ngenerations)
{
	struct label_cache *b = xcalloc(1, sizeof(*b));

	b->n = ngenerations;
	b->pages = xcalloc(ngenerations, sizeof(*b->pages));
	for (size_t i = 0; i < ngenerations; i++) {
		b->pages[i].n = nslots[i];
		b->pages[i].slots = xcalloc(nslots[i], sizeof(struct entry));
	}
	return b;
}

void label_cache__free(struct label_cache *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++) {
		for (uint32_t s = 0; s < b->pages[i].n; s++)
			label_texts__unref(b->pages[i].slots[s].texts);
		free(b->pages[i].slots);
	}
	free(b->pages);
	free(b);
}

static int read_texts(struct image *io, uint32_t n, struct label_texts **out)
{
	struct label_texts *t;

	if (n > CAPTURE_LABELS_MAX)
		return -EINVAL;
	t = calloc(1, sizeof(*t) + n * sizeof(t->v[0]));
	if (!t)
		return -ENOMEM;
	t->refs = 1;
	for (; t->n < n; t->n++) {
		const char *bytes;
		size_t len;

		image__block(io, &bytes, &len);
		t->v[t->n] = io->err ? NULL : strndup(bytes, len);
		if (!t->v[t->n]) {
			label_texts__unref(t);
			return io->err ? io->err : -ENOMEM;
		}
	}
	*out = t;
	return 0;
}

int label_cache__read(struct label_cache *b, const char *data, size_t len)
{
	struct image io = { .next = data, .end = len ? data + len : data };

	while (io.next < io.end) {
		struct label_texts *texts;
		struct entry *e;
		uint32_t head[4];
		int err;

		image__field(&io, &head);
		if (io.err || head[0] >= b->n || head[1] >= b->pages[head[0]].n)
			return -EINVAL;
		err = read_texts(&io, head[3], &texts);
		if (err)
			return err;
		e = &b->pages[head[0]].slots[head[1]];
		label_texts__unref(e->texts);
		*e = (struct entry){ head[2], texts };
	}
	return 0;
}

static void apply_to_target(const struct page *page, struct snap_target *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->nsets; i++) {
		struct snap_set *set = &t->sets[i], moved = *set;
		const struct entry *e = &page->slots[set->slot];

		if (!e->texts || e->gen != set->gen)
			continue;
		moved.texts = label_texts__ref(e->texts);
		*set = t->sets[kept];
		t->sets[kept++] = moved;
	}
	t->nsets = kept;
}

void label_cache__apply(const struct label_cache *b, uint32_t generation, struct snapshot *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->targets[i].nsets)
			apply_to_target(&b->pages[generation], &s->targets[i]);
}
