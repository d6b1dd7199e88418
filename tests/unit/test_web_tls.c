/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS as web configuration files ask for it, against a client that tries everything. The
 * certificates are made by openssl(1), when the tests begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "tls_client.h"
#include "web_fixture.h"
#include "access/suites.h"

#include <signal.h>

/* Certificates: two servers' (RSA, and ECDSA for the others), a CA's and its clients', a
 * stranger's. */
static const char make_pki[] =
	"set -e; exec > openssl.log 2>&1; ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1'; "
	"new() { openssl req -x509 -nodes -days 2 $ec -keyout $1.key -out $1.pem -subj /CN=$1 $2; "
	"}; "
	"sign() { openssl req -new -nodes $ec -keyout $1.key -out $1.csr -subj /CN=$1; "
	"printf '%b' \"$2\" > $1.ext; openssl x509 -req -in $1.csr -days 2 -extfile $1.ext "
	"-CA ca.pem -CAkey ca.key -CAcreateserial -out $1.pem; }; "
	"new ecdsa; new ca; new otherca; new stranger; "
	"openssl req -x509 -nodes -days 2 -newkey rsa:2048 -keyout rsa.key -out rsa.pem -subj "
	"/CN=rsa; "
	"openssl req -x509 -nodes -days 2 -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -keyout "
	"pss.key -out pss.pem -subj /CN=pss; "
	"sign client 'extendedKeyUsage=clientAuth\\n'; "
	"sign plain 'basicConstraints=CA:FALSE\\n'; "
	"sign server 'extendedKeyUsage=serverAuth\\n'; "
	"sign named "
	"'subjectAltName=DNS:one.example,DNS:two.example,email:a@two.example,IP:10.0.0.1,"
	"IP:2001:db8::1,URI:spiffe://two/x\\n'; "
	"openssl x509 -req -in client.csr -days 2 -CA otherca.pem -CAkey otherca.key "
	"-CAcreateserial -out forged.pem; cp client.key forged.key";

static struct http *server;
static int port;

static void start(const char *config)
{
	web_write("web.yml", config);
	server = web_serve();
	port = http__port(server, 0);
}

static int teardown(void **state)
{
	http__free(server);
	server = NULL;
	return 0;
}

/* "tls_server_config: ..." with a pair and more of it. */
static void start_tls(const char *pair, const char *more)
{
	__cleanup_free char *config =
		xasprintf("tls_server_config:\n  cert_file: %s.pem\n  key_file: %s.key\n%s", pair,
			  pair, more);

	start(config);
}

/* name: of a certificate, or NULL. */
static struct tls_answer ask(const char *priority, const char *name, const char *headers)
{
	__cleanup_free char *cert = name ? xasprintf("%s/%s.pem", web_dir, name) : NULL;
	__cleanup_free char *key = name ? xasprintf("%s/%s.key", web_dir, name) : NULL;
	struct tls_client c = { .priority = priority, .cert = cert, .key = key };

	return tls_client__get(port, &c, headers);
}

static void expect(const char *priority, const char *name, int code)
{
	__cleanup_tls_answer struct tls_answer a = ask(priority, name, "");

	if (a.http.code != code)
		fail_msg("%s, %s: got %d, not %d", priority ? priority : "NORMAL",
			 name ? name : "no certificate", a.http.code, code);
	if (code == 200)
		assert_string_equal(a.http.body, "hello\n");
}

static void expect_server(const char *subject)
{
	__cleanup_tls_answer struct tls_answer a = ask(NULL, NULL, "");

	assert_int_equal(a.http.code, 200);
	assert_string_equal(a.subject, subject);
}

/* ---- versions, suites, curves ---------------------------------------------------------------- */

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

/* Plain HTTP to a TLS port is no way in, nor the other way round. */
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

/* An RSA-PSS key signs for the RSA suites. */
static void test_rsa_pss(void **state)
{
	start_tls("pss", "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n");
	expect(ONLY("TLS1.2"), NULL, 200);
}

/* Of a list of suites exactly those, and not what their parts could be combined to. */
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
		{ "ECDHE-ECDSA", "AES-128-GCM", "AEAD", NULL }, /* our certificate is RSA */
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
	/* A client that offers everything finds one of the list. */
	{
		__cleanup_tls_answer struct tls_answer a = ask(ONLY("TLS1.2"), NULL, "");

		assert_int_equal(a.http.code, 200);
		assert_string_equal(a.suite, cases[0].suite);
	}
	/* TLS 1.3's are not for the list to say. */
	expect(ONLY("TLS1.3"), NULL, 200);
}

