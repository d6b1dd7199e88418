/* SPDX-License-Identifier: GPL-2.0-only */
/* `tls_server_config:` of the web configuration. */
#pragma once

#include "access/suites.h"
#include "base/util.h"

struct binder;
struct tree_node;

enum client_auth {
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_REQUEST,	     /* optional and not verified */
	CLIENT_AUTH_REQUIRE_ANY,     /* required; any signer */
	CLIENT_AUTH_VERIFY_IF_GIVEN, /* optional */
	CLIENT_AUTH_REQUIRE_AND_VERIFY,
};

/* If both are set, the file takes precedence. */
struct web_pem {
	char *text, *file;
};

struct web_tls_settings {
	bool enabled; /* certificate, key, client CA or client_auth_type is given */
	struct web_pem cert, key, client_ca;
	enum client_auth client_auth;
	bool check_sans; /* client_allowed_sans is given, possibly empty */
	char **sans;
	size_t nsans;
	uint32_t suites; /* bit i: web_suites[i]; 0: our default */
	uint32_t curves; /* bit i: web_curves[i]; 0: all */
	enum web_tls_version min, max;
	bool prefer_server_suites;
};

/* Binds the mapping to *tls and checks that its keys agree. 0 or -EINVAL; see binder__fail(). */
int web_settings_tls__bind(struct binder *b, const struct tree_node *map,
			   struct web_tls_settings *tls);
void web_settings_tls__free(struct web_tls_settings *tls); /* not *tls itself */
