/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration, in the schema of Prometheus' exporter-toolkit. It is parsed once from a
 * text, never changed, and reference-counted.
 */
#pragma once

#include "access/settings_tls.h"
#include "access/text.h"

struct web_header {
	const char *name; /* static */
	char *value;
};

#define WEB_HEADERS 5

struct web_user {
	char *name;
	char *hash; /* bcrypt, well-formed */
};

struct web_settings {
	struct web_tls_settings tls;
	struct web_header headers[WEB_HEADERS];
	size_t nheaders;
	bool http2; /* parsed, but not supported */
	struct web_user *users;
	size_t nusers;
	double limit_interval; /* seconds per request; 0: no limit */
	long limit_burst;
	unsigned refs;
};

/* 0 and *out with one reference, or -EINVAL and *error: "FILE:LINE:COLUMN: what", to be freed. An
 * empty text is valid. */
int web_settings__parse(const char *file, const char *text, size_t len, struct web_settings **out,
			char **error);
/* Any role but WEB_CONFIG. */
const struct web_pem *web_settings__pem(const struct web_settings *s, enum web_role role);
struct web_settings *web_settings__get(struct web_settings *s);
void web_settings__put(struct web_settings *s); /* NULL is fine */
