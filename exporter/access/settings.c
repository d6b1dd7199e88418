/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The schema, except for TLS. Like the toolkit, it is strict: an unknown or duplicate key is an
 * error, because a misspelt key could leave the server open.
 */
#include "access/settings.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "base/duration.h"
#include "base/value.h"
#include "yaml/bind.h"

/* ---- http_server_config ---------------------------------------------------------------------- */

static int bind_http2(struct binder *b, const struct tree_node *node, void *target)
{
	return binder__bool(b, node, "http2", &((struct web_settings *)target)->http2);
}

/* The headers that may be set, and their values if those are fixed. */
static const struct {
	const char *name;
	const char *values[2];
} known_headers[WEB_HEADERS] = {
	{ "Strict-Transport-Security", {} },
	{ "X-Content-Type-Options", { "nosniff" } },
	{ "X-Frame-Options", { "deny", "sameorigin" } },
	{ "X-XSS-Protection", {} },
	{ "Content-Security-Policy", {} },
};

static int check_header_value(struct binder *b, const struct tree_node *node, const char *name,
			      const char *const *values)
{
	for (const char *s = node->value; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return binder__fail(b, node,
					    "%s: a header's value is one line without control "
					    "characters",
					    name);
	if (!values[0] || !strcmp(node->value, values[0]) ||
	    (values[1] && !strcmp(node->value, values[1])))
		return 0;
	return binder__fail(b, node, "%s must be %s%s%s, not \"%.80s\"", name, values[0],
			    values[1] ? " or " : "", values[1] ? values[1] : "", node->value);
}

static int bind_header(struct binder *b, const struct tree_node *key, const struct tree_node *node,
		       struct web_settings *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_headers); i++) {
		struct web_header *header = &s->headers[s->nheaders];
		const char *name = known_headers[i].name;
		int err;

		if (strcmp(name, key->value))
			continue;
		err = binder__text(b, node, name, &header->value);
		if (err)
			return err;
		err = check_header_value(b, node, name, known_headers[i].values);
		if (err || !header->value) {
			free(take_ptr(header->value));
			return err;
		}
		header->name = name;
		s->nheaders++;
		return 0;
	}
	return binder__fail(b, key,
			    "the header \"%.80s\" cannot be set (allowed: "
			    "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, "
			    "X-XSS-Protection, Content-Security-Policy)",
			    key->value);
}

static int bind_headers(struct binder *b, const struct tree_node *map, void *target)
{
	int err = 0;

	if (tree__is_null(map))
		return 0;
	if (map->type != TREE_MAP)
		return binder__fail(b, map, "headers must be a mapping (name: value), not %s",
				    binder__type_name(map));
	for (size_t i = 0; !err && i < map->nkeys; i++)
		err = bind_header(b, map->keys[i], map->items[i], target);
	return err;
}

static const struct key http_keys[] = {
	{ .name = "http2", .bind = bind_http2 },
	{ .name = "headers", .bind = bind_headers },
};

static int bind_http(struct binder *b, const struct tree_node *map, void *target)
{
	if (tree__is_null(map))
		return 0;
	return binder__map(b, map, "http_server_config", http_keys, ARRAY_SIZE(http_keys), target);
}

/* ---- basic_auth_users ------------------------------------------------------------------------ */

