/* SPDX-License-Identifier: GPL-2.0-only */
/* TLS versions, suites, curves and client certificates of web configuration files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "access/suites.h"
#include "tls_fixture.h"

/* ---- versions, suites, curves --------------------------------------------------------------- */

#define ONLY(version) "NORMAL:-VERS-ALL:+VERS-" version

static void test_versions(void **state)
{
	start_tls("rsa", "");
	expect(NULL, NULL, 200);
	expect(ONLY("TLS1.3"), NULL, 200);
	expect(ONLY("TLS1.2"), NULL, 200);
	expect(ONLY("TLS1.1"), NULL, 0);
	expect(ONLY("TLS1.0"), NULL, 0);
}

static void test_version_ranges(void **state)
{
	static const char *const client[] = { ONLY("TLS1.0"), ONLY("TLS1.1"), ONLY("TLS1.2"),
					      ONLY("TLS1.3") };
	static const char *const names[] = { "TLS10", "TLS11", "TLS12", "TLS13" };

	start_tls("rsa", "");
	for (int min = 0; min < 4; min++) {
		for (int max = min; max < 4; max++) {
			__cleanup_free char *config =
				xasprintf("tls_server_config: {cert_file: rsa.pem, key_file: "
					  "rsa.key, min_version: %s, max_version: %s}\n",
					  names[min], names[max]);

			web_write("web.yml", config);
			for (int v = 0; v < 4; v++)
				expect(client[v], NULL, v >= min && v <= max ? 200 : 0);
		}
	}
}

/* Plain HTTP to a TLS port fails, and so does TLS to a plain port. */
static void test_plain(void **state)
{
	start_tls("rsa", "");
	{
		__cleanup_answer struct answer a = client__request(port, "GET", "/", "");

		assert_int_equal(a.code, 0);
	}
	expect(NULL, NULL, 200);
	teardown(NULL);
	start("");
	expect(NULL, NULL, 0);
}

/* An RSA-PSS key works with RSA suites. */
static void test_rsa_pss(void **state)
{
	start_tls("pss", "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n");
	expect(ONLY("TLS1.2"), NULL, 200);
}

