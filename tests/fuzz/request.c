/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The target of a GET, absolute or after "/metrics", then the values of headers, one per line. A
 * server on the loopback interface receives them through libmicrohttpd.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fuzz.h"
#include "http/http.h"
#include "expose/metrics.h"

static void handle(void *ctx, const struct http_request *req, struct http_response *res)
{
	struct metrics_input in = { .functions = req->functions, .nfunctions = req->nfunctions };

	fuzz__check(req->timeout >= 0);
	if (req->nfunctions)
		metrics_input__wants(&in, "vfs_read");
	for (size_t i = 0; i < req->nfunctions; i++)
		fuzz__check(metrics_input__wants(&in, req->functions[i]));
	for (int i = 0; i < 400; i++)
		buf__puts(&res->body, "so that it is compressed\n");
	res->compressible = true;
}

static int server_port(void)
{
	static const struct http_route routes[] = { { "/metrics", handle, HTTP_READ, HTTP_SCRAPE },
						    {} };
	static char *listen[] = { "127.0.0.1:0" };
	static struct http *h;
	struct web_config web = { .listen = listen, .nlisten = 1, .max_requests = 4 };
	char *error = NULL;

	if (!h)
		fuzz__check(!http__bind(&web, &h, &error) && !http__start(h, routes, NULL, &error));
	return http__port(h, 0);
}

/* A newline ends a header, and a blank ends the target. */
static void put_line(struct buf *b, const char **data, size_t *len, bool blanks)
{
	__cleanup_free char *line = fuzz__line(data, len);

	for (char *p = line; p && *p; p++)
		buf__putc(b, *p == '\r' || (!blanks && *p == ' ') ? '_' : *p);
}

/* libFuzzer uses a timer. */
static ssize_t receive(int fd, char *to, size_t size)
{
	ssize_t n;

	do
		n = recv(fd, to, size, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

void fuzz__input(const char *data, size_t len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(server_port()) };
	const struct linger reset = { .l_onoff = 1 };
	const struct timeval limit = { .tv_sec = 60 };
	__cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	__cleanup_buf struct buf b = {};
	char answer[65536];
	ssize_t n;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	fuzz__check(!connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	buf__puts(&b, len && *data == 'h' ? "GET " : "GET /metrics");
	put_line(&b, &data, &len, false);
	buf__puts(&b, " HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept-Encoding: ");
	put_line(&b, &data, &len, true);
	buf__puts(&b, "\r\nX-Prometheus-Scrape-Timeout-Seconds: ");
	put_line(&b, &data, &len, true);
	buf__puts(&b, "\r\n\r\n");
	fuzz__check(send(fd, b.data, b.len, MSG_NOSIGNAL) == (ssize_t)b.len);
	/* Reads an answer to its end, unless the library closes the connection. */
	n = receive(fd, answer, sizeof(answer));
	fuzz__check(n <= 0 || (n > 12 && !memcmp(answer, "HTTP/1.", 7) && answer[9] != '5'));
	while (n > 0)
		n = receive(fd, answer, sizeof(answer));
	fuzz__check(!n || errno == ECONNRESET);
}
