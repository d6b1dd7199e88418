/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/usdt_name.h"

#include "base/error.h"

/* In PATH:usdt::f, the word is a namespace. */
static const char *find_word(const char *probe, const char *word)
{
	const char *slash = strrchr(probe, '/'), *found = slash ? strstr(slash, word) : NULL;

	return found && found[strlen(word)] != ':' ? found : NULL;
}

const char *usdt_name__word(const char *probe)
{
	return find_word(probe, ":usdt:");
}

const char *usdt_name__entry(const char *probe)
{
	return find_word(probe, ":entry:");
}

bool usdt_name__is(const char *name)
{
	const char *colon = strchr(name, ':');

	return *name && (!colon || (colon > name && colon[1] && !strchr(colon + 1, ':')));
}

/* A path may have colons, a provider and a name have none. */
int usdt_name__split(const char *text, char **path, const char **name, char **why)
{
	const char *slash = strrchr(text, '/'), *colon = slash ? strchr(slash, ':') : NULL;

	if (!colon || !usdt_name__is(colon + 1))
		return error__refuse(why, "a USDT probe is PATH:NAME or PATH:PROVIDER:NAME, as in "
					  "/usr/lib/postgresql/15/bin/postgres:query__start");
	*path = xstrndup(text, colon - text);
	*name = colon + 1;
	return 0;
}