/* Exactly the listed suites, not other combinations of their parts. */
static void test_suites(void **state)
{
	static const char pure[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:-CIPHER-ALL:-MAC-ALL";
	static const struct {
		const char *kx, *cipher, *mac;
		const char *suite; /* NULL: refused */
	} cases[] = {
		{ "ECDHE-RSA", "AES-128-GCM", "AEAD", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
		{ "RSA", "AES-256-CBC", "SHA1", "TLS_RSA_WITH_AES_256_CBC_SHA" },
		{ "ECDHE-RSA", "AES-256-CBC", "SHA1", NULL },
		{ "RSA", "AES-128-GCM", "AEAD", NULL },
		{ "ECDHE-RSA", "AES-256-GCM", "AEAD", NULL },
		{ "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD", NULL },
		{ "ECDHE-ECDSA", "AES-128-GCM", "AEAD", NULL }, /* the certificate is RSA */
	};

	start_tls("rsa",
		  "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
		  "TLS_RSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_free char *priority = xasprintf("%s:+%s:+%s:+%s", pure, cases[i].kx,
							  cases[i].cipher, cases[i].mac);
		__cleanup_tls_answer struct tls_answer a = ask(priority, NULL, "");

		if (a.http.code != (cases[i].suite ? 200 : 0))
			fail_msg("%s: %d", priority, a.http.code);
		if (cases[i].suite)
			assert_string_equal(a.suite, cases[i].suite);
	}
	/* A client that offers everything gets a suite of the list. */
	{
		__cleanup_tls_answer struct tls_answer a = ask(ONLY("TLS1.2"), NULL, "");

		assert_int_equal(a.http.code, 200);
		assert_string_equal(a.suite, cases[0].suite);
	}
	/* The list does not apply to TLS 1.3. */
	expect(ONLY("TLS1.3"), NULL, 200);
}

/* Every valid suite works, with a certificate of its kind. */
static void test_each_suite(void **state)
{
	start_tls("rsa", "");
	for (size_t i = 0; i < WEB_SUITES; i++) {
		const struct web_suite *s = &web_suites[i];
		const char *pair = s->ecdsa ? "ecdsa" : "rsa";
		__cleanup_free char *config =
			xasprintf("tls_server_config:\n  cert_file: %s.pem\n  key_file: %s.key\n"
				  "  cipher_suites: [%s]\n",
				  pair, pair, s->name);
		__cleanup_free char *priority = xasprintf(
			"NORMAL:-VERS-ALL:+VERS-TLS1.%d:+RSA:+AES-128-CBC:+AES-256-CBC:+SHA1",
			s->tls13 ? 3 : 2);
		struct tls_answer a;

		web_write("web.yml", config);
		a = ask(priority, NULL, "");
		if (a.http.code != 200)
			fail_msg("%s: %d", s->name, a.http.code);
		if (!s->tls13)
			assert_string_equal(a.suite, s->name);
		tls_answer__free(&a);
	}
}

static void test_preference(void **state)
{
	static const char client[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305:"
				     "+AES-256-GCM:+AES-128-GCM";
	static const char list[] = "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
				   "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]\n"
				   "  prefer_server_cipher_suites: %s\n";
	static const struct {
		const char *prefer, *suite;
	} cases[] = {
		{ "true", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
		{ "false", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_free char *more = xasprintf(list, cases[i].prefer);
		struct tls_answer a;

		start_tls("rsa", more);
		a = ask(client, NULL, "");
		assert_int_equal(a.http.code, 200);
		assert_string_equal(a.suite, cases[i].suite);
		tls_answer__free(&a);
		teardown(NULL);
	}
}

/* Without a list, only suites with forward secrecy. */
static void test_default_suites(void **state)
{
	start_tls("rsa", "");
	expect("NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", NULL, 0);
	expect("NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA", NULL, 200);
}

static void test_curves(void **state)
{
	static const char *const versions[] = { "TLS1.2", "TLS1.3" };

	start_tls("rsa", "  curve_preferences: [CurveP384, CurveP521]\n");
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		__cleanup_free char *base = xasprintf(
			"NORMAL:-VERS-ALL:+VERS-%s:-KX-ALL:+ECDHE-RSA:-GROUP-ALL", versions[i]);
		static const struct {
			const char *group;
			int code;
		} cases[] = {
			{ "SECP384R1", 200 },
			{ "SECP521R1", 200 },
			{ "SECP256R1", 0 },
			{ "X25519", 0 },
		};

		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			__cleanup_free char *priority =
				xasprintf("%s:+GROUP-%s", base, cases[k].group);

			expect(priority, NULL, cases[k].code);
		}
	}
}

/* ---- client certificates -------------------------------------------------------------------- */

enum who { NOBODY, CLIENT, PLAIN, SERVER_ONLY, FORGED, STRANGER, WHOS };

static const char *const whos[WHOS] = {
	[CLIENT] = "client",	  [PLAIN] = "plain",   /* without extended key usage */
	[SERVER_ONLY] = "server", [FORGED] = "forged", /* by another CA */
	[STRANGER] = "stranger",		       /* self-signed */
};

static void test_client_auth(void **state)
{
	static const struct {
		const char *type;
		bool ca;
		bool may[WHOS];
	} cases[] = {
		{ "NoClientCert", false, { 1, 1, 1, 1, 1, 1 } },
		{ "RequestClientCert", false, { 1, 1, 1, 1, 1, 1 } },
		{ "RequestClientCert", true, { 1, 1, 1, 1, 1, 1 } },
		{ "RequireAnyClientCert", false, { 0, 1, 1, 1, 1, 1 } },
		{ "RequireAnyClientCert", true, { 0, 1, 1, 1, 1, 1 } },
		{ "RequireClientCert", false, { 0, 1, 1, 1, 1, 1 } },
		{ "VerifyClientCertIfGiven", true, { 1, 1, 1, 0, 0, 0 } },
		{ "RequireAndVerifyClientCert", true, { 0, 1, 1, 0, 0, 0 } },
		/* No issuer is trusted. */
		{ "VerifyClientCertIfGiven", false, { 1, 0, 0, 0, 0, 0 } },
		{ "RequireAndVerifyClientCert", false, { 0, 0, 0, 0, 0, 0 } },
	};

	start_tls("ecdsa", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_free char *config = xasprintf(
			"tls_server_config:\n  cert_file: ecdsa.pem\n  key_file: ecdsa.key\n"
			"  client_auth_type: %s\n%s",
			cases[i].type, cases[i].ca ? "  client_ca_file: ca.pem\n" : "");

		web_write("web.yml", config);
		for (int who = 0; who < WHOS; who++) {
			expect(ONLY("TLS1.2"), whos[who], cases[i].may[who] ? 200 : 0);
			expect(ONLY("TLS1.3"), whos[who], cases[i].may[who] ? 200 : 0);
		}
	}
}

/* A self-signed certificate that is its own CA, as in small setups. */
static void test_self_signed_client(void **state)
{
	start_tls("ecdsa", "  client_auth_type: RequireAndVerifyClientCert\n"
			   "  client_ca_file: stranger.pem\n");
	expect(NULL, "stranger", 200);
	expect(NULL, "client", 0);
	expect(NULL, NULL, 0);
}

static void test_sans(void **state)
{
	static const struct {
		const char *sans;
		int code;
	} cases[] = {
		{ "[one.example]", 200 },
		{ "[two.example]", 200 },
		{ "[no.example, two.example]", 200 },
		{ "[a@two.example]", 200 },
		{ "[10.0.0.1]", 200 },
		{ "[\"2001:db8::1\"]", 200 },
		{ "[\"spiffe://two/x\"]", 200 },
		{ "[]", 0 },
		{ "[no.example]", 0 },
		{ "[\"*.example\"]", 0 },
		{ "[One.example]", 0 },
		{ "[one.exampl]", 0 },
		{ "[10.0.0.2]", 0 },
		{ "[named]", 0 }, /* the common name does not count */
	};
	static const char *const types[] = { "RequireAnyClientCert", "RequireAndVerifyClientCert" };

	start_tls("ecdsa", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(types); k++) {
			__cleanup_free char *config = xasprintf(
				"tls_server_config:\n  cert_file: ecdsa.pem\n  key_file: "
				"ecdsa.key\n  client_ca_file: ca.pem\n  client_auth_type: %s\n"
				"  client_allowed_sans: %s\n",
				types[k], cases[i].sans);

			web_write("web.yml", config);
			expect(NULL, "named", cases[i].code);
			expect(NULL, "client", 0); /* has none */
			expect(NULL, NULL, 0);
		}
	}
}

/* Bytes that begin like TLS and become invalid, at each position. */
static void test_garbage(void **state)
{
	static const unsigned char hello[] = {
		0x16, 3,  1,	0,    49, 1,	0,  0,	45, 3,	3, /* a client hello */
		0,    1,  2,	3,    4,  5,	6,  7,	8,  9,	10, 11, 12, 13, 14, 15, 16,
		17,   18, 19,	20,   21, 22,	23, 24, 25, 26, 27, 28, 29, 30, 31, 0, /* random, no
											  session */
		0,    4,  0xc0, 0x2f, 0,  0xff, 1,  0, /* suites, compression */
	};
	struct timeval tv = { .tv_usec = 20000 };

	start_tls("rsa", "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n");
	for (size_t at = 5; at <= sizeof(hello); at++) {
		unsigned char bytes[sizeof(hello)];
		int fd = client__connect(port);

		memcpy(bytes, hello, sizeof(hello));
		if (at < sizeof(hello))
			bytes[at] ^= 0xff;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		client__send(fd, (const char *)bytes, sizeof(bytes));
		{
			__cleanup_answer struct answer a = client__receive(fd);

			assert_int_equal(a.code, 0);
		}
	}
	expect(ONLY("TLS1.2"), NULL, 200);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions),   TEST(test_version_ranges), TEST(test_plain),
		TEST(test_rsa_pss),    TEST(test_plain),	  TEST(test_suites),
		TEST(test_each_suite), TEST(test_preference),	  TEST(test_default_suites),
		TEST(test_curves),     TEST(test_client_auth),	  TEST(test_self_signed_client),
		TEST(test_sans),       TEST(test_garbage),
	};

	return run_tls_tests("web_tls", tests, ARRAY_SIZE(tests), argv);
}
