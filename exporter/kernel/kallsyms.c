/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kallsyms has every function with its address and module, but does not tell which can be probed.
 * available_filter_functions tells, but knows names only, and needs root. So both are read, once
 * each, and joined by (name, object). It has one name of each address, and kallsyms has all:
 * `__do_sys_getpid` is also `__x64_sys_getpid`. What is known of one name holds for the others. A
 * function that is in kallsyms alone was compiled without the ftrace call, by `notrace` or because
 * it is not C: we go by that for kprobes too, since nearly all such functions are on the path of a
 * probe itself.
 *
 * Without available_filter_functions (no tracefs, no root) everything in kallsyms counts as
 * traceable but what is on the kprobe blacklist and what was freed after boot: good enough for a
 * plan; attaching then tells.
 *
 * The texts are kept whole and cut in place; a kernel has some 10 MB of them, 200,000 lines.
 */
#include "kernel/kallsyms.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "base/strmap.h"

#define KALLSYMS  "/proc/kallsyms"
#define FILTER	  "available_filter_functions"
#define BLACKLIST "/sys/kernel/debug/kprobes/blacklist"

#define NO_NEXT	  UINT32_MAX

struct symbols {
	char *kallsyms_text, *filter_text;
	struct ksym *v;
	size_t n;
	const struct ksym **derived; /* into v */
	size_t nderived;
	struct strmap by_name; /* -> index of the first of its name */
	struct strmap objects; /* the modules seen */
	int filter_error;
	bool have_kallsyms;
};

static int read_fd(int fd, char **out)
{
	size_t len = 0, cap = 1 << 16;
	char *text = xcalloc(cap, 1);
	ssize_t got;

	for (;;) {
		if (cap - len < 2) {
			cap *= 2;
			text = xreallocarray(text, cap, 1);
		}
		got = read(fd, text + len, cap - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = -errno;

			free(text);
			return err;
		}
		if (!got)
			break;
		len += got;
	}
	text[len] = '\0';
	*out = text;
	return 0;
}

static int read_text(int dir, const char *path, char **out)
{
	__cleanup_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_fd(fd, out);
}

/* Cuts the next line off *text; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchrnul(line, '\n');
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

/* "name [module]" or "name\t[module]": cuts the name off and returns the object. */
static const char *cut_object(char *name)
{
	char *end = name + strcspn(name, " \t"), *open, *close;

	if (!*end)
		return SYMBOLS_VMLINUX;
	*end = '\0';
	open = strchr(end + 1, '[');
	close = open ? strchr(open, ']') : NULL;
	if (!close)
		return SYMBOLS_VMLINUX;
	*close = '\0';
	return open + 1;
}

/* BPF programs and the pages of ftrace and kprobes are listed as if they were modules. */
static bool is_pseudo_module(const char *object)
{
	return !strcmp(object, "bpf") || !strncmp(object, "__builtin__", 11);
}

/* Text symbols that are not functions, or not a whole one: padding, cold halves, section marks. */
static bool is_no_function(const char *name)
{
	static const char *const prefixes[] = { "__pfx_",  "__cfi_",
						"__SCT__", "__UNIQUE_ID_",
						"__crc_",  "__ftrace_invalid_address___" };
	static const char *const marks[] = { "_text", "_stext", "_etext", "_sinittext",
					     "_einittext" };
	static const char *const ends[] = { "_text_start", "_text_end" };
	const char *cold = strstr(name, ".cold");
	size_t len = strlen(name);

	if (!isalpha((unsigned char)*name) && *name != '_')
		return true;
	if (cold && (cold[5] == '\0' || cold[5] == '.'))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!strcmp(name, marks[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && !strcmp(name + len - end, ends[i]))
			return true;
	}
	return false;
}

static struct ksym *find_in(const struct symbols *s, const char *name, const char *object)
{
	const uint32_t *first = strmap__find(&s->by_name, name);

	for (uint32_t i = first ? *first : NO_NEXT; i != NO_NEXT; i = s->v[i].next) {
		if (!strcmp(s->v[i].object, object))
			return &s->v[i];
	}
	return NULL;
}

static struct ksym *add(struct symbols *s, const char *name, const char *object)
{
	struct ksym *sym = find_in(s, name, object);
	uint32_t *first;
	bool added;

	if (sym)
		return sym;
	sym = array__grow(&s->v, &s->n, sizeof(*s->v));
	sym->name = name;
	sym->object = object;
	sym->next = NO_NEXT;
	sym->alias = s->n - 1;
	first = strmap__put(&s->by_name, name, s->n - 1, &added);
	if (!added) {
		sym->next = *first;
		*first = s->n - 1;
	}
	strmap__put(&s->objects, object, 0, &added);
	return sym;
}

/* "address type name [module]". */
static void parse_kallsyms(struct symbols *s, uint64_t *init_begin, uint64_t *init_end)
{
	char *text = s->kallsyms_text, *line;

	while ((line = next_line(&text))) {
		char *end, *name;
		uint64_t addr = strtoull(line, &end, 16);
		struct ksym *sym;
		const char *object;

		if (end == line || end[0] != ' ' || !end[1] || !strchr("tTwW", end[1]) ||
		    end[2] != ' ')
			continue;
		name = end + 3;
		object = cut_object(name);
		if (!strcmp(name, "_sinittext"))
			*init_begin = addr;
		else if (!strcmp(name, "_einittext"))
			*init_end = addr;
		if (is_pseudo_module(object) || is_no_function(name))
			continue;
		sym = add(s, name, object);
		/* The same line twice is the same function; that cannot be told without addresses.
		 */
		if (sym->copies && addr && sym->addr == addr)
			continue;
		sym->addr = addr;
		sym->copies++;
	}
}

