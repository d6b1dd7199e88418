/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels/user_callers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "discover/elf_names.h"
#include "files/confined.h"
#include "files/finder.h"
#include "files/opened_file.h"

#define JOB_SECONDS 2.0
#define JOB_MEMORY  (4 << 20)
#define LINE_MAX    8192 /* of maps: a path has at most a page, and grows when it is escaped */
#define NAME_SIZE   256
#define MODULES_MAX 256 /* files whose symbols are kept; of others there are no names */

struct function {
	uint64_t offset;
	struct elf_symbol symbol;
};

/* A mapped file. Without symbols, it could not be read. */
struct module {
	uint64_t dev, ino;
	char *name;
	struct elf_symbols *symbols;
	struct elf_names *names;
	struct function *functions; /* by offset */
	size_t nfunctions;
};

struct user_callers {
	const char *proc;
	struct module *modules;
	size_t nmodules;
};

/* ---- in a child ------------------------------------------------------------------------------ */

struct wanted {
	const char *proc;
	uint64_t pid, addr;
};

/* Where an address is. The child's descriptor is that of the file, if it could be opened. */
struct place {
	uint64_t dev, ino, offset;
	char name[NAME_SIZE];
};

/* START-END PERMISSIONS OFFSET DEVICE INODE PATH. False: the address is not in it, or in no file.
 * Cuts the line. */
static bool read_line(char *line, uint64_t addr, char *range, size_t size, struct place *out)
{
	unsigned long start, end, offset;
	unsigned int major, minor;
	unsigned long long ino;
	char *slash = strrchr(line, '/');

	line[strcspn(line, "\n")] = '\0';

	if (sscanf(line, "%lx-%lx %*s %lx %x:%x %llu", &start, &end, &offset, &major, &minor,
		   &ino) != 6 ||
	    addr < start || addr >= end || !slash)
		return false;
	out->dev = makedev(major, minor);
	out->ino = ino;
	out->offset = addr - start + offset;
	snprintf(out->name, sizeof(out->name), "%s", slash + 1);
	snprintf(range, size, "%lx-%lx", start, end);
	return true;
}

/* The mapped file itself; or, without CAP_CHECKPOINT_RESTORE, the file at its path, if it is the
 * same. */
static int open_mapped(const struct wanted *w, const char *range, const char *path,
		       const struct place *place)
{
	unsigned long long pid = w->pid;
	__cleanup_free char *mapping = xasprintf("%s/%llu/map_files/%s", w->proc, pid, range);
	__cleanup_free char *at = xasprintf("%s/%llu/root%s", w->proc, pid, path);
	int fd = open(mapping, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd >= 0)
		return fd;
	fd = file_finder__find(at);
	if (fd < 0 || (!fstat(fd, &st) && st.st_dev == place->dev && st.st_ino == place->ino))
		return fd;
	close(fd);
	return -ESTALE;
}

static int64_t find_place(void *ctx, void *out, size_t max, char *why)
{
	const struct wanted *w = ctx;
	__cleanup_free char *path = xasprintf("%s/%llu/maps", w->proc, (unsigned long long)w->pid);
	__cleanup_fclose FILE *f = fopen(path, "re");
	__cleanup_free char *line = xcalloc(1, LINE_MAX);
	struct place *place = out;
	char range[64];

	while (f && fgets(line, LINE_MAX, f)) {
		__cleanup_close int fd = -1;

		if (!read_line(line, w->addr, range, sizeof(range), place))
			continue;
		fd = open_mapped(w, range, strchr(line, '/'), place);
		if (fd >= 0)
			confined__give(fd);
		return sizeof(*place);
	}
	return -ENOENT;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int by_offset(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void read_symbols(struct module *m, int found)
{
	struct opened_file *opened = NULL;
	__cleanup_free char *why = NULL;
	size_t n;

	if (opened_file__open_found(found, m->name, &opened, &why) ||
	    elf_symbols__read(opened->fd, -1, m->name, &m->symbols, &why)) {
		opened_file__unref(opened);
		return;
	}
	opened_file__unref(opened);
	n = elf_symbols__count(m->symbols);
	m->names = elf_names__new(m->symbols, m->name);
	m->functions = xcalloc(n + 1, sizeof(*m->functions));
	for (m->nfunctions = 0; m->nfunctions < n; m->nfunctions++) {
		struct elf_symbol symbol = elf_symbols__at(m->symbols, m->nfunctions);

		m->functions[m->nfunctions] = (struct function){ symbol.offset, symbol };
	}
	qsort(m->functions, n, sizeof(*m->functions), by_offset);
}

/* NULL: there are too many. */
static struct module *module_of(struct user_callers *u, const struct place *place, int found)
{
	struct module *m;

	for (size_t i = 0; i < u->nmodules; i++)
		if (u->modules[i].dev == place->dev && u->modules[i].ino == place->ino)
			return &u->modules[i];
	if (u->nmodules == MODULES_MAX)
		return NULL;
	m = array__grow(&u->modules, &u->nmodules, sizeof(*m));
	m->dev = place->dev;
	m->ino = place->ino;
	m->name = xstrdup(place->name);
	if (found >= 0)
		read_symbols(m, found);
	return m;
}

/* The function that has an offset, to be freed; NULL: it has no symbol. */
static char *function_at(struct module *m, uint64_t offset)
{
	const struct function *f = NULL;
	size_t lo = 0, hi = m->nfunctions;
	char *bare;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->functions[mid].offset <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	f = lo ? &m->functions[lo - 1] : NULL;
	if (!f || offset - f->offset >= f->symbol.size)
		return NULL;
	bare = elf_names__bare(m->names, &f->symbol);
	return bare ? bare : xstrdup(f->symbol.name);
}

/* ---- the text -------------------------------------------------------------------------------- */

struct user_callers *user_callers__new(const char *proc)
{
	struct user_callers *u = xcalloc(1, sizeof(*u));

	u->proc = proc;
	return u;
}

void user_callers__free(struct user_callers *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->nmodules; i++) {
		struct module *m = &u->modules[i];

		elf_names__free(m->names);
		elf_symbols__free(m->symbols);
		free(m->functions);
		free(m->name);
	}
	free(u->modules);
	free(u);
}

static char *text_of_place(struct user_callers *u, const struct place *place, int found)
{
	struct module *m = module_of(u, place, found);
	__cleanup_free char *function = m ? function_at(m, place->offset) : NULL;

	return xasprintf("%.*s:%s", NAME_SIZE - 1, place->name, function ? function : "?");
}

/* The address is that of the instruction after the call, which may be in the next function. */
char *user_callers__text(struct user_callers *u, uint64_t pid, uint64_t addr)
{
	struct wanted wanted = { u->proc, pid, addr - 1 };
	const struct confined_job job = {
		.run = find_place,
		.ctx = &wanted,
		.what = "looking at the mappings of a process",
		.max = sizeof(struct place),
		.memory = JOB_MEMORY,
		.seconds = JOB_SECONDS,
		.fd = -1,
		.finds_files = true,
	};
	struct confined_result result = {};
	__cleanup_free char *why = NULL;
	struct place place;
	char *text = NULL;

	if (addr && !confined__run(&job, &result, &why) && result.size == sizeof(place)) {
		memcpy(&place, result.data, sizeof(place));
		place.name[NAME_SIZE - 1] = '\0';
		text = text_of_place(u, &place, result.nfds ? result.fds[0] : -1);
	}
	confined__release(&result);
	return text ? text : xstrdup("?");
}
