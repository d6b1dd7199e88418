/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server: libmicrohttpd, tamed.
 *
 * Each listening socket has a daemon and a thread, which never blocks. A request that takes time is
 * suspended and answered by workers (http/workers.h), so /-/healthy is answered even while scrapes
 * and reloads wait. A body is complete before its first byte is sent, so a failure is a 500 and
 * never half a page.
 *
 * Limits are explicit: the library's defaults are "none", and it counts idle connections. An idle
 * connection is closed after CONNECTION_TIMEOUT, or earlier when there are many
 * (http/connections.h). No single peer can take all connections. http/limits.h bounds requests and
 * bytes.
 *
 * A request whose password is not verified yet is suspended too, until the thread that checks
 * passwords has done so.
 *
 * Requests that the library refuses by itself (bytes that are not HTTP, headers beyond
 * MEMORY_LIMIT) do not get here and are not counted.
 */
#include "http/http.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdarg.h>
#include <time.h>

#include "access/tls.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/requests.h"
#include "http/sockets.h"
#include "http/target.h"

#define READERS		   4  /* workers for scrapes and pages */
#define HUNG_SECONDS	   60 /* a worker that takes longer hangs */
#define CONNECTION_TIMEOUT 15 /* seconds without a byte */
#define CONNECTIONS_MIN	   256
#define CONNECTIONS_MAX	   4096
/* Here the library stops accepting: busy connections are never ended by us. */
#define HARD_LIMIT(limit) (4 * (limit))
/* Per connection: request line and headers. Above 32 KiB the library uses mmap, so the memory is
 * returned to the system when the connection ends. */
#define MEMORY_LIMIT  (36 * 1024)
#define DRAIN_SECONDS 5 /* for requests in flight at shutdown */

struct http {
	struct listener *listeners;
	size_t nlisteners;
	struct http_requests requests;
	const struct web_source *web_source;
};

/* ---- connections ----------------------------------------------------------------------------- */

/* Runs before the handshake. A session that web__connect() does not prepare has no certificate, and
 * fails. */
static void on_connection(void *cls, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct connection *connection = *context;
	struct http_requests *h = cls;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = connections__add(
			&h->connections,
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
		connection = *context;
		if (connection && h->web && web__tls(h->web))
			connection->peer = web__connect(
				h->web,
				MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)
					->tls_session);
	} else if (connection) {
		web_peer__free(connections__remove(&h->connections, connection));
	}
}

/* The daemon's own credentials are empty. */
static int no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
			  gnutls_pcert_st **certs, unsigned *ncerts, gnutls_ocsp_data_st **ocsp,
			  unsigned *nocsp, gnutls_privkey_t *key, unsigned *flags)
{
	return -1;
}

/* ---- the daemons ----------------------------------------------------------------------------- */

static void on_log(void *cls, const char *fmt, va_list ap)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("libmicrohttpd: %s", line);
}

static unsigned connection_limit(unsigned max_requests)
{
	/* Most connections are keep-alive ones that idle between scrapes. */
	uint64_t n = max_requests ? 64 + 4 * (uint64_t)max_requests : CONNECTIONS_MAX;

	if (n < CONNECTIONS_MIN)
		return CONNECTIONS_MIN;
	return n < CONNECTIONS_MAX ? n : CONNECTIONS_MAX;
}

static struct MHD_Daemon *start_daemon(struct http *h, const struct listener *l)
{
	unsigned limit = HARD_LIMIT(h->requests.connections.limit);
	bool tls = h->requests.web && web__tls(h->requests.web);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_target__on_uri, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_requests__on_completed,
		  &h->requests },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, &h->requests },
		{ MHD_OPTION_LISTEN_SOCKET, l->fd, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, limit, NULL },
		/* All scrapes may come from one address (a proxy, a forwarded port), so this only
		 * reserves an eighth for others. */
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, limit - limit / 8, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_LIMIT, NULL },
#if MHD_VERSION >= 0x00097701
		{ MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL },
#endif
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ITC | MHD_USE_ERROR_LOG |
					MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0),
				0, NULL, NULL, http_requests__on_request, &h->requests,
				MHD_OPTION_ARRAY, options,
				tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END,
				no_certificate, MHD_OPTION_END);
}

int http__check(const struct web_config *c, char **error)
{
	struct web *web = NULL;
	int err = c->config_file ? web__new(c->config_file, &web, error) : 0;

	web__free(web);
	return err;
}

static struct http *new_http(const struct web_config *c)
{
	struct http *h = xcalloc(1, sizeof(*h));

	pthread_mutex_init(&h->requests.lock, NULL);
	http_limits__init(&h->requests.limits, c->max_requests);
	connections__init(&h->requests.connections, connection_limit(c->max_requests));
	return h;
}

enum fault http__bind(const struct web_config *c, struct http **out, char **error)
{
	struct http *h = new_http(c);
	enum fault fault = FAULT_NONE;