/* "name" or "name [module]"; what is in kallsyms and not here is not traceable. */
static void join_filter(struct symbols *s)
{
	char *text = s->filter_text, *line;

	for (size_t i = 0; i < s->n; i++)
		s->v[i].state = KSYM_NOTRACE;
	while ((line = next_line(&text))) {
		const char *object = cut_object(line);
		struct ksym *sym;

		if (is_no_function(line))
			continue;
		sym = add(s, line, object);
		sym->state = KSYM_TRACEABLE;
		if (!s->have_kallsyms)
			sym->copies++;
		else if (!sym->copies)
			sym->copies = 1;
	}
}

static void mark_init(struct symbols *s, uint64_t begin, uint64_t end)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].addr >= begin && s->v[i].addr < end)
			s->v[i].state = KSYM_INIT;
	}
}

/* "begin-end\tname [module]". */
static void join_blacklist(struct symbols *s, char *text)
{
	char *line;

	while ((line = next_line(&text))) {
		char *name = strchr(line, '\t');
		struct ksym *sym;

		if (!name)
			continue;
		name++;
		sym = find_in(s, name, cut_object(name));
		if (sym)
			sym->state = KSYM_BLACKLISTED;
	}
}

static int by_address(const void *a, const void *b, void *symbols)
{
	const struct symbols *s = symbols;
	const struct ksym *x = &s->v[*(const uint32_t *)a], *y = &s->v[*(const uint32_t *)b];

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

/* What is known of one of these names of one address. The kernel's refusal counts most. */
static void join_names(struct symbols *s, const uint32_t *names, size_t n)
{
	enum ksym_state state = s->v[names[0]].state;

	for (size_t i = 0; i < n; i++) {
		struct ksym *sym = &s->v[names[i]];

		sym->alias = names[(i + 1) % n];
		if (sym->state == KSYM_BLACKLISTED || state == KSYM_NOTRACE)
			state = sym->state;
	}
	for (size_t i = 0; i < n; i++)
		s->v[names[i]].state = state;
}

/* A name that stands for several addresses has none that is known. */
static void join_addresses(struct symbols *s)
{
	__cleanup_free uint32_t *order = xcalloc(s->n, sizeof(*order));
	size_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i].addr && s->v[i].copies == 1)
			order[n++] = i;
	qsort_r(order, n, sizeof(*order), by_address, s);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && s->v[order[end]].addr == s->v[order[i]].addr; end++)
			;
		if (end - i > 1)
			join_names(s, order + i, end - i);
	}
}

static void list_derived(struct symbols *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (strchr(s->v[i].name, '.'))
			*(const struct ksym **)array__grow(&s->derived, &s->nderived,
							   sizeof(*s->derived)) = &s->v[i];
}

static int read_filter(const struct symbols_env *env, char **out)
{
	if (env->available_filter_functions)
		return read_text(AT_FDCWD, env->available_filter_functions, out);
	return env->tracefs < 0 ? -ENOENT : read_text(env->tracefs, FILTER, out);
}

int symbols__read(const struct symbols_env *env, struct symbols **out)
{
	struct symbols *s = xcalloc(1, sizeof(*s));
	uint64_t init_begin = 0, init_end = 0;
	__cleanup_free char *blacklist = NULL;
	int err;

	err = read_text(AT_FDCWD, env->kallsyms ? env->kallsyms : KALLSYMS, &s->kallsyms_text);
	if (!err)
		parse_kallsyms(s, &init_begin, &init_end);
	s->have_kallsyms = s->n > 0;

	s->filter_error = read_filter(env, &s->filter_text);
	if (!s->filter_error)
		join_filter(s);
	else
		mark_init(s, init_begin, init_end);

	if (!read_text(AT_FDCWD, env->kprobe_blacklist ? env->kprobe_blacklist : BLACKLIST,
		       &blacklist))
		join_blacklist(s, blacklist);

	if (!s->n) {
		symbols__free(s);
		return err ? err : -ENODATA;
	}
	join_addresses(s);
	list_derived(s);
	*out = s;
	return 0;
}

void symbols__free(struct symbols *s)
{
	if (!s)
		return;
	strmap__free(&s->by_name);
	strmap__free(&s->objects);
	free(s->v);
	free(s->derived);
	free(s->kallsyms_text);
	free(s->filter_text);
	free(s);
}

int symbols__filter_error(const struct symbols *s)
{
	return s->filter_error;
}

const struct ksym *symbols__all(const struct symbols *s, size_t *n)
{
	*n = s->n;
	return s->v;
}

const struct ksym *const *symbols__derived(const struct symbols *s, size_t *n)
{
	*n = s->nderived;
	return s->derived;
}

const struct ksym *symbols__find(const struct symbols *s, const char *name)
{
	const uint32_t *first = strmap__find(&s->by_name, name);

	return first ? &s->v[*first] : NULL;
}

const struct ksym *symbols__next(const struct symbols *s, const struct ksym *sym)
{
	return sym->next == NO_NEXT ? NULL : &s->v[sym->next];
}

const struct ksym *symbols__alias(const struct symbols *s, const struct ksym *sym)
{
	return &s->v[sym->alias];
}

bool symbols__has_object(const struct symbols *s, const char *object)
{
	return strmap__find(&s->objects, object) != NULL;
}
