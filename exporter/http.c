/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP server: libmicrohttpd, tamed.
 *
 * One daemon per listening socket, each with an internal epoll loop and a few threads. A body is
 * built whole before its first byte is sent, so that a failure is a 500 and never half a page.
 * Limits are explicit, since the library's defaults are "none" and idle connections count: a
 * connection that does nothing is closed after CONNECTION_TIMEOUT, and no single peer can take
 * them all. A request that counts against max_requests does so until its last byte is sent, so
 * clients that do not read are what the limit is about.
 *
 * What the library refuses by itself (bytes that are no HTTP, headers beyond MEMORY_LIMIT) never
 * gets here and is not in the request counts.
 */
#include "http.h"
#include "expo.h"
#include "log.h"
#include "self.h"
#include "sockets.h"

#include <errno.h>
#include <math.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>
#include <strings.h>
#include <time.h>
#include <zlib.h>

#define THREADS		   4  /* of all sockets together */
#define CONNECTION_TIMEOUT 15 /* seconds without a byte */
#define CONNECTIONS_MIN	   256
#define CONNECTIONS_MAX	   4096
#define MEMORY_LIMIT	   (16 * 1024)	 /* per connection: request line and headers */
#define UPLOAD_MAX	   (1024 * 1024) /* drained and ignored; more and the connection is cut */
#define COMPRESS_MIN	   1024
#define COMPRESS_LEVEL	   1 /* 3 takes a fifth more time for a tenth fewer bytes */
#define DRAIN_SECONDS	   5 /* for requests under way at the end */

#define TEXT_PLAIN	   "text/plain; charset=utf-8"

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result mhd_result;
#else
typedef int mhd_result;
#endif

struct http {
	struct listener *listeners;
	size_t nlisteners;
	struct MHD_Daemon **daemons; /* by listener; NULL before http__start() */
	const struct http_route *routes;
	void *ctx;
	unsigned max_requests;

	pthread_mutex_t lock;
	pthread_cond_t idle;
	size_t active;	  /* requests begun and not completed */
	unsigned limited; /* those of them that count against max_requests */
};

/* From the first byte of a request's headers to the last byte of its answer. */
struct request {
	bool limited;
	size_t uploaded;
};

void http_response__text(struct http_response *res, int code, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	buf__free(&res->body);
	*res = (struct http_response){ .code = code, .content_type = TEXT_PLAIN };
	buf__puts(&res->body, line);
	buf__putc(&res->body, '\n');
}

/* ---- methods --------------------------------------------------------------------------------- */

static const struct method_set {
	const char *methods[2];
	const char *allow;
} method_sets[] = {
	[HTTP_READ] = { { "GET", "HEAD" }, "GET, HEAD" },
	[HTTP_WRITE] = { { "POST", "PUT" }, "POST, PUT" },
};

static bool method_allowed(const struct http_route *route, const char *method)
{
	const struct method_set *set = &method_sets[route->methods];

	for (size_t i = 0; i < ARRAY_SIZE(set->methods); i++)
		if (!strcmp(method, set->methods[i]))
			return true;
	return false;
}

static const struct http_route *find_route(const struct http *h, const char *path)
{
	for (const struct http_route *r = h->routes; r->path; r++)
		if (!strcmp(r->path, path))
			return r;
	return NULL;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static bool take_slot(struct http *h, struct request *r)
{
	pthread_mutex_lock(&h->lock);
	if (!h->max_requests || h->limited < h->max_requests) {
		h->limited++;
		r->limited = true;
	}
	pthread_mutex_unlock(&h->lock);
	return r->limited;
}

static mhd_result begin_request(struct http *h, void **con_cls)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return MHD_NO;
	pthread_mutex_lock(&h->lock);
	h->active++;
	pthread_mutex_unlock(&h->lock);
	*con_cls = r;
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	struct request *r = *con_cls;
	struct http *h = cls;

	if (!r)
		return;
	pthread_mutex_lock(&h->lock);
	h->limited -= r->limited;
	if (!--h->active)
		pthread_cond_broadcast(&h->idle);
	pthread_mutex_unlock(&h->lock);
	free(r);
	*con_cls = NULL;
}

