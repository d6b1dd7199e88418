/* SPDX-License-Identifier: GPL-2.0-only */
#include "http/requests.h"

#include <math.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "base/self.h"
#include "http/accept.h"
#include "http/refuse.h"
#include "http/response.h"
#include "http/target.h"

#define NOSNIFF	     "X-Content-Type-Options"
#define UPLOAD_MAX   (1024 * 1024) /* read and ignored; a longer body ends the connection */
#define COMPRESS_MIN 1024
#define TIMEOUT_MAX  3600.0 /* seconds; longer timeouts count as this */

/* From the first byte of a request's headers to the last byte of its answer. */
struct request {
	struct http_requests *http;
	struct http_loop *loop;
	struct MHD_Connection *c;
	struct connection *connection;
	size_t uploaded;
	bool entered; /* the web configuration has admitted or refused it */
	int refused;  /* the status that the web configuration, target or framing ask for; 0 */
	const void *target;    /* context from http_target__on_uri() */
	const char *malformed; /* why, static; the connection is closed after the answer */
	struct web_visit visit;

	struct http_held held;
	const struct http_route *route;
	struct http_request asked;
	struct buf functions; /* storage of asked.functions */
	bool gzip;	      /* accepted */
	struct http_job job;
	bool answered; /* res is complete */
	struct http_response res;
	const char *allow; /* header, or NULL */
};

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

static const struct http_route *find_route(const struct http_requests *h, const char *path)
{
	for (const struct http_route *r = h->routes; r->path; r++)
		if (!strcmp(r->path, path))
			return r;
	return NULL;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static struct http_loop *loop_of(struct http_requests *h, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_DAEMON);
	struct http_loop *l = h->loops;

	while (l->daemon != info->daemon)
		l++;
	return l;
}

static struct request *begin_request(struct http_requests *h, struct MHD_Connection *c,
				     const char *url, const char *method, const char *version,
				     void **con_cls)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->http = h;
	r->loop = loop_of(h, c);
	r->c = c;
	r->target = *con_cls;
	r->refused = http_target__refuse(r->target, url, method, &r->malformed);
	if (!r->refused)
		r->refused = http_refuse__framing(c, version, &r->malformed);
	r->connection = connection_of(c);
	connections__busy(&h->connections, r->connection);
	pthread_mutex_lock(&h->lock);
	h->active++;
	pthread_mutex_unlock(&h->lock);
	*con_cls = r;
	return r;
}

void http_requests__on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
				 enum MHD_RequestTerminationCode why)
{
	struct request *r = *con_cls;
	struct http_requests *h = cls;

	if (!r || http_target__is_context(r))
		return;
	http_limits__give_back(&h->limits, &r->held);
	pthread_mutex_lock(&h->lock);
	h->active--;
	pthread_mutex_unlock(&h->lock);
	connections__idle(&h->connections, r->connection);
	web_visit__end(&r->visit);
	buf__free(&r->res.body);
	buf__free(&r->functions);
	free(r);
	*con_cls = NULL;
}

/* ---- requests -------------------------------------------------------------------------------- */

static double parse_timeout(const char *s)
{
	double v = s ? strtod(s, NULL) : 0;

	if (!isfinite(v) || v <= 0)
		return 0;
	return v < TIMEOUT_MAX ? v : TIMEOUT_MAX;
}

static mhd_result collect_function(void *cls, enum MHD_ValueKind kind, const char *key,
				   size_t key_size, const char *value, size_t value_size)
{
	if (strcmp(key, "function[]") && strcmp(key, "function"))
		return MHD_YES;
	/* Matches no function, but still is a filter. */
	if (!value || strlen(value) != value_size)
		value = "";
	buf__append(cls, &value, sizeof(value));
	return MHD_YES;
}

/* Fills r->asked. It points into the library's memory, which lives as long as the request. */
static void read_request(struct request *r)
{
	struct MHD_Connection *c = r->c;

	r->gzip = accept__gzip(mhd_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	r->asked = (struct http_request){
		.path = r->route->path,
		.accept = mhd_header(c, MHD_HTTP_HEADER_ACCEPT),
		.timeout = parse_timeout(mhd_header(c, "X-Prometheus-Scrape-Timeout-Seconds")),
		.arrived = monotonic_seconds(),
	};
	MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, collect_function, &r->functions);
	r->asked.limit = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "limit");
	r->asked.functions = (const char *const *)r->functions.data;
	r->asked.nfunctions = r->functions.len / sizeof(r->asked.functions[0]);
}

