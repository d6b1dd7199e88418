/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers are looked up within about a second after a label set appears, and keep that name: a
 * cgroup may be gone by the next scrape. If it is gone by then, removed_cgroups.h has its name.
 */
#include "labels/namer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "kernel/cgroup_path.h"
#include "kernel/cgroupfs.h"
#include "kernel/kallsyms.h"
#include "base/buf.h"
#include "base/log.h"
#include "kernel/module_list.h"
#include "kernel/value_names.h"
#include "labels/removed_cgroups.h"
#include "labels/user_callers.h"

#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h; user space may make such handles */

struct ksym_addr {
	uint64_t addr;
	char *name;
};

struct label_namer {
	char *proc;
	bool cgroups_tried;
	int cgroups;			 /* descriptor of the cgroup root; -1: not open */
	struct removed_cgroups *removed; /* NULL: not watched */
	struct ksym_addr *ksyms;
	size_t nksyms;
	uint64_t modules; /* those that the symbols are of */
	struct user_callers *user_callers;
};

struct label_namer *label_namer__new(const char *proc)
{
	struct label_namer *n = xcalloc(1, sizeof(*n));

	n->proc = xstrdup(proc);
	n->cgroups = -1;
	n->user_callers = user_callers__new(n->proc);
	return n;
}

static void forget_ksyms(struct label_namer *n)
{
	for (size_t i = 0; i < n->nksyms; i++)
		free(n->ksyms[i].name);
	free(take_ptr(n->ksyms));
	n->nksyms = 0;
}

void label_namer__free(struct label_namer *n)
{
	if (!n)
		return;
	forget_ksyms(n);
	removed_cgroups__free(n->removed);
	user_callers__free(n->user_callers);
	cleanup__close(&n->cgroups);
	free(n->proc);
	free(n);
}

/* ---- cgroups ------------------------------------------------------------------------------- */

static int open_cgroups(struct label_namer *n)
{
	if (n->cgroups_tried)
		return n->cgroups;
	n->cgroups_tried = true;
	n->cgroups = cgroupfs__open();
	if (n->cgroups >= 0 && !cgroupfs__is_whole(n->cgroups))
		log_warn("this cgroup namespace hides the cgroups of others: cgroup, container_id "
			 "and pod_uid are known of our own only; mount the host's /sys/fs/cgroup, "
			 "or run in the host's cgroup namespace");
	return n->cgroups;
}

/* A descriptor's path, without a final slash. NULL: unknown, or too long. */
static char *path_of(int fd)
{
	char link[64], path[4352];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	if (len <= 0 || len == sizeof(path))
		return NULL;
	return xstrndup(path, len - (path[len - 1] == '/'));
}

/* Paths of removed cgroups begin at the root of the hierarchy, so ours must do so, too. */
void label_namer__watch_cgroups(struct label_namer *n, struct object *obj)
{
	if (open_cgroups(n) >= 0 && cgroupfs__is_whole(n->cgroups))
		n->removed = removed_cgroups__watch(obj);
}

/* A cgroup's id is its file handle and its inode number. */
static int open_cgroup(struct label_namer *n, uint64_t id)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	int fd;

	if (open_cgroups(n) < 0)
		return -ENOENT;
	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(n->cgroups, &h.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The kernel shows the path of a cgroup outside our root as if it were the root of a file system.
 */
static char *path_below_root(struct label_namer *n, int cgroup, uint64_t id)
{
	__cleanup_free char *root = path_of(n->cgroups), *path = path_of(cgroup);
	size_t len = root ? strlen(root) : 0;
	struct stat st;

	if (!root || !path || strncmp(path, root, len))
		return NULL;
	if (path[len])
		return path[len] == '/' ? xstrdup(path + len) : NULL;
	return !fstat(n->cgroups, &st) && st.st_ino == id ? xstrdup("/") : NULL;
}

/* NULL: unknown. */
static char *cgroup_path(struct label_namer *n, uint64_t id)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };
	char *removed = removed_cgroups__path(n->removed, id);
	__cleanup_close int fd = removed ? -1 : open_cgroup(n, id);

	if (fd >= 0)
		return path_below_root(n, fd, id);
	/* The directory goes a moment before the tracepoint is reached. */
	if (fd == -ESTALE && n->removed) {
		nanosleep(&moment, NULL);
		removed = removed_cgroups__path(n->removed, id);
	}
	return removed;
}

