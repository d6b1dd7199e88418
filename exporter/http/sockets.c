/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses mean the same as to exporters written in Go: ":port" and "[::]:port" are all addresses
 * of both protocols, and a host name is its first address, IPv4 before IPv6. Sockets listen as soon
 * as they are bound: under SO_REUSEADDR, a second socket could be bound to the same port otherwise.
 * Clients that connect before the server runs wait.
 */
#include "http/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/log.h"

#define BACKLOG 128

/* ---- addresses ------------------------------------------------------------------------------- */

struct host_port {
	char *host; /* "" for every address */
	char *port;
};

static void host_port__free(struct host_port *hp)
{
	free(hp->host);
	free(hp->port);
}

#define __cleanup_host_port __attribute__((cleanup(host_port__free)))

static int split_address(const char *address, struct host_port *out, char **error)
{
	const char *colon = strrchr(address, ':'), *end;

	if (!colon || !colon[1])
		return error__refuse(error,
				     "--web.listen-address: %s has no port: write host:port, "
				     "[v6]:port or :port",
				     address);
	if (*address == '[') {
		end = strchr(address, ']');
		if (!end || end + 1 != colon)
			return error__refuse(error,
					     "--web.listen-address: %s: write an IPv6 address as "
					     "[v6]:port",
					     address);
		out->host = xstrndup(address + 1, end - address - 1);
	} else if (memchr(address, ':', colon - address)) {
		return error__refuse(error,
				     "--web.listen-address: %s has too many colons: write an IPv6 "
				     "address as [v6]:port",
				     address);
	} else {
		out->host = xstrndup(address, colon - address);
	}
	out->port = xstrdup(colon + 1);
	return 0;
}

static char *socket_name(const struct sockaddr_storage *ss, socklen_t len, uint16_t *port)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)ss;
	char host[NI_MAXHOST], service[NI_MAXSERV];

	*port = 0;
	if (ss->ss_family == AF_UNIX)
		return xasprintf("unix:%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path)),
				 un->sun_path);
	if (getnameinfo((const struct sockaddr *)ss, len, host, sizeof(host), service,
			sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV))
		return xstrdup("unknown address");
	*port = (uint16_t)strtoul(service, NULL, 10);
	return xasprintf(ss->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

static void add_listener(struct listener **v, size_t *n, int fd)
{
	struct listener *l = array__grow(v, n, sizeof(*l));
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	l->fd = fd;
	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		len = 0;
	l->name = socket_name(&ss, len, &l->port);
}

/* A listening socket, or a negative errno. */
static int listen_on(const struct addrinfo *ai)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ai->ai_addr;
	__cleanup_close int fd =
		socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, only, ret;

	if (fd < 0)
		return -errno;
	/* Otherwise a restart must wait for old connections to time out. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		return -errno;
	if (ai->ai_family == AF_INET6) {
		only = !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)))
			return -errno;
	}
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG))
		return -errno;
	ret = fd;
	fd = -1;
	return ret;
}

/* No IPv6 in the kernel, or none configured. */
static bool is_family_missing(int err)
{
	return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL || err == -EPFNOSUPPORT;
}

static int listen_on_any(const struct addrinfo *list, int first, int second)
{
	const int order[] = { first, second };
	int err = -EAFNOSUPPORT;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
			if (ai->ai_family != order[i])
				continue;
			err = listen_on(ai);
			if (!is_family_missing(err))
				return err;
		}
	}
	return err;
}

static char *describe_failure(const char *address, int err)
{
	switch (err) {
	case -EADDRINUSE:
		return xasprintf("cannot listen on %s: the address is in use. Is another exporter "
				 "running? Stop it, or choose another --web.listen-address",
				 address);
	case -EACCES:
		return xasprintf("cannot listen on %s: permission denied. Choose a port above 1023 "
				 "with --web.listen-address",
				 address);
	case -EADDRNOTAVAIL:
		return xasprintf("cannot listen on %s: this machine does not have the address. "
				 "Choose another --web.listen-address; :port listens on all",
				 address);
	default:
		return xasprintf("cannot listen on %s: %s. Choose another --web.listen-address",
				 address, strerror(-err));
	}
}

/* Errors of the address itself, not of name resolution: that may not work yet at boot. */
static bool is_of_the_name(int err)
{
	return err == EAI_NONAME || err == EAI_SERVICE || err == EAI_FAMILY ||
	       err == EAI_SOCKTYPE || err == EAI_BADFLAGS;
}

