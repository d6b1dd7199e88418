/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/events.h"

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

bool events__have(const struct events *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++)
		if (!strcmp(e->names[i], name))
			return true;
	return false;
}

/* Subsystems of modules are called like these. */
static bool is_to_come(struct sources *src, const char *subsystem)
{
	const struct symbols *symbols = sources__symbols(src);

	return sources__modules(src) &&
	       module_list__find(src->modules, subsystem) == MODULE_LOADABLE &&
	       !(symbols && symbols__has_object(symbols, subsystem));
}

char *events__missing(struct sources *src, const struct events *e, const char *name,
		      enum target_reason *reason)
{
	__cleanup_free char *near = suggest__hint(name, e->names, e->n);
	__cleanup_free char *subsystem = xstrndup(name, strcspn(name, ":"));

	*reason = REASON_NOT_FOUND;
	if (!e->text)
		return xasprintf("tracefs has no list of tracepoints here, or it cannot be read "
				 "(CAP_DAC_READ_SEARCH)");
	if (is_to_come(src, subsystem)) {
		*reason = REASON_WAITING;
		return xasprintf("module %s is not loaded; it will be probed once it is",
				 subsystem);
	}
	if (strpbrk(name, "*?["))
		return xasprintf("no tracepoint matches %s", name);
	return xasprintf("no tracepoint %s%s", name, near);
}