/* ---- requests -------------------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static double parse_timeout(const char *s)
{
	double v = s ? strtod(s, NULL) : 0;

	return isfinite(v) && v > 0 ? v : 0;
}

static mhd_result collect_function(void *cls, enum MHD_ValueKind kind, const char *key,
				   size_t key_size, const char *value, size_t value_size)
{
	if (strcmp(key, "function[]") && strcmp(key, "function"))
		return MHD_YES;
	/* No function has such a name, but it does ask for nothing else. */
	if (!value || strlen(value) != value_size)
		value = "";
	buf__append(cls, &value, sizeof(value));
	return MHD_YES;
}

static void call_handler(struct http *h, struct MHD_Connection *c, const struct http_route *route,
			 struct http_response *res)
{
	__cleanup_buf struct buf functions = { 0 };
	struct http_request req = {
		.path = route->path,
		.accept = header(c, MHD_HTTP_HEADER_ACCEPT),
		.timeout = parse_timeout(header(c, "X-Prometheus-Scrape-Timeout-Seconds")),
	};

	MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, collect_function, &functions);
	req.functions = (const char *const *)functions.data;
	req.nfunctions = functions.len / sizeof(req.functions[0]);
	if (functions.failed)
		res->body.failed = true;
	else
		route->handle(h->ctx, &req, res);
	if (res->body.failed)
		http_response__text(res, MHD_HTTP_INTERNAL_SERVER_ERROR,
				    "Out of memory while the answer was being made.");
}

/* ---- responses ------------------------------------------------------------------------------- */

/* The body as one gzip member; false, and no change, if that is not to be had. */
static bool compress_body(struct buf *body)
{
	struct buf out = { 0 };
	z_stream z = { 0 };
	int err;

	/* 31: the largest window, with a gzip header. */
	if (body->len > UINT32_MAX ||
	    deflateInit2(&z, COMPRESS_LEVEL, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	z.avail_out = deflateBound(&z, body->len);
	z.next_out = (Bytef *)buf__reserve(&out, z.avail_out);
	z.next_in = (Bytef *)body->data;
	z.avail_in = body->len;
	err = z.next_out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	out.len = z.total_out;
	deflateEnd(&z);
	if (err != Z_STREAM_END) {
		buf__free(&out);
		return false;
	}
	buf__free(body);
	*body = out;
	return true;
}

static mhd_result send_response(struct MHD_Connection *c, struct http_response *res,
				const char *allow)
{
	bool compressed = res->compressible && res->body.len > COMPRESS_MIN &&
			  expo__accepts_gzip(header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING)) &&
			  compress_body(&res->body);
	struct MHD_Response *mr = MHD_create_response_from_buffer_with_free_callback(
		res->body.len, res->body.data, free);
	mhd_result ret;

	if (!mr)
		return MHD_NO;
	res->body = (struct buf){ 0 }; /* the response's now */
	MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_TYPE, res->content_type);
	MHD_add_response_header(mr, "X-Content-Type-Options", "nosniff");
	if (res->vary)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_VARY, res->vary);
	if (compressed)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (allow)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_ALLOW, allow);
	ret = MHD_queue_response(c, res->code, mr);
	MHD_destroy_response(mr);
	if (ret == MHD_YES)
		self__count_request(res->code);
	return ret;
}

static mhd_result answer(struct http *h, struct MHD_Connection *c, struct request *r,
			 const char *path, const char *method)
{
	struct http_response res = { .code = MHD_HTTP_OK, .content_type = TEXT_PLAIN };
	const struct http_route *route = find_route(h, path);
	const char *allow = NULL;
	mhd_result ret;

	if (!route) {
		http_response__text(&res, MHD_HTTP_NOT_FOUND, "404 page not found");
	} else if (!method_allowed(route, method)) {
		allow = method_sets[route->methods].allow;
		http_response__text(&res, MHD_HTTP_METHOD_NOT_ALLOWED,
				    "405 method not allowed: this path answers to %s", allow);
	} else if (route->limited && !take_slot(h, r)) {
		http_response__text(&res, MHD_HTTP_SERVICE_UNAVAILABLE,
				    "Limit of concurrent requests reached (%u), try again later.",
				    h->max_requests);
	} else {
		call_handler(h, c, route, &res);
	}
	ret = send_response(c, &res, allow);
	buf__free(&res.body);
	return ret;
}

