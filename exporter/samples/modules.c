/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/modules.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "kernel/machine.h"
#include "samples/functions.h"

#define MODULES_MAX 1024
#define READ_MAX    32	      /* whose functions are kept */
#define MAPS_MAX    (4 << 20) /* bytes */
#define MAPS_READ   16	      /* processes in a batch */

struct mapping {
	uint64_t start, end, offset, dev, ino;
	char *path;
};

struct modules {
	char *proc;
	bool sees_all; /* process ids of samples are those of /proc */
	struct module *v;
	size_t n;
	unsigned round, reads;
	/* The maps that were read last. */
	uint32_t pid; /* 0: none */
	struct mapping *maps;
	size_t nmaps;
};

struct modules *modules__new(const char *proc)
{
	struct modules *m = xcalloc(1, sizeof(*m));

	m->proc = xstrdup(proc);
	m->sees_all = machine__is_initial_pid_namespace();
	return m;
}

static void forget_maps(struct modules *m)
{
	for (size_t i = 0; i < m->nmaps; i++)
		free(m->maps[i].path);
	free(take_ptr(m->maps));
	m->nmaps = 0;
	m->pid = 0;
}

static void forget_modules(struct modules *m)
{
	for (size_t i = 0; i < m->n; i++) {
		module_functions__free(m->v[i].functions);
		free(m->v[i].path);
	}
	free(take_ptr(m->v));
	m->n = 0;
	m->round++;
}

void modules__free(struct modules *m)
{
	if (!m)
		return;
	forget_maps(m);
	forget_modules(m);
	free(m->proc);
	free(m);
}

void modules__trim(struct modules *m)
{
	size_t read = 0;

	for (size_t i = 0; i < m->n; i++)
		read += m->v[i].functions != NULL;
	for (size_t i = 0; i < m->n && read > READ_MAX; i++) {
		module_functions__free(take_ptr(m->v[i].functions));
		m->v[i].looked_up = false;
	}
}

struct module *modules__at(struct modules *m, uint32_t i)
{
	return i < m->n ? &m->v[i] : NULL;
}

unsigned modules__round(const struct modules *m)
{
	return m->round;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* "55d0c0a00000-55d0c0a02000 r-xp 00002000 08:01 1234   /usr/bin/cat" */
static bool read_mapping(char *line, struct mapping *out)
{
	unsigned long start, end, offset, ino;
	unsigned major, minor;
	char access[5];
	int at = 0;

	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %n", &start, &end, access, &offset, &major,
		   &minor, &ino, &at) != 7 ||
	    access[2] != 'x')
		return false;
	*out = (struct mapping){ start, end, offset, (uint64_t)major << 32 | minor, ino, NULL };
	out->path = xstrdup(at && line[at] ? line + at : "[anonymous]");
	return true;
}

static bool read_maps(struct modules *m, uint32_t pid)
{
	__cleanup_free char *path = xasprintf("%s/%u/maps", m->proc, pid), *text = NULL;
	char *rest, *line;

	if (m->pid == pid)
		return m->nmaps;
	forget_maps(m);
	if (!m->sees_all || m->reads >= MAPS_READ)
		return false;
	m->reads++;
	m->pid = pid;
	if (file__read(AT_FDCWD, path, MAPS_MAX, &text, NULL))
		return false;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		struct mapping found;

		if (read_mapping(line, &found))
			*(struct mapping *)array__grow(&m->maps, &m->nmaps, sizeof(*m->maps)) =
				found;
	}
	return m->nmaps;
}

static const struct mapping *mapping_at(const struct modules *m, uint64_t ip)
{
	for (size_t i = 0; i < m->nmaps; i++)
		if (ip >= m->maps[i].start && ip < m->maps[i].end)
			return &m->maps[i];
	return NULL;
}

/* ---- modules --------------------------------------------------------------------------------- */

static void learn_path(struct modules *m, struct module *to, const struct mapping *from)
{
	to->path = xstrdup(from->path);
	to->dev = from->dev;
	to->ino = from->ino;
	to->pid = m->pid;
}

static uint32_t add_module(struct modules *m, const uint8_t *id, const struct mapping *from)
{
	struct module *new = array__grow(&m->v, &m->n, sizeof(*m->v));

	*new = (struct module){ .has_id = id };
	if (id)
		memcpy(new->id, id, BUILD_ID_SIZE);
	if (from)
		learn_path(m, new, from);
	return m->n - 1;
}

static uint32_t module_of_id(struct modules *m, const uint8_t *id, const struct mapping *from)
{
	for (size_t i = 0; i < m->n; i++) {
		struct module *found = &m->v[i];

		if (!found->has_id || memcmp(found->id, id, BUILD_ID_SIZE))
			continue;
		if (!found->path && from)
			learn_path(m, found, from);
		return i;
	}
	return add_module(m, id, from);
}

static uint32_t module_of_file(struct modules *m, const struct mapping *from)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].has_id && m->v[i].dev == from->dev && m->v[i].ino == from->ino &&
		    !strcmp(m->v[i].path, from->path))
			return i;
	return add_module(m, NULL, from);
}

void modules__begin(struct modules *m)
{
	forget_maps(m);
	m->reads = 0;
	if (m->n > MODULES_MAX)
		forget_modules(m);
}

size_t modules__locate(struct modules *m, const struct rp_sample *raw, struct user_frame *out,
		       bool *gone)
{
	size_t n = raw->user_bytes > 0 ? raw->user_bytes / sizeof(raw->user[0]) : 0;
	size_t nids = raw->id_bytes > 0 ? raw->id_bytes / sizeof(raw->build_id[0]) : 0;
	bool known = n && read_maps(m, raw->pid);

	*gone = n && !known;
	n = n < RP_SAMPLE_USER_FRAMES ? n : RP_SAMPLE_USER_FRAMES;
	for (size_t i = 0; i < n; i++) {
		const struct rp_build_id *id = i < nids ? &raw->build_id[i] : NULL;
		const struct mapping *from = known ? mapping_at(m, raw->user[i]) : NULL;

		if (id && id->status == RP_BUILD_ID_VALID)
			out[i] = (struct user_frame){ module_of_id(m, id->id, from), id->offset };
		else if (from)
			out[i] = (struct user_frame){ module_of_file(m, from),
						      raw->user[i] - from->start + from->offset };
		else
			out[i] = (struct user_frame){ NO_MODULE, 0 };
	}
	return n;
}
