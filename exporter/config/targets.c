/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/targets.h"

#include <ctype.h>
#include <limits.h>

#include "base/suggest.h"
#include "base/value.h"
#include "bpf/abi.h"
#include "files/locate.h"

#define CONTAINER_DIGITS_MIN 12

static int add_pattern(struct binder *b, const struct tree_node *node, struct probe_list *list,
		       enum object_type type, const char *object, const char *where)
{
	__cleanup_free char *why = NULL;
	struct pattern pattern;
	const char *text;
	int err;

	err = binder__string(b, node, where, &text);
	if (err)
		return err;
	if (type == OBJECT_USDT)
		err = pattern__parse_usdt(text, &pattern, &why);
	else if (type == OBJECT_ENTRY)
		err = pattern__parse_entry(text, &pattern, &why);
	else if (type == OBJECT_ANY)
		err = pattern__parse(text, &pattern, &why);
	else
		err = pattern__parse_in(type, object, text, &pattern, &why);
	if (err)
		return binder__fail(b, node, "\"%.200s\": %s", text, why);
	pattern.pos = binder__position(b, node);
	*(struct pattern *)array__grow(&list->patterns, &list->npatterns, sizeof(pattern)) =
		pattern;
	return 0;
}

int targets__add(struct binder *b, const struct tree_node *node, struct probe_list *list)
{
	return add_pattern(b, node, list, OBJECT_ANY, NULL, "a probe");
}

static int add_patterns(struct binder *b, const struct tree_node *node, struct probe_list *list,
			enum object_type type, const char *object)
{
	size_t n;
	const struct tree_node *const *items = binder__elements(&node, &n);
	int err = 0;

	if (list->npatterns)
		return binder__fail(b, node,
				    "functions, syscalls, tracepoints, raw_tracepoints, usdt, "
				    "entries and user are "
				    "for one probe each; begin another probe with '-'");
	if (!n)
		return binder__fail(b, node, "an empty list; name a function");
	for (size_t i = 0; i < n && !err; i++)
		err = add_pattern(b, items[i], list, type, object, "a function");
	return err;
}

int targets__bind_functions(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_ANY, NULL);
}

int targets__bind_syscalls(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_SYSCALL, NULL);
}

int targets__bind_tracepoints(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_TRACEPOINT, NULL);
}

int targets__bind_raw_tracepoints(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_RAW_TRACEPOINT, NULL);
}

int targets__bind_usdt(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_USDT, NULL);
}

int targets__bind_entries(struct binder *b, const struct tree_node *node, void *target)
{
	return add_patterns(b, node, target, OBJECT_ENTRY, NULL);
}

int targets__bind_module(struct binder *b, const struct tree_node *node, void *target)
{
	struct probe_list *list = target;
	const char *name;
	int err = binder__string(b, node, "module", &name);

	if (err)
		return err;
	if (!*name)
		return binder__fail(b, node, "an empty text; module must be a module's name");
	list->module = xstrdup(name);
	return 0;
}

int targets__apply_module(struct binder *b, struct probe_list *list)
{
	__cleanup_free char *why = NULL;

	for (size_t i = 0; i < list->npatterns && list->module; i++) {
		struct pattern *p = &list->patterns[i];

		if (pattern__set_module(p, list->module, &why))
			return source_pos__fail(b->error, &p->pos, "\"%.200s\": %s", p->text, why);
	}
	return 0;
}

struct user {
	const char *object;
	const struct tree_node *functions;
	struct selection select;
	const struct tree_node *selects; /* the first of its keys; NULL: none */
};

static int not_a_path(struct binder *b, const struct tree_node *node, const char *object)
{
	__cleanup_free char *path = locate__program(object), *hint = NULL;

	if (!path)
		path = locate__library("", object);
	if (!path)
		return binder__fail(
			b, node,
			"object \"%.80s\" must be a path with a '/', as in /usr/sbin/%.80s", object,
			object);
	hint = suggest__phrase((const char *const *)&path, 1);
	return binder__fail(b, node, "object \"%.80s\" must be a path with a '/'%s", object, hint);
}

static int bind_user_object(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	int err;

	err = binder__string(b, node, "object", &user->object);
	if (err)
		return err;
	return strchr(user->object, '/') ? 0 : not_a_path(b, node, user->object);
}

static int bind_user_functions(struct binder *b, const struct tree_node *node, void *target)
{
	((struct user *)target)->functions = node;
	return 0;
}

/* A text that is not empty, on one line. */
static int bind_selector(struct binder *b, const struct tree_node *node, struct user *user,
			 const char *key, char **out)
{
	int err = binder__text(b, node, key, out);

	user->selects = user->selects ? user->selects : node;
	if (err)
		return err;
	if (!*out)
		return binder__fail(b, node, "an empty text; %s must be a name", key);
	for (const char *s = *out; *s; s++)
		if (iscntrl((unsigned char)*s))
			return binder__fail(b, node,
					    "%s must be on one line, without control "
					    "characters",
					    key);
	return 0;
}

