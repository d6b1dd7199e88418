/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kprobe_events.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/errno_names.h"
#include "base/log.h"
#include "kernel/tracefs.h"

#define GROUP	      "retprobe_"
#define DIGITS	      "0123456789"
#define HEX	      DIGITS "abcdefABCDEF"
#define TOKEN_DIGITS  16
#define LOCK_PATIENCE 10.0 /* seconds; removing leftovers takes milliseconds each */

static const char kinds[] = { [KPROBE_ENTRY] = 'p', [KPROBE_RETURN] = 'r' };

struct kprobe_events {
	int tracefs;
	char group[sizeof(GROUP) + 1 + TOKEN_DIGITS];
	int lock; /* -1: not held */
	int profile;
	struct buf text; /* of the profile */
};

/* ---- names --------------------------------------------------------------------------------- */

/* kprobe_profile shows the name only, so the name contains the group's. */
static char *event_name(const struct kprobe_events *e, enum kprobe_kind kind, uint32_t id)
{
	return xasprintf("%s_%c%u", e->group, kinds[kind], id);
}

/* The length of our group's name at s: a token, or a PID (earlier versions). 0: not ours. */
static size_t group_length(const char *s)
{
	size_t n = strlen(GROUP), token;

	if (strncmp(s, GROUP, n))
		return 0;
	if (s[n] == 'x') {
		n++;
		token = strspn(s + n, HEX);
		return token == TOKEN_DIGITS ? n + token : 0;
	}
	token = strspn(s + n, DIGITS);
	return token ? n + token : 0;
}

/* "GROUP/EVENT" of a line of kprobe_events, to be freed, if it has our form: GROUP_KIND ID, or in
 * earlier versions GROUP_GENERATION_KIND ID. NULL: not ours. */
static char *our_event(const char *line)
{
	const char *group = strchr(line, ':'), *event, *s;
	size_t n = group ? group_length(++group) : 0, number;

	if (!n || group[n] != '/')
		return NULL;
	event = group + n + 1;
	if (strncmp(event, group, n) || event[n] != '_')
		return NULL;
	s = event + n + 1;
	number = strspn(s, DIGITS);
	if (number && s[number] == '_')
		s += number + 1;
	number = *s == 'p' || *s == 'r' ? strspn(s + 1, DIGITS) : 0;
	s += 1 + number;
	return number && *s == ' ' ? strndup(group, s - group) : NULL;
}

/* ---- leftovers ----------------------------------------------------------------------------- */

static int remove_by_name(int tracefs, const char *name)
{
	__cleanup_free char *line = xasprintf("-:%s\n", name);

	return tracefs__append(tracefs, "kprobe_events", line);
}

/* Reads all names before the first removal, as removals shift the position in the file. */
static char **list_events(int fd, size_t *n)
{
	__cleanup_fclose FILE *f = fdopen(dup(fd), "r");
	char line[512], **names = NULL;

	*n = 0;
	while (f && fgets(line, sizeof(line), f)) {
		char *name = our_event(line);

		if (name)
			*(char **)array__grow(&names, n, sizeof(*names)) = name;
	}
	return names;
}

/*
 * Nothing shows whether the exporter of an event still runs: it may be in another container. But
 * the kernel does not remove an event that is in use, and an exporter holds the lock until it uses
 * its events.
 */
static void remove_leftovers(int tracefs)
{
	__cleanup_close int fd = openat(tracefs, "kprobe_events", O_RDONLY | O_CLOEXEC);
	size_t n, removed = 0;
	char **names;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return;
	names = list_events(fd, &n);
	for (size_t i = 0; i < n; i++) {
		removed += !remove_by_name(tracefs, names[i]);
		free(names[i]);
	}
	free(names);
	if (removed)
		log_info("removed %zu kprobe events that exporters have left which were killed",
			 removed);
}

