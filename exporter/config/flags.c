/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line. One table of options (config/options.c) drives parsing and --help; a default is
 * set by the same function as a value that was given, from the text that --help shows.
 */
#include "config/flags.h"

#include "base/buf.h"
#include "base/suggest.h"
#include "config/file.h"
#include "config/options.h"
#include "config/short_path.h"

#define ONCE_SECONDS 10.0

struct flags {
	struct loader *l;
	int argc;
	char *const *argv;
	int given[MAX_OPTIONS]; /* index into argv; 0: not given */
	int at;
	int *arguments; /* indexes into argv of arguments that are no flags */
	size_t narguments;
	char **error;
};

#define fail(f, ...)                                                                      \
	source_pos__fail((f)->error, &(struct source_pos){ COMMAND_LINE, 0, 0, (f)->at }, \
			 __VA_ARGS__)

static size_t near_flags(const char *word, bool is_long, const char **out, size_t max)
{
	const char *names[MAX_OPTIONS];
	bool is_letter = !is_long && strlen(word) == 1;
	size_t n = 0;

	for (const struct option *o = options; o->name; o++)
		if (!is_letter || *o->name == *word)
			names[n++] = o->name;
	if (!is_letter)
		return suggest__nearest(word, names, n, out, max);
	/* For "-c": the flags that start with it. */
	n = n < max ? n : max;
	memcpy(out, names, n * sizeof(*out));
	return n;
}

/* Keys of a configuration file have '_' where flags have '-'. */
static const char *home_of_key(char *word)
{
	for (char *s = word; *s; s++)
		*s = *s == '-' ? '_' : *s;
	return config_file__home_of(word);
}

static int unknown_flag(struct flags *f, const char *name, size_t len, bool is_long)
{
	__cleanup_free char *word = xstrndup(name, len), *key = xstrdup(word);
	__cleanup_buf struct buf hint = {};
	const char *near[3], *home = home_of_key(key);
	size_t n = near_flags(word, is_long, near, ARRAY_SIZE(near));

	if (home)
		buf__printf(&hint, "; %s is a key of a --config.file, %s", key, home);
	for (size_t i = 0; i < n && !home; i++)
		buf__printf(&hint, "%s--%s",
			    !i		? "; did you mean "
			    : i + 1 < n ? ", "
					: " or ",
			    near[i]);
	return fail(f, "unknown flag %s%.80s%s%s", is_long ? "--" : "-", word,
		    hint.len ? buf__str(&hint) : "",
		    home ? ""
		    : n	 ? "? (--help lists all flags)"
			 : "; --help lists all flags");
}

