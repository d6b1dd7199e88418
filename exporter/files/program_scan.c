/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/program_scan.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "kernel/cgroup_path.h"

#define WALK_SECONDS 1.0 /* for all processes */
#define LAST_SECONDS 2.0 /* for new ones, which are the last in /proc */
/* Of CPU time. */
#define TURN_SECONDS 0.05 /* for a new process */
#define NEW_SECONDS  0.2  /* for all of them */
#define JOB_SECONDS  5.0
#define JOB_MEMORY   (16 << 20)
#define LINES	     16384 /* room for lines of /proc/PID/maps: one has at most a page */

/* A process. */
struct process {
	int pid, dir;
	unsigned int major, minor; /* of the last wanted mapping */
	unsigned long long ino;
	bool matches[SELECTIONS_MAX];
	bool libraries, executable; /* that some matching selection wants */
};

struct walk {
	const struct program_scan *scan;
	struct program_report *report;
	const char *own_mounts;
	double start;
	double until, turn_until; /* of this process: by the clock, and in CPU time */
	double new_seconds;
	size_t looked;				     /* because of `all` */
	struct program_key left[PROGRAM_SCAN_FOUND]; /* files of full selections */
	size_t nleft;
};

/* ---- time ------------------------------------------------------------------------------------ */

static bool is_over(const struct walk *w, double seconds)
{
	return monotonic_seconds() >= w->start + seconds;
}

