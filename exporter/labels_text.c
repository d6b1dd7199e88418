/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a label shows. Numbers of things that have names are looked up within a second or so after
 * the label set is first met, and keep that name: a cgroup may be gone by the time that its calls
 * are asked for.
 */
#include <fcntl.h>
#include <unistd.h>

#include "cgroupfs.h"
#include "labels.h"

#define FILEID_KERNFS  0xfe /* include/linux/exportfs.h; user space may make such handles */
#define CONTAINER_ID   64   /* hexadecimal digits */
#define UID_CHARACTERS 36

struct ksym_addr {
	uint64_t addr;
	char *name;
};

struct label_namer {
	char *cgroup_root; /* NULL: there is none */
	int cgroups;	   /* descriptor of it; -1: not open */
	struct ksym_addr *ksyms;
	size_t nksyms;
	bool ksyms_tried;
};

struct label_namer *label_namer__new(void)
{
	struct label_namer *n = xcalloc(1, sizeof(*n));

	n->cgroup_root = cgroupfs__mount_point();
	n->cgroups = n->cgroup_root ? open(n->cgroup_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return n;
}

void label_namer__free(struct label_namer *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->nksyms; i++)
		free(n->ksyms[i].name);
	free(n->ksyms);
	free(n->cgroup_root);
	cleanup__close(&n->cgroups);
	free(n);
}

/* ---- cgroups ------------------------------------------------------------------------------- */

/* A cgroup's id is what its file handle holds. */
static char *cgroup_path(const struct label_namer *n, uint64_t id)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	size_t root = n->cgroup_root ? strlen(n->cgroup_root) : 0;
	char link[64], path[4352];
	__cleanup_close int fd = -1;
	ssize_t len;

	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = n->cgroups < 0 ? -1 : open_by_handle_at(n->cgroups, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < (ssize_t)root || strncmp(path, n->cgroup_root, root))
		return NULL;
	path[len] = '\0';
	return xstrdup(path[root] ? path + root : "/");
}

static char *cgroup_text(const struct label_namer *n, enum label_part part, uint64_t id)
{
	__cleanup_free char *path = cgroup_path(n, id);

	switch (part) {
	case LABEL_CONTAINER_ID:
		return cgroup_path__container_id(path ? path : "");
	case LABEL_POD_UID:
		return cgroup_path__pod_uid(path ? path : "");
	default:
		return path ? xstrdup(path) : xasprintf("cgroup:%llu", (unsigned long long)id);
	}
}

static bool is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

/* As the runtimes name cgroups, and what Kubernetes puts before the id. */
static const struct {
	const char *prefix, *scheme;
} runtimes[] = {
	{ "cri-containerd-", "containerd://" },
	{ "docker-", "docker://" },
	{ "crio-", "cri-o://" },
	{ "libpod-", "libpod://" },
	{ "", "" },
};

char *cgroup_path__container_id(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
			size_t len = strlen(runtimes[i].prefix);
			const char *id = p + len;

			if (strncmp(p, runtimes[i].prefix, len) || !is_hex(id, CONTAINER_ID))
				continue;
			if (id[CONTAINER_ID] && !strchr("./", id[CONTAINER_ID]))
				continue;
			return xasprintf("%s%.*s", runtimes[i].scheme, CONTAINER_ID, id);
		}
	}
	return xstrdup("");
}

