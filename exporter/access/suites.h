/* SPDX-License-Identifier: GPL-2.0-only */
/* Go's names of TLS versions, cipher suites and curves, and GnuTLS's. */
#pragma once

#include "base/util.h"

enum web_tls_version { WEB_TLS10, WEB_TLS11, WEB_TLS12, WEB_TLS13, WEB_TLS_VERSIONS };

extern const char *const web_tls_versions[WEB_TLS_VERSIONS]; /* "TLS10", ... */
extern const char *const web_tls_versions_gnutls[WEB_TLS_VERSIONS];

struct web_suite {
	const char *name; /* in Go and at IANA */
	uint16_t id;	  /* on the wire */
	bool tls13;
	bool ecdsa;	      /* needs an ECDSA certificate; else RSA (before TLS 1.3) */
	const char *priority; /* GnuTLS: key exchange, cipher and MAC */
};

/* In order of preference. */
#define WEB_SUITES 17
extern const struct web_suite web_suites[WEB_SUITES];

struct web_curve {
	const char *name, *priority;
};

/* In order of preference. */
#define WEB_CURVES 4
extern const struct web_curve web_curves[WEB_CURVES];
