/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kallsyms has every function with its address and module, but not whether it can be probed.
 * available_filter_functions has that, but only by name, and needs root. So both are read once and
 * joined by (name, object). kallsyms has all names of an address (`__do_sys_getpid` is also
 * `__x64_sys_getpid`), available_filter_functions only one; the state of that one holds for all.
 *
 * A function that is only in kallsyms was compiled without the ftrace call: it is `notrace`, or not
 * written in C. It is not probed by kprobes either, as nearly all such functions are on the path of
 * a probe itself.
 *
 * Without available_filter_functions (no tracefs, no root) every function of kallsyms counts as
 * traceable, except those on the kprobe blacklist and those freed after boot. That is good enough
 * for a plan; attaching shows the rest.
 *
 * The texts are kept whole and cut in place: about 10 MB, 200,000 lines.
 */
#include "kernel/symbols.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/strmap.h"
#include "kernel/kallsyms.h"

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
	struct start {
		uint64_t addr;
		const char *object;
	} * starts; /* all that begins in the text, ascending */
	size_t nstarts;
	uint64_t sched_begin, sched_end; /* addresses of the scheduler's functions */
	int filter_error;
	bool have_kallsyms;
};

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
	for (size_t i = 0; i < ARRAY_SIZE(prefixes) && *name == '_'; i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(marks) && *name == '_'; i++) {
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

/* Lists are grouped by object. */
static void note_object(struct symbols *s, const char *object)
{
	bool added;

	if (!s->n || strcmp(s->v[s->n - 1].object, object))
		strmap__put(&s->objects, object, 0, &added);
}

static struct ksym *add(struct symbols *s, const char *name, const char *object)
{
	bool added;
	uint32_t *first = strmap__put(&s->by_name, name, s->n, &added);
	struct ksym *sym;

	for (uint32_t i = added ? NO_NEXT : *first; i != NO_NEXT; i = s->v[i].next) {
		if (!strcmp(s->v[i].object, object))
			return &s->v[i];
	}
	note_object(s, object);
	sym = array__grow(&s->v, &s->n, sizeof(*s->v));
	*sym = (struct ksym){
		.name = name,
		.object = object,
		.next = added ? NO_NEXT : *first,
		.alias = s->n - 1,
	};
	*first = s->n - 1;
	return sym;
}

/* Names that are no functions end the function before them, too. */
static void add_start(struct symbols *s, const struct kallsyms_line *line)
{
	if (line->addr)
		*(struct start *)array__grow(&s->starts, &s->nstarts, sizeof(*s->starts)) =
			(struct start){ line->addr, line->object };
}

static int compare_starts(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void parse_kallsyms(struct symbols *s, uint64_t *init_begin, uint64_t *init_end)
{
	struct kallsyms_line line;

	for (char *text = s->kallsyms_text; kallsyms__next(&text, &line);) {
		struct ksym *sym;

		if (!kallsyms__is_function(line.type))
			continue;
		add_start(s, &line);
		if (!strcmp(line.name, "__sched_text_start"))
			s->sched_begin = line.addr;
		else if (!strcmp(line.name, "__sched_text_end"))
			s->sched_end = line.addr;
		if (!strcmp(line.name, "_sinittext"))
			*init_begin = line.addr;
		else if (!strcmp(line.name, "_einittext"))
			*init_end = line.addr;
		if (is_pseudo_module(line.object) || is_no_function(line.name))
			continue;
		sym = add(s, line.name, line.object);
		/* A repeated line is the same function. Without addresses it counts as another. */
		if (sym->copies && line.addr && sym->addr == line.addr)
			continue;
		sym->addr = line.addr;
		sym->copies++;
	}
	if (s->nstarts)
		qsort(s->starts, s->nstarts, sizeof(*s->starts), compare_starts);
}

/* "name" or "name [module]". Functions that are only in kallsyms are not traceable. */
static void join_filter(struct symbols *s)
{
	char *text = s->filter_text, *line;

	for (size_t i = 0; i < s->n; i++)
		s->v[i].state = KSYM_NOTRACE;
	while ((line = kallsyms__cut_line(&text))) {
		const char *object = kallsyms__cut_object(line);
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

	while ((line = kallsyms__cut_line(&text))) {
		char *name = strchr(line, '\t');
		struct ksym *sym;

		if (!name)
			continue;
		name++;
		sym = find_in(s, name, kallsyms__cut_object(name));
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
		return file__read(AT_FDCWD, env->available_filter_functions, 0, out, NULL);
	return env->tracefs < 0 ? -ENOENT : file__read(env->tracefs, FILTER, 0, out, NULL);
}

int symbols__read(const struct symbols_env *env, struct symbols **out)
{
	struct symbols *s = xcalloc(1, sizeof(*s));
	uint64_t init_begin = 0, init_end = 0;
	__cleanup_free char *blacklist = NULL;
	int err;

	err = file__read(AT_FDCWD, env->kallsyms ? env->kallsyms : KALLSYMS, 0, &s->kallsyms_text,
			 NULL);
	if (!err)
		parse_kallsyms(s, &init_begin, &init_end);
	s->have_kallsyms = s->n > 0;

	s->filter_error = read_filter(env, &s->filter_text);
	if (!s->filter_error)
		join_filter(s);
	else
		mark_init(s, init_begin, init_end);

	if (!file__read(AT_FDCWD, env->kprobe_blacklist ? env->kprobe_blacklist : BLACKLIST, 0,
			&blacklist, NULL))
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
	free(s->starts);
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

#define PAGE	     4096
#define FUNCTION_MAX (1 << 20)

/* The last function of a module may end anywhere, but the page where it begins is the module's. */
uint64_t symbols__end(const struct symbols *s, const struct ksym *sym)
{
	size_t first = 0, end = s->nstarts;

	if (!sym->addr)
		return 0;
	while (first < end) {
		size_t middle = (first + end) / 2;

		if (s->starts[middle].addr <= sym->addr)
			first = middle + 1;
		else
			end = middle;
	}
	if (first < s->nstarts && s->starts[first].addr - sym->addr <= FUNCTION_MAX &&
	    !strcmp(s->starts[first].object, sym->object))
		return s->starts[first].addr;
	return ALIGN_UP(sym->addr + 1, (uint64_t)PAGE);
}

bool symbols__is_scheduler(const struct symbols *s, const struct ksym *sym)
{
	return sym->addr >= s->sched_begin && sym->addr < s->sched_end;
}

bool symbols__has_object(const struct symbols *s, const char *object)
{
	return strmap__find(&s->objects, object) != NULL;
}
