/* SPDX-License-Identifier: GPL-2.0-only */
/* A web configuration file. */
#include "fuzz.h"
#include "access/settings.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *text = fuzz__copy(data, len);
	struct web_settings *s = NULL;
	char *error = NULL;

	if (web_settings__parse("web.yml", text, len, &s, &error)) {
		fuzz__check(!s);
		fuzz__check_message(error);
		return;
	}
	fuzz__check(!error);
	for (size_t i = 0; i < s->nusers; i++)
		fuzz__check(strlen(s->users[i].hash) == 60);
	web_settings__put(s);
}
