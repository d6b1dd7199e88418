/* SPDX-License-Identifier: GPL-2.0-only */
/* Certificates and keys inline, and in files that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tls_fixture.h"

/* ---- inline --------------------------------------------------------------------------------- */

/* A configuration key with the content of a file. */
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

/* ---- what changes --------------------------------------------------------------------------- */

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
		/* Between the changes of the two files. */
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

/* With half of a new pair, handshakes soon fail, even if files change all the time. */
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

/* Nor does the old pair serve clients that the new configuration refuses. */
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

/* Handshakes fail, and open connections get no answer. */
static void test_broken(void **state)
{
	static const char good[] = "tls_server_config: {cert_file: rsa.pem, key_file: rsa.key}\n";
	static const char *const broken[] = {
		"tls_server_config: {cert_file: rsa.pem}\n",
		"tls_server_config: {cert_file: rsa.pem, key_file: none.key}\n", "nonsense\n",
		"", /* turning TLS off needs a restart */
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

/* Passwords over TLS, on both threads. */
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inline),    TEST(test_new_pair),
		TEST(test_half_pair), TEST(test_half_pair_and_another_configuration),
		TEST(test_new_ca),    TEST(test_broken),
		TEST(test_login),
	};

	return run_tls_tests("web_tls_files", tests, ARRAY_SIZE(tests), argv);
}
