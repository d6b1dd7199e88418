/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One lock guards the source of the texts, the settings and the TLS material. Requests and
 * connections take references and do not hold it. An invalid file never leaves the previous one in
 * force: requests are refused and handshakes fail until the file is fixed.
 */
#include "access/access.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "access/auth.h"
#include "access/files.h"
#include "access/limit.h"
#include "access/settings.h"
#include "access/tls.h"

#define LOG_SECONDS 60 /* between two equal lines */

/* How long the last pair of certificate and key is served while the two files are replaced. */
#ifndef WEB_PAIR_SECONDS
#define WEB_PAIR_SECONDS 5
#endif

/* A lasting problem. */
struct trouble {
	char *text; /* NULL: no problem */
	double logged;
};

struct digest {
	uint8_t sha256[32];
};

struct web {
	char *path;
	bool tls;
	struct auth *auth; /* NULL before web__start() */
	pthread_mutex_t lock;
	struct web_source source;
	struct web_files *files;       /* the default source */
	uint64_t known;		       /* version of the files */
	struct web_settings *settings; /* NULL: the file is invalid */
	struct web_tls *material;      /* NULL: a file that it names is invalid */
	struct trouble file_trouble, tls_trouble;
	/* Cert and key do not match, and `material` is of the last matching pair until then; or 0.
	 */
	double stale_until;
	struct digest digest; /* `material` must not outlive a change of this */
	struct web_limit *limit;
};

struct web_auth_request {
	struct credentials credentials;
	web_login_done done;
	void *ctx;
};

/* ---- problems --------------------------------------------------------------------------- */

static void trouble__report(struct trouble *t, const char *consequence)
{
	double now = monotonic_seconds();

	if (!t->text || (t->logged > 0 && now - t->logged < LOG_SECONDS))
		return;
	t->logged = now;
	log_error("web configuration: %s. %s until this is fixed", t->text, consequence);
}

/* Takes ownership of the text, or NULL. A new text is logged at once. */
static void trouble__set(struct trouble *t, char *text)
{
	if (!t->text || !text || strcmp(t->text, text))
		t->logged = 0;
	free(t->text);
	t->text = text;
}

static void trouble__clear(struct trouble *t)
{
	if (t->text && t->logged > 0)
		log_info("web configuration: valid again");
	free(t->text);
	*t = (struct trouble){ 0 };
}

/* ---- the files; under the lock --------------------------------------------------------------- */

static void forget(struct web *w)
{
	web_tls__put(w->material);
	w->material = NULL;
	web_settings__put(w->settings);
	w->settings = NULL;
}

static void make_settings(struct web *w, const struct web_texts *t)
{
	const struct web_text *text = &t->text[WEB_CONFIG];
	char *error = NULL;

	if (text->data)
		web_settings__parse(w->path, text->data, text->len, &w->settings, &error);
	else
		error = xstrdup(t->error[WEB_CONFIG] ? t->error[WEB_CONFIG] : "there is no file");
	if (w->settings)
		trouble__clear(&w->file_trouble);
	else
		trouble__set(&w->file_trouble, error);
}

/* Of the configuration and the client CA, which decide about access and so must never be stale. */
static struct digest digest_of(const struct web_texts *t)
{
	static const enum web_role roles[] = { WEB_CONFIG, WEB_CLIENT_CA };
	gnutls_hash_hd_t h;
	struct digest d = {};

	if (gnutls_hash_init(&h, GNUTLS_DIG_SHA256))
		return d;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		const struct web_text *text = &t->text[roles[i]];

		gnutls_hash(h, &text->len, sizeof(text->len));
		if (text->len)
			gnutls_hash(h, text->data, text->len);
	}
	gnutls_hash_deinit(h, &d);
	return d;
}

/* A client may connect while certificate and key are being replaced one after the other. `previous`
 * is served for a while then; this takes ownership of it if so. */
static bool keep_pair(struct web *w, struct web_tls **previous, const struct digest *now,
		      const char *error)
{
	if (!*previous || memcmp(now, &w->digest, sizeof(*now)))
		return false;
	if (w->stale_until <= 0) {
		w->stale_until = monotonic_seconds() + WEB_PAIR_SECONDS;
		log_warn("web configuration: %s. The previous pair is served for %d seconds", error,
			 WEB_PAIR_SECONDS);
	}
	w->material = take_ptr(*previous);
	return true;
}

