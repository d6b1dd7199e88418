/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libiberty demangles, as in gdb and nm -C. Substitutions can expand a few hundred bytes without
 * end, so the output callback stops by longjmp at a limit. libiberty limits its own recursion.
 */
#include <libiberty/demangle.h>
#undef ARRAY_SIZE

#include "elf/demangle.h"

#include <setjmp.h>

#include "base/error.h"
#include "files/confined.h"

#define OPTIONS	   (DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP)
#define SECONDS	   10.0
#define MEMORY	   (64 << 20)
#define RESULT_MAX (256U << 20)
#define NAMES_MAX  4000000

/* One per name, at the start of the result. */
struct entry {
	uint32_t at;   /* offset of the text; 0: it is not mangled */
	uint32_t bare; /* length without the parameter list */
};

struct demangled {
	struct confined_result result;
	size_t n;
};

struct job {
	const char **names; /* NULL: not mangled */
	size_t n;
};

bool demangle__is_mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2) || !strncmp(name, "__Z", 3);
}

/* ---- in the child --------------------------------------------------------------------------- */

struct sink {
	char text[DEMANGLED_MAX + 1];
	size_t len;
	jmp_buf full;
};

static void put(const char *text, size_t len, void *ctx)
{
	struct sink *s = ctx;

	if (len > DEMANGLED_MAX - s->len)
		longjmp(s->full, 1);
	if (len)
		memcpy(s->text + s->len, text, len);
	s->len += len;
}

static bool print(const char *name, int options, struct sink *s)
{
	bool done;

	s->len = 0;
	if (setjmp(s->full)) {
		s->len = 0;
		return false;
	}
	done = rust_demangle_callback(name, options, put, s);
	if (!done) {
		s->len = 0;
		done = cplus_demangle_v3_callback(name, options, put, s);
	}
	done = done && !memchr(s->text, '\0', s->len);
	s->text[done ? s->len : 0] = '\0';
	return done;
}

void demangle__here(const char *name, char out[DEMANGLED_MAX + 1], size_t *bare)
{
	static struct sink full, without;

	*out = '\0';
	*bare = 0;
	if (!demangle__is_mangled(name) || !print(name, OPTIONS, &full) || !full.len)
		return;
	memcpy(out, full.text, full.len + 1);
	*bare = full.len;
	if (print(name, OPTIONS & ~DMGL_PARAMS, &without) && without.len < full.len &&
	    !memcmp(full.text, without.text, without.len) && full.text[without.len] == '(')
		*bare = without.len;
}

static int64_t run(void *ctx, void *out, size_t max, char *why)
{
	const struct job *job = ctx;
	struct entry *entries = out;
	size_t used = job->n * sizeof(*entries), bare;
	static char text[DEMANGLED_MAX + 1];

	for (size_t i = 0; i < job->n; i++) {
		size_t len;

		if (!job->names[i])
			continue;
		demangle__here(job->names[i], text, &bare);
		len = strlen(text);
		if (!len)
			continue;
		if (len + 1 > max - used)
			return -EMSGSIZE;
		memcpy((char *)out + used, text, len + 1);
		entries[i] = (struct entry){ used, bare };
		used += len + 1;
	}
	return used;
}

/* ---- in the parent -------------------------------------------------------------------------- */

static bool is_sound(const struct demangled *d)
{
	const char *data = d->result.data;
	const struct entry *entries = d->result.data;
	size_t size = d->result.size;

	if (size < d->n * sizeof(*entries))
		return false;
	for (size_t i = 0; i < d->n; i++) {
		size_t at = entries[i].at, len;

		if (!at)
			continue;
		if (at >= size)
			return false;
		len = strnlen(data + at, size - at);
		if (len == size - at || !len || len > DEMANGLED_MAX || entries[i].bare > len)
			return false;
	}
	return true;
}

/* The names are in a result of another child, which children do not share. The copy is a block. */
static void *copy_names(const char *const *names, size_t n, struct job *job)
{
	size_t len = 0;
	char *text, *next;

	for (size_t i = 0; i < n; i++)
		len += demangle__is_mangled(names[i]) ? strlen(names[i]) + 1 : 0;
	*job = (struct job){ xcalloc(n + 1, sizeof(*job->names)), n };
	next = text = xcalloc(len + 1, 1);
	for (size_t i = 0; i < n; i++) {
		if (!demangle__is_mangled(names[i]))
			continue;
		job->names[i] = next;
		next = stpcpy(next, names[i]) + 1;
	}
	return text;
}

int demangle__names(const char *const *names, size_t n, const char *file, struct demangled **out,
		    char **why)
{
	__cleanup_free char *what = xasprintf("demangling the names of %s", file);
	struct demangled *d = xcalloc(1, sizeof(*d));
	struct job job;
	__cleanup_free char *text = copy_names(names, n < NAMES_MAX ? n : NAMES_MAX, &job);
	struct confined_job confined = {
		.run = run,
		.ctx = &job,
		.what = what,
		.max = RESULT_MAX,
		.memory = MEMORY,
		.seconds = SECONDS,
		.fd = -1,
	};
	int err = confined__run(&confined, &d->result, why);

	free(job.names);
	d->n = job.n;
	if (!err && !is_sound(d))
		err = error__set(why, -EFAULT, "%s gave nonsense: it was made to do harm", what);
	if (err)
		demangled__free(d);
	else
		*out = d;
	return err;
}

void demangled__free(struct demangled *d)
{
	if (!d)
		return;
	confined__release(&d->result);
	free(d);
}

static const struct entry *entry_of(const struct demangled *d, size_t i)
{
	const struct entry *e = i < d->n ? (const struct entry *)d->result.data + i : NULL;

	return e && e->at ? e : NULL;
}

const char *demangled__name(const struct demangled *d, size_t i)
{
	const struct entry *e = entry_of(d, i);

	return e ? (const char *)d->result.data + e->at : NULL;
}

size_t demangled__bare(const struct demangled *d, size_t i)
{
	const struct entry *e = entry_of(d, i);

	return e ? e->bare : 0;
}

/* Sources do not have ABI tags (f[abi:cxx11]). */
static bool same_but_for_tags(const char *name, size_t len, const char *text)
{
	static const char tag[] = "[abi:";
	const char *end = name + len;

	while (name < end) {
		if (*text != *name && !strncmp(name, tag, strlen(tag))) {
			name = memchr(name, ']', end - name);
			if (!name++)
				return false;
			continue;
		}
		if (*name++ != *text++)
			return false;
	}
	return !*text;
}

bool demangled__is(const struct demangled *d, size_t i, const char *text)
{
	const struct entry *e = entry_of(d, i);
	const char *name = demangled__name(d, i);

	text += !strncmp(text, "::", 2) ? 2 : 0;
	return e && (same_but_for_tags(name, strlen(name), text) ||
		     same_but_for_tags(name, e->bare, text));
}