/* crypt(3) must never see the format of another method. */
static bool is_bcrypt(const char *s)
{
	static const char digits[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789";
	int cost;

	if (strlen(s) != 60 || strncmp(s, "$2", 2) || !strchr("abxy", s[2]) || s[3] != '$' ||
	    !isdigit((unsigned char)s[4]) || !isdigit((unsigned char)s[5]) || s[6] != '$')
		return false;
	cost = (s[4] - '0') * 10 + s[5] - '0';
	return cost >= 4 && cost <= 31 && strspn(s + 7, digits) == 53;
}

static int bind_users(struct binder *b, const struct tree_node *map, void *target)
{
	struct web_settings *s = target;

	if (tree__is_null(map))
		return 0;
	if (map->type != TREE_MAP)
		return binder__fail(b, map,
				    "basic_auth_users must be a mapping (name: bcrypt hash), not "
				    "%s",
				    binder__type_name(map));
	for (size_t i = 0; i < map->nkeys; i++) {
		const struct tree_node *node = map->items[i];
		struct web_user *user;

		/* Even a malformed value may be a secret. */
		if (node->type != TREE_SCALAR || !is_bcrypt(node->value))
			return binder__fail(b, node,
					    "the password of \"%.80s\" is not a bcrypt hash; "
					    "htpasswd -nBC 10 NAME makes one, as in $2y$10$...",
					    map->keys[i]->value);
		user = array__grow(&s->users, &s->nusers, sizeof(*user));
		user->name = xstrdup(map->keys[i]->value);
		user->hash = xstrdup(node->value);
	}
	return 0;
}

/* ---- rate_limit ------------------------------------------------------------------------------ */

/* Go's durations. A number without a unit is nanoseconds. */
static bool parse_interval(const char *s, double *out)
{
	static const struct duration_unit units[] = {
		{ "ns", 1e-9 },	     { "us", 1e-6 }, { "\u00b5s", 1e-6 },
		{ "\u03bcs", 1e-6 }, { "ms", 1e-3 }, { "s", 1 },
		{ "m", 60 },	     { "h", 3600 },  { NULL, 0 },
	};

	if (*s && strspn(s, "0123456789") == strlen(s)) {
		*out = strtod(s, NULL) * 1e-9;
		return isfinite(*out);
	}
	return duration__parse(s, units, 0, out);
}

static int bind_interval(struct binder *b, const struct tree_node *node, void *target)
{
	if (tree__is_null(node))
		return 0;
	if (node->type != TREE_SCALAR || !*node->value ||
	    !parse_interval(node->value, &((struct web_settings *)target)->limit_interval))
		return binder__fail(b, node,
				    "interval must be a duration, as in 100ms, 1s or 1m30s, not "
				    "%s%.80s",
				    node->type == TREE_SCALAR ? "" : binder__type_name(node),
				    node->type == TREE_SCALAR ? node->value : "");
	return 0;
}

static int bind_burst(struct binder *b, const struct tree_node *node, void *target)
{
	__cleanup_free char *why = NULL;
	unsigned long burst;

	if (tree__is_null(node))
		return 0;
	if (node->type != TREE_SCALAR || !node->plain ||
	    value__unsigned(node->value, 0, INT32_MAX, &burst, &why))
		return binder__fail(b, node, "burst: %s", why ? why : "it must be a whole number");
	((struct web_settings *)target)->limit_burst = (long)burst;
	return 0;
}

static const struct key limit_keys[] = {
	{ .name = "interval", .bind = bind_interval },
	{ .name = "burst", .bind = bind_burst },
};

static int bind_limit(struct binder *b, const struct tree_node *map, void *target)
{
	if (tree__is_null(map))
		return 0;
	return binder__map(b, map, "rate_limit", limit_keys, ARRAY_SIZE(limit_keys), target);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int bind_tls(struct binder *b, const struct tree_node *map, void *target)
{
	if (tree__is_null(map))
		return 0;
	return web_settings_tls__bind(b, map, &((struct web_settings *)target)->tls);
}

static const struct key top_keys[] = {
	{ .name = "tls_server_config", .bind = bind_tls },
	{ .name = "http_server_config", .bind = bind_http },
	{ .name = "basic_auth_users", .bind = bind_users },
	{ .name = "rate_limit", .bind = bind_limit },
};

int web_settings__parse(const char *file, const char *text, size_t len, struct web_settings **out,
			char **error)
{
	struct binder b = { .file = file, .error = error };
	struct tree_node *root = NULL;
	struct web_settings *s;
	int err;

	err = tree__load(text, len, file, &root, error);
	if (err)
		return err;
	s = xcalloc(1, sizeof(*s));
	s->refs = 1;
	s->http2 = true;
	s->tls.min = WEB_TLS12;
	s->tls.max = WEB_TLS13;
	s->tls.prefer_server_suites = true;
	if (root && !tree__is_null(root))
		err = binder__map(&b, root, "the web configuration", top_keys, ARRAY_SIZE(top_keys),
				  s);
	tree__free(root);
	if (err) {
		web_settings__put(s);
		return err;
	}
	*out = s;
	return 0;
}

const struct web_pem *web_settings__pem(const struct web_settings *s, enum web_role role)
{
	const struct web_pem *const pems[WEB_ROLES] = {
		[WEB_CERT] = &s->tls.cert,
		[WEB_KEY] = &s->tls.key,
		[WEB_CLIENT_CA] = &s->tls.client_ca,
	};

	return pems[role];
}

struct web_settings *web_settings__get(struct web_settings *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void web_settings__put(struct web_settings *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	web_settings_tls__free(&s->tls);
	for (size_t i = 0; i < s->nheaders; i++)
		free(s->headers[i].value);
	for (size_t i = 0; i < s->nusers; i++) {
		free(s->users[i].name);
		free(s->users[i].hash);
	}
	free(s->users);
	free(s);
}