	if (c->config_file && web__new(c->config_file, &h->requests.web, error))
		fault = FAULT_CONFIG;
	if (!fault)
		fault = sockets__open(c, &h->listeners, &h->nlisteners, error);
	if (fault)
		http__free(h);
	else
		*out = h;
	return fault;
}

struct http *http__adopt(const struct web_config *c, bool tls, const struct listener *v, size_t n)
{
	struct http *h = new_http(c);

	if (c->config_file)
		h->requests.web = web__adopt(c->config_file, tls);
	h->nlisteners = n;
	h->listeners = xcalloc(n, sizeof(*h->listeners));
	for (size_t i = 0; i < n; i++) {
		h->listeners[i] = v[i];
		h->listeners[i].name = xstrdup(v[i].name);
	}
	return h;
}

const struct listener *http__listeners(const struct http *h, size_t *n)
{
	*n = h->nlisteners;
	return h->listeners;
}

bool http__tls(const struct http *h)
{
	return h->requests.web && web__tls(h->requests.web);
}

void http__set_web_source(struct http *h, const struct web_source *source)
{
	h->web_source = source;
}

static int start_loop(struct http *h, size_t i)
{
	struct MHD_Daemon *daemon;

	errno = 0;
	daemon = start_daemon(h, &h->listeners[i]);
	if (!daemon)
		return errno ? -errno : -EIO;
	return http_loop__start(&h->requests.loops[i], daemon);
}

int http__start(struct http *h, const struct http_route *routes, void *ctx, char **error)
{
	int err;

	h->requests.routes = routes;
	h->requests.ctx = ctx;
	h->requests.loops = xcalloc(h->nlisteners, sizeof(h->requests.loops[0]));
	err = h->requests.web ? web__start(h->requests.web, h->web_source, error) : 0;
	if (err)
		return err;
	err = http_workers__start(&h->requests.readers, READERS);
	if (!err)
		err = http_workers__start(&h->requests.changers, 1);
	if (err) {
		*error = xasprintf("cannot start a thread: %s", strerror(-err));
		return err;
	}
	for (size_t i = 0; i < h->nlisteners; i++) {
		err = start_loop(h, i);
		if (err) {
			*error = xasprintf("cannot serve on %s: %s. --log.level=debug shows more",
					   h->listeners[i].name, strerror(-err));
			return err;
		}
	}
	return 0;
}

void http__announce(const struct http *h)
{
	for (size_t i = 0; i < h->nlisteners; i++)
		log_info("listening on %s", h->listeners[i].name);
}

bool http__is_alive(struct http *h)
{
	bool alive = http_workers__longest(&h->requests.readers) < HUNG_SECONDS;

	for (size_t i = 0; i < h->nlisteners; i++)
		alive &= http_loop__is_alive(&h->requests.loops[i]);
	http_limits__trim(&h->requests.limits);
	return alive;
}

int http__mend_sockets(struct http *h)
{
	return sockets__mend(h->listeners, h->nlisteners);
}

int http__port(const struct http *h, size_t i)
{
	return h->listeners[i].port;
}

void http__quiesce(struct http *h)
{
	bool already;

	pthread_mutex_lock(&h->requests.lock);
	already = h->requests.quiesced;
	h->requests.quiesced = true;
	pthread_mutex_unlock(&h->requests.lock);
	if (already)
		return;
	/* A daemon that does not give its socket back closes it when it stops. */
	for (size_t i = 0; h->requests.loops && i < h->nlisteners; i++)
		if (h->requests.loops[i].daemon &&
		    MHD_quiesce_daemon(h->requests.loops[i].daemon) == MHD_INVALID_SOCKET)
			h->listeners[i].fd = -1;
}

static bool is_idle(struct http *h)
{
	bool idle;

	pthread_mutex_lock(&h->requests.lock);
	idle = !h->requests.active;
	pthread_mutex_unlock(&h->requests.lock);
	return idle && !connections__expecting(&h->requests.connections);
}

/* Every accepted connection gets an answer, even if its request has not been read yet. */
static void wait_until_idle(struct http *h)
{
	const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };
	double end = monotonic_seconds() + DRAIN_SECONDS;

	while (!is_idle(h) && monotonic_seconds() < end)
		nanosleep(&step, NULL);
}

void http__free(struct http *h)
{
	if (!h)
		return;
	http__quiesce(h);
	/* Stopping a daemon with suspended connections is an error. */
	if (h->requests.web)
		web__stop(h->requests.web);
	wait_until_idle(h);
	http_workers__stop(&h->requests.readers);
	http_workers__stop(&h->requests.changers);
	for (size_t i = 0; h->requests.loops && i < h->nlisteners; i++)
		http_loop__stop(&h->requests.loops[i]);
	sockets__close(h->listeners, h->nlisteners);
	web__free(h->requests.web);
	connections__destroy(&h->requests.connections);
	free(h->requests.loops);
	http_limits__destroy(&h->requests.limits);
	pthread_mutex_destroy(&h->requests.lock);
	free(h);
}
