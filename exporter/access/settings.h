/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a web configuration file says, in the schema of Prometheus' exporter-toolkit: parsed once,
 * never changed, shared by those who hold a reference. Looks at no file but its text.
 */
#ifndef ACCESS_SETTINGS_H
#define ACCESS_SETTINGS_H

#include "access/suites.h"
#include "access/text.h"

enum client_auth {
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_REQUEST,	     /* asked for, neither needed nor looked at */
	CLIENT_AUTH_REQUIRE_ANY,     /* needed; by whomever it is signed */
	CLIENT_AUTH_VERIFY_IF_GIVEN, /* may be absent */
	CLIENT_AUTH_REQUIRE_AND_VERIFY,
};

/* Either is NULL, or the file takes precedence. */
struct web_pem {
	char *text, *file;
};

struct web_tls_settings {
	bool enabled; /* certificate, key, client CA or client_auth_type is given */
	struct web_pem cert, key, client_ca;
	enum client_auth client_auth;
	bool check_sans; /* client_allowed_sans is given, be it empty */
	char **sans;
	size_t nsans;
	uint32_t suites; /* bit i: web_suites[i]; 0: as we think best */
	uint32_t curves; /* bit i: web_curves[i]; 0: all of them */
	enum web_tls_version min, max;
	bool prefer_server_suites;
};

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
	bool http2; /* wished for */
	struct web_user *users;
	size_t nusers;
	double limit_interval; /* seconds that a request costs; 0: no limit */
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

#endif /* ACCESS_SETTINGS_H */
