/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server with TLS, and a client with any parameters. openssl(1) makes the certificates at the
 * start.
 */
#pragma once

#include "base/log.h"
#include "tls_client.h"
#include "web_fixture.h"

#include <signal.h>

/*
 * Certificates: two for servers (RSA; ECDSA for other suites), a CA with its clients, a stranger.
 */
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

static inline void start(const char *config)
{
	web_write("web.yml", config);
	server = web_serve();
	port = http__port(server, 0);
}

static inline int teardown(void **state)
{
	http__free(server);
	server = NULL;
	return 0;
}

/* "tls_server_config: ..." with a pair and further keys. */
static inline void start_tls(const char *pair, const char *more)
{
	__cleanup_free char *config =
		xasprintf("tls_server_config:\n  cert_file: %s.pem\n  key_file: %s.key\n%s", pair,
			  pair, more);

	start(config);
}

/* name of a certificate, or NULL */
static inline struct tls_answer ask(const char *priority, const char *name, const char *headers)
{
	__cleanup_free char *cert = name ? xasprintf("%s/%s.pem", web_dir, name) : NULL;
	__cleanup_free char *key = name ? xasprintf("%s/%s.key", web_dir, name) : NULL;
	struct tls_client c = { .priority = priority, .cert = cert, .key = key };

	return tls_client__get(port, &c, headers);
}

static inline void expect(const char *priority, const char *name, int code)
{
	__cleanup_tls_answer struct tls_answer a = ask(priority, name, "");

	if (a.http.code != code)
		fail_msg("%s, %s: got %d, not %d", priority ? priority : "NORMAL",
			 name ? name : "no certificate", a.http.code, code);
	if (code == 200)
		assert_string_equal(a.http.body, "hello\n");
}

static inline void expect_server(const char *subject)
{
	__cleanup_tls_answer struct tls_answer a = ask(NULL, NULL, "");

	assert_int_equal(a.http.code, 200);
	assert_string_equal(a.subject, subject);
}

static inline int setup_all(void **state)
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

/*
 * Overrides the distribution's policy, such as Ubuntu's ban of TLS 1.0 and 1.1. The library reads
 * it before main().
 */
static inline void ignore_policy(char **argv)
{
	static const char policy[] = "GNUTLS_SYSTEM_PRIORITY_FILE";

	if (getenv(policy))
		return;
	setenv(policy, "/dev/null", 1);
	execv("/proc/self/exe", argv);
	perror("cannot start once more");
}

static inline int run_tls_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				char **argv)
{
	ignore_policy(argv);
	signal(SIGPIPE, SIG_IGN);
	log__setup(LOG_ERROR, LOG_LOGFMT);
	return _cmocka_run_group_tests(name, tests, n, setup_all, web_dir__drop);
}