/* Every suite that may be listed works, with the certificate that it is for. */
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

/* Without a list, nothing that lacks forward secrecy. */
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

/* ---- client certificates --------------------------------------------------------------------- */

enum who { NOBODY, CLIENT, PLAIN, SERVER_ONLY, FORGED, STRANGER, WHOS };

static const char *const whos[WHOS] = {
	[CLIENT] = "client",	  [PLAIN] = "plain",   /* without extended key usage */
	[SERVER_ONLY] = "server", [FORGED] = "forged", /* by another CA */
	[STRANGER] = "stranger",		       /* by itself */
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
		/* Nobody is trusted. */
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

/* A certificate that is its own CA, as small set-ups have it. */
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
		{ "[named]", 0 }, /* the common name is none */
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

/* ---- inline ---------------------------------------------------------------------------------- */

/* A key of the configuration with a file's content. */
static char *inline_pem(const char *key, const char *name)
{
	__cleanup_free char *path = web_path(name);
	__cleanup_fclose FILE *f = fopen(path, "re");
	char *text = xasprintf("  %s: |\n", key), line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char *longer = xasprintf("%s    %s", text, line);

		free(text);
		text = longer;
	}
	return text;
}

static void test_inline(void **state)
{
	__cleanup_free char *cert = inline_pem("cert", "ecdsa.pem"),
			    *key = inline_pem("key", "ecdsa.key"),
			    *ca = inline_pem("client_ca", "ca.pem");
	__cleanup_free char *config = xasprintf("tls_server_config:\n%s%s%s  client_auth_type: "
						"RequireAndVerifyClientCert\n",
						cert, key, ca);
	__cleanup_free char *both = xasprintf(
		"tls_server_config:\n%s%s  cert_file: rsa.pem\n  key_file: rsa.key\n", cert, key);

	start(config);
	expect(NULL, "client", 200);
	expect(NULL, "forged", 0);
	/* The file takes precedence. */
	web_write("web.yml", both);
	expect_server("CN=rsa");
}

/* ---- what changes ---------------------------------------------------------------------------- */

static void copy(const char *from, const char *to)
{
	__cleanup_free char *command =
		xasprintf("cd %s && cp %s tmp.copy && mv tmp.copy %s", web_dir, from, to);

	assert_int_equal(system(command), 0);
}

static void use_pair(const char *name)
{
	__cleanup_free char *cert = xasprintf("%s.pem", name), *key = xasprintf("%s.key", name);

	copy(cert, "live.pem");
	copy(key, "live.key");
}

static void test_new_pair(void **state)
{
	use_pair("rsa");
	start_tls("live", "");
	for (int i = 0; i < 3; i++) {
		expect_server("CN=rsa");
		use_pair("ecdsa");
		expect_server("CN=ecdsa");
		/* Between the one file and the other. */
		copy("rsa.pem", "live.pem");
		expect_server("CN=ecdsa");
		expect_server("CN=ecdsa");
		copy("rsa.key", "live.key");
	}
	expect_server("CN=rsa");
	copy("openssl.log", "live.pem");
	expect_server("CN=rsa");
	use_pair("rsa");
	expect_server("CN=rsa");
	web_write("web.yml", "tls_server_config: {cert_file: ecdsa.pem, key_file: ecdsa.key}\n");
	expect_server("CN=ecdsa");
}

static int code_of_server(void)
{
	__cleanup_tls_answer struct tls_answer a = ask(NULL, NULL, "");

	return a.http.code;
}

/* Half of a pair serves nobody for long, also if files change all the time. */
static void test_half_pair(void **state)
{
	double begin = monotonic_seconds(), end = begin + 60;

	use_pair("rsa");
	start_tls("live", "");
	expect_server("CN=rsa");
	for (int i = 0; code_of_server() && monotonic_seconds() < end; i++)
		copy(i % 2 ? "ecdsa.pem" : "stranger.pem", "live.pem");
	expect(NULL, NULL, 0);
	use_pair("ecdsa");
	expect_server("CN=ecdsa");
}

