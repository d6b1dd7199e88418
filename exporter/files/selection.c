/* SPDX-License-Identifier: GPL-2.0-only */
#include "files/selection.h"

#include <ctype.h>

#include "base/buf.h"

static const char *text(const char *s)
{
	return s ? s : "";
}

bool selection__same(const struct selection *a, const struct selection *b)
{
	return !strcmp(text(a->library), text(b->library)) &&
	       !strcmp(text(a->comm), text(b->comm)) &&
	       !strcmp(text(a->container), text(b->container)) &&
	       !strcmp(text(a->pod_uid), text(b->pod_uid)) && a->pid == b->pid;
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

struct selection selection__copy(const struct selection *s)
{
	return (struct selection){ copy(s->library), copy(s->comm), copy(s->container),
				   copy(s->pod_uid), s->pid };
}

void selection__free(struct selection *s)
{
	free(s->library);
	free(s->comm);
	free(s->container);
	free(s->pod_uid);
	*s = (struct selection){};
}

static void add(struct buf *b, const char *key, const char *value)
{
	if (value)
		buf__printf(b, "%s%s:%s", b->len ? "," : "", key, value);
}

char *selection__name(const struct selection *s)
{
	__cleanup_free char *pid = s->pid ? xasprintf("%d", s->pid) : NULL;
	__cleanup_buf struct buf b = {};

	if (s->library)
		return xstrdup(s->library);
	add(&b, "comm", s->comm);
	add(&b, "container", s->container);
	add(&b, "pod_uid", s->pod_uid);
	add(&b, "pid", pid);
	return xstrdup(buf__str(&b));
}

bool selection__names(const struct selection *s, const char *name)
{
	size_t len = strlen(s->library);

	if (strncmp(name, s->library, len))
		return false;
	name += len;
	return !*name || (*name == '.' && !name[strspn(name, ".0123456789")]);
}

bool selection__may_be(const struct selection *s, const char *file)
{
	const char *suffix = strstr(s->library, ".so");
	size_t len = suffix ? (size_t)(suffix - s->library) : 0;

	if (!len || strncmp(file, s->library, len))
		return false;
	file += len;
	return !isalnum((unsigned char)*file) && strncmp(file, ".so", 3) && strstr(file, ".so");
}

bool selection__is_container(const struct selection *s, const char *id)
{
	const char *scheme = strstr(id, "://");

	return !strncmp(scheme ? scheme + 3 : id, s->container, strlen(s->container));
}
