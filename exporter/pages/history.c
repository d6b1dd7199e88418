/* SPDX-License-Identifier: GPL-2.0-only */
#include "pages/history.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "pages/counts_json.h"
#include "pages/json.h"

#define INTERVAL   14.0 /* seconds; a little less than a common scrape interval */
#define RECORD_MAX (1 << 20)
/* Records without a full one: a change can only be told from an earlier number. */
#define FULL_EVERY 20
#define MAGIC	   0x79726f7473696801ULL
#define KILLED	   1000000000ULL /* ns; a server that is busy for longer was killed */

/* Positions only grow: byte i is at i % sizeof(text). Servers that were killed while writing leave
 * the ring as it was, because the positions change last. */
struct ring {
	uint64_t magic;
	uint64_t busy; /* since when a server reads or writes, monotonic ns; 0: none does */
	uint64_t begin, end;
	char text[8 << 20];
};

/* Followed by `len` bytes of JSON: the probes, separated by commas. */
struct record {
	uint64_t len;
	double time;
};

struct history {
	struct ring *ring;
	pthread_mutex_t lock;
	double recorded; /* when; 0: never */
	unsigned records;
	uint64_t *seen; /* calls by row, as of the last record */
	size_t nseen;
};

/* ---- the ring ------------------------------------------------------------------------------ */

