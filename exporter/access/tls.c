/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS by GnuTLS, with the configuration of Go's crypto/tls.
 *
 * Go picks a cipher suite from a list. GnuTLS has priorities of key exchanges, ciphers and MACs and
 * allows all combinations, so a list of two suites may allow four. So before TLS 1.3 the suite is
 * picked here, from those in the client hello, and the session only gets that suite's priorities.
 * The three suites of TLS 1.3 cannot be configured, as in Go. Sessions are never resumed, so that
 * every connection presents its certificate.
 */
#include "access/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>

#include "base/log.h"

/* ---- material -------------------------------------------------------------------------------- */

struct web_tls {
	unsigned refs;
	struct web_settings *settings;
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t priority;
	gnutls_priority_t suites[WEB_SUITES]; /* one suite each; NULL: not allowed */
	bool ecdsa;			      /* our certificate is ECDSA, not RSA */
};

static void add_groups(struct buf *b, const struct web_tls_settings *s)
{
	buf__puts(b, ":-GROUP-ALL");
	for (int i = 0; i < WEB_CURVES; i++)
		if (!s->curves || s->curves & 1U << i)
			buf__printf(b, ":%s", web_curves[i].priority);
}

static void begin_priority(struct buf *b, const struct web_tls_settings *s,
			   enum web_tls_version max)
{
	buf__puts(b, "NORMAL:-VERS-ALL:-KX-ALL:-CIPHER-ALL:-MAC-ALL");
	for (int v = max; v >= (int)s->min; v--)
		buf__printf(b, ":%s", web_tls_versions_gnutls[v]);
	if (s->prefer_server_suites)
		buf__puts(b, ":%SERVER_PRECEDENCE");
	add_groups(b, s);
}

static int finish_priority(struct buf *b, gnutls_priority_t *out)
{
	const char *text = buf__str(b);

	return text ? gnutls_priority_init(out, text, NULL) : GNUTLS_E_MEMORY_ERROR;
}

/* All suites that a client may get. RSA key exchange has no forward secrecy, so those suites are
 * only used if they are configured. */
static int make_priority(struct web_tls *tls)
{
	const struct web_tls_settings *s = &tls->settings->tls;
	__cleanup_buf struct buf b = { 0 };

	begin_priority(&b, s, s->max);
	for (int i = 0; i < WEB_SUITES; i++)
		if (s->suites & 1U << i || web_suites[i].tls13 ||
		    (!s->suites && !strstr(web_suites[i].name, "TLS_RSA_")))
			buf__printf(&b, ":%s", web_suites[i].priority);
	return finish_priority(&b, &tls->priority);
}

static int make_suite_priorities(struct web_tls *tls)
{
	const struct web_tls_settings *s = &tls->settings->tls;
	enum web_tls_version max = s->max < WEB_TLS12 ? s->max : WEB_TLS12;
	int err = 0;

	for (int i = 0; !err && s->min <= max && i < WEB_SUITES; i++) {
		__cleanup_buf struct buf b = { 0 };

		if (!(s->suites & 1U << i) || web_suites[i].tls13)
			continue;
		begin_priority(&b, s, max);
		buf__printf(&b, ":%s", web_suites[i].priority);
		err = finish_priority(&b, &tls->suites[i]);
		/* AEAD suites need TLS 1.2. */
		if (err == GNUTLS_E_NO_PRIORITIES_WERE_SET)
			err = 0;
	}
	return err;
}

static int find_key_type(struct web_tls *tls)
{
	gnutls_x509_crt_t *list;
	unsigned n, bits;
	int err, type;

	err = gnutls_certificate_get_x509_crt(tls->cred, 0, &list, &n);
	if (err)
		return err;
	type = gnutls_x509_crt_get_pk_algorithm(list[0], &bits);
	tls->ecdsa = type != GNUTLS_PK_RSA && type != GNUTLS_PK_RSA_PSS;
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return 0;
}

/* The text of a role, from its file or inline. */
static int find_pem(const struct web_settings *s, const struct web_texts *t, enum web_role role,
		    gnutls_datum_t *out, char **error)
{
	const struct web_pem *pem = web_settings__pem(s, role);
	struct web_text text = t->text[role];

	if (!pem->file)
		text = (struct web_text){ pem->text, pem->text ? strlen(pem->text) : 0 };
	if (pem->file && !text.data) {
		*error = xstrdup(t->error[role] ? t->error[role] : "a file has not been read");
		return -EINVAL;
	}
	*out = (gnutls_datum_t){ (unsigned char *)text.data, text.len };
	return 0;
}

