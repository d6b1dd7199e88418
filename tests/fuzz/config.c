/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration file. */
#include "config/parse.h"
#include "fuzz.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *flag = xasprintf("--config.file=%s", fuzz__file(0, data, len));
	char *argv[] = { "retprobe_exporter", flag, NULL }, *error = NULL;
	struct config *c = NULL;

	if (config__parse(2, argv, &c, &error)) {
		fuzz__check(!c);
		fuzz__check_message(error);
		return;
	}
	fuzz__check(!error);
	fuzz__check(config__same(c, c));
	for (size_t i = 0; i < c->nlists; i++) {
		fuzz__check(c->lists[i].npatterns);
		fuzz__check(probe_settings__same(&c->lists[i].settings, &c->lists[i].settings));
	}
	config__free(c);
}
