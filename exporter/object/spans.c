/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/spans.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "kernel/bpf_sys.h"
#include "object/state.h"

static int new_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t n, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, "rp_spans", key, value, n, &opts);

	return fd < 0 ? -errno : fd;
}

static int add_slots(struct running_spans *s, uint32_t n)
{
	void *mapped;
	int fd = new_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct rp_span_slot), n,
			 BPF_F_MMAPABLE);

	if (fd < 0)
		return fd;
	s->slots = fd;
	mapped = mmap(NULL, n * sizeof(*s->mapped), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	s->nslots = n;
	s->mapped = mapped;
	return 0;
}

/* An iterator through the hash. A descriptor, or a negative errno. */
static int link_scan(struct object *o, int map)
{
	union bpf_iter_link_info info = { .map.map_fd = map };
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info, .iter_info_len = sizeof(info));
	int program, fd;

	if (!programs__is_selected(o->programs, PROG_SCAN_SPANS))
		return -ENOENT;
	program = programs__fd(o->programs, PROG_SCAN_SPANS, NULL);
	if (program < 0)
		return program;
	fd = bpf_link_create(program, 0, (enum bpf_attach_type)BPF_SYS_TRACE_ITER, &opts);
	return fd < 0 ? -errno : fd;
}

int running_spans__new(struct object *o, uint32_t words, uint32_t n, uint32_t nslots,
		       struct running_spans *out)
{
	*out = RUNNING_SPANS_NONE;
	out->words = words;
	out->hash = new_map(BPF_MAP_TYPE_HASH, words * sizeof(uint64_t), sizeof(struct rp_span),
			    n - nslots, 0);
	if (out->hash < 0)
		return out->hash;
	out->scan = link_scan(o, out->hash);
	return nslots ? add_slots(out, nslots) : 0;
}

void running_spans__free(struct running_spans *s)
{
	if (s->mapped)
		munmap((void *)s->mapped, s->nslots * sizeof(*s->mapped));
	if (s->slots)
		close(s->slots);
	cleanup__close(&s->scan);
	cleanup__close(&s->hash);
	*s = RUNNING_SPANS_NONE;
}

/* Those in slots. */
static uint64_t count_slots(const struct running_spans *s, uint64_t *oldest)
{
	uint64_t n = 0;

	*oldest = 0;
	for (uint32_t i = 0; i < s->nslots; i++) {
		const volatile struct rp_span_slot *p = &s->mapped[i];
		uint64_t state = __atomic_load_n(&p->state, __ATOMIC_ACQUIRE), start;

		if ((state & RP_SPAN_PHASES) != RP_SPAN_RUNNING)
			continue;
		start = p->span.start;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (p->state != state) /* ended meanwhile; the slot may have another one */
			continue;
		n++;
		*oldest = !*oldest || start < *oldest ? start : *oldest;
	}
	return n;
}

uint64_t running_spans__count(const struct running_spans *s)
{
	uint64_t key[RP_SPAN_KEYS] = {}, next[RP_SPAN_KEYS], oldest, n = count_slots(s, &oldest);
	bool begun = false;

	while (s->words <= RP_SPAN_KEYS &&
	       !bpf_map_get_next_key(s->hash, begun ? key : NULL, next)) {
		memcpy(key, next, sizeof(key));
		begun = true;
		n++;
	}
	return n;
}

int running_spans__scan(struct object *o, const struct running_spans *s, uint64_t *running,
			uint64_t *oldest)
{
	volatile struct rp_span_scan *scan = &o->skel->bss->span_scan;
	__cleanup_close int fd = s->scan < 0 ? -1 : bpf_iter_create(s->scan);
	char nothing[64];
	ssize_t n;

	if (fd < 0)
		return s->scan < 0 ? s->scan : -errno;
	scan->running = count_slots(s, oldest);
	scan->oldest = *oldest;
	/* The program writes nothing. */
	do
		n = read(fd, nothing, sizeof(nothing));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	*running = scan->running;
	*oldest = scan->oldest;
	return n < 0 ? -errno : 0;
}
