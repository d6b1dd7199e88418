/* SPDX-License-Identifier: GPL-2.0-only */
/* Valid web configuration files, and error messages for invalid ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "access/settings.h"

#define HASH	  "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
#define PAIR	  "tls_server_config: {cert_file: c, key_file: k"
#define TLS(more) PAIR ", " more "}\n"

_Static_assert(sizeof(HASH) == 61, "a bcrypt hash has 60 characters");

static struct web_settings *parse(const char *text)
{
	struct web_settings *s = NULL;
	char *error = NULL;

	if (web_settings__parse("web.yml", text, strlen(text), &s, &error))
		fail_msg("%s\n%s", text, error);
	return s;
}

/* An empty file is valid, and so are null values. */
static void test_empty(void **state)
{
	static const char *const texts[] = {
		"",
		"\n# nothing\n",
		"---\n",
		"tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n",
		"tls_server_config: {}\nhttp_server_config: {headers: }\nbasic_auth_users: {}\n",
		"tls_server_config:\n  cert_file: \"\"\n  key_file: ''\n  client_auth_type: \"\"\n",
		"tls_server_config: {cert_file: , cipher_suites: , client_allowed_sans: ~}\n",
		"tls_server_config: {min_version: TLS13, curve_preferences: [X25519]}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct web_settings *s = parse(texts[i]);

		assert_false(s->tls.enabled);
		assert_int_equal(s->nheaders, 0);
		assert_int_equal(s->nusers, 0);
		assert_true(s->http2);
		assert_true(s->limit_interval == 0);
		assert_int_equal(s->tls.max, WEB_TLS13);
		web_settings__put(s);
	}
}

