/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The suites that Go's crypto/tls calls secure, and four with RSA key exchange that it called so
 * until Go 1.22: files for older exporters may contain them.
 */
#include "access/suites.h"

const char *const web_tls_versions[WEB_TLS_VERSIONS] = {
	[WEB_TLS10] = "TLS10",
	[WEB_TLS11] = "TLS11",
	[WEB_TLS12] = "TLS12",
	[WEB_TLS13] = "TLS13",
};

const char *const web_tls_versions_gnutls[WEB_TLS_VERSIONS] = {
	[WEB_TLS10] = "+VERS-TLS1.0",
	[WEB_TLS11] = "+VERS-TLS1.1",
	[WEB_TLS12] = "+VERS-TLS1.2",
	[WEB_TLS13] = "+VERS-TLS1.3",
};

#define TLS13(name, id, cipher)                                                    \
	{                                                                          \
		name, id, true, false, "+ECDHE-ECDSA:+ECDHE-RSA:+" cipher ":+AEAD" \
	}
#define ECDSA(name, id, cipher, mac)                                    \
	{                                                               \
		name, id, false, true, "+ECDHE-ECDSA:+" cipher ":+" mac \
	}
#define ECDHE_RSA(name, id, cipher, mac)                               \
	{                                                              \
		name, id, false, false, "+ECDHE-RSA:+" cipher ":+" mac \
	}
#define RSA(name, id, cipher, mac)                               \
	{                                                        \
		name, id, false, false, "+RSA:+" cipher ":+" mac \
	}

const struct web_suite web_suites[WEB_SUITES] = {
	TLS13("TLS_AES_128_GCM_SHA256", 0x1301, "AES-128-GCM"),
	TLS13("TLS_AES_256_GCM_SHA384", 0x1302, "AES-256-GCM"),
	TLS13("TLS_CHACHA20_POLY1305_SHA256", 0x1303, "CHACHA20-POLY1305"),
	ECDSA("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b, "AES-128-GCM", "AEAD"),
	ECDHE_RSA("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f, "AES-128-GCM", "AEAD"),
	ECDSA("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c, "AES-256-GCM", "AEAD"),
	ECDHE_RSA("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030, "AES-256-GCM", "AEAD"),
	ECDSA("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9, "CHACHA20-POLY1305", "AEAD"),
	ECDHE_RSA("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8, "CHACHA20-POLY1305",
		  "AEAD"),
	ECDSA("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xc009, "AES-128-CBC", "SHA1"),
	ECDHE_RSA("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xc013, "AES-128-CBC", "SHA1"),
	ECDSA("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 0xc00a, "AES-256-CBC", "SHA1"),
	ECDHE_RSA("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xc014, "AES-256-CBC", "SHA1"),
	RSA("TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009c, "AES-128-GCM", "AEAD"),
	RSA("TLS_RSA_WITH_AES_256_GCM_SHA384", 0x009d, "AES-256-GCM", "AEAD"),
	RSA("TLS_RSA_WITH_AES_128_CBC_SHA", 0x002f, "AES-128-CBC", "SHA1"),
	RSA("TLS_RSA_WITH_AES_256_CBC_SHA", 0x0035, "AES-256-CBC", "SHA1"),
};

const struct web_curve web_curves[WEB_CURVES] = {
	{ "X25519", "+GROUP-X25519" },
	{ "CurveP256", "+GROUP-SECP256R1" },
	{ "CurveP384", "+GROUP-SECP384R1" },
	{ "CurveP521", "+GROUP-SECP521R1" },
};
