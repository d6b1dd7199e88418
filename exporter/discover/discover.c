/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resolution: every pattern of the configuration claims the functions that it names
 * (discover/claim.c). What cannot be attached is a target too, with a reason, so that it
 * shows in the metrics instead of being absent from them; but what a glob merely swept up and must
 * leave out is only counted.
 *
 * Order is the configuration's, and within a glob the alphabet's; ids follow it.
 */
#include "discover/discover.h"

#include <errno.h>

#include "base/buf.h"
#include "discover/internal.h"
#include "base/log.h"
#include "base/suggest.h"

/* ---- patterns ---- */

static bool is_kernel(const struct pattern *p)
{
	return p->type == OBJECT_ANY || p->type == OBJECT_KERNEL || p->type == OBJECT_MODULE;
}

static bool same_kind_of_object(const struct pattern *exclusion, const struct pattern *p,
				const char *object)
{
	switch (exclusion->type) {
	case OBJECT_ANY:
	case OBJECT_MODULE: /* then the list has nothing else */
		return is_kernel(p);
	case OBJECT_KERNEL:
		return is_kernel(p) && !strcmp(exclusion->object, object);
	case OBJECT_SYSCALL:
		return p->type == OBJECT_SYSCALL;
	case OBJECT_USER:
		return p->type == OBJECT_USER && !strcmp(exclusion->object, object);
	}
	return false;
}

/* "ns::f" of "ns::f(int)" */
static bool is_overload(const struct pattern *p, const char *function, const char *name)
{
	size_t len = strlen(name);

	return p->type == OBJECT_USER && !strncmp(function, name, len) && function[len] == '(';
}

/* As `f` includes its only clone, `!f` excludes it. */
static bool names(const struct pattern *p, const char *function)
{
	if (pattern__matches(p, function))
		return true;
	for (size_t i = 0; i < p->nfunctions && !p->glob; i++) {
		if (discovery__is_clone(function, p->functions[i]) ||
		    is_overload(p, function, p->functions[i]))
			return true;
	}
	return false;
}

static bool is_used(const struct discovery *d, const struct pattern *exclusion)
{
	for (size_t i = 0; i < d->nused; i++)
		if (d->used[i] == exclusion)
			return true;
	return false;
}

static bool excludes(struct discovery *d, const struct probe_list *list, const struct pattern *of,
		     const char *object, const char *function)
{
	for (size_t i = 0; i < list->npatterns; i++) {
		const struct pattern *p = &list->patterns[i];

		if (!p->exclude || !same_kind_of_object(p, of, object) || !names(p, function))
			continue;
		if (!is_used(d, p))
			*(const struct pattern **)array__grow(&d->used, &d->nused,
							      sizeof(*d->used)) = p;
		return true;
	}
	return false;
}

bool discovery__excluded(struct discovery *d, const struct request *r, const char *object,
			 const char *function)
{
	if (excludes(d, r->list, r->pattern, object, function))
		return true;
	for (size_t i = 0; r->list->builtin && i < d->config->nlists; i++)
		if (d->config->lists[i].bare &&
		    excludes(d, &d->config->lists[i], r->pattern, object, function))
			return true;
	return false;
}

/* The PROBE of a preset that is nearest to an exclusion which found nothing: "!openat" may be meant
 * for "syscall:openat". */
static char *hint_for_exclusion(const struct config *c, const struct pattern *exclusion)
{
	__cleanup_free const char **names = NULL, **texts = NULL;
	const char *nearest;
	size_t n = 0, ntexts = 0;

	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0; k < c->lists[i].npatterns && c->lists[i].builtin; k++) {
			const struct pattern *p = &c->lists[i].patterns[k];

			*(const char **)array__grow(&names, &n, sizeof(*names)) = p->functions[0];
			*(const char **)array__grow(&texts, &ntexts, sizeof(*texts)) = p->text;
		}
	if (!suggest__nearest(exclusion->functions[0], names, n, &nearest, 1))
		return xstrdup("");
	for (n = 0; names[n] != nearest;)
		n++;
	return xasprintf("; did you mean !%s?", texts[n]);
}

/* A preset that goes on probing what the user has excluded is not what the user asked for. */
static void warn_unused(const struct discovery *d)
{
	const struct config *c = d->config;

	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0; k < c->lists[i].npatterns && c->lists[i].bare; k++) {
			const struct pattern *p = &c->lists[i].patterns[k];
			__cleanup_free char *hint = NULL;

			if (!p->exclude || is_used(d, p))
				continue;
			hint = hint_for_exclusion(c, p);
			log_warn("%s: \"%s\" excludes nothing%s", source_pos__str(&p->pos), p->text,
				 hint);
		}
}

bool discovery__is_clone(const char *name, const char *function)
{
	size_t len = strlen(function);

	/* f.part.0 is what was left of f when the rest had been inlined: not all calls are its. */
	return !strncmp(name, function, len) && name[len] == '.' && !strstr(name + len, ".part.") &&
	       !strstr(name + len, ".cold");
}

char *discovery__written(const struct pattern *p)
{
	struct buf b = {};
	char *s;

	for (size_t i = 0; i < p->nfunctions; i++)
		buf__printf(&b, "%s%s", i ? "|" : "", p->functions[i]);
	s = xstrdup(b.len ? buf__str(&b) : "");
	buf__free(&b);
	return s;
}

char *discovery__in_words(const struct pattern *p)
{
	struct buf b = {};
	char *s;

	for (size_t i = 0; i < p->nfunctions; i++)
		buf__printf(&b, "%s%s",
			    !i			    ? ""
			    : i + 1 < p->nfunctions ? ", "
						    : " or ",
			    p->functions[i]);
	s = xstrdup(b.len ? buf__str(&b) : "");
	buf__free(&b);
	return s;
}

