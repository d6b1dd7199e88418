/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of modules.dep: "kernel/fs/ext4/ext4.ko.xz: DEPENDENCIES"; of modules.builtin: paths. */
#include "kernel/module_list.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/strmap.h"

#define TEXT_MAX (64 << 20)

struct module_list {
	char **names;
	size_t n;
	struct strmap kinds; /* -> enum module_kind */
};

static void add(struct module_list *m, const char *name, size_t len, enum module_kind kind)
{
	char *own = xstrndup(name, len);
	bool added;

	for (char *p = own; *p; p++)
		if (*p == '-')
			*p = '_';
	strmap__put(&m->kinds, own, kind, &added);
	if (added)
		*(char **)array__grow(&m->names, &m->n, sizeof(*m->names)) = own;
	else
		free(own);
}

void module_list__add(struct module_list *m, char *text, enum module_kind kind)
{
	for (char *line; (line = strsep(&text, "\n"));) {
		const char *name, *end;

		line[strcspn(line, ":")] = '\0';
		name = strrchr(line, '/');
		name = name ? name + 1 : line;
		end = strstr(name, ".ko");
		if (end && end > name)
			add(m, name, end - name, kind);
	}
}

/* If procfs is there but has no list of loaded modules, the kernel cannot load any. */
static bool has_no_modules(void)
{
	return !access("/proc/kallsyms", F_OK) && access("/proc/modules", F_OK);
}

struct module_list *module_list__new(void)
{
	return xcalloc(1, sizeof(struct module_list));
}

int module_list__read(const char *dir, struct module_list **out, char **path)
{
	__cleanup_free char *dep = NULL, *builtin = NULL, *other = NULL;
	struct utsname u;
	int err;

	uname(&u);
	*path = dir ? xasprintf("%s/modules.dep", dir)
		    : xasprintf("/lib/modules/%s/modules.dep", u.release);
	other = xasprintf("%.*s/modules.builtin", (int)(strrchr(*path, '/') - *path), *path);
	err = file__read(AT_FDCWD, *path, TEXT_MAX, &dep, NULL);
	if (err == -ENOENT && !dir && has_no_modules())
		err = 0;
	if (err)
		return err;
	*out = module_list__new();
	if (dep)
		module_list__add(*out, dep, MODULE_LOADABLE);
	if (!file__read(AT_FDCWD, other, TEXT_MAX, &builtin, NULL))
		module_list__add(*out, builtin, MODULE_BUILTIN);
	return 0;
}

void module_list__free(struct module_list *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		free(m->names[i]);
	free(m->names);
	strmap__free(&m->kinds);
	free(m);
}

enum module_kind module_list__find(const struct module_list *m, const char *name)
{
	const uint32_t *kind = strmap__find(&m->kinds, name);

	return kind ? (enum module_kind) * kind : MODULE_UNKNOWN;
}

const char *const *module_list__names(const struct module_list *m, size_t *n)
{
	*n = m->n;
	return (const char *const *)m->names;
}

/* "NAME SIZE USERS USED_BY STATE ADDRESS": a module that was reloaded may be at the same place in
 * the list, but has another address. Unprivileged readers see no addresses. */
uint64_t module_list__fingerprint(const char *proc)
{
	__cleanup_free char *path = xasprintf("%s/modules", proc);
	__cleanup_fclose FILE *f = fopen(path, "re");
	char line[4096], name[64], state[16], address[32];
	uint64_t h = HASH_START;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %*s %*s %*s %15s %31s", name, state, address) == 3 &&
		    !strcmp(state, "Live"))
			h = hash__string(hash__string(h, name), address);
	}
	return h ? h : 1;
}