static char *cgroup_text(struct label_namer *n, enum label_part part, uint64_t id)
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

/* ---- addresses ------------------------------------------------------------------------------- */

static int by_addr(const void *a, const void *b)
{
	const struct ksym_addr *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void read_ksyms(struct label_namer *n)
{
	__cleanup_free char *path = xasprintf("%s/kallsyms", n->proc);
	__cleanup_free char *text = NULL;
	struct kallsyms_line line;
	int err;

	forget_ksyms(n);
	err = file__read(AT_FDCWD, path, 0, &text, NULL);
	for (char *rest = text; !err && kallsyms__next(&rest, &line);) {
		if (line.addr && kallsyms__is_function(line.type))
			*(struct ksym_addr *)array__grow(&n->ksyms, &n->nksyms, sizeof(*n->ksyms)) =
				(struct ksym_addr){ line.addr, xstrdup(line.name) };
	}
	if (n->nksyms)
		qsort(n->ksyms, n->nksyms, sizeof(*n->ksyms), by_addr);
}

#define FUNCTION_MAX (1 << 20) /* an address further from a symbol is not in its function */

/* Symbols change when modules come and go. */
static void refresh_ksyms(struct label_namer *n)
{
	uint64_t modules = module_list__fingerprint(n->proc);

	if (modules != n->modules)
		read_ksyms(n);
	n->modules = modules;
}

/* The symbol at or before an address; NULL: it is in no function. */
static const struct ksym_addr *ksym_of(struct label_namer *n, uint64_t v)
{
	size_t lo = 0, hi;

	refresh_ksyms(n);
	hi = n->nksyms;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (n->ksyms[mid].addr <= v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && v - n->ksyms[lo - 1].addr < FUNCTION_MAX ? &n->ksyms[lo - 1] : NULL;
}

/* with_offset: how far behind the symbol. */
static char *pointer_text(struct label_namer *n, uint64_t v, bool with_offset)
{
	const struct ksym_addr *symbol = v ? ksym_of(n, v) : NULL;

	if (!v)
		return xstrdup("NULL");
	if (!symbol)
		return xasprintf("0x%llx", (unsigned long long)v);
	v -= symbol->addr;
	return v && with_offset ? xasprintf("%s+0x%llx", symbol->name, (unsigned long long)v)
				: xstrdup(symbol->name);
}

/* The function that made a call, given its return address: that of the next instruction, which may
 * belong to another function. Rarely executed parts of functions have names of their own. */
static char *caller_text(struct label_namer *n, uint64_t v)
{
	const struct ksym_addr *symbol = v ? ksym_of(n, v - 1) : NULL;
	const char *cold = symbol ? strstr(symbol->name, ".cold") : NULL;

	if (!symbol)
		return xstrdup("?");
	return xstrndup(symbol->name, cold ? (size_t)(cold - symbol->name) : strlen(symbol->name));
}

/* ---- values ---------------------------------------------------------------------------------- */

static char *enum_text(const struct capture_label *label, int64_t v)
{
	for (size_t i = 0; i < label->nenumerators; i++)
		if (label->enumerators[i].value == v)
			return xstrdup(label->enumerators[i].name);
	return xasprintf("%lld", (long long)v);
}

/* A number without a name remains a number. */
static char *named_text(enum value_names names, int64_t v)
{
	char *name = value_names__text(names, v);

	return name ? name : xasprintf("%lld", (long long)v);
}

/* "READ|WRITE|0x40": the enumerators of one bit, and the other bits. */
static char *flags_text(const struct capture_label *label, uint64_t v)
{
	__cleanup_buf struct buf b = {};
	const char *name;

	name = enumerators__name(label->enumerators, label->nenumerators, (int64_t)v);
	if (name)
		return xstrdup(name);
	for (int i = 0; i < 64; i++) {
		uint64_t bit = 1ULL << i;

		name = v & bit ? enumerators__name(label->enumerators, label->nenumerators,
						   (int64_t)bit)
			       : NULL;
		if (!name)
			continue;
		buf__printf(&b, "%s%s", b.len ? "|" : "", name);
		v -= bit;
	}
	if (v)
		buf__printf(&b, "%s0x%llx", b.len ? "|" : "", (unsigned long long)v);
	if (!b.len)
		buf__puts(&b, "0");
	return xstrdup(buf__str(&b));
}

static char *ip4_text(const void *address)
{
	char text[INET_ADDRSTRLEN];

	return xstrdup(inet_ntop(AF_INET, address, text, sizeof(text)));
}

/* An IPv4 address in an IPv6 socket is shown as everywhere else. */
static char *ip6_text(uint64_t first, uint64_t second)
{
	uint64_t words[] = { first, second };
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	memcpy(&address, words, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&address))
		return ip4_text(&address.s6_addr[12]);
	return xstrdup(inet_ntop(AF_INET6, &address, text, sizeof(text)));
}

static char *number_text(struct label_namer *n, const struct capture_label *label, uint64_t v)
{
	switch (label->format) {
	case EXPR_SIGNED:
		return xasprintf("%lld", (long long)v);
	case EXPR_BOOL:
		return xstrdup(v ? "true" : "false");
	case EXPR_ENUM:
		return enum_text(label, (int64_t)v);
	case EXPR_POINTER:
		return pointer_text(n, v, true);
	case EXPR_KSYM:
		return pointer_text(n, v, false);
	case EXPR_CALLER:
		return caller_text(n, v);
	case EXPR_HEX:
		return xasprintf("0x%llx", (unsigned long long)v);
	case EXPR_NAMED:
		return named_text(label->names, (int64_t)v);
	case EXPR_FLAGS:
		return flags_text(label, v);
	case EXPR_IP4:
		return ip4_text(&(uint32_t){ v });
	case EXPR_CGROUP:
		return cgroup_text(n, label->part, v);
	default:
		return xasprintf("%llu", (unsigned long long)v);
	}
}

/* As in the key, in any encoding. */
static char *text_of(struct label_namer *n, const struct capture_label *label,
		     const struct rp_label_key *key)
{
	const __u64 *at = &key->word[label->word];
	const char *text = (const char *)at;
	bool is_pair = label->format == EXPR_IP6 || label->format == EXPR_USER_CALLER;

	switch (label->place) {
	case LABEL_COMM:
		return xstrndup(text, strnlen(text, RP_COMM_SIZE));
	case LABEL_TEXT:
		if (key->failed & 1U << (RP_NUMBERS + label->index))
			return xstrdup("?");
		return xstrndup(text, strnlen(text, RP_TEXT_SIZE));
	default:
		if (key->failed & (1U << label->index | (is_pair ? 1U << label->second : 0)))
			return xstrdup("?");
		if (label->format == EXPR_USER_CALLER)
			return user_callers__text(n->user_callers, *at, key->word[label->second]);
		if (is_pair)
			return ip6_text(*at, key->word[label->second]);
		return number_text(n, label, *at);
	}
}

/* Escapes bytes that are not UTF-8 as the formats do, so that texts that look the same are equal.
 */
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

char *label_namer__cgroup(struct label_namer *n, enum label_part part, uint64_t id)
{
	__cleanup_free char *text = cgroup_text(n, part, id);

	return spell(text);
}

char *label_namer__text(struct label_namer *n, const struct capture_label *label,
			const struct rp_label_key *key)
{
	__cleanup_free char *text = text_of(n, label, key);

	return spell(text);
}