static bool is_turn_over(const struct walk *w)
{
	return monotonic_seconds() >= w->until || cpu_seconds() >= w->turn_until;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static bool link_of(int dir, const char *name, char *out, size_t size)
{
	ssize_t n = readlinkat(dir, name, out, size - 1);

	out[n < 0 ? 0 : n] = '\0';
	return n > 0 && n < (ssize_t)size - 1;
}

/* Without " (deleted)". */
static char *strip_deleted(char *path)
{
	static const char gone[] = " (deleted)";
	size_t len = strlen(path);

	if (len > strlen(gone) && !strcmp(path + len - strlen(gone), gone))
		path[len - strlen(gone)] = '\0';
	return path;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_key(const struct program_key *a, const struct program_key *b)
{
	return a->selection == b->selection && file_id__same(&a->id, &b->id);
}

static bool is_known(struct walk *w, const struct program_key *key)
{
	for (size_t i = 0; i < w->scan->nknown; i++)
		if (same_key(&w->scan->known[i], key)) {
			w->report->seen[i] = true;
			return true;
		}
	for (size_t i = 0; i < w->report->nfound; i++)
		if (same_key(&w->report->found[i].key, key))
			return true;
	for (size_t i = 0; i < w->nleft; i++)
		if (same_key(&w->left[i], key))
			return true;
	return false;
}

/* Only in our mount namespace, a path is one from our root. */
static void name(const struct walk *w, const struct process *p, const char *path, char *out)
{
	char mounts[64], root[PROGRAM_SCAN_PATH];
	size_t len;

	if (link_of(p->dir, "ns/mnt", mounts, sizeof(mounts)) && !strcmp(mounts, w->own_mounts)) {
		snprintf(out, PROGRAM_SCAN_PATH, "%s", path);
		return;
	}
	/* The process may have changed its root in its namespace. */
	len = link_of(p->dir, "root", root, sizeof(root)) ? strlen(root) : 0;
	if (len > 1 && !strncmp(path, root, len) && path[len] == '/')
		path += len;
	snprintf(out, PROGRAM_SCAN_PATH, "/proc/%d/root%s", p->pid, path);
}

static void add(struct walk *w, const struct process *p, int fd, const char *path,
		const struct program_key *key, bool unsure)
{
	struct program_report *r = w->report;
	struct program_found *f = &r->found[r->nfound];

	if (w->scan->full[key->selection]) {
		if (w->nleft == PROGRAM_SCAN_FOUND)
			return;
		w->left[w->nleft++] = *key;
		r->more[key->selection]++;
		return;
	}
	if (r->nfound == PROGRAM_SCAN_FOUND || confined__give(fd))
		return;
	r->nfound++;
	f->key = *key;
	f->pid = p->pid;
	f->unsure = unsure;
	name(w, p, path, f->path);
}

/* fd: the file of a mapping, or the executable if library is NULL. */
static void look_at_file(struct walk *w, const struct process *p, int fd, const char *library)
{
	struct file_state st;
	char link[32], path[PROGRAM_SCAN_PATH];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (file_finder__look(fd, false, &st) || !S_ISREG(st.mode) ||
	    !link_of(AT_FDCWD, link, path, sizeof(path)))
		return;
	strip_deleted(path);
	/* The process may have mapped another file there since. */
	if (library && strcmp(last_part(path), library))
		return;
	for (uint32_t i = 0; i < w->scan->nselections; i++) {
		const struct selection *s = &w->scan->selections[i];
		struct program_key key = { st.id, i };
		bool sure = !library || (s->library && selection__names(s, library));

		if (!p->matches[i] || !s->library != !library ||
		    !(sure || selection__may_be(s, library)))
			continue;
		if (!is_known(w, &key) && (sure || !w->scan->crowded[i]))
			add(w, p, fd, path, &key, !sure);
	}
}

/* ---- libraries ------------------------------------------------------------------------------- */

static bool is_wanted(const struct walk *w, const struct process *p, const char *file)
{
	for (size_t i = 0; i < w->scan->nselections; i++) {
		const struct selection *s = &w->scan->selections[i];

		if (p->matches[i] && s->library &&
		    (selection__names(s, file) || selection__may_be(s, file)))
			return true;
	}
	return false;
}

static void note_refusal(struct walk *w, int err)
{
	w->report->closed += err == EPERM || err == EACCES;
}

/* START-END PERMISSIONS OFFSET DEVICE INODE PATH. A newline in a path is written as \012. */
static void look_at_line(struct walk *w, struct process *p, char *line)
{
	unsigned long start, end;
	unsigned int major, minor;
	unsigned long long ino;
	char x, mapping[64], *path = strchr(line, '/');
	__cleanup_close int fd = -1;
	const char *file;

	if (!path ||
	    sscanf(line, "%lx-%lx %*c%*c%c%*c %*x %x:%x %llu", &start, &end, &x, &major, &minor,
		   &ino) != 6 ||
	    x != 'x')
		return;
	file = last_part(strip_deleted(path));
	if (!is_wanted(w, p, file) || (p->major == major && p->minor == minor && p->ino == ino))
		return;
	p->major = major;
	p->minor = minor;
	p->ino = ino;
	snprintf(mapping, sizeof(mapping), "map_files/%lx-%lx", start, end);
	fd = openat(p->dir, mapping, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		look_at_file(w, p, fd, file);
	else
		note_refusal(w, errno);
}

/* Handles the complete lines, and moves the rest to the beginning. Returns its length. */
static size_t look_at_lines(struct walk *w, struct process *p, char *text, size_t len)
{
	char *line = text, *end;

	while ((end = memchr(line, '\n', text + len - line))) {
		*end = '\0';
		look_at_line(w, p, line);
		line = end + 1;
	}
	len -= line - text;
	memmove(text, line, len);
	return len;
}

static void look_at_libraries(struct walk *w, struct process *p)
{
	static char text[LINES];
	__cleanup_close int fd = openat(p->dir, "maps", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	while (fd >= 0 && len < sizeof(text) && !is_turn_over(w) &&
	       (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len = look_at_lines(w, p, text, len + n);
	if (fd < 0 || n < 0)
		w->report->hidden += errno == EACCES || errno == EPERM;
}

static void look_at_executable(struct walk *w, const struct process *p)
{
	__cleanup_close int fd = openat(p->dir, "exe", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		look_at_file(w, p, fd, NULL);
	else
		w->report->hidden += errno == EACCES || errno == EPERM;
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool read_text(const struct process *p, const char *file, char *out, size_t size)
{
	__cleanup_close int fd = openat(p->dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	out[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/* The path in cgroup v2, or else in the first hierarchy that has one; NULL: none. */
static char *cgroup_of(char *text)
{
	char *save = NULL, *first = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *path = strstr(line, ":/");

		if (!path)
			continue;
		if (!strncmp(line, "0::", 3))
			return path + 1;
		first = first ? first : path + 1;
	}
	return first;
}

/* Whether the path is in the selected container and pod. */
static bool is_selected(const struct selection *s, const char *path)
{
	__cleanup_free char *container = cgroup_path__container_id(path);
	__cleanup_free char *pod = cgroup_path__pod_uid(path);

	return (!s->container || (*container && selection__is_container(s, container))) &&
	       (!s->pod_uid || !strcmp(pod, s->pod_uid));
}

/* Keeps the shortest part of the path that is selected: the cgroup of the container or pod. */
static void note_cgroup(const struct selection *s, const char *path, char *out)
{
	if (*out || strlen(path) >= PROGRAM_SCAN_CGROUP)
		return;
	for (const char *end = path + 1; *end; end += *end == '/') {
		end += strcspn(end, "/");
		snprintf(out, PROGRAM_SCAN_CGROUP, "%.*s", (int)(end - path), path);
		if (is_selected(s, out))
			return;
	}
}

/* A process without the file has another comm, or is in no container. */
static void match(struct walk *w, struct process *p)
{
	char comm[64], cgroups[4096];
	const char *cgroup = NULL;
	bool read = false;

	if (!read_text(p, "comm", comm, sizeof(comm)))
		return;
	comm[strcspn(comm, "\n")] = '\0';
	for (size_t i = 0; i < w->scan->nselections; i++) {
		const struct selection *s = &w->scan->selections[i];
		bool inside = s->container || s->pod_uid;

		if ((s->pid && s->pid != p->pid) || (s->comm && strcmp(s->comm, comm)))
			continue;
		if (inside && !read) {
			read = true;
			cgroup = read_text(p, "cgroup", cgroups, sizeof(cgroups))
					 ? cgroup_of(cgroups)
					 : NULL;
		}
		if (inside && (!cgroup || !is_selected(s, cgroup)))
			continue;
		if (inside)
			note_cgroup(s, cgroup, w->report->cgroup[i]);
		p->matches[i] = true;
		p->libraries |= s->library != NULL;
		p->executable |= !s->library;
	}
}

static void look_at_process(struct walk *w, int pid)
{
	char path[32];
	__cleanup_close int dir = -1;
	struct process p = { .pid = pid };

	snprintf(path, sizeof(path), "/proc/%d", p.pid);
	p.dir = dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	match(w, &p);
	if (p.libraries)
		look_at_libraries(w, &p);
	if (p.executable)
		look_at_executable(w, &p);
}

/* ---- walks ----------------------------------------------------------------------------------- */

static int by_pid(const void *a, const void *b)
{
	return ((const struct program_process *)a)->pid - ((const struct program_process *)b)->pid;
}

static const struct program_process *find(const struct program_scan *s, int pid)
{
	const struct program_process key = { .pid = pid };

	return s->nprocesses ? bsearch(&key, s->processes, s->nprocesses, sizeof(key), by_pid)
			     : NULL;
}

static void list(struct walk *w, int pid, bool old)
{
	struct program_report *r = w->report;

	if (r->nprocesses < PROGRAM_SCAN_PROCESSES)
		r->processes[r->nprocesses++] = (struct program_process){ pid, old };
}

/* Because of `all`. False: there is no time left. */
static bool visit_due(struct walk *w, int pid)
{
	double start = cpu_seconds();

	if (is_over(w, WALK_SECONDS)) {
		w->report->next_pid = pid;
		return false;
	}
	w->until = w->start + WALK_SECONDS;
	w->turn_until = start + WALK_SECONDS;
	look_at_process(w, pid);
	w->report->all_seconds += cpu_seconds() - start;
	/* It may have been cut short. If it had all the time, its turn is over. */
	if (is_over(w, WALK_SECONDS))
		w->report->next_pid = w->looked ? pid : pid + 1;
	w->looked++;
	return true;
}

static bool visit_new(struct walk *w, int pid)
{
	double start = cpu_seconds();

	if (is_over(w, LAST_SECONDS) || w->new_seconds >= NEW_SECONDS)
		return false;
	w->until = w->start + LAST_SECONDS;
	w->turn_until = start + TURN_SECONDS;
	look_at_process(w, pid);
	w->new_seconds += cpu_seconds() - start;
	return true;
}

static void visit(struct walk *w, int pid)
{
	const struct program_process *known = find(w->scan, pid);
	bool first = !w->scan->nprocesses; /* of all walks */
	bool old = known && known->old;
	bool due = w->scan->all && !w->report->next_pid && pid >= w->scan->first_pid;
	bool looked = due ? visit_due(w, pid) : !old && visit_new(w, pid);

	if (looked || old)
		list(w, pid, known || first);
}

static int64_t walk(void *ctx, void *out, size_t max, char *why)
{
	char own_mounts[64];
	struct walk w = {
		.scan = ctx, .report = out, .own_mounts = own_mounts, .start = monotonic_seconds()
	};
	DIR *proc = opendir("/proc");
	struct dirent *d;

	if (!proc)
		return -errno;
	/* With hidepid=ptraceable, /proc does not even have their names. */
	w.report->hidden += access("/proc/1", F_OK) != 0;
	link_of(AT_FDCWD, "/proc/self/ns/mnt", own_mounts, sizeof(own_mounts));
	while ((d = readdir(proc))) {
		int pid = isdigit((unsigned char)d->d_name[0]) ? atoi(d->d_name) : 0;

		if (pid && pid != getpid())
			visit(&w, pid);
	}
	closedir(proc);
	w.report->cpu_seconds = cpu_seconds();
	return sizeof(*w.report);
}

int program_scan__start(const struct program_scan *scan, struct confined **out, char **why)
{
	const struct confined_job job = {
		.run = walk,
		.ctx = (void *)scan,
		.what = "looking for programs",
		.max = sizeof(struct program_report),
		.memory = JOB_MEMORY,
		.seconds = JOB_SECONDS,
		.fd = -1,
		.finds_files = true,
	};

	return confined__start(&job, out, why);
}

const struct program_report *program_scan__report(const struct confined_result *result)
{
	const struct program_report *r = result->data;

	return result->size == sizeof(*r) && r->nfound <= PROGRAM_SCAN_FOUND &&
			       r->nprocesses <= PROGRAM_SCAN_PROCESSES
		       ? r
		       : NULL;
}
