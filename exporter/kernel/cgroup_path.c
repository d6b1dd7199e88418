/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/cgroup_path.h"

#include "base/util.h"

#define CONTAINER_DIGITS 64
#define TASK_DIGITS	 32 /* of an ECS task, or the hash of a static pod's file */
#define NUMBER_DIGITS	 10
#define UID_CHARACTERS	 36

static size_t hex_digits(const char *s)
{
	return strspn(s, "0123456789abcdef");
}

/* Whether a part of a path ends here, apart from a unit's suffix. */
static bool ends(char c)
{
	return !c || strchr("./:", c);
}

/* The length of the container id at s; 0: none. */
static size_t id_length(const char *s)
{
	size_t n = hex_digits(s), number;

	if (n == CONTAINER_DIGITS && ends(s[n]))
		return n;
	/* AWS Fargate: TASK-NUMBER */
	if (n != TASK_DIGITS || s[n] != '-')
		return 0;
	number = strspn(s + n + 1, "0123456789");
	n += 1 + number;
	return number && number <= NUMBER_DIGITS && ends(s[n]) ? n : 0;
}

/* The prefixes that runtimes put before the id, and the schemes of Kubernetes. Prefixes with ':'
 * are in systemd's notation, from runtimes that do not use systemd. */
static const struct {
	const char *prefix, *scheme;
} runtimes[] = {
	{ "cri-containerd-", "containerd://" },
	{ "cri-containerd:", "containerd://" },
	{ "nerdctl-", "containerd://" },
	{ "docker-", "docker://" },
	{ "docker:", "docker://" },
	{ "crio-", "cri-o://" },
	{ "crio:", "cri-o://" },
	{ "libpod-", "libpod://" },
	{ "", "" },
};

static char *named_container(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		size_t skip = strlen(runtimes[i].prefix), len;

		if (strncmp(s, runtimes[i].prefix, skip))
			continue;
		len = id_length(s + skip);
		if (len)
			return xasprintf("%s%.*s", runtimes[i].scheme, (int)len, s + skip);
	}
	return NULL;
}

/* "SLICE:cri-containerd:ID" is one part. */
static char *container_at(const char *s)
{
	size_t before = strcspn(s, "/:");
	char *found = named_container(s);

	return found || s[before] != ':' ? found : named_container(s + before + 1);
}

/* The last result of find() at the start of the path's parts, or "". */
static char *last_in(const char *path, const char *separators, char *(*find)(const char *s))
{
	char *last = NULL;

	for (const char *p = path; *p; p += strcspn(p, separators)) {
		char *found;

		p += strchr(separators, *p) != NULL;
		found = find(p);
		if (!found)
			continue;
		free(last);
		last = found;
	}
	return last ? last : xstrdup("");
}

char *cgroup_path__container_id(const char *path)
{
	return last_in(path, "/", container_at);
}

/* 8-4-4-4-12 digits; with '_' instead of '-', as '-' has a meaning in names of slices. */
static bool is_uid(const char *s)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (hex_digits(s) != groups[i])
			return false;
		s += groups[i];
		if (i + 1 < ARRAY_SIZE(groups) && *s != '-' && *s != '_')
			return false;
		s += i + 1 < ARRAY_SIZE(groups);
	}
	return ends(*s);
}

/* "pod12345678_1234_...", after kubepods-burstable- or on its own. */
static char *pod_at(const char *s)
{
	char *text;

	if (strncmp(s, "pod", 3))
		return NULL;
	s += 3;
	if (hex_digits(s) == TASK_DIGITS && ends(s[TASK_DIGITS]))
		return xstrndup(s, TASK_DIGITS);
	if (!is_uid(s))
		return NULL;
	text = xstrndup(s, UID_CHARACTERS);
	for (char *c = text; *c; c++)
		*c = *c == '_' ? '-' : *c;
	return text;
}

char *cgroup_path__pod_uid(const char *path)
{
	return last_in(path, "/-", pod_at);
}