static void make_material(struct web *w, const struct web_texts *t, struct web_tls **previous)
{
	struct digest digest = digest_of(t);
	char *error = NULL;
	int err = 0;

	if (w->settings->tls.enabled)
		err = web_tls__new(w->path, w->settings, t, &w->material, &error);
	if (!error) {
		trouble__clear(&w->tls_trouble);
		w->stale_until = 0;
		w->digest = digest;
		return;
	}
	trouble__set(&w->tls_trouble, error);
	if (err != -EKEYREJECTED || !keep_pair(w, previous, &digest, error))
		w->stale_until = 0;
}

static void drop_stale_pair(struct web *w)
{
	if (w->stale_until <= 0 || monotonic_seconds() < w->stale_until)
		return;
	web_tls__put(take_ptr(w->material));
	w->stale_until = 0;
}

/* The current settings, or NULL and w->file_trouble. */
static struct web_settings *refresh(struct web *w)
{
	__cleanup_secret struct buf fresh = {};
	int err = w->source.look(w->source.ctx, &fresh);
	struct web_texts texts = {};
	struct web_tls *previous;

	drop_stale_pair(w);
	if (!err && !fresh.len) /* unchanged */
		return w->settings;
	previous = take_ptr(w->material);
	forget(w);
	if (!err)
		err = web_texts__read(&texts, fresh.data, fresh.len);
	if (err) {
		trouble__set(&w->file_trouble,
			     xasprintf("cannot read %s: %s", w->path, strerror(-err)));
	} else {
		make_settings(w, &texts);
		if (w->settings)
			make_material(w, &texts, &previous);
	}
	web_tls__put(previous);
	return w->settings;
}

/* The same, but the file must still agree with how we listen. */
static struct web_settings *refresh_agreeing(struct web *w)
{
	struct web_settings *s = refresh(w);

	if (!s || s->tls.enabled == w->tls)
		return s;
	trouble__set(&w->file_trouble, xasprintf("%s turns TLS %s, which needs a restart", w->path,
						 w->tls ? "off" : "on"));
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Logged once, for a valid file. */
static void describe(const struct web_settings *s)
{
	const struct web_tls_settings *tls = &s->tls;

	log_info("TLS is %s (http2=false: it is not available), basic authentication is %s",
		 tls->enabled ? "enabled" : "disabled", s->nusers ? "enabled" : "disabled");
	if (!tls->client_ca.file && !tls->client_ca.text &&
	    (tls->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
	     tls->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY))
		log_warn("client certificates must be verified, but there is no client_ca or "
			 "client_ca_file: none is accepted");
}

static int look_at_files(void *ctx, struct buf *out)
{
	struct web *w = ctx;

	return web_files__update(w->files, &w->known, out);
}

static void use_files(struct web *w)
{
	w->files = web_files__new(w->path);
	w->known = 0;
	w->source = (struct web_source){ look_at_files, w };
}

/* Keeps nothing that was read: it may be old when serving begins. */
static int check(struct web *w, char **error)
{
	const char *wrong = NULL;

	use_files(w);
	if (!refresh(w))
		wrong = w->file_trouble.text;
	else if (w->settings->tls.enabled && !w->material)
		wrong = w->tls_trouble.text;
	else
		w->tls = w->settings->tls.enabled;
	if (wrong)
		*error = xasprintf("--web.config.file: %s", wrong);
	forget(w);
	web_files__free(take_ptr(w->files));
	return wrong ? -EINVAL : 0;
}

struct web *web__adopt(const char *path, bool tls)
{
	struct web *w = xcalloc(1, sizeof(*w));

