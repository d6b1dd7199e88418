/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/spans.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "kernel/bpf_sys.h"
#include "object/state.h"

int object_spans__new(uint32_t words, uint32_t n)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "rp_spans", words * sizeof(uint64_t),
				sizeof(struct rp_span), n, NULL);

	return fd < 0 ? -errno : fd;
}

uint64_t object_spans__count(int map, uint32_t words)
{
	uint64_t key[RP_SPAN_KEYS] = {}, next[RP_SPAN_KEYS], n = 0;
	bool begun = false;

	while (words <= RP_SPAN_KEYS && !bpf_map_get_next_key(map, begun ? key : NULL, next)) {
		memcpy(key, next, sizeof(key));
		begun = true;
		n++;
	}
	return n;
}

int object_spans__link(struct object *o, int map)
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

int object_spans__scan(struct object *o, int link, uint64_t *running, uint64_t *oldest)
{
	volatile struct rp_span_scan *scan = &o->skel->bss->span_scan;
	__cleanup_close int fd = bpf_iter_create(link);
	char nothing[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	scan->running = scan->oldest = 0;
	/* The program writes nothing. */
	do
		n = read(fd, nothing, sizeof(nothing));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	*running = scan->running;
	*oldest = scan->oldest;
	return n < 0 ? -errno : 0;
}
