/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A '\' makes the next character literal, except in the path of an ELF file, which is always
 * literal. Names are stored without their escapes. A glob keeps them, as fnmatch(3) understands the
 * same escapes.
 */
#include "config/pattern.h"

#include <ctype.h>
#include <fnmatch.h>

#include "base/error.h"
#include "config/usdt_name.h"

/* The first unescaped character of s that is in set, or the end of s. */
static const char *find_unescaped(const char *s, const char *set)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (strchr(set, *s))
			break;
	}
	return s;
}

/* Whether the ':' is part of a C++ name, as in "::", "f[abi:cxx11]" or "(auto:1)". Moves *s to the
 * last ':' of it. */
static bool is_in_name(const char *text, const char **s)
{
	static const char *const words[] = { "[abi", "auto" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(*s - text) >= len && !strncmp(*s - len, words[i], len) &&
		    (words[i][0] == '[' || isdigit((unsigned char)(*s)[1])))
			return true;
	}
	if ((*s)[1] != ':')
		return false;
	/* Of three, the first is the separator: PATH:::f */
	if ((*s)[2] == ':' && (*s)[3] != ':')
		return false;
	(*s)++;
	return true;
}

const char *pattern__separator(const char *text, bool *is_path)
{
	const char *first = NULL, *last = NULL, *slash = strchr(text, '/');

	for (const char *s = find_unescaped(text, ":"); *s; s = find_unescaped(s + 1, ":")) {
		if (!first)
			first = s;
		if (slash && is_in_name(text, &s))
			continue;
		last = s;
		if (s[1] == ':' && s[2] == ':')
			s += 2;
	}
	*is_path = last && slash && slash < last;
	return *is_path ? last : first;
}

/* The ']' that closes the bracket expression at s, or NULL. */
static const char *bracket_end(const char *s)
{
	s++;
	if (*s == '!' || *s == '^')
		s++;
	if (*s == ']') /* as the first member, it is literal */
		s++;
	for (; *s; s++) {
		if (*s == ']')
			return s;
		if (*s == '\\' && s[1]) {
			s++;
		} else if (s[0] == '[' && s[1] == ':') { /* a class as in [[:digit:]] */
			s = strstr(s, ":]");
			if (!s)
				return NULL;
			s++;
		}
	}
	return NULL;
}

/* "operator[]" is a name. */
static bool is_operator(const char *text, const char *s)
{
	static const char word[] = "operator";
	size_t len = strlen(word);

	return (size_t)(s - text) >= len && !strncmp(s - len, word, len);
}

static int check_brackets(const char *text, char **why)
{
	for (const char *s = find_unescaped(text, "[]"); *s; s = find_unescaped(s + 1, "[]")) {
		if (!strncmp(s, "[]", 2) && is_operator(text, s))
			s++;
		else if (*s == '[')
			s = bracket_end(s);
		else
			s = NULL;
		if (!s)
			return error__refuse(why, "unbalanced '[' or ']'; write \\[ or \\] for the "
						  "character itself");
	}
	return 0;
}