static const struct option *find_option(const char *name, size_t len)
{
	for (const struct option *o = options; o->name; o++) {
		if (strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	}
	return NULL;
}

static int *given(struct flags *f, const char *name)
{
	return &f->given[find_option(name, strlen(name)) - options];
}

static int set_switch(struct flags *f, const struct option *o, bool on, const char *value)
{
	if (value)
		return fail(f, "--%s takes no value; write --%s or --no-%s", o->name, o->name,
			    o->name);
	*(bool *)((char *)f->l + o->flag) = on;
	return 0;
}

/* value: after the '='; NULL: the next argument is the value, unless it is a flag. */
static int set_option(struct flags *f, const struct option *o, const char *value)
{
	const char *next = f->at + 1 < f->argc ? f->argv[f->at + 1] : "-";
	bool take_next = !value && !o->optional && *next != '-';
	__cleanup_free char *why = NULL;

	if (take_next)
		value = next;
	if (value ? !*value : !o->optional)
		return fail(f, "--%s needs a value; write --%s=%s", o->name, o->name, o->argument);

	f->l->flag_pos = (struct source_pos){ COMMAND_LINE, 0, 0, f->at };
	if (option__set(o, f->l, value, &why))
		return fail(f, "--%s: %s", o->name, why);
	f->at += take_next;
	return 0;
}

static int parse_long(struct flags *f, const char *text)
{
	const char *equals = strchr(text, '='), *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const struct option *o = find_option(text, len);
	bool on = true;
	int *first;

	if (!o && len > 3 && !strncmp(text, "no-", 3)) {
		o = find_option(text + 3, len - 3);
		if (o && o->argument)
			o = NULL;
		on = false;
	}
	if (!o)
		return unknown_flag(f, text, len, true);

	first = given(f, o->name);
	if (*first && !o->repeatable)
		return fail(f, "--%s is given twice, first as argument %d; keep one", o->name,
			    *first);
	*first = f->at;
	return o->argument ? set_option(f, o, value) : set_switch(f, o, on, value);
}

static int parse_short(struct flags *f, const char *text)
{
	for (const struct option *o = options; o->name; o++) {
		if (o->letter && text[0] == o->letter && !text[1])
			return set_switch(f, o, true, NULL);
	}
	return unknown_flag(f, text, strcspn(text, "="), false);
}

static int add_probe(struct flags *f, const char *text)
{
	struct probe_list *list = &f->l->probes;
	__cleanup_free char *full = f->l->top ? short_path__expand(text) : NULL, *why = NULL;
	struct pattern pattern;

	if (pattern__parse(full ? full : text, &pattern, &why))
		return fail(f, "\"%.200s\": %s", text, why);
	pattern.pos = (struct source_pos){ COMMAND_LINE, 0, 0, f->at };
	*(struct pattern *)array__grow(&list->patterns, &list->npatterns, sizeof(pattern)) =
		pattern;
	return 0;
}

/* A pattern of --probe.list. */
static int add_glob(struct flags *f, const char *text)
{
	if (*text == '!')
		return fail(f, "\"%.200s\": --probe.list cannot exclude; name what to list", text);
	if (!*text)
		return fail(f, "an empty pattern; name what to list");
	loader__add_glob(f->l, text);
	return 0;
}

/* An argument is a PROBE, or a pattern of --probe.list: only all flags together tell. */
static int take_arguments(struct flags *f)
{
	int err = 0;

	for (size_t i = 0; i < f->narguments && !err; i++) {
		f->at = f->arguments[i];
		err = f->l->list ? add_glob(f, f->argv[f->at]) : add_probe(f, f->argv[f->at]);
	}
	return err;
}

/* After "--" a flag would be taken as a function's name. */
static int refuse_late_flag(struct flags *f, const char *text)
{
	const char *name = text + 2;

	if (strncmp(text, "--", 2))
		return 0;
	if (!strncmp(name, "no-", 3))
		name += 3;
	if (!find_option(name, strcspn(name, "=")))
		return 0;
	return fail(f, "%.200s is behind --, which ends the flags; write it before --", text);
}

static int add_argument(struct flags *f, bool only_probes)
{
	int err = only_probes ? refuse_late_flag(f, f->argv[f->at]) : 0;

	if (!err)
		*(int *)array__grow(&f->arguments, &f->narguments, sizeof(int)) = f->at;
	return err;
}

/* Messages would come between the tables of top. */
static const char *fallback_of(const struct flags *f, const struct option *o)
{
	return f->l->top && !strcmp(o->name, "log.level") ? "warn" : o->fallback;
}

static int set_defaults(struct flags *f)
{
	for (const struct option *o = options; o->name; o++) {
		__cleanup_free char *why = NULL;

		if (f->given[o - options] || !o->fallback)
			continue;
		if (option__set(o, f->l, fallback_of(f, o), &why))
			return fail(f, "--%s: %s", o->name, why);
	}
	return 0;
}

/* Refuses flags that have no effect with or without top. */
static int check_top(struct flags *f)
{
	const struct loader *l = f->l;

	for (const struct option *o = options; o->name; o++) {
		f->at = f->given[o - options];
		if (!f->at)
			continue;
		if (o->of_top && !l->top)
			return fail(f, "--%s is a flag of top; write retprobe_exporter top --%s",
				    o->name, o->name);
		if (l->top && (!strncmp(o->name, "web.", 4) || !strcmp(o->name, "config.watch")))
			return fail(f,
				    "--%s has no effect in top, which serves nothing; leave it "
				    "out",
				    o->name);
	}
	if (l->c->top.format == TOP_JSON && !l->once) {
		f->at = *given(f, "format");
		return fail(f, "--format=json needs --once");
	}
	return 0;
}

/* Refuses flags that contradict each other. */
static int check_flags(struct flags *f)
{
	static const char *const settings[] = { "label", "filter", "observe", "sample" };
	const struct loader *l = f->l;

	if (l->list + l->check + l->top > 1) {
		f->at = *given(f, l->list ? "probe.list" : "config.check");
		return fail(f, "%s and %s are two different tasks; keep one",
			    l->list ? "--probe.list" : "--config.check",
			    l->list && l->check ? "--config.check" : "top");
	}
	for (size_t i = 0; i < ARRAY_SIZE(settings) && !l->probes.npatterns; i++) {
		f->at = *given(f, settings[i]);
		if (f->at)
			return fail(f,
				    "--%s applies to PROBE arguments, and there is none; name a "
				    "function",
				    settings[i]);
	}
	if (l->watch && !l->file) {
		f->at = *given(f, "config.watch");
		return fail(f, "--config.watch needs --config.file=FILE, the file to watch");
	}
	if (l->systemd_socket && *given(f, "web.listen-address")) {
		f->at = *given(f, "web.listen-address");
		return fail(f, "--web.listen-address has no effect with --web.systemd-socket; keep "
			       "one");
	}
	return 0;
}

static void take_flags(struct loader *l)
{
	struct config *c = l->c;

	c->strict = l->strict;
	c->top.once = l->once;
	if (l->once && !c->top.duration)
		c->top.duration = ONCE_SECONDS;
	c->web.systemd_socket = l->systemd_socket;
	c->web.lifecycle = l->lifecycle;
	c->web.openmetrics_created = l->openmetrics_created;
	if (l->top)
		c->action = ACTION_TOP;
	else if (l->list)
		c->action = ACTION_LIST;
	else if (l->check)
		c->action = ACTION_CHECK;
}

/* The first argument. A function of that name is vmlinux:top. */
static bool is_top(const struct flags *f, const char *text, bool only_probes)
{
	return !only_probes && !f->l->top && !f->narguments && !strcmp(text, "top");
}

static int parse_all(struct flags *f)
{
	bool only_probes = false;
	int err = 0;

	for (f->at = 1; f->at < f->argc && !err; f->at++) {
		const char *text = f->argv[f->at];

		if (is_top(f, text, only_probes))
			f->l->top = true;
		else if (only_probes || text[0] != '-')
			err = add_argument(f, only_probes);
		else if (!strcmp(text, "--"))
			only_probes = true;
		else if (text[1] == '-')
			err = parse_long(f, text + 2);
		else
			err = parse_short(f, text + 1);

		/* As in kingpin, these two end the parsing. */
		if (!err && (f->l->help || f->l->version)) {
			f->l->c->action = f->l->help ? ACTION_HELP : ACTION_VERSION;
			return 0;
		}
	}
	if (!err)
		err = take_arguments(f);
	if (!err)
		err = check_flags(f);
	if (!err)
		err = check_top(f);
	if (!err)
		take_flags(f->l);
	return err;
}

int flags__parse(struct loader *l, int argc, char *const argv[], char **error)
{
	struct flags f = { .l = l, .argc = argc, .argv = argv, .error = error };
	int err = parse_all(&f);

	free(f.arguments);
	return err ? err : set_defaults(&f);
}
