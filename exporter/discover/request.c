/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/request.h"

#include "base/buf.h"

bool request__is_clone(const char *name, const char *function)
{
	size_t len = strlen(function);

	/* f.part.0 is the rest of f after an inlined beginning: it sees only some of the calls. */
	return !strncmp(name, function, len) && name[len] == '.' && !strstr(name + len, ".part.") &&
	       !strstr(name + len, ".cold");
}

char *request__written(const struct pattern *p)
{
	__cleanup_buf struct buf b = {};

	for (size_t i = 0; i < p->nfunctions; i++)
		buf__printf(&b, "%s%s", i ? "|" : "", p->functions[i]);
	return xstrdup(b.len ? buf__str(&b) : "");
}

char *request__in_words(const struct pattern *p)
{
	__cleanup_buf struct buf b = {};

	for (size_t i = 0; i < p->nfunctions; i++)
		buf__printf(&b, "%s%s",
			    !i			    ? ""
			    : i + 1 < p->nfunctions ? ", "
						    : " or ",
			    p->functions[i]);
	return xstrdup(b.len ? buf__str(&b) : "");
}