static void make_answer(struct request *r)
{
	struct http_response *res = &r->res;

	if (r->functions.failed)
		res->body.failed = true;
	else
		r->route->handle(r->http->ctx, &r->asked, res);
	if (res->body.failed)
		http_response__text(res, MHD_HTTP_INTERNAL_SERVER_ERROR,
				    "Out of memory while making the response.");
	res->compressed = res->compressible && r->gzip && res->body.len > COMPRESS_MIN &&
			  http_body__gzip(&res->body);
	if (r->held.kind != HTTP_SMALL)
		http_limits__charge(&r->http->limits, &r->held, res);
}

/* In a worker. A scrape takes its place only now: while it waits for a worker it holds nothing, so
 * bursts are not refused. The request may be gone once its connection is resumed. */
static void run_job(struct http_job *job, bool dropped)
{
	struct request *r = (struct request *)((char *)job - offsetof(struct request, job));

	if (dropped)
		http_response__text(&r->res, MHD_HTTP_SERVICE_UNAVAILABLE,
				    "This server is stopping, try again.");
	else if (r->held.kind == HTTP_CHANGE ||
		 http_limits__take(&r->http->limits, &r->held, r->route->kind, &r->res))
		make_answer(r);
	r->answered = true;
	http_loop__resume(r->loop, r->c);
}

static void submit(struct http_requests *h, struct request *r)
{
	struct http_workers *w = r->route->kind == HTTP_CHANGE ? &h->changers : &h->readers;

	r->job.run = run_job;
	/* Before submitting: the job may end first. */
	MHD_suspend_connection(r->c);
	if (!http_workers__submit(w, &r->job))
		run_job(&r->job, true);
}

/* ---- responses ------------------------------------------------------------------------------- */

static void add_configured_headers(struct MHD_Response *mr, const struct web_visit *v)
{
	const char *name, *value;

	for (size_t i = 0; web_visit__header(v, i, &name, &value); i++)
		if (strcmp(name, NOSNIFF)) /* always sent */
			MHD_add_response_header(mr, name, value);
}

/* A client on a kept connection must reconnect, to the new server. */
static bool is_last(struct http_requests *h)
{
	bool quiesced;

	pthread_mutex_lock(&h->lock);
	quiesced = h->quiesced;
	pthread_mutex_unlock(&h->lock);
	return quiesced;
}

static void add_number(struct MHD_Response *mr, const char *name, unsigned value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	MHD_add_response_header(mr, name, text);
}

static mhd_result send_response(struct http_requests *h, struct request *r)
{
	struct http_response *res = &r->res;
	struct MHD_Response *mr = MHD_create_response_from_buffer_with_free_callback(
		res->body.len, res->body.data, free);
	mhd_result ret;

	if (!mr)
		return MHD_NO;
	res->body = (struct buf){ 0 }; /* mr owns it */
	MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_TYPE, res->content_type);
	MHD_add_response_header(mr, NOSNIFF, "nosniff");
	add_configured_headers(mr, &r->visit);
	if (res->code == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic");
	if (res->vary)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_VARY, res->vary);
	if (res->compressed)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (res->retry_after)
		add_number(mr, MHD_HTTP_HEADER_RETRY_AFTER, res->retry_after);
	if (r->allow)
		MHD_add_response_header(mr, MHD_HTTP_HEADER_ALLOW, r->allow);
	if (r->malformed || is_last(h))
		MHD_add_response_header(mr, MHD_HTTP_HEADER_CONNECTION, "close");
	ret = MHD_queue_response(r->c, res->code, mr);
	MHD_destroy_response(mr);
	if (ret == MHD_YES)
		self__count_request(res->code);
	return ret;
}

static void refuse_method(struct request *r, enum http_methods methods)
{
	r->allow = method_sets[methods].allow;
	http_response__text(&r->res, MHD_HTTP_METHOD_NOT_ALLOWED,
			    "405 method not allowed: this path answers to %s", r->allow);
}

