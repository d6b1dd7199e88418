/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/program_files.h"

#include <errno.h>

#include "base/log.h"
#include "files/program_scan.h"

#define PERIOD	   2.0
#define PERIOD_MAX 10.0 /* for new processes, whatever it takes */
#define CPU_SHARE  0.01
#define KEPT	   60.0 /* seconds that a file stays without a process */
/* Of a selection: files that look like the library by their names, and are another one. */
#define OTHERS_MAX 256

struct sighting {
	struct program_key key;
	size_t file;	/* index in files */
	unsigned round; /* in which it was last seen */
	double seen;
};

struct file {
	struct program_file f;
	uint32_t selection;
	/* Of these, f.opened is NULL. */
	bool refused; /* it cannot be read */
	bool other;   /* it is another library */
};

struct selected {
	struct selection what;
	char *cgroup;
	size_t left_out;
};

struct program_files {
	program_soname *soname;
	struct selected *v;
	size_t n;
	struct sighting *sightings;
	size_t nsightings;
	struct file *files;
	size_t nfiles;
	/* The walk, and what it reads. */
	struct confined *child;
	struct program_scan scan;
	struct selection *selections;
	struct program_key *known;
	bool *full, *crowded;
	struct program_process *processes; /* of the last walk */
	size_t nprocesses;
	unsigned round; /* of walks through all processes */
	int next_pid;
	double last, delay;
	double all_at;		 /* when all processes are looked at again */
	uint32_t hidden, closed; /* in this round */
	const char *missing;
	bool changed;
};

struct program_files *program_files__new(program_soname *soname)
{
	struct program_files *p = xcalloc(1, sizeof(*p));

	p->soname = soname;
	p->delay = PERIOD;
	p->last = -PERIOD;
	p->round = 1;
	return p;
}

static void end_walk(struct program_files *p)
{
	confined__abandon(take_ptr(p->child));
	free(take_ptr(p->selections));
	free(take_ptr(p->known));
	free(take_ptr(p->full));
	free(take_ptr(p->crowded));
}

static void free_file(struct file *f)
{
	opened_file__unref(f->f.opened);
	free(f->f.path);
}

static void free_selected(struct selected *s)
{
	selection__free(&s->what);
	free(s->cgroup);
}

void program_files__free(struct program_files *p)
{
	if (!p)
		return;
	end_walk(p);
	for (size_t i = 0; i < p->nfiles; i++)
		free_file(&p->files[i]);
	for (size_t i = 0; i < p->n; i++)
		free_selected(&p->v[i]);
	free(p->processes);
	free(p->files);
	free(p->sightings);
	free(p->v);
	free(p);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void remove_sighting(struct program_files *p, size_t i)
{
	p->sightings[i] = p->sightings[--p->nsightings];
}

/* The order of the others stays. */
static void remove_file(struct program_files *p, size_t file)
{
	free_file(&p->files[file]);
	memmove(&p->files[file], &p->files[file + 1], (--p->nfiles - file) * sizeof(*p->files));
	for (size_t i = p->nsightings; i-- > 0;) {
		if (p->sightings[i].file == file)
			remove_sighting(p, i);
		else
			p->sightings[i].file -= p->sightings[i].file > file;
	}
	p->changed = true;
}

static bool is_sighted(const struct program_files *p, size_t file)
{
	for (size_t i = 0; i < p->nsightings; i++)
		if (p->sightings[i].file == file)
			return true;
	return false;
}

static size_t count_files(const struct program_files *p, size_t selection, bool others)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nfiles; i++)
		n += p->files[i].selection == selection && p->files[i].other == others;
	return n;
}

static void add_sighting(struct program_files *p, const struct program_key *key, size_t file,
			 double now)
{
	*(struct sighting *)array__grow(&p->sightings, &p->nsightings, sizeof(*p->sightings)) =
		(struct sighting){ *key, file, p->round, now };
}

/* The file was written to since: it is another one to us. */
static void drop_changed(struct program_files *p, const struct program_key *key)
{
	for (size_t i = 0; i < p->nsightings; i++) {
		const struct program_key *k = &p->sightings[i].key;

		if (k->selection != key->selection || k->id.dev != key->id.dev ||
		    k->id.ino != key->id.ino)
			continue;
		remove_file(p, p->sightings[i].file);
		return;
	}
}

static size_t find_inode(const struct program_files *p, uint32_t selection,
			 const struct opened_file *f)
{
	size_t i = 0;

	while (i < p->nfiles && !(p->files[i].selection == selection && p->files[i].f.opened &&
				  file_id__same(&p->files[i].f.opened->inode, &f->inode)))
		i++;
	return i;
}

static bool is_other(const struct program_files *p, const struct program_found *found,
		     const struct opened_file *opened)
{
	const struct selection *s = &p->v[found->key.selection].what;
	__cleanup_free char *soname =
		found->unsure && opened ? p->soname(opened->fd, opened->found) : NULL;

	return found->unsure && opened && !(soname && selection__names(s, soname));
}