static int load_credentials(struct web_tls *tls, const char *config, const struct web_texts *t,
			    char **error)
{
	gnutls_datum_t pems[WEB_ROLES];
	int err;

	for (enum web_role i = WEB_CERT; i < WEB_ROLES; i++) {
		err = find_pem(tls->settings, t, i, &pems[i], error);
		if (err)
			return err;
	}
	err = gnutls_certificate_set_x509_key_mem2(tls->cred, &pems[WEB_CERT], &pems[WEB_KEY],
						   GNUTLS_X509_FMT_PEM, NULL, 0);
	if (err < 0) {
		*error = xasprintf("%s: cert and key do not make a pair in PEM (%s)", config,
				   gnutls_strerror_name(err));
		return -EKEYREJECTED;
	}
	if (!pems[WEB_CLIENT_CA].data)
		return 0;
	err = gnutls_certificate_set_x509_trust_mem(tls->cred, &pems[WEB_CLIENT_CA],
						    GNUTLS_X509_FMT_PEM);
	if (err <= 0) {
		*error = xasprintf("%s: client_ca has no certificate in PEM%s%s%s", config,
				   err ? " (" : "", err ? gnutls_strerror_name(err) : "",
				   err ? ")" : "");
		return -EINVAL;
	}
	return 0;
}

int web_tls__new(const char *config, struct web_settings *s, const struct web_texts *t,
		 struct web_tls **out, char **error)
{
	struct web_tls *tls = xcalloc(1, sizeof(*tls));
	int err;

	tls->refs = 1;
	tls->settings = web_settings__get(s);
	err = gnutls_certificate_allocate_credentials(&tls->cred);
	if (!err) {
		int bad = load_credentials(tls, config, t, error);

		if (bad) {
			web_tls__put(tls);
			return bad;
		}
		err = find_key_type(tls);
	}
	if (!err)
		err = make_priority(tls);
	if (!err)
		err = make_suite_priorities(tls);
	if (err) {
		*error = xasprintf("%s: GnuTLS refuses this TLS configuration (%s)", config,
				   gnutls_strerror_name(err));
		web_tls__put(tls);
		return -EINVAL;
	}
	*out = tls;
	return 0;
}