static void remove_escapes(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\')
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

static bool ends_in_backslash(const char *s)
{
	size_t n = 0;

	for (const char *end = s + strlen(s); end > s && end[-1] == '\\'; end--)
		n++;
	return n % 2;
}

static int add_function(struct pattern *p, const char *name, size_t len, char **why)
{
	char **slot;

	if (!len)
		return error__refuse(why, "a function's name is missing%s",
				     p->nfunctions ? " behind '|'" : "");
	if (name[0] == '!')
		return error__refuse(why,
				     "'!' goes first, before OBJECT: too (\\! for the character "
				     "itself)");
	slot = array__grow(&p->functions, &p->nfunctions, sizeof(*p->functions));
	*slot = xstrndup(name, len);
	return 0;
}

/* The OBJECT of patterns that have no other; NULL: of the others. */
static const char *word_of(enum object_type type)
{
	switch (type) {
	case OBJECT_SYSCALL:
		return "syscall";
	case OBJECT_TRACEPOINT:
		return "tracepoint";
	case OBJECT_RAW_TRACEPOINT:
		return "raw_tracepoint";
	default:
		return NULL;
	}
}

static bool is_in_file(const struct pattern *p)
{
	return p->type == OBJECT_USER || p->type == OBJECT_USDT || p->type == OBJECT_ENTRY;
}

static int refuse_probe(char **why)
{
	return error__refuse(why,
			     "a USDT probe is PATH:usdt:NAME or PATH:usdt:PROVIDER:NAME, as in "
			     "/usr/lib/postgresql/15/bin/postgres:usdt:query__start");
}

static int check_probes(const struct pattern *p, char **why)
{
	for (size_t i = 0; i < p->nfunctions; i++)
		if (!usdt_name__is(p->functions[i]))
			return refuse_probe(why);
	return 0;
}

static int check_tracepoint(const char *name, char **why)
{
	const char *colon = strchr(name, ':');

	if (colon && colon > name && colon[1] && !strchr(colon + 1, ':'))
		return 0;
	return error__refuse(why, "a tracepoint is SUBSYSTEM:EVENT, as in "
				  "tracepoint:block:block_rq_issue");
}

static int check_raw_tracepoint(const char *name, char **why)
{
	const char *colon = strrchr(name, ':');

	if (!colon)
		return 0;
	return error__refuse(
		why, "a raw tracepoint has a name and no subsystem: write raw_tracepoint:%s",
		colon[1] ? colon + 1 : "NAME");
}

static int check_events(const struct pattern *p, char **why)
{
	int err = p->type == OBJECT_USDT ? check_probes(p, why) : 0;

	for (size_t i = 0; i < p->nfunctions && !err; i++)
		if (p->type == OBJECT_TRACEPOINT)
			err = check_tracepoint(p->functions[i], why);
		else if (p->type == OBJECT_RAW_TRACEPOINT)
			err = check_raw_tracepoint(p->functions[i], why);
	return err;
}

static int parse_functions(struct pattern *p, const char *s, char **why)
{
	const char *end;
	int err;

	if (ends_in_backslash(s))
		return error__refuse(why, "a '\\' at the end escapes nothing; write \\\\ for the "
					  "character itself");
	if (!is_in_file(p) && strchr(s, '/'))
		return error__refuse(
			why, "no kernel function has a '/' in its name; for a function of a "
			     "program or library write PATH:FUNCTION");

	if (!is_in_file(p) && s[strcspn(s, " \t,;()")])
		return error__refuse(why, "no kernel function has blanks, commas or parentheses in "
					  "its name; name functions one by one");
	p->glob = *find_unescaped(s, "*?[]") != '\0';
	if (p->glob && *find_unescaped(s, "|"))
		return error__refuse(why,
				     "no globs in a list of alternatives a|b; write one PROBE for "
				     "each");
	if (p->glob) {
		err = check_brackets(s, why);
		if (!err)
			err = add_function(p, s, strlen(s), why);
		return err ? err : check_events(p, why);
	}

	do {
		end = find_unescaped(s, "|");
		err = add_function(p, s, end - s, why);
		if (err)
			return err;
		remove_escapes(p->functions[p->nfunctions - 1]);
		s = end + 1;
	} while (*end);
	return check_events(p, why);
}

/* Names of modules have '_' in the kernel, even if the name of the file has '-' (KBUILD_MODNAME).
 * The name of a file is kept; discovery finds the module. */
static int parse_module(struct pattern *p, char **why)
{
	bool is_module = true;

	for (const char *s = p->object; *s; s++) {
		if (strchr("*?[]", *s))
			return error__refuse(why,
					     "globs are for functions only, and \"%s\" is to be a "
					     "module's name",
					     p->object);
		if (!isalnum((unsigned char)*s) && !strchr("-_.+", *s))
			return error__refuse(why,
					     "\"%s\" is not a module's name; OBJECT is a module, "
					     "vmlinux, syscall, tracepoint, raw_tracepoint, or a "
					     "path with a '/'",
					     p->object);
		is_module = is_module && !strchr(".+", *s);
	}
	for (char *s = p->object; is_module && *s; s++)
		if (*s == '-')
			*s = '_';
	return 0;
}

static int parse_object(struct pattern *p, const char *s, size_t len, bool is_path, char **why)
{
	if (!len)
		return error__refuse(why, "nothing before the ':'; leave it out, or name a module, "
					  "vmlinux, syscall or a path");
	if (is_path) {
		p->type = OBJECT_USER;
		p->object = xstrndup(s, len);
		return 0;
	}
	for (enum object_type type = OBJECT_ANY; type <= OBJECT_USER; type++) {
		const char *word = word_of(type);

		if (word && len == strlen(word) && !strncmp(s, word, len)) {
			p->type = type;
			return 0;
		}
	}
	p->type = OBJECT_KERNEL;
	p->object = xstrndup(s, len);
	if (!strcmp(p->object, "usdt"))
		return refuse_probe(why);
	if (s[len + 1] == ':')
		return error__refuse(why,
				     "no kernel function has \"::\" in its name; for a function "
				     "of a program or library write PATH:%s",
				     s);
	return parse_module(p, why);
}

/* Parses the functions, unless err. */
static int finish(struct pattern *p, const char *functions, int err, struct pattern *out,
		  char **why)
{
	if (!err)
		err = parse_functions(p, functions, why);
	if (err)
		pattern__free(p);
	else
		*out = *p;
	return err;
}

/* The word between the PATH and the name of a point. OBJECT_ANY: there is none. */
static enum object_type word_in(const char *probe, const char **word)
{
	*word = usdt_name__word(probe);
	if (*word)
		return OBJECT_USDT;
	*word = usdt_name__entry(probe);
	return *word ? OBJECT_ENTRY : OBJECT_ANY;
}

#define KERNEL_ENTRY "entry:"

int pattern__parse(const char *text, struct pattern *out, char **why)
{
	struct pattern p = { .type = OBJECT_ANY, .text = xstrdup(text) };
	const char *s = text, *separator, *word;
	bool is_path;
	int err = 0;

	if (*s == '!') {
		p.exclude = true;
		s++;
	}
	p.type = word_in(s, &word);
	p.at_entry = !word && !strncmp(s, KERNEL_ENTRY, strlen(KERNEL_ENTRY));
	s += p.at_entry ? strlen(KERNEL_ENTRY) : 0;
	separator = pattern__separator(s, &is_path);
	if (word) {
		p.object = xstrndup(s, word - s);
		s = strchr(word + 1, ':') + 1;
	} else if (separator) {
		err = parse_object(&p, s, separator - s, is_path, why);
		s = separator + 1;
	}
	if (!err && p.at_entry && p.type != OBJECT_ANY && p.type != OBJECT_KERNEL)
		err = error__refuse(why, "entries are of kernel functions, as in " KERNEL_ENTRY
					 "tcp_v4_connect, and of PATH:entry:FUNCTION");
	return finish(&p, s, err, out, why);
}

int pattern__parse_in(enum object_type type, const char *object, const char *text,
		      struct pattern *out, char **why)
{
	struct pattern p = { .type = type };
	const char *word = word_of(type);
	int err = 0;

	if (*text == '!') {
		p.exclude = true;
		text++;
	}
	if (word && !strncmp(text, word, strlen(word)) && text[strlen(word)] == ':')
		text += strlen(word) + 1;
	p.object = object ? xstrdup(object) : NULL;
	p.text = xasprintf("%s%s:%s", p.exclude ? "!" : "",
			   object ? object
			   : word ? word
				  : "",
			   text);

	if (type == OBJECT_SYSCALL && strchr(text, ':'))
		err = error__refuse(why, "a system call's name has no ':'; put this under "
					 "functions");
	return finish(&p, text, err, out, why);
}

int pattern__set_module(struct pattern *p, const char *module, char **why)
{
	if (p->type != OBJECT_ANY)
		return error__refuse(why, "module is for kernel functions without an OBJECT of "
					  "their own; put this into another probe");
	/* A built-in module is no module any more, so `*` would be the whole kernel. */
	if (p->glob && !p->exclude)
		return error__refuse(why,
				     "no globs with module, which also takes what is built in; "
				     "%s:%s means that module only",
				     module, p->text);
	p->type = OBJECT_MODULE;
	p->object = xstrdup(module);
	return parse_module(p, why);
}

int pattern__parse_usdt(const char *text, struct pattern *out, char **why)
{
	const char *s = text + (*text == '!'), *name;
	__cleanup_free char *path = NULL, *probe = NULL;
	int err;

	if (usdt_name__word(s))
		return pattern__parse(text, out, why);
	err = usdt_name__split(s, &path, &name, why);
	if (err)
		return err;
	probe = xasprintf("%.*s%s:usdt:%s", (int)(s - text), text, path, name);
	return pattern__parse(probe, out, why);
}

int pattern__parse_entry(const char *text, struct pattern *out, char **why)
{
	const char *s = text + (*text == '!'), *colon;
	__cleanup_free char *probe = NULL;
	bool is_path;

	if (usdt_name__entry(s))
		return pattern__parse(text, out, why);
	colon = pattern__separator(s, &is_path);
	if (colon && is_path)
		probe = xasprintf("%.*s:entry%s", (int)(colon - text), text, colon);
	else
		probe = xasprintf(
			"%.*s%s%s", (int)(s - text), text,
			strncmp(s, KERNEL_ENTRY, strlen(KERNEL_ENTRY)) ? KERNEL_ENTRY : "", s);
	return pattern__parse(probe, out, why);
}

void pattern__free(struct pattern *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->nfunctions; i++)
		free(p->functions[i]);
	free(p->functions);
	free(p->object);
	free(p->text);
	memset(p, 0, sizeof(*p));
}

bool pattern__matches(const struct pattern *p, const char *name)
{
	if (p->glob)
		return !fnmatch(p->functions[0], name, 0);
	for (size_t i = 0; i < p->nfunctions; i++) {
		if (!strcmp(p->functions[i], name))
			return true;
	}
	return false;
}

bool pattern__same(const struct pattern *a, const struct pattern *b)
{
	return a->type == b->type && a->exclude == b->exclude && a->at_entry == b->at_entry &&
	       !strcmp(a->text, b->text) &&
	       !strcmp(a->object ? a->object : "", b->object ? b->object : "");
}