void kprobe_events__lock(struct kprobe_events *e)
{
	double end = monotonic_seconds() + LOCK_PATIENCE;

	e->lock = openat(e->tracefs, "kprobe_events", O_RDONLY | O_CLOEXEC);
	while (e->lock >= 0 && flock(e->lock, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK) {
		if (monotonic_seconds() >= end) {
			log_warn("kprobe_events stays locked by another process; going on without "
				 "the lock");
			break;
		}
		usleep(10000);
	}
}

void kprobe_events__unlock(struct kprobe_events *e)
{
	cleanup__close(&e->lock);
	e->lock = -1;
}

/* ---- a set --------------------------------------------------------------------------------- */

int kprobe_events__open(int tracefs, struct kprobe_events **out)
{
	struct kprobe_events *e;
	uint64_t token;

	if (getrandom(&token, sizeof(token), 0) != sizeof(token))
		return -EIO;
	e = xcalloc(1, sizeof(*e));
	e->tracefs = tracefs;
	e->lock = -1;
	snprintf(e->group, sizeof(e->group), GROUP "x%016llx", (unsigned long long)token);
	remove_leftovers(tracefs);
	e->profile = openat(tracefs, "kprobe_profile", O_RDONLY | O_CLOEXEC);
	if (e->profile < 0)
		log_warn("kprobe_profile cannot be read: calls that the kernel skips will not be "
			 "counted in retprobe_missed_total");
	*out = e;
	return 0;
}

void kprobe_events__close(struct kprobe_events *e)
{
	if (!e)
		return;
	cleanup__close(&e->lock);
	cleanup__close(&e->profile);
	buf__free(&e->text);
	free(e);
}

int kprobe_events__define(struct kprobe_events *e, enum kprobe_kind kind, uint32_t id,
			  const char *place, unsigned maxactive)
{
	__cleanup_free char *name = event_name(e, kind, id);
	__cleanup_free char *line =
		kind == KPROBE_RETURN
			? xasprintf("r%u:%s/%s %s\n", maxactive, e->group, name, place)
			: xasprintf("p:%s/%s %s\n", e->group, name, place);

	return tracefs__append(e->tracefs, "kprobe_events", line);
}

void kprobe_events__remove(struct kprobe_events *e, enum kprobe_kind kind, uint32_t id)
{
	__cleanup_free char *event = event_name(e, kind, id);
	__cleanup_free char *name = xasprintf("%s/%s", e->group, event);
	int err = remove_by_name(e->tracefs, name);
	char buf[16];

	/* -ENOENT: another exporter has removed it, as it was no longer in use. */
	if (err && err != -ENOENT)
		log_warn("event %s cannot be removed from tracefs: %s", name,
			 errno_name(-err, buf, sizeof(buf)));
}

int kprobe_events__number(const struct kprobe_events *e, enum kprobe_kind kind, uint32_t id)
{
	__cleanup_free char *name = event_name(e, kind, id);

	return tracefs__event_id(e->tracefs, e->group, name);
}

/* ---- kprobe_profile ------------------------------------------------------------------------ */

/* Reads the file by as few reads as possible, so that all rows are of the same moment. */
static const char *read_profile(struct kprobe_events *e)
{
	struct buf *text = &e->text;
	ssize_t n = 1;

	if (e->profile < 0 || lseek(e->profile, 0, SEEK_SET) < 0)
		return NULL;
	for (text->len = 0; n > 0 && buf__reserve(text, 65536);) {
		n = read(e->profile, text->data + text->len, text->cap - text->len);
		text->len += n > 0 ? n : 0;
	}
	return n < 0 ? NULL : buf__str(text);
}

/* "  NAME  HITS  MISSED" */
static void read_row(const char *row, struct kprobe_profile *v[2], size_t n)
{
	unsigned long long hits, missed;
	unsigned id;
	char kind;

	if (sscanf(row, "_%c%u %llu %llu", &kind, &id, &hits, &missed) == 4 && id < n)
		v[kind == kinds[KPROBE_RETURN]][id] = (struct kprobe_profile){ true, hits, missed };
}

int kprobe_events__profile(struct kprobe_events *e, struct kprobe_profile *v[2], size_t n)
{
	const char *line = read_profile(e), *next;
	size_t skip = strlen(e->group);

	if (!line)
		return -EIO;
	memset(v[KPROBE_ENTRY], 0, n * sizeof(*v[0]));
	memset(v[KPROBE_RETURN], 0, n * sizeof(*v[0]));
	for (; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		line += strspn(line, " ");
		if (!strncmp(line, e->group, skip))
			read_row(line + skip, v, n);
	}
	return 0;
}