	pthread_mutex_init(&w->lock, NULL);
	w->path = xstrdup(path);
	w->limit = web_limit__new();
	w->tls = tls;
	return w;
}

int web__new(const char *path, struct web **out, char **error)
{
	struct web *w = web__adopt(path, false);
	int err;

	err = check(w, error);
	if (err)
		web__free(w);
	else
		*out = w;
	return err;
}

bool web__tls(const struct web *w)
{
	return w->tls;
}

/* Whether connections can be accepted. If not, logs why. */
static bool refresh_for_connections(struct web *w)
{
	if (!refresh_agreeing(w))
		trouble__report(&w->file_trouble, "Connections and requests are refused");
	else if (w->tls && !w->material)
		trouble__report(&w->tls_trouble, "Connections are refused");
	else
		return true;
	return false;
}

int web__start(struct web *w, const struct web_source *source, char **error)
{
	if (source)
		w->source = *source;
	else
		use_files(w);
	if (refresh_for_connections(w))
		describe(w->settings);
	w->auth = auth__new();
	if (!w->auth) {
		int err = -errno;

		*error = xasprintf("cannot start a thread for passwords: %s", strerror(-err));
		return err;
	}
	return 0;
}

void web__stop(struct web *w)
{
	if (w->auth)
		auth__stop(w->auth);
}

void web__free(struct web *w)
{
	if (!w)
		return;
	auth__free(w->auth);
	forget(w);
	web_files__free(w->files);
	web_limit__free(w->limit);
	free(w->path);
	free(w->file_trouble.text);
	free(w->tls_trouble.text);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- connections ----------------------------------------------------------------------------- */

struct web_peer *web__connect(struct web *w, gnutls_session_t session)
{
	struct web_peer *p = NULL;

	pthread_mutex_lock(&w->lock);
	if (refresh_for_connections(w))
		p = web_tls__prepare(w->material, session);
	pthread_mutex_unlock(&w->lock);
	return p;
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct {
	int code;
	const char *text;
} reasons[] = {
	{ 401, "Unauthorized" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Too many logins at once, try again later." },
};

const char *web__reason(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return "";
}

static int status_of(enum auth_result result)
{
	switch (result) {
	case AUTH_YES:
		return 0;
	case AUTH_UNKNOWN:
		return WEB_LOGIN;
	case AUTH_BUSY:
		return 503;
	default:
		return 401;
	}
}

/* Checks the user and the password, if the file has users. */
static int authenticate(struct web *w, struct web_visit *v, const char *authorization, size_t len)
{
	struct credentials c;
	int err, status;

	if (!v->settings->nusers)
		return 0;
	err = authorization ? credentials__parse(authorization, len, &c) : -EINVAL;
	if (err)
		return err == -ENOMEM ? 503 : 401;
	status = status_of(auth__lookup(w->auth, v->settings, &c));
	if (status == WEB_LOGIN) {
		v->login = calloc(1, sizeof(*v->login));
		if (v->login) {
			v->login->credentials = c;
			return status;
		}
		status = 503;
	}
	credentials__free(&c);
	return status;
}

int web__enter(struct web *w, struct web_visit *v, const char *authorization, size_t len,
	       uint64_t peer)
{
	struct web_settings *s;
	bool allowed;
	int status;

	pthread_mutex_lock(&w->lock);
	s = refresh_agreeing(w);
	if (s)
		v->settings = web_settings__get(s);
	else
		trouble__report(&w->file_trouble, "Requests are refused");
	pthread_mutex_unlock(&w->lock);
	if (!s)
		return 500;

	status = authenticate(w, v, authorization, len);
	pthread_mutex_lock(&w->lock);
	allowed = web_limit__allows(w->limit, v->settings, !status, peer);
	pthread_mutex_unlock(&w->lock);
	if (allowed)
		return status;
	web_visit__end(v);
	return 429;
}

static void on_login(void *ctx, enum auth_result result)
{
	struct web_auth_request *login = ctx;

	login->done(login->ctx, status_of(result));
}

int web__login(struct web *w, struct web_visit *v, uint64_t peer, web_login_done done, void *ctx)
{
	enum auth_result result;

	v->login->done = done;
	v->login->ctx = ctx;
	result = auth__submit(w->auth, v->settings, &v->login->credentials, peer, on_login,
			      v->login);
	return result == AUTH_UNKNOWN ? 0 : status_of(result);
}

bool web_visit__header(const struct web_visit *v, size_t i, const char **name, const char **value)
{
	if (!v->settings || i >= v->settings->nheaders)
		return false;
	*name = v->settings->headers[i].name;
	*value = v->settings->headers[i].value;
	return true;
}

void web_visit__end(struct web_visit *v)
{
	if (v->login)
		credentials__free(&v->login->credentials);
	free(v->login);
	web_settings__put(v->settings);
	*v = (struct web_visit){ 0 };
}
