/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration file at work.
 *
 * One lock guards what is looked at again and again: where the texts come from, the settings made
 * of them, the TLS material made of both. Requests and connections take references and go on
 * without it. A file that is no good never leaves the previous one in force: requests are refused,
 * and no handshake succeeds, until it is mended.
 */
#include "access/access.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <pthread.h>

#include "base/log.h"
#include "access/auth.h"
#include "access/files.h"
#include "access/limit.h"
#include "access/settings.h"
#include "access/tls.h"

#define LOG_SECONDS 60 /* between two lines that say the same */

/* How long the last pair is served while files are renamed one after the other. */
#ifndef WEB_PAIR_SECONDS
#define WEB_PAIR_SECONDS 5
#endif

/* Something that can be wrong for a while. */
struct trouble {
	char *text; /* NULL: all is well */
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
	struct web_files *files;       /* the source, where there is no other */
	uint64_t known;		       /* version of the files */
	struct web_settings *settings; /* NULL: the file is no good */
	struct web_tls *material;      /* NULL: what it names is no good */
	struct trouble file_trouble, tls_trouble;
	/* While cert and key do not make a pair: `material` is of the last one that did, until. */
	double stale_until;
	struct digest digest; /* of what `material` must not outlive */
	struct web_limit *limit;
};

struct web_auth_request {
	struct credentials credentials;
	web_login_done done;
	void *ctx;
};

/* ---- what is wrong --------------------------------------------------------------------------- */

static void trouble__report(struct trouble *t, const char *consequence)
{
	double now = monotonic_seconds();

	if (!t->text || (t->logged > 0 && now - t->logged < LOG_SECONDS))
		return;
	t->logged = now;
	log_error("web configuration: %s. %s until that is mended", t->text, consequence);
}

/* Takes the text, or NULL. A new one is logged at once. */
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
		log_info("web configuration: in order again");
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

/* Of the configuration and the client CA: who gets in must not be up to an old one of these. */
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

/* Certificate and key are renamed one after the other, and somebody connects in between:
 * `previous`, which is taken if so, serves for a while. */
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

/* The settings of now, or NULL and w->file_trouble. */
static struct web_settings *refresh(struct web *w)
{
	__cleanup_secret struct buf news = {};
	int err = w->source.look(w->source.ctx, &news);
	struct web_texts texts = {};
	struct web_tls *previous;

	drop_stale_pair(w);
	if (!err && !news.len) /* whatever came of it the last time */
		return w->settings;
	previous = take_ptr(w->material);
	forget(w);
	if (!err)
		err = web_texts__read(&texts, news.data, news.len);
	if (err) {
		trouble__set(&w->file_trouble, xasprintf("there is no way to look at %s: %s",
							 w->path, strerror(-err)));
	} else {
		make_settings(w, &texts);
		if (w->settings)
			make_material(w, &texts, &previous);
	}
	web_tls__put(previous);
	return w->settings;
}

/* The same, if the file still agrees with how we listen. */
static struct web_settings *refresh_agreeing(struct web *w)
{
	struct web_settings *s = refresh(w);

	if (!s || s->tls.enabled == w->tls)
		return s;
	trouble__set(&w->file_trouble, xasprintf("%s turns TLS %s, which takes a restart", w->path,
						 w->tls ? "off" : "on"));
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What is worth saying once, about a file that is good. */
static void describe(const struct web_settings *s)
{
	const struct web_tls_settings *tls = &s->tls;

	log_info("TLS is %s (http2=false: it is not available), basic authentication is %s",
		 tls->enabled ? "enabled" : "disabled", s->nusers ? "enabled" : "disabled");
	if (!tls->client_ca.file && !tls->client_ca.text &&
	    (tls->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
	     tls->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY))
		log_warn("client certificates are to be verified, but there is no client_ca or "
			 "client_ca_file: none will be accepted");
}

static int look_at_files(void *ctx, struct buf *out)
{
	struct web *w = ctx;

	return web_files__news(w->files, &w->known, out);
}

static void use_files(struct web *w)
{
	w->files = web_files__new(w->path);
	w->known = 0;
	w->source = (struct web_source){ look_at_files, w };
}

/* Nothing of what was read for the check stays: it may be old when the service begins. */
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

int web__start(struct web *w, const struct web_source *source, char **error)
{
	if (source)
		w->source = *source;
	else
		use_files(w);
	if (!refresh_agreeing(w))
		trouble__report(&w->file_trouble, "Connections and requests are refused");
	else if (w->tls && !w->material)
		trouble__report(&w->tls_trouble, "Connections are refused");
	else
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
	if (!refresh_agreeing(w))
		trouble__report(&w->file_trouble, "Connections and requests are refused");
	else if (!w->material)
		trouble__report(&w->tls_trouble, "Connections are refused");
	else
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

/* Who asks, by what the file says about users. */
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