static mhd_result on_request(void *cls, struct MHD_Connection *c, const char *url,
			     const char *method, const char *version, const char *upload,
			     size_t *upload_size, void **con_cls)
{
	struct request *r = *con_cls;

	/* The first call is before the body; an answer here would make the library cut the
	 * connection. So the body, which nobody wants, is drained first. */
	if (!r)
		return begin_request(cls, con_cls);
	if (*upload_size) {
		r->uploaded += *upload_size;
		*upload_size = 0;
		return r->uploaded > UPLOAD_MAX ? MHD_NO : MHD_YES;
	}
	return answer(cls, c, r, url, method);
}

/* ---- the daemons ----------------------------------------------------------------------------- */

static void on_log(void *cls, const char *fmt, va_list ap)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("libmicrohttpd: %s", line);
}

static unsigned connection_limit(const struct http *h)
{
	/* Keep-alive connections that idle between scrapes are most of them. */
	uint64_t n = h->max_requests ? 64 + 4 * (uint64_t)h->max_requests : CONNECTIONS_MAX;

	if (n < CONNECTIONS_MIN)
		return CONNECTIONS_MIN;
	return n < CONNECTIONS_MAX ? n : CONNECTIONS_MAX;
}

static struct MHD_Daemon *start_daemon(struct http *h, const struct listener *l)
{
	unsigned threads = THREADS / h->nlisteners, limit = connection_limit(h);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, h },
		{ MHD_OPTION_LISTEN_SOCKET, l->fd, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, limit, NULL },
		/* All scrapes may come from one address (a proxy, a forwarded port), so this only
		 * keeps a part for the others. */
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, limit - limit / 4, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_LIMIT, NULL },
		/* A pool of one is no pool. */
		{ threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0,
				NULL, NULL, on_request, h, MHD_OPTION_ARRAY, options,
				MHD_OPTION_END);
}

int http__bind(const struct web_config *c, struct http **out, char **error)
{
	struct http *h = xcalloc(1, sizeof(*h));
	pthread_condattr_t attr;
	int err;

	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->idle, &attr);
	pthread_condattr_destroy(&attr);
	h->max_requests = c->max_requests;

	err = sockets__open(c, &h->listeners, &h->nlisteners, error);
	if (err) {
		http__free(h);
		return err;
	}
	*out = h;
	return 0;
}

int http__start(struct http *h, const struct http_route *routes, void *ctx, char **error)
{
	h->routes = routes;
	h->ctx = ctx;
	h->daemons = xcalloc(h->nlisteners, sizeof(h->daemons[0]));
	for (size_t i = 0; i < h->nlisteners; i++) {
		errno = 0;
		h->daemons[i] = start_daemon(h, &h->listeners[i]);
		if (!h->daemons[i]) {
			int err = errno ? -errno : -EIO;

			*error = xasprintf("cannot serve on %s: %s. --log.level=debug tells more",
					   h->listeners[i].name, strerror(-err));
			return err;
		}
		log_info("listening on %s", h->listeners[i].name);
	}
	return 0;
}

int http__port(const struct http *h, size_t i)
{
	return h->listeners[i].port;
}

static void wait_until_idle(struct http *h)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += DRAIN_SECONDS;
	pthread_mutex_lock(&h->lock);
	while (h->active && pthread_cond_timedwait(&h->idle, &h->lock, &end) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&h->lock);
}

void http__free(struct http *h)
{
	bool serving = false;

	if (!h)
		return;
	for (size_t i = 0; h->daemons && i < h->nlisteners; i++) {
		if (!h->daemons[i])
			continue;
		serving = true;
		/* Hands the socket back; a daemon that will not has it closed by stopping. */
		if (MHD_quiesce_daemon(h->daemons[i]) == MHD_INVALID_SOCKET)
			h->listeners[i].fd = -1;
	}
	if (serving)
		wait_until_idle(h);
	for (size_t i = 0; h->daemons && i < h->nlisteners; i++)
		if (h->daemons[i])
			MHD_stop_daemon(h->daemons[i]);
	sockets__close(h->listeners, h->nlisteners);
	free(h->daemons);
	pthread_cond_destroy(&h->idle);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
