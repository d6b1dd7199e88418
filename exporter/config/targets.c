/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/targets.h"

#include "base/suggest.h"
#include "files/locate.h"

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
	if (type == OBJECT_ANY)
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
				    "functions, syscalls and user are for one probe each; begin "
				    "another probe with '-'");
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

static const struct key user_keys[] = {
	{ "object", bind_user_object, "/usr/sbin/nginx" },
	{ "functions", bind_user_functions, "[getaddrinfo]" },
};

int targets__bind_user(struct binder *b, const struct tree_node *node, void *target)
{
	struct user user = {};
	int err;

	err = binder__map(b, node, "user", user_keys, ARRAY_SIZE(user_keys), &user);
	if (err)
		return err;
	if (!user.object || !user.functions)
		return binder__fail(b, node,
				    "user: %s is missing; it needs both object and functions",
				    user.object ? "functions" : "object");
	return add_patterns(b, user.functions, target, OBJECT_USER, user.object);
}
