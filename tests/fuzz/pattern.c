/* SPDX-License-Identifier: GPL-2.0-only */
/* A PROBE, and names to match on the following lines. */
#include "config/pattern.h"
#include "fuzz.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *text = fuzz__line(&data, &len);
	struct pattern p = {};
	char *why = NULL, *name;

	if (!text)
		return;
	if (pattern__parse(text, &p, &why)) {
		fuzz__check_message(why);
		return;
	}
	fuzz__check(p.nfunctions);
	/* A name matches itself, and so does each alternative of a list. */
	for (size_t i = 0; i < p.nfunctions && !p.glob; i++)
		fuzz__check(pattern__matches(&p, p.functions[i]));
	while ((name = fuzz__line(&data, &len))) {
		pattern__matches(&p, name);
		free(name);
	}
	pattern__free(&p);
}