/* ".../kubepods-burstable-pod12345678_1234_....slice/..." or ".../pod12345678-1234-.../..." */
char *cgroup_path__pod_uid(const char *path)
{
	for (const char *p = strstr(path, "pod"); p; p = strstr(p + 1, "pod")) {
		const char *uid = p + 3;
		char *text;

		if (strspn(uid, "0123456789abcdef-_") < UID_CHARACTERS ||
		    (p != path && p[-1] != '-' && p[-1] != '/'))
			continue;
		text = xstrndup(uid, UID_CHARACTERS);
		for (char *c = text; *c; c++)
			*c = *c == '_' ? '-' : *c;
		return text;
	}
	return xstrdup("");
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int by_addr(const void *a, const void *b)
{
	const struct ksym_addr *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void read_ksyms(struct label_namer *n)
{
	__cleanup_fclose FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long addr;
	char line[512], name[256], type;

	n->ksyms_tried = true;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %c %255s", &addr, &type, name) != 3 || !addr ||
		    !strchr("tTwW", type))
			continue;
		*(struct ksym_addr *)array__grow(&n->ksyms, &n->nksyms, sizeof(*n->ksyms)) =
			(struct ksym_addr){ addr, xstrdup(name) };
	}
	qsort(n->ksyms, n->nksyms, sizeof(*n->ksyms), by_addr);
}

#define FUNCTION_MAX (1 << 20) /* what is further from a symbol is not in its function */

static char *pointer_text(struct label_namer *n, uint64_t v)
{
	size_t lo = 0, hi;

	if (!v)
		return xstrdup("NULL");
	if (!n->ksyms_tried)
		read_ksyms(n);
	hi = n->nksyms;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (n->ksyms[mid].addr <= v)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || v - n->ksyms[lo - 1].addr >= FUNCTION_MAX)
		return xasprintf("0x%llx", (unsigned long long)v);
	v -= n->ksyms[lo - 1].addr;
	return v ? xasprintf("%s+0x%llx", n->ksyms[lo - 1].name, (unsigned long long)v)
		 : xstrdup(n->ksyms[lo - 1].name);
}

/* ---- values ---------------------------------------------------------------------------------- */

static char *enum_text(const struct extra_label *label, int64_t v)
{
	for (size_t i = 0; i < label->nenumerators; i++)
		if (label->enumerators[i].value == v)
			return xstrdup(label->enumerators[i].name);
	return xasprintf("%lld", (long long)v);
}

static char *number_text(struct label_namer *n, const struct extra_label *label, uint64_t v)
{
	switch (label->format) {
	case EXPR_SIGNED:
		return xasprintf("%lld", (long long)v);
	case EXPR_BOOL:
		return xstrdup(v ? "true" : "false");
	case EXPR_ENUM:
		return enum_text(label, (int64_t)v);
	case EXPR_POINTER:
		return pointer_text(n, v);
	case EXPR_CGROUP:
		return cgroup_text(n, label->part, v);
	default:
		return xasprintf("%llu", (unsigned long long)v);
	}
}

/* In the key's own words. */
static char *text_of(struct label_namer *n, const struct extra_label *label,
		     const struct rp_label_key *key)
{
	switch (label->place) {
	case LABEL_COMM:
		return xstrndup(key->comm, strnlen(key->comm, sizeof(key->comm)));
	case LABEL_TEXT:
		if (key->failed & 1U << (RP_NUMBERS + label->index))
			return xstrdup("?");
		return xstrndup(key->text[label->index],
				strnlen(key->text[label->index], RP_TEXT_SIZE));
	default:
		if (key->failed & 1U << label->index)
			return xstrdup("?");
		return number_text(n, label, key->number[label->index]);
	}
}

/* As formats spell what is no UTF-8, so that texts which look the same are the same. */
static char *spell(const char *text)
{
	__cleanup_buf struct buf b = {};
	size_t left = strlen(text);

	while (left) {
		size_t n = utf8__sequence(text, left);

		if (n)
			buf__append(&b, text, n);
		else
			buf__printf(&b, "\\x%02x", (unsigned char)*text);
		n += !n;
		text += n;
		left -= n;
	}
	return xstrndup(b.data ? b.data : "", b.len);
}

char *label_namer__text(struct label_namer *n, const struct extra_label *label,
			const struct rp_label_key *key)
{
	__cleanup_free char *text = text_of(n, label, key);

	return spell(text);
}