static void leave_out(struct program_files *p, const struct program_found *found)
{
	if (!p->v[found->key.selection].left_out++)
		log_warn("%s: more than %d different files: those found from now on are not "
			 "counted; add a condition, such as comm or pod_uid",
			 found->path, PROGRAM_FILES_MAX);
	p->changed = true;
}

/* Takes note of a new file. Opening it may hang, once. */
static void add_found(struct program_files *p, const struct program_found *found, int fd,
		      double now)
{
	/* The report is not inherited by the child that opens the file. */
	__cleanup_free char *why = NULL, *path = xstrdup(found->path);
	struct opened_file *opened = NULL;
	bool other;
	size_t file;

	drop_changed(p, &found->key);
	if (count_files(p, found->key.selection, false) >= PROGRAM_FILES_MAX ||
	    p->nsightings >= PROGRAM_SCAN_SIGHTINGS) {
		leave_out(p, found);
		return;
	}
	if (opened_file__open_found(fd, path, &opened, &why))
		log_warn("%s: %s; its calls are not counted",
			 p->v[found->key.selection].what.library
				 ? p->v[found->key.selection].what.library
				 : "an executable",
			 why);
	other = is_other(p, found, opened);
	if (other)
		opened_file__unref(take_ptr(opened));
	file = opened ? find_inode(p, found->key.selection, opened) : p->nfiles;
	add_sighting(p, &found->key, file, now);
	if (file < p->nfiles) {
		opened_file__unref(opened);
		return;
	}
	*(struct file *)array__grow(&p->files, &p->nfiles, sizeof(*p->files)) = (struct file){
		{ opened, xstrdup(path), found->pid }, found->key.selection, !opened, other
	};
	p->changed |= opened != NULL;
	log_debug("found %s, process %d%s", found->path, found->pid,
		  other ? ": another library" : "");
}

/* Only after all processes have been looked at. */
static void drop_unseen(struct program_files *p, double now)
{
	for (size_t i = p->nsightings; i-- > 0;)
		if (p->sightings[i].round < p->round && now - p->sightings[i].seen > KEPT)
			remove_sighting(p, i);
	for (size_t i = p->nfiles; i-- > 0;)
		if (!is_sighted(p, i)) {
			log_debug("no process has %s mapped any more", p->files[i].f.path);
			remove_file(p, i);
		}
}

/* ---- walks ----------------------------------------------------------------------------------- */

static void start_walk(struct program_files *p, double now, bool all)
{
	__cleanup_free char *why = NULL;

	p->last = now;
	p->selections = xcalloc(p->n, sizeof(*p->selections));
	p->full = xcalloc(p->n, sizeof(*p->full));
	p->crowded = xcalloc(p->n, sizeof(*p->crowded));
	p->known = xcalloc(p->nsightings + 1, sizeof(*p->known));
	for (size_t i = 0; i < p->n; i++) {
		p->selections[i] = p->v[i].what; /* borrowed */
		p->full[i] = count_files(p, i, false) >= PROGRAM_FILES_MAX;
		p->crowded[i] = count_files(p, i, true) >= OTHERS_MAX;
	}
	for (size_t i = 0; i < p->nsightings; i++)
		p->known[i] = p->sightings[i].key;
	p->scan = (struct program_scan){
		.selections = p->selections,
		.nselections = p->n,
		.full = p->full,
		.crowded = p->crowded,
		.known = p->known,
		.nknown = p->nsightings,
		.processes = p->processes,
		.nprocesses = p->nprocesses,
		.all = all,
		.first_pid = p->next_pid,
	};
	if (program_scan__start(&p->scan, &p->child, &why)) {
		log_debug("%s", why);
		p->child = NULL;
		end_walk(p);
	}
}

static void note_missing(struct program_files *p)
{
	const char *before = p->missing;

	p->missing = p->closed ? "mapped files cannot be opened: that needs CAP_CHECKPOINT_RESTORE "
				 "or CAP_SYS_ADMIN"
		     : p->hidden ? "some processes cannot be inspected: that needs CAP_SYS_PTRACE"
				 : NULL;
	p->hidden = p->closed = 0;
	if (p->missing && p->missing != before)
		log_warn("looking for programs: %s", p->missing);
}

static void remember_processes(struct program_files *p, const struct program_report *r)
{
	free(p->processes);
	p->nprocesses = r->nprocesses;
	p->processes = xcalloc(p->nprocesses + 1, sizeof(*p->processes));
	memcpy(p->processes, r->processes, p->nprocesses * sizeof(*p->processes));
}

/* The shares of a CPU of both kinds of walks. */
static void plan_next(struct program_files *p, const struct program_report *r, double now)
{
	double new = (r->cpu_seconds - r->all_seconds) / CPU_SHARE,
	       all = r->all_seconds / CPU_SHARE;

	p->delay = new < PERIOD ? PERIOD : new > PERIOD_MAX ? PERIOD_MAX : new;
	/* There are more new files than fit into a report. */
	if (r->nfound == PROGRAM_SCAN_FOUND)
		all = 0;
	if (p->scan.all)
		p->all_at = now + (all > PERIOD ? all : PERIOD);
}

