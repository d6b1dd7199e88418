/* SPDX-License-Identifier: GPL-2.0-only */
/* A TLS client with any parameters and any certificate. */
#pragma once

#include "http_client.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct tls_client {
	const char *priority;	/* a GnuTLS priority string; NULL: "NORMAL" */
	const char *cert, *key; /* files, or NULL */
};

struct tls_answer {
	struct answer http; /* ->code is 0 if the handshake fails, at any stage */
	char suite[64];	    /* IANA's name */
	gnutls_protocol_t version;
	char subject[256]; /* of the server's certificate */
};

static inline void tls_answer__free(struct tls_answer *a)
{
	answer__free(&a->http);
}

#define __cleanup_tls_answer __attribute__((cleanup(tls_answer__free)))

static inline void tls_client__note(gnutls_session_t session, struct tls_answer *a)
{
	const gnutls_datum_t *certs;
	size_t len = sizeof(a->subject);
	gnutls_x509_crt_t crt;
	const char *suite = gnutls_ciphersuite_get(session);
	unsigned n;

	a->version = gnutls_protocol_get_version(session);
	snprintf(a->suite, sizeof(a->suite), "%s", suite ? suite : "");
	certs = gnutls_certificate_get_peers(session, &n);
	assert_non_null(certs);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, &certs[0], GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crt_get_dn(crt, a->subject, &len), 0);
	gnutls_x509_crt_deinit(crt);
}

static inline void tls_client__exchange(gnutls_session_t session, const char *request,
					struct answer *a)
{
	ssize_t n;
	char *end;

	n = gnutls_record_send(session, request, strlen(request));
	while (n > 0 || n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
		char *p = buf__reserve(&a->raw, 65536);

		assert_non_null(p);
		n = gnutls_record_recv(session, p, 65536);
		a->raw.len += n > 0 ? n : 0;
	}
	assert_non_null(buf__str(&a->raw));
	end = strstr(a->raw.data, "\r\n\r\n");
	if (!end)
		return;
	*end = '\0';
	a->headers = a->raw.data;
	a->body = end + 4;
	a->body_len = a->raw.data + a->raw.len - a->body;
	assert_int_equal(sscanf(a->headers, "HTTP/1.%*d %d", &a->code), 1);
}

/*
 * Sends GET /, and reads until the end of the connection. headers: each ends with "\r
 * ".
 */
static inline struct tls_answer tls_client__get(int port, const struct tls_client *c,
						const char *headers)
{
	__cleanup_free char *request =
		xasprintf("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s\r\n", headers);
	struct tls_answer a = { 0 };
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	int fd = client__connect(port), err;

	assert_int_equal(gnutls_certificate_allocate_credentials(&cred), 0);
	if (c->cert)
		assert_int_equal(gnutls_certificate_set_x509_key_file(cred, c->cert, c->key,
								      GNUTLS_X509_FMT_PEM),
				 0);
	/* Sends its certificate even if the server does not list the issuer. */
	assert_int_equal(gnutls_init(&session,
				     GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT),
			 0);
	assert_int_equal(
		gnutls_priority_set_direct(session, c->priority ? c->priority : "NORMAL", NULL), 0);
	assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred), 0);
	gnutls_transport_set_int(session, fd);
	do {
		err = gnutls_handshake(session);
	} while (err < 0 && !gnutls_error_is_fatal(err));
	if (!err) {
		tls_client__note(session, &a);
		tls_client__exchange(session, request, &a.http);
	}
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	close(fd);
	return a;
}