static enum fault open_address(const char *address, struct listener **v, size_t *n, char **error)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	__cleanup_host_port struct host_port hp = { 0 };
	struct addrinfo *list;
	int err, fd;
	bool any;

	if (split_address(address, &hp, error))
		return FAULT_CONFIG;
	any = !*hp.host;
	err = getaddrinfo(any ? NULL : hp.host, hp.port, &hints, &list);
	if (err) {
		*error =
			xasprintf("--web.listen-address: %s: %s. Write host:port, [v6]:port or "
				  ":port",
				  address, err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
		return is_of_the_name(err) ? FAULT_CONFIG : FAULT_MACHINE;
	}

	/* The IPv6 wildcard serves both protocols. */
	fd = any ? listen_on_any(list, AF_INET6, AF_INET) : listen_on_any(list, AF_INET, AF_INET6);
	freeaddrinfo(list);
	if (fd < 0) {
		*error = describe_failure(address, fd);
		return FAULT_MACHINE;
	}
	add_listener(v, n, fd);
	return FAULT_NONE;
}

/* ---- systemd: sd_listen_fds(3) --------------------------------------------------------------- */

#define SD_FIRST_FD 3

static bool env_number(const char *name, long *out)
{
	const char *s = getenv(name);
	char *end;

	if (!s || !*s)
		return false;
	errno = 0;
	*out = strtol(s, &end, 10);
	return !errno && !*end;
}

static bool is_listening_stream(int fd)
{
	int type = 0, listening = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM)
		return false;
	len = sizeof(listening);
	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening;
}

static enum fault open_systemd(struct listener **v, size_t *n, char **error)
{
	long pid, count;

	if (!env_number("LISTEN_PID", &pid) || pid != getpid() ||
	    !env_number("LISTEN_FDS", &count) || count < 1 || count > INT16_MAX)
		return fault__set(error, FAULT_CONFIG,
				  "--web.systemd-socket: systemd passed no sockets: start the "
				  "exporter by its .socket unit, or drop the flag");
	/* Children must not inherit the sockets or the variables. */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");

	for (int fd = SD_FIRST_FD; fd < SD_FIRST_FD + count; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (!is_listening_stream(fd))
			return fault__set(
				error, FAULT_CONFIG,
				"--web.systemd-socket: descriptor %d is not a listening "
				"stream socket: the unit needs ListenStream= and Accept=no",
				fd);
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC))
			return fault__set(error, FAULT_MACHINE,
					  "--web.systemd-socket: descriptor %d: %s", fd,
					  strerror(errno));
		add_listener(v, n, fd);
	}
	return FAULT_NONE;
}

/* ---- all of them ----------------------------------------------------------------------------- */

enum fault sockets__open(const struct web_config *c, struct listener **out, size_t *n, char **error)
{
	struct listener *v = NULL;
	size_t nv = 0;
	enum fault fault = FAULT_NONE;

	if (c->systemd_socket)
		fault = open_systemd(&v, &nv, error);
	for (size_t i = 0; !c->systemd_socket && !fault && i < c->nlisten; i++)
		fault = open_address(c->listen[i], &v, &nv, error);
	if (fault) {
		sockets__close(v, nv);
		return fault;
	}
	*out = v;
	*n = nv;
	return FAULT_NONE;
}

/* A Unix socket that is shut down keeps its listening state, but poll() reports it. */
static bool is_shut_down(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP);
}

static int mend(const struct listener *l)
{
	if (!is_listening_stream(l->fd) && listen(l->fd, BACKLOG))
		return -errno;
	return is_shut_down(l->fd) ? -ESHUTDOWN : 0;
}

int sockets__mend(struct listener *v, size_t n)
{
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		bool was_broken = v[i].is_broken;
		int err;

		if (is_listening_stream(v[i].fd) && !is_shut_down(v[i].fd))
			continue;
		err = mend(&v[i]);
		v[i].is_broken = err;
		if (!err)
			log_warn("%s had stopped listening and listens again", v[i].name);
		else if (!was_broken)
			log_error("%s has stopped listening: %s. Restart the exporter and its "
				  ".socket "
				  "unit",
				  v[i].name, strerror(-err));
		ret = err ? err : ret;
	}
	return ret;
}

void sockets__close(struct listener *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].fd >= 0)
			close(v[i].fd);
		free(v[i].name);
	}
	free(v);
}