static void test_tls(void **state)
{
	struct web_settings *s = parse("tls_server_config:\n"
				       "  cert: |\n    ---\n    line\n"
				       "  key_file: /etc/k.pem\n"
				       "  client_ca_file: ca.pem\n"
				       "  client_auth_type: RequireAndVerifyClientCert\n"
				       "  client_allowed_sans: [one.example, \"10.0.0.1\"]\n"
				       "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n"
				       "  curve_preferences: [CurveP256, X25519]\n"
				       "  min_version: TLS11\n"
				       "  max_version: TLS12\n"
				       "  prefer_server_cipher_suites: false\n");
	const struct web_tls_settings *tls = &s->tls;

	assert_true(tls->enabled);
	assert_string_equal(tls->cert.text, "---\nline\n");
	assert_null(tls->cert.file);
	assert_string_equal(tls->key.file, "/etc/k.pem");
	assert_string_equal(tls->client_ca.file, "ca.pem");
	assert_int_equal(tls->client_auth, CLIENT_AUTH_REQUIRE_AND_VERIFY);
	assert_true(tls->check_sans);
	assert_int_equal(tls->nsans, 2);
	assert_string_equal(tls->sans[1], "10.0.0.1");
	assert_int_equal(__builtin_popcount(tls->suites), 1);
	assert_string_equal(web_suites[__builtin_ctz(tls->suites)].name,
			    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
	assert_int_equal(tls->curves, 3);
	assert_int_equal(tls->min, WEB_TLS11);
	assert_int_equal(tls->max, WEB_TLS12);
	assert_false(tls->prefer_server_suites);
	web_settings__put(s);
}

static void test_client_auth_types(void **state)
{
	static const struct {
		const char *name;
		enum client_auth type;
	} cases[] = {
		{ "NoClientCert", CLIENT_AUTH_NONE },
		{ "RequestClientCert", CLIENT_AUTH_REQUEST },
		{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY },
		{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY },
		{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN },
		{ "RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_AND_VERIFY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_free char *text =
			xasprintf(PAIR ", client_auth_type: %s}\n", cases[i].name);
		struct web_settings *s = parse(text);

		assert_int_equal(s->tls.client_auth, cases[i].type);
		web_settings__put(s);
	}
}

/* All names at once. */
static void test_all_names(void **state)
{
	__cleanup_free char *text = xstrdup(PAIR ", cipher_suites: [");
	struct web_settings *s;

	for (size_t i = 0; i < WEB_SUITES; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? ", " : "", web_suites[i].name);

		free(text);
		text = longer;
	}
	{
		char *longer = xasprintf("%s], curve_preferences: [X25519, CurveP256, CurveP384, "
					 "CurveP521], min_version: TLS10, max_version: TLS13}\n",
					 text);

		free(text);
		text = longer;
	}
	s = parse(text);
	assert_int_equal(s->tls.suites, (1U << WEB_SUITES) - 1);
	assert_int_equal(s->tls.curves, (1U << WEB_CURVES) - 1);
	web_settings__put(s);
}

static void test_http(void **state)
{
	struct web_settings *s = parse("http_server_config:\n"
				       "  http2: off\n"
				       "  headers:\n"
				       "    Strict-Transport-Security: max-age=63072000\n"
				       "    X-Content-Type-Options: nosniff\n"
				       "    X-Frame-Options: sameorigin\n"
				       "    X-XSS-Protection: 0\n"
				       "    Content-Security-Policy: \"default-src 'none'\"\n");

	assert_false(s->http2);
	assert_int_equal(s->nheaders, 5);
	assert_string_equal(s->headers[0].name, "Strict-Transport-Security");
	assert_string_equal(s->headers[3].value, "0");
	assert_string_equal(s->headers[4].value, "default-src 'none'");
	web_settings__put(s);
}

static void test_users(void **state)
{
	struct web_settings *s = parse("basic_auth_users:\n"
				       "  bob: " HASH "\n"
				       "  1234: \"" HASH "\"\n");

	assert_int_equal(s->nusers, 2);
	assert_string_equal(s->users[0].name, "bob");
	assert_string_equal(s->users[0].hash, HASH);
	assert_string_equal(s->users[1].name, "1234");
	web_settings__put(s);
}

/* More than fit into the cache of results. */
static void test_many_users(void **state)
{
	__cleanup_free char *text = xcalloc(500, 80);
	struct web_settings *s;
	size_t len = 0;

	len += sprintf(text, "basic_auth_users:\n");
	for (int i = 0; i < 400; i++)
		len += sprintf(text + len, " u%d: " HASH "\n", i);
	s = parse(text);
	assert_int_equal(s->nusers, 400);
	web_settings__put(s);
}

static void test_rate_limit(void **state)
{
	static const struct {
		const char *interval;
		double seconds;
	} cases[] = {
		{ "1s", 1 },	   { "1h", 3600 },	 { "1m30s", 90 }, { "100ms", 0.1 },
		{ "1.5s", 1.5 },   { "250us", 250e-6 },	 { "5ns", 5e-9 }, { "1000000000", 1 },
		{ "\u00b5s", -1 }, { "7\u00b5s", 7e-6 }, { "0", 0 },	  { "0s", 0 },
		{ "1", 1e-9 },	   { "1d", -1 },	 { "s", -1 },	  { "1.2.3s", -1 },
		{ "-1s", -1 },	   { "1s ", 1 },	 { "1s1", -1 },	  { ".s", -1 },
		{ "soon", -1 },	   { "[1s]", -1 },	 { ".5s", 0.5 },  { "\"\"", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_free char *text =
			xasprintf("rate_limit: \n  interval: %s\n  burst: 7\n", cases[i].interval);
		__cleanup_free char *error = NULL;
		struct web_settings *s = NULL;
		int err = web_settings__parse("web.yml", text, strlen(text), &s, &error);

		if ((err == 0) != (cases[i].seconds >= 0))
			fail_msg("%s: %d %s", cases[i].interval, err, error ? error : "");
		if (err) {
			assert_non_null(strstr(error, "web.yml:2:13: interval"));
			continue;
		}
		assert_true(s->limit_interval > cases[i].seconds * 0.999999 - 1e-12);
		assert_true(s->limit_interval < cases[i].seconds * 1.000001 + 1e-12);
		assert_int_equal(s->limit_burst, 7);
		web_settings__put(s);
	}
}

/* ---- invalid files -------------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *says; /* the position, and a part of the message */
} bad[] = {
	{ "nothing: here\n", "web.yml:1:1: unknown key \"nothing\"" },
	{ "tls_server_config:\n  cert_fil: x\n", "web.yml:2:3: unknown key \"cert_fil\"" },
	{ "http_server_config: {http3: true}\n", "web.yml:1:22: unknown key \"http3\"" },
	{ "rate_limit: {rate: 1}\n", "web.yml:1:14: unknown key \"rate\"" },
	{ "basic_auth_users: {}\nbasic_auth_users: {}\n", "web.yml:2:1: key \"basic_auth_users\"" },
	{ "basic_auth_users:\n  a: " HASH "\n  a: " HASH "\n", "web.yml:3:3: key \"a\" is given" },
	{ "tls_server_config:\n  min_version: TLS12\n  min_version: TLS12\n", "web.yml:3:3: key" },
	{ "- a list\n", "web.yml:1:1: " },
	{ "a word\n", "web.yml:1:1: " },
	{ "tls_server_config: yes\n", "web.yml:1:20: " },
	{ "tls_server_config: [\n", "web.yml:2:1: not YAML" },
	{ "---\n{}\n---\n{}\n", "web.yml:3:1: a second document" },
	/* TLS */
	{ "tls_server_config: {key_file: k}\n", "neither cert nor cert_file" },
	{ "tls_server_config: {cert_file: c}\n", "neither key nor key_file" },
	{ "tls_server_config: {client_ca_file: c}\n", "neither cert nor cert_file" },
	{ "tls_server_config: {client_auth_type: NoClientCert}\n", "neither cert nor cert_file" },
	{ TLS("client_auth_type: Maybe"), "web.yml:1:66: client_auth_type: \"Maybe\"" },
	{ TLS("client_ca_file: ca"), "client_auth_type asks for no certificates" },
	{ TLS("client_ca: ca, client_auth_type: NoClientCert"), "asks for no certificates" },
	{ TLS("client_allowed_sans: [a]"), "client_allowed_sans needs" },
	{ TLS("client_allowed_sans: [a], client_auth_type: RequestClientCert"), "sans needs" },
	{ TLS("client_allowed_sans: [], client_auth_type: VerifyClientCertIfGiven"), "sans needs" },
	{ TLS("client_allowed_sans: a"), "must be a list" },
	{ TLS("client_allowed_sans: [[a]]"), "must be a single value" },
	{ TLS("cipher_suites: [TLS_SHA0]"), "a cipher suite: \"TLS_SHA0\"" },
	/* All of them, including the last one. */
	{ TLS("cipher_suites: [TLS_SHA0]"), " or TLS_RSA_WITH_AES_256_CBC_SHA)" },
	{ TLS("cipher_suites: TLS_AES_128_GCM_SHA256"), "must be a list" },
	{ TLS("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"), "a cipher suite" },
	{ TLS("curve_preferences: [CurveP257]"), "did you mean CurveP256" },
	{ TLS("min_version: TLS14"), "min_version: \"TLS14\"" },
	{ TLS("max_version: \"1.2\""), "max_version: \"1.2\"" },
	{ TLS("min_version: TLS13, max_version: TLS12"), "min_version TLS13 is above" },
	{ TLS("prefer_server_cipher_suites: maybe"), "must be true or false" },
	{ "tls_server_config: {cert: [c], key: k}\n", "web.yml:1:27: cert must be a single value" },
	/* HTTP */
	{ "http_server_config: {http2: 2}\n", "web.yml:1:29: http2 must be true or false" },
	{ "http_server_config: {http2: \"true\"}\n", "http2 must be true or false" },
	{ "http_server_config:\n  headers:\n    X-Powered-By: us\n", "web.yml:3:5: the header" },
	{ "http_server_config:\n  headers:\n    x-frame-options: deny\n",
	  "web.yml:3:5: the header" },
	{ "http_server_config:\n  headers:\n    X-Frame-Options: DENY\n", "web.yml:3:22: X-Frame" },
	{ "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
	  "must be nosniff" },
	{ "http_server_config:\n  headers:\n    X-XSS-Protection: \"1\\r\\nX: y\"\n", "one line" },
	{ "http_server_config: {headers: [a]}\n", "headers must be a mapping" },
	/* users */
	{ "basic_auth_users: [a]\n", "basic_auth_users must be a mapping" },
	{ "basic_auth_users:\n  bob: secret\n", "web.yml:2:8: the password of \"bob\" is not" },
	{ "basic_auth_users:\n  bob:\n", "the password of \"bob\" is not" },
	{ "basic_auth_users: {bob: [a]}\n", "the password of \"bob\" is not" },
	{ "basic_auth_users: {bob: $2y$10$short}\n", "is not a bcrypt hash" },
	{ "basic_auth_users: {bob: $2y$03$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234}\n",
	  "is not a bcrypt hash" },
	{ "basic_auth_users: {bob: $2y$32$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234}\n",
	  "is not a bcrypt hash" },
	{ "basic_auth_users: {bob: $2z$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234}\n",
	  "is not a bcrypt hash" },
	{ "basic_auth_users: {bob: $2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0123_}\n",
	  "is not a bcrypt hash" },
	{ "basic_auth_users: {bob: "
	  "$6$rounds=5000$abcdefgh$0123456789012345678901234567890123456}\n",
	  "is not a bcrypt hash" },
	/* rate limit */
	{ "rate_limit: {burst: -1}\n", "web.yml:1:21: burst" },
	{ "rate_limit: {burst: many}\n", "web.yml:1:21: burst" },
	{ "rate_limit: {burst: [1]}\n", "web.yml:1:21: burst" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		__cleanup_free char *error = NULL;
		struct web_settings *s = NULL;

		if (!web_settings__parse("web.yml", bad[i].text, strlen(bad[i].text), &s, &error))
			fail_msg("accepted: %s", bad[i].text);
		assert_null(s);
		if (!strstr(error, bad[i].says) || strncmp(error, "web.yml:", 8))
			fail_msg("%s%s\nsays not: %s", bad[i].text, error, bad[i].says);
		assert_null(strchr(error, '\n'));
		/* Messages do not quote a cleartext password. */
		assert_null(strstr(error, "secret"));
	}
}

static void test_references(void **state)
{
	struct web_settings *s = parse("");

	assert_ptr_equal(web_settings__get(s), s);
	web_settings__put(s);
	assert_true(s->http2);
	web_settings__put(s);
	web_settings__put(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_client_auth_types),
		cmocka_unit_test(test_all_names),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_many_users),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