static int bind_library(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	const char *name;
	int err = bind_selector(b, node, user, "library", &user->select.library);

	if (err)
		return err;
	name = user->select.library;
	if (strchr(name, '/'))
		return binder__fail(b, node,
				    "library \"%.80s\" must be a file name without a path, as in "
				    "libssl.so.3; for one file write object: %.80s",
				    name, name);
	if (!strstr(name, ".so"))
		return binder__fail(
			b, node,
			"library \"%.80s\" must be the file name of a shared library, as "
			"in libssl.so.3; for a program write comm: NAME",
			name);
	return 0;
}

static int bind_comm(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	int err = bind_selector(b, node, user, "comm", &user->select.comm);

	if (!err && strlen(user->select.comm) >= RP_COMM_SIZE)
		return binder__fail(b, node,
				    "comm \"%.80s\" is longer than %d characters: the kernel cuts "
				    "command names to that length, so write %.*s",
				    user->select.comm, RP_COMM_SIZE - 1, RP_COMM_SIZE - 1,
				    user->select.comm);
	return err;
}

/* "containerd://ID", as in the label container_id, or only the id. */
static int bind_container(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	int err = bind_selector(b, node, user, "container", &user->select.container);
	char *id = user->select.container, *scheme = err ? NULL : strstr(id, "://");

	if (err)
		return err;
	if (scheme)
		memmove(id, scheme + 3, strlen(scheme + 3) + 1);
	if (strlen(id) < CONTAINER_DIGITS_MIN || id[strspn(id, "0123456789abcdef-")])
		return binder__fail(
			b, node,
			"container \"%.80s\" must be the id of a container, or its first "
			"%d or more digits, as the label container_id has it; names are "
			"known to the runtime only",
			id, CONTAINER_DIGITS_MIN);
	return 0;
}

static int bind_pod_uid(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	int err = bind_selector(b, node, user, "pod_uid", &user->select.pod_uid);
	const char *uid = user->select.pod_uid;

	if (!err && uid[strspn(uid, "0123456789abcdef-")])
		return binder__fail(
			b, node,
			"pod_uid \"%.80s\" must be the metadata.uid of a pod, as the label "
			"pod_uid has it",
			uid);
	return err;
}

static int bind_pid(struct binder *b, const struct tree_node *node, void *target)
{
	struct user *user = target;
	__cleanup_free char *text = NULL, *why = NULL;
	int err = bind_selector(b, node, user, "pid", &text);
	unsigned long pid = 0;

	if (!err && value__unsigned(text, 1, INT_MAX, &pid, &why))
		return binder__fail(b, node, "pid: %s", why);
	user->select.pid = (int)pid;
	return err;
}

static const struct key user_keys[] = {
	{ "object", bind_user_object, "/usr/sbin/nginx" },
	{ "functions", bind_user_functions, "[getaddrinfo]" },
	{ "library", bind_library, "libssl.so.3" },
	{ "comm", bind_comm, "postgres" },
	{ "container", bind_container, "2f8e1c04d9b1" },
	{ "pod_uid", bind_pod_uid, "0b6f1b5e-7a0c-4b8f-9f53-6a9c4b1d2e3f" },
	{ "pid", bind_pid, "1234" },
};

bool targets__is_user_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(user_keys); i++)
		if (!strcmp(user_keys[i].name, key))
			return true;
	return false;
}

static int bind_user(struct binder *b, const struct tree_node *node, struct user *user,
		     struct probe_list *list)
{
	__cleanup_free char *name = NULL;
	int err = binder__map(b, node, "user", user_keys, ARRAY_SIZE(user_keys), user);

	if (err)
		return err;
	if (user->object && user->selects)
		return binder__fail(
			b, user->selects,
			"object names one file, so it excludes library, comm, container, "
			"pod_uid and pid; for calls of one program add a filter, as in "
			"\"comm == postgres\"");
	if (!user->functions || (!user->object && !user->selects))
		return binder__fail(b, node,
				    "user: %s is missing; it needs functions, and object or one of "
				    "library, comm, container, pod_uid and pid",
				    user->functions ? "object" : "functions");
	if (user->object)
		return add_patterns(b, user->functions, list, OBJECT_USER, user->object);
	name = selection__name(&user->select);
	err = add_patterns(b, user->functions, list, OBJECT_USER, name);
	if (err)
		return err;
	list->select = xcalloc(1, sizeof(*list->select));
	*list->select = user->select;
	user->select = (struct selection){};
	return 0;
}

int targets__bind_user(struct binder *b, const struct tree_node *node, void *target)
{
	struct user user = {};
	int err = bind_user(b, node, &user, target);

	selection__free(&user.select);
	return err;
}
