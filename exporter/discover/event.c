/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/event.h"

#include "base/buf.h"
#include "base/suggest.h"
#include "kernel/event_format.h"
#include "kernel/tracefs.h"

void events__read(const struct discover_env *env, struct events *e)
{
	char *save = NULL;

	*e = (struct events){ .text = tracefs__events(env->tracefs) };
	for (char *line = e->text ? strtok_r(e->text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		*(const char **)array__grow(&e->names, &e->n, sizeof(*e->names)) = line;
}

void events__free(struct events *e)
{
	free(take_ptr(e->names));
	free(take_ptr(e->text));
	e->n = 0;
}

char *events__signature(const struct discover_env *env, const char *name)
{
	__cleanup_free char *group = xstrdup(name);
	__cleanup_buf struct buf out = {};
	char *event = strchr(group, ':'), *text;
	struct event_format f;
	size_t n = 0;

	*event++ = '\0';
	text = tracefs__event_format(env->tracefs, group, event);
	if (!text)
		return NULL;
	event_format__parse(text, &f);
	buf__printf(&out, "%s(", event);
	for (size_t i = 0; i < f.n; i++) {
		const struct event_field *x = &f.fields[i];
		const char *type = x->type;

		if (!strncmp(x->name, "common_", strlen("common_")))
			continue;
		buf__printf(&out, "%s%s%s%s", n++ ? ", " : "", type,
			    type[strlen(type) - 1] == '*' ? "" : " ", x->name);
		if (x->located)
			buf__puts(&out, "[]");
		else if (x->n)
			buf__printf(&out, "[%u]", x->n);
	}
	buf__puts(&out, n ? ")" : "void)");
	event_format__free(&f);
	return xstrdup(buf__str(&out));
}

static int claim(struct discovery *d, const struct request *r, const char *name)
{
	struct target *t = target__new(TARGET_EVENT, EVENT_OBJECT, name);

	t->kind = RP_KIND_VOID;
	t->signature = events__signature(d->sources.env, name);
	return claims__add(&d->claims, r, t);
}

static char *why_not_found(const struct request *r, const struct events *e)
{
	__cleanup_free char *names = request__in_words(r->pattern), *near = NULL;

	if (!e->text)
		return xasprintf("tracefs has no list of tracepoints here, or it cannot be read "
				 "(CAP_DAC_READ_SEARCH)");
	if (r->pattern->glob)
		return xasprintf("no tracepoint matches %s", names);
	near = suggest__hint(r->pattern->functions[0], e->names, e->n);
	return xasprintf("no tracepoint %s%s", names, near);
}

static bool is_among(const char *name, const struct events *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (!strcmp(e->names[i], name))
			return true;
	return false;
}

static int resolve_exact(struct discovery *d, const struct request *r, const struct events *e)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = NULL;

	for (size_t i = 0; i < p->nfunctions; i++)
		if (is_among(p->functions[i], e))
			return exclusions__match(&d->exclusions, r, EVENT_OBJECT, p->functions[i])
				       ? 0
				       : claim(d, r, p->functions[i]);
	written = request__written(p);
	return claims__add_failed(&d->claims, r, target__new(TARGET_EVENT, EVENT_OBJECT, written),
				  REASON_NOT_FOUND, why_not_found(r, e));
}

static int resolve_glob(struct discovery *d, const struct request *r, const struct events *e)
{
	struct glob_counts counts = {};

	for (size_t i = 0; i < e->n; i++) {
		int err;

		if (!pattern__matches(r->pattern, e->names[i]))
			continue;
		if (exclusions__match(&d->exclusions, r, EVENT_OBJECT, e->names[i])) {
			counts.excluded++;
			continue;
		}
		err = claim(d, r, e->names[i]);
		if (err)
			return err;
		counts.taken++;
	}
	return discovery__finish_glob(
		d, r, target__new(TARGET_EVENT, EVENT_OBJECT, r->pattern->functions[0]), &counts,
		REASON_NOT_FOUND, counts.taken ? NULL : why_not_found(r, e));
}

int event__resolve(struct discovery *d, const struct request *r)
{
	struct events e;
	int err;

	events__read(d->sources.env, &e);
	err = r->pattern->glob ? resolve_glob(d, r, &e) : resolve_exact(d, r, &e);
	events__free(&e);
	return err;
}