/* Ends the count of what a glob had refused; -EINVAL if that was all it had. */
static int check_refused(struct discovery *d, const struct request *r, size_t taken)
{
	__cleanup_free char *first = take_ptr(d->refusal);
	size_t n = d->nrefused;

	d->nrefused = 0;
	if (n && n < taken)
		log_info("%s: %zu functions are left out, whose types do not suit what is asked "
			 "for",
			 r->pattern->text, n);
	if (!n || n < taken)
		return 0;
	if (n == 1)
		d->error = take_ptr(first);
	else
		d->error = xasprintf("%s; the same goes for all %zu functions that match %s", first,
				     n, r->pattern->text);
	return -EINVAL;
}

int discovery__finish_glob(struct discovery *d, const struct request *r, enum target_type type,
			   const char *object, const struct events *events,
			   enum target_reason reason_nothing, char *why_nothing)
{
	__cleanup_free char *nothing = why_nothing;
	size_t left_out = events->denied + events->ambiguous;
	struct target *t;
	int err = check_refused(d, r, events->taken);

	if (err)
		return err;
	if (left_out)
		log_info("%s: %zu functions, %zu left out: %zu that cannot or must not be probed, "
			 "%zu whose name is not unique",
			 r->pattern->text, events->taken, left_out, events->denied,
			 events->ambiguous);
	else
		log_debug("%s: %zu functions", r->pattern->text, events->taken);
	if (events->taken || (!left_out && events->excluded))
		return 0;

	t = target__new(type, object, r->pattern->functions[0]);
	if (type == TARGET_USER)
		t->file = discover_file__open(d, object)->id;
	if (!left_out)
		return discovery__claim_failed(d, r, t, reason_nothing, take_ptr(nothing));
	return discovery__claim_failed(
		d, r, t, events->denied ? REASON_DENIED : REASON_AMBIGUOUS,
		xasprintf("none of the functions that match can be probed: %zu cannot or must not "
			  "be, %zu have a name that is not unique",
			  events->denied, events->ambiguous));
}

/* ---- the whole ---- */

struct symbols *discovery__symbols(struct discovery *d)
{
	struct symbols_env env = {
		.kallsyms = d->env->kallsyms,
		.available_filter_functions = d->env->available_filter_functions,
		.kprobe_blacklist = d->env->kprobe_blacklist,
		.tracefs = d->env->tracefs,
	};
	int err;

	if (d->symbols_tried)
		return d->symbols;
	d->symbols_tried = true;
	d->symbols_error = symbols__read(&env, &d->symbols);
	if (d->symbols_error)
		return NULL;
	err = symbols__filter_error(d->symbols);
	if (err)
		log_info("cannot read available_filter_functions in tracefs (%s): going by "
			 "kallsyms, "
			 "so that some functions may turn out not to be traceable",
			 strerror(-err));
	return d->symbols;
}

struct module_list *discovery__modules(struct discovery *d)
{
	if (!d->modules_tried)
		d->modules_error =
			module_list__read(d->env->modules_dir, &d->modules, &d->modules_path);
	d->modules_tried = true;
	return d->modules;
}

void discovery__release(struct discovery *d)
{
	discovery__free_claims(d);
	for (size_t i = 0; i < d->nfiles; i++) {
		elf_symbols__free(d->files[i]->symbols);
		elf_types__free(d->files[i]->types);
		opened_file__unref(d->files[i]->debug);
		opened_file__unref(d->files[i]->opened);
		elf_names__free(d->files[i]->names);
		free(d->files[i]->path);
		free(d->files[i]->why);
		free(d->files[i]->denied);
		free(d->files[i]);
	}
	free(d->files);
	symbols__free(d->symbols);
	btf_types__free(d->btf);
	module_list__free(d->modules);
	free(d->modules_path);
	free(d->libc);
	free(d->error);
	free(d->refusal);
	free(d->used);
	memset(d, 0, sizeof(*d));
}

static int resolve(struct discovery *d, const struct request *r)
{
	switch (r->pattern->type) {
	case OBJECT_SYSCALL:
		return discover_syscall(d, r);
	case OBJECT_USER:
		return discover_user(d, r);
	case OBJECT_ANY:
	case OBJECT_KERNEL:
	case OBJECT_MODULE:
		break;
	}
	return discover_kernel(d, r);
}

int discover__run(const struct config *c, const struct discover_env *env, struct targets **out,
		  char **error)
{
	struct discovery d = { .env = env, .config = c };
	struct targets *all;
	int err = 0;

	for (size_t i = 0; i < c->nlists && !err; i++) {
		for (size_t j = 0; j < c->lists[i].npatterns && !err; j++) {
			struct request r = { &c->lists[i], &c->lists[i].patterns[j] };

			if (!r.pattern->exclude)
				err = resolve(&d, &r);
		}
	}
	if (err) {
		*error = take_ptr(d.error);
		discovery__release(&d);
		return err;
	}
	if (!env->lenient)
		warn_unused(&d);
	discover_clones(&d);
	all = discovery__collect(&d);
	discover_exits(all, c->mechanism);
	discovery__release(&d);
	if (all->nids > RP_MAX_TARGETS) {
		*error = xasprintf("%zu functions, but no more than %d can be probed at a time: "
				   "narrow the globs",
				   all->nids, RP_MAX_TARGETS);
		targets__free(all);
		return -EINVAL;
	}
	*out = all;
	return 0;
}