static void take_report(struct program_files *p, const struct program_report *r,
			const struct confined_result *result, double now)
{
	for (size_t i = 0; i < p->scan.nknown; i++)
		if (r->seen[i]) {
			p->sightings[i].seen = now;
			p->sightings[i].round = p->round;
		}
	for (size_t i = 0; i < p->n; i++) {
		if (*r->cgroup[i] && !p->v[i].cgroup) {
			p->v[i].cgroup = xstrdup(r->cgroup[i]);
			p->changed = true;
		}
		if (r->more[i] > p->v[i].left_out) {
			p->v[i].left_out = r->more[i];
			p->changed = true;
		}
	}
	/* These may remove sightings, which have been marked now. */
	for (size_t i = 0; i < r->nfound && i < result->nfds; i++)
		add_found(p, &r->found[i], result->fds[i], now);
	p->hidden += r->hidden;
	p->closed += r->closed;
	plan_next(p, r, now);
	remember_processes(p, r);
	log_debug("looked for programs in %.3f s of CPU time: %u new files, next process %d",
		  r->cpu_seconds, r->nfound, r->next_pid);
	if (!p->scan.all)
		return;
	p->next_pid = r->next_pid;
	if (p->next_pid)
		return;
	drop_unseen(p, now);
	note_missing(p);
	p->round++;
}

/* Whether there is no walk any more. */
static bool finish_walk(struct program_files *p, double now, double patience)
{
	__cleanup_free char *why = NULL;
	struct confined_result result;
	const struct program_report *r;
	int err = confined__finish(p->child, patience, &result, &why);

	if (err == -EAGAIN)
		return false;
	p->child = NULL;
	r = err ? NULL : program_scan__report(&result);
	if (r)
		take_report(p, r, &result, now);
	else
		log_debug("%s", why ? why : "the result of looking for programs is invalid");
	confined__release(&result);
	end_walk(p);
	return true;
}

bool program_files__tick(struct program_files *p, double now, double patience)
{
	bool changed;

	if (!p->n)
		return false;
	if (patience > 0) {
		end_walk(p);
		p->next_pid = 0;
	}
	if (!p->child && (patience > 0 || now - p->last >= p->delay))
		start_walk(p, now, patience > 0 || now >= p->all_at);
	if (p->child)
		finish_walk(p, now, patience);
	changed = p->changed;
	p->changed = false;
	return changed;
}

/* ---- selections ------------------------------------------------------------------------------ */

static struct selected *find(const struct program_files *p, const struct selection *s)
{
	for (size_t i = 0; i < p->n; i++)
		if (selection__same(&p->v[i].what, s))
			return &p->v[i];
	return NULL;
}

static void add_selected(struct program_files *p, struct selected s)
{
	if (find(p, &s.what))
		free_selected(&s);
	else
		*(struct selected *)array__grow(&p->v, &p->n, sizeof(*p->v)) = s;
}

/* Moves a file to the selection's new index. False: nothing selects it any more. */
static bool move_file(const struct program_files *p, const struct selected *old,
		      uint32_t *selection)
{
	const struct selected *now = find(p, &old[*selection].what);

	*selection = now ? (uint32_t)(now - p->v) : 0;
	return now;
}

void program_files__select(struct program_files *p, const struct selection *const *v, size_t n)
{
	struct selected *old = take_ptr(p->v);
	size_t nold = p->n;

	end_walk(p);
	p->nprocesses = 0; /* were looked at for others */
	p->n = 0;
	for (size_t i = 0; i < n && p->n < SELECTIONS_MAX; i++) {
		struct selected s = { .what = selection__copy(v[i]) };

		for (size_t k = 0; k < nold; k++)
			if (selection__same(&old[k].what, v[i])) {
				s.cgroup = take_ptr(old[k].cgroup);
				s.left_out = old[k].left_out;
			}
		add_selected(p, s);
	}
	for (size_t i = p->nsightings; i-- > 0;)
		if (!move_file(p, old, &p->sightings[i].key.selection))
			remove_sighting(p, i);
	for (size_t i = p->nfiles; i-- > 0;)
		if (!move_file(p, old, &p->files[i].selection))
			remove_file(p, i);
	for (size_t i = 0; i < nold; i++)
		free_selected(&old[i]);
	free(old);
}

size_t program_files__of(const struct program_files *p, const struct selection *s,
			 const struct program_file *out[PROGRAM_FILES_MAX])
{
	const struct selected *found = find(p, s);
	size_t n = 0;

	for (size_t i = 0; found && i < p->nfiles && n < PROGRAM_FILES_MAX; i++)
		if (p->files[i].selection == (size_t)(found - p->v) && !p->files[i].refused)
			out[n++] = &p->files[i].f;
	return n;
}

size_t program_files__left_out(const struct program_files *p, const struct selection *s)
{
	const struct selected *found = find(p, s);

	return found ? found->left_out : 0;
}

const char *program_files__cgroup(const struct program_files *p, const struct selection *s)
{
	const struct selected *found = find(p, s);

	return found ? found->cgroup : NULL;
}

const char *program_files__missing(const struct program_files *p)
{
	return p->missing;
}