/* Sends the answer, or passes the request to a worker, which owns it then. */
static mhd_result answer(struct http_requests *h, struct request *r, const char *url,
			 const char *method)
{
	const struct http_route *route = r->route =
		find_route(h, http_target__path(r->target, url));
	struct http_response *res = &r->res;
	bool suspended = false;

	*res = (struct http_response){ .code = MHD_HTTP_OK, .content_type = TEXT_PLAIN };
	if (r->refused) {
		http_response__text(res, r->refused, "%s",
				    r->malformed ? r->malformed : web__reason(r->refused));
	} else if (http_target__is_servers(url, method)) {
		refuse_method(r, HTTP_READ);
	} else if (!route) {
		http_response__text(res, MHD_HTTP_NOT_FOUND, "404 page not found");
	} else if (!method_allowed(route, method)) {
		refuse_method(r, route->methods);
	} else if (route->methods == HTTP_WRITE && http_refuse__is_cross_site(r->c)) {
		http_response__text(res, MHD_HTTP_FORBIDDEN,
				    "Requests from the pages of other sites are refused.");
	} else if (route->kind != HTTP_CHANGE ||
		   http_limits__take(&h->limits, &r->held, HTTP_CHANGE, res)) {
		read_request(r);
		suspended = route->kind != HTTP_SMALL;
		if (suspended)
			submit(h, r);
		else
			make_answer(r);
	}
	return suspended ? MHD_YES : send_response(h, r);
}

/* ---- the web configuration ------------------------------------------------------------------- */

/* Identifies a peer: an IPv4 address, or the /64 network of an IPv6 address. */
static uint64_t peer_of(struct MHD_Connection *c)
{
	const struct sockaddr *sa =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	uint64_t id = 0;

	if (sa->sa_family == AF_INET) {
		id = ((const struct sockaddr_in *)sa)->sin_addr.s_addr;
	} else if (sa->sa_family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;

		memcpy(&id, &in6->s6_addr[IN6_IS_ADDR_V4MAPPED(in6) ? 8 : 0], sizeof(id));
	}
	return id;
}

/* Runs in another thread. The request may be gone once its connection is resumed. */
static void on_login(void *ctx, int refused)
{
	struct request *r = ctx;

	r->refused = refused;
	http_loop__resume(r->loop, r->c);
}

static mhd_result wait_for_login(struct http_requests *h, struct request *r)
{
	int refused;

	/* Before the call: on_login() may run before web__login() returns. */
	MHD_suspend_connection(r->c);
	refused = web__login(h->web, &r->visit, peer_of(r->c), on_login, r);
	if (refused)
		on_login(r, refused);
	return MHD_YES;
}

/* WEB_LOGIN, or the status to answer with, which r->refused has too; 0: admitted. */
static int enter(struct http_requests *h, struct request *r)
{
	const char *value = NULL;
	size_t len = 0;

	r->entered = true;
	if (!h->web)
		return 0;
	if (!MHD_lookup_connection_value_n(r->c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION,
					   strlen(MHD_HTTP_HEADER_AUTHORIZATION), &value, &len))
		value = NULL;
	r->refused = web__enter(h->web, &r->visit, value, len, peer_of(r->c));
	return r->refused;
}

mhd_result http_requests__on_request(void *cls, struct MHD_Connection *c, const char *url,
				     const char *method, const char *version, const char *upload,
				     size_t *upload_size, void **con_cls)
{
	struct request *r = *con_cls;

	/* The first call comes before the body. An answer here would make the library close the
	 * connection, so the body is read first, unless the framing leaves its end uncertain. */
	if (!r || http_target__is_context(r)) {
		r = begin_request(cls, c, url, method, version, con_cls);
		if (!r)
			return MHD_NO;
		return r->malformed ? answer(cls, r, url, method) : MHD_YES;
	}
	if (*upload_size) {
		r->uploaded += *upload_size;
		*upload_size = 0;
		return r->uploaded > UPLOAD_MAX ? MHD_NO : MHD_YES;
	}
	if (!r->entered && enter(cls, r) == WEB_LOGIN)
		return wait_for_login(cls, r);
	/* A resumed connection gets here again. Until then another thread owns the request. */
	if (r->answered)
		return send_response(cls, r);
	return answer(cls, r, url, method);
}