/* A server and its predecessor may run at once. Nobody waits for another server, which may hang. */
static bool lock(struct history *h)
{
	uint64_t now = (uint64_t)(monotonic_seconds() * 1e9), since;

	pthread_mutex_lock(&h->lock);
	since = __atomic_load_n(&h->ring->busy, __ATOMIC_RELAXED);
	if ((!since || now - since > KILLED) &&
	    __atomic_compare_exchange_n(&h->ring->busy, &since, now, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return true;
	pthread_mutex_unlock(&h->lock);
	return false;
}

static void unlock(struct history *h)
{
	__atomic_store_n(&h->ring->busy, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&h->lock);
}

struct extent {
	uint64_t begin, end;
};

static struct extent extent_of(const struct ring *r)
{
	struct extent extent = { __atomic_load_n(&r->begin, __ATOMIC_RELAXED),
				 __atomic_load_n(&r->end, __ATOMIC_RELAXED) };

	if (r->magic != MAGIC || extent.end - extent.begin > sizeof(r->text))
		return (struct extent){};
	return extent;
}

/* Calls f for the one or two parts of `len` bytes from `position` on. */
#define for_each_part(position, len, at, n)                                                    \
	for (size_t __done = 0, at, n;                                                         \
	     __done < (len) && (at = ((position) + __done) % sizeof(((struct ring *)0)->text), \
			       n = (len)-__done < sizeof(((struct ring *)0)->text) - at        \
					   ? (len)-__done                                      \
					   : sizeof(((struct ring *)0)->text) - at);           \
	     __done += n)

static void put(struct ring *r, uint64_t position, const void *from, size_t len)
{
	for_each_part(position, len, at, n) memcpy(r->text + at, (const char *)from + __done, n);
}

/* Reads the record at extent->begin and moves that behind it. False: there is none. */
static bool next_record(const struct ring *r, struct extent *extent, struct record *out,
			uint64_t *text)
{
	uint64_t left = extent->end - extent->begin;

	if (left < sizeof(*out))
		return false;
	for_each_part(extent->begin, sizeof(*out), at, n)
		memcpy((char *)out + __done, r->text + at, n);
	*text = extent->begin + sizeof(*out);
	if (out->len > left - sizeof(*out))
		return false;
	extent->begin = *text + out->len;
	return true;
}

/* The oldest records give way. len is at most RECORD_MAX. */
static void append(struct ring *r, double time, const char *text, size_t len)
{
	struct record record = { len, time }, oldest;
	size_t need = sizeof(record) + len;
	struct extent extent = extent_of(r);
	uint64_t at;

	while (sizeof(r->text) - (extent.end - extent.begin) < need)
		if (!next_record(r, &extent, &oldest, &at))
			extent.begin = extent.end;
	__atomic_store_n(&r->begin, extent.begin, __ATOMIC_RELAXED);
	put(r, extent.end, &record, sizeof(record));
	put(r, extent.end + sizeof(record), text, len);
	r->magic = MAGIC;
	__atomic_store_n(&r->end, extent.end + need, __ATOMIC_RELEASE);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Nothing behind a broken record could be found. */
static void drop_if_broken(struct history *h)
{
	struct record record;
	struct extent extent;
	uint64_t text;

	if (!lock(h))
		return;
	extent = extent_of(h->ring);
	while (next_record(h->ring, &extent, &record, &text))
		;
	if (extent.begin != extent.end)
		h->ring->magic = 0;
	unlock(h);
}

int history__new_memory(void)
{
	int fd = memfd_create("retprobe_exporter", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && !ftruncate(fd, sizeof(struct ring)) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

struct history *history__join(int fd)
{
	struct history *h;
	void *ring;

	if (fd < 0)
		return NULL;
	ring = mmap(NULL, sizeof(*h->ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (ring == MAP_FAILED)
		return NULL;
	h = xcalloc(1, sizeof(*h));
	h->ring = ring;
	pthread_mutex_init(&h->lock, NULL);
	drop_if_broken(h);
	return h;
}

void history__free(struct history *h)
{
	if (!h)
		return;
	munmap(h->ring, sizeof(*h->ring));
	pthread_mutex_destroy(&h->lock);
	free(h->seen);
	free(h);
}

/* ---- recording ----------------------------------------------------------------------------- */

static uint64_t calls_of(const struct metrics_input *in, const struct target_state *st)
{
	uint64_t n = snap_cell__calls(&st->snap->cell, in->layout);

	for (size_t i = 0; i < st->snap->nsets; i++)
		n += snap_cell__calls(&st->snap->sets[i].cell, in->layout);
	for (int r = 0; st->missed && r < MISSED_MAX; r++)
		n += st->missed->missed[r];
	return n;
}

static void write_probe(struct buf *b, const struct metrics_input *in,
			const struct target_state *st)
{
	buf__puts(b, b->len ? ",\n{\"object\":" : "{\"object\":");
	buf__json_string(b, st->object);
	json__member(b, "function", st->function);
	json__member(b, "probe", st->probe);
	buf__puts(b, ",\"created\":");
	buf__double(b, st->created);
	counts_json__total(b, in, st);
	if (st->missed)
		counts_json__missed(b, st->missed->missed, 0);
	else
		counts_json__missed(b, (uint64_t[MISSED_MAX]){}, 0);
	buf__putc(b, '}');
}

/* Those that do not fit are written the next time. */
static void write_probes(struct history *h, const struct metrics_input *in, struct buf *b)
{
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];
		size_t before = b->len;
		uint64_t calls = st->snap ? calls_of(in, st) : 0;

		if (calls == h->seen[i])
			continue;
		write_probe(b, in, st);
		if (b->len > RECORD_MAX) {
			b->len = before;
			return;
		}
		h->seen[i] = calls;
	}
}

void history__record(struct history *h, const struct metrics_input *in, double now)
{
	__cleanup_buf struct buf b = {};

	if (!h || !lock(h))
		return;
	if (!h->seen) {
		h->nseen = in->ntargets;
		h->seen = calloc(h->nseen + 1, sizeof(*h->seen));
	}
	/* The clock may have been set back. */
	if (h->seen && h->nseen == in->ntargets &&
	    (now >= h->recorded + INTERVAL || now < h->recorded)) {
		h->recorded = now;
		if (h->records++ % FULL_EVERY == 0)
			memset(h->seen, 0, h->nseen * sizeof(*h->seen));
		write_probes(h, in, &b);
		if (!b.failed)
			append(h->ring, now, buf__str(&b), b.len);
	}
	unlock(h);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void write_record(struct buf *out, const struct ring *r, const struct record *record,
			 uint64_t text)
{
	buf__puts(out, "{\"time\":");
	buf__double(out, record->time);
	buf__puts(out, ",\"probes\":[\n");
	for_each_part(text, record->len, at, n) buf__append(out, r->text + at, n);
	buf__puts(out, "\n]}");
}

void history__write(struct history *h, double now, struct buf *out)
{
	const char *comma = "\n";
	struct record record;
	struct extent extent;
	uint64_t text;

	buf__puts(out, "{\"records\":[");
	if (h && lock(h)) {
		extent = extent_of(h->ring);
		while (next_record(h->ring, &extent, &record, &text)) {
			if (!(record.time > now - HISTORY_SECONDS && record.time <= now))
				continue;
			buf__puts(out, comma);
			write_record(out, h->ring, &record, text);
			comma = ",\n";
		}
		unlock(h);
	}
	buf__puts(out, "\n]}\n");
}