/* Nor does it serve anybody whom the configuration does not let in any more. */
static void test_half_pair_and_another_configuration(void **state)
{
	use_pair("rsa");
	start_tls("live", "");
	expect_server("CN=rsa");
	copy("ecdsa.pem", "live.pem");
	web_write("web.yml", "tls_server_config:\n  cert_file: live.pem\n  key_file: live.key\n"
			     "  client_ca_file: ca.pem\n"
			     "  client_auth_type: RequireAndVerifyClientCert\n");
	expect(NULL, NULL, 0);
	expect(NULL, "client", 0);
	copy("ca.pem", "live-ca.pem");
	teardown(NULL);
	use_pair("ecdsa");
	start_tls("live", "  client_ca_file: live-ca.pem\n"
			  "  client_auth_type: RequireAndVerifyClientCert\n");
	expect(NULL, "client", 200);
	copy("rsa.pem", "live.pem");
	copy("otherca.pem", "live-ca.pem");
	expect(NULL, "client", 0);
}

static void test_new_ca(void **state)
{
	copy("ca.pem", "live-ca.pem");
	start_tls("ecdsa", "  client_auth_type: RequireAndVerifyClientCert\n"
			   "  client_ca_file: live-ca.pem\n");
	expect(NULL, "client", 200);
	expect(NULL, "forged", 0);
	copy("otherca.pem", "live-ca.pem");
	expect(NULL, "client", 0);
	expect(NULL, "forged", 200);
	web_write("live-ca.pem", "no certificates\n");
	expect(NULL, "client", 0);
	expect(NULL, "forged", 0);
	copy("ca.pem", "live-ca.pem");
	expect(NULL, "client", 200);
}

/* Neither a handshake nor, on a connection that is open, an answer. */
static void test_broken(void **state)
{
	static const char good[] = "tls_server_config: {cert_file: rsa.pem, key_file: rsa.key}\n";
	static const char *const broken[] = {
		"tls_server_config: {cert_file: rsa.pem}\n",
		"tls_server_config: {cert_file: rsa.pem, key_file: none.key}\n", "nonsense\n",
		"", /* TLS turned off: a restart is for that */
	};

	start(good);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		expect(NULL, NULL, 200);
		web_write("web.yml", broken[i]);
		expect(NULL, NULL, 0);
		{
			__cleanup_answer struct answer a = client__request(port, "GET", "/", "");

			assert_int_equal(a.code, 0);
		}
		web_write("web.yml", good);
	}
	expect(NULL, NULL, 200);
}

/* Passwords over TLS, with both threads at it. */
static void test_login(void **state)
{
	__cleanup_free char *more =
		xasprintf("basic_auth_users:\n  bob: %s\n", web_hash("secret", 6));
	__cleanup_free char *right = web_login("bob:secret", 10), *wrong = web_login("bob:x", 5);

	start_tls("ecdsa", more);
	for (int i = 0; i < 10; i++) {
		__cleanup_tls_answer struct tls_answer a = ask(NULL, NULL, right),
						       b = ask(NULL, NULL, wrong),
						       c = ask(NULL, NULL, "");

		assert_int_equal(a.http.code, 200);
		assert_int_equal(b.http.code, 401);
		assert_string_equal(answer__header(&b.http, "WWW-Authenticate"), "Basic");
		assert_int_equal(c.http.code, 401);
	}
}

/* Bytes that begin as TLS does and go wrong, at each place. */
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

static int setup_all(void **state)
{
	__cleanup_free char *command = NULL;

	web_dir__make(state);
	command = xasprintf("cd %s && { %s; }", web_dir, make_pki);
	if (system(command)) {
		print_error("openssl cannot make certificates: see %s/openssl.log\n", web_dir);
		return -1;
	}
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

/* What a distribution forbids all of its programs (Ubuntu: TLS 1.0 and 1.1). The library reads it
 * before main(). */
static void ignore_policy(char **argv)
{
	static const char policy[] = "GNUTLS_SYSTEM_PRIORITY_FILE";

	if (getenv(policy))
		return;
	setenv(policy, "/dev/null", 1);
	execv("/proc/self/exe", argv);
	perror("cannot start once more");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions),
		TEST(test_version_ranges),
		TEST(test_plain),
		TEST(test_rsa_pss),
		TEST(test_plain),
		TEST(test_suites),
		TEST(test_each_suite),
		TEST(test_preference),
		TEST(test_default_suites),
		TEST(test_curves),
		TEST(test_client_auth),
		TEST(test_self_signed_client),
		TEST(test_sans),
		TEST(test_inline),
		TEST(test_new_pair),
		TEST(test_half_pair),
		TEST(test_half_pair_and_another_configuration),
		TEST(test_new_ca),
		TEST(test_broken),
		TEST(test_login),
		TEST(test_garbage),
	};

	ignore_policy(argv);
	signal(SIGPIPE, SIG_IGN);
	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, setup_all, web_dir__drop);
}