void web_tls__put(struct web_tls *tls)
{
	if (!tls || __atomic_sub_fetch(&tls->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (int i = 0; i < WEB_SUITES; i++)
		if (tls->suites[i])
			gnutls_priority_deinit(tls->suites[i]);
	if (tls->priority)
		gnutls_priority_deinit(tls->priority);
	if (tls->cred)
		gnutls_certificate_free_credentials(tls->cred);
	web_settings__put(tls->settings);
	free(tls);
}

/* ---- one connection: its cipher suite -------------------------------------------------------- */

struct web_peer {
	struct web_tls *tls;
	uint8_t offered[WEB_SUITES]; /* indices in the client's order */
	uint8_t noffered;
};

static void note_offer(struct web_peer *p, uint16_t id)
{
	for (uint8_t i = 0; i < WEB_SUITES; i++) {
		if (web_suites[i].id != id)
			continue;
		for (uint8_t k = 0; k < p->noffered; k++)
			if (p->offered[k] == i)
				return;
		p->offered[p->noffered++] = i;
	}
}

/* ClientHello begins with version, 32 random bytes, session id, cipher suites. GnuTLS parses it
 * again and refuses malformed ones. */
static int on_client_hello(gnutls_session_t session, unsigned type, unsigned when,
			   unsigned incoming, const gnutls_datum_t *msg)
{
	struct web_peer *p = gnutls_session_get_ptr(session);
	size_t at = 2 + 32, len;

	p->noffered = 0;
	if (!incoming || at >= msg->size)
		return 0;
	at += 1 + msg->data[at];
	if (at + 2 > msg->size)
		return 0;
	len = msg->data[at] << 8 | msg->data[at + 1];
	at += 2;
	for (; len >= 2 && at + 2 <= msg->size; at += 2, len -= 2)
		note_offer(p, msg->data[at] << 8 | msg->data[at + 1]);
	return 0;
}

static bool may_use(const struct web_tls *tls, int suite)
{
	return tls->suites[suite] && web_suites[suite].ecdsa == tls->ecdsa;
}

static int pick_suite(const struct web_peer *p)
{
	int best = -1;

	for (uint8_t i = 0; i < p->noffered; i++) {
		int suite = p->offered[i];

		if (!may_use(p->tls, suite))
			continue;
		if (!p->tls->settings->tls.prefer_server_suites)
			return suite;
		if (best < 0 || suite < best)
			best = suite;
	}
	return best;
}

/* At this point the version is negotiated, but not the suite. */
static int after_client_hello(gnutls_session_t session)
{
	struct web_peer *p = gnutls_session_get_ptr(session);
	int suite;

	if (gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3)
		return 0;
	suite = pick_suite(p);
	return suite < 0 ? GNUTLS_E_NO_CIPHER_SUITES
			 : gnutls_priority_set(session, p->tls->suites[suite]);
}

/* ---- one connection: its certificate --------------------------------------------------------- */

/* In the format of Go's net.IP. */
static bool ip_text(const unsigned char *data, size_t len, char *out, size_t size)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (len == 16 && !memcmp(data, mapped, sizeof(mapped))) {
		data += 12;
		len = 4;
	}
	if (len != 4 && len != 16)
		return false;
	return inet_ntop(len == 4 ? AF_INET : AF_INET6, data, out, size);
}

static bool is_allowed(const struct web_tls_settings *s, const char *name, size_t len)
{
	/* Compare lengths, too: a name may contain a NUL. */
	for (size_t i = 0; i < s->nsans; i++)
		if (strlen(s->sans[i]) == len && !memcmp(s->sans[i], name, len))
			return true;
	return false;
}

static bool has_allowed_san(const struct web_tls_settings *s, gnutls_x509_crt_t crt)
{
	char ip[INET6_ADDRSTRLEN], name[1024];

	for (unsigned i = 0;; i++) {
		size_t len = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue; /* longer than any allowed SAN */
		if (type < 0)
			return false;
		if (type == GNUTLS_SAN_IPADDRESS) {
			if (ip_text((unsigned char *)name, len, ip, sizeof(ip)) &&
			    is_allowed(s, ip, strlen(ip)))
				return true;
		} else if ((type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME ||
			    type == GNUTLS_SAN_URI) &&
			   is_allowed(s, name, len)) {
			return true;
		}
	}
}

static int check_san(const struct web_tls_settings *s, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;
	int err;

	err = gnutls_x509_crt_init(&crt);
	if (err)
		return err;
	err = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (!err && !has_allowed_san(s, crt)) {
		log_debug("refused a client certificate: none of its SANs is allowed");
		err = GNUTLS_E_CERTIFICATE_ERROR;
	}
	gnutls_x509_crt_deinit(crt);
	return err;
}

static int check_chain(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	gnutls_datum_t text;
	unsigned status;
	int err;

	err = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
	if (err || !status)
		return err;
	if (!gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0)) {
		log_debug("refused a client certificate: %s", text.data);
		gnutls_free(text.data);
	}
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* 0: continue the handshake. GnuTLS checks by the request mode whether a certificate is required.
 */
static int verify_client(gnutls_session_t session)
{
	const struct web_peer *p = gnutls_session_get_ptr(session);
	const struct web_tls_settings *s = &p->tls->settings->tls;
	const gnutls_datum_t *certs;
	unsigned n = 0;
	int err = 0;

	certs = gnutls_certificate_get_peers(session, &n);
	if (!certs || !n)
		return 0;
	if (s->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
	    s->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY)
		err = check_chain(session);
	if (!err && s->check_sans)
		err = check_san(s, &certs[0]);
	return err;
}

struct web_peer *web_tls__prepare(struct web_tls *tls, gnutls_session_t session)
{
	static const gnutls_certificate_request_t requests[] = {
		[CLIENT_AUTH_NONE] = GNUTLS_CERT_IGNORE,
		[CLIENT_AUTH_REQUEST] = GNUTLS_CERT_REQUEST,
		[CLIENT_AUTH_REQUIRE_ANY] = GNUTLS_CERT_REQUIRE,
		[CLIENT_AUTH_VERIFY_IF_GIVEN] = GNUTLS_CERT_REQUEST,
		[CLIENT_AUTH_REQUIRE_AND_VERIFY] = GNUTLS_CERT_REQUIRE,
	};
	struct web_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (gnutls_priority_set(session, tls->priority) ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->cred)) {
		free(p);
		return NULL;
	}
	__atomic_add_fetch(&tls->refs, 1, __ATOMIC_RELAXED);
	p->tls = tls;
	gnutls_session_set_ptr(session, p);
	gnutls_certificate_server_set_request(session, requests[tls->settings->tls.client_auth]);
	gnutls_session_set_verify_function(session, verify_client);
	if (tls->settings->tls.suites) {
		gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_CLIENT_HELLO,
						   GNUTLS_HOOK_PRE, on_client_hello);
		gnutls_handshake_set_post_client_hello_function(session, after_client_hello);
	}
	return p;
}

void web_peer__free(struct web_peer *p)
{
	if (!p)
		return;
	web_tls__put(p->tls);
	free(p);
}
