/* SPDX-License-Identifier: GPL-2.0-only */
#include "access/settings_tls.h"

#include <errno.h>

#include "base/value.h"
#include "yaml/bind.h"

#define BIND_TEXT(key, member)                                                              \
	static int bind_##key(struct binder *b, const struct tree_node *node, void *target) \
	{                                                                                   \
		struct web_tls_settings *tls = target;                                      \
                                                                                            \
		return binder__text(b, node, #key, &tls->member);                           \
	}

BIND_TEXT(cert, cert.text)
BIND_TEXT(cert_file, cert.file)
BIND_TEXT(key, key.text)
BIND_TEXT(key_file, key.file)
BIND_TEXT(client_ca, client_ca.text)
BIND_TEXT(client_ca_file, client_ca.file)

/* Sets *out to the index of a name. */
static int bind_name(struct binder *b, const struct tree_node *node, const char *where,
		     const char *const *names, size_t n, size_t *out)
{
	__cleanup_free char *why = NULL;

	if (node->type != TREE_SCALAR)
		return binder__fail(b, node, "%s must be a name, not %s", where,
				    binder__type_name(node));
	if (value__one_of(node->value, names, n, out, &why))
		return binder__fail(b, node, "%s: %s", where, why);
	return 0;
}

static int bind_client_auth(struct binder *b, const struct tree_node *node, void *target)
{
	static const char *const names[] = {
		[CLIENT_AUTH_NONE] = "NoClientCert",
		[CLIENT_AUTH_REQUEST] = "RequestClientCert",
		[CLIENT_AUTH_REQUIRE_ANY] = "RequireAnyClientCert",
		[CLIENT_AUTH_VERIFY_IF_GIVEN] = "VerifyClientCertIfGiven",
		[CLIENT_AUTH_REQUIRE_AND_VERIFY] = "RequireAndVerifyClientCert",
		"RequireClientCert", /* an old name of RequireAnyClientCert */
	};
	struct web_tls_settings *tls = target;
	size_t i;
	int err;

	if (tree__is_null(node) || (node->type == TREE_SCALAR && !*node->value))
		return 0;
	err = bind_name(b, node, "client_auth_type", names, ARRAY_SIZE(names), &i);
	if (err)
		return err;
	tls->client_auth = i > CLIENT_AUTH_REQUIRE_AND_VERIFY ? CLIENT_AUTH_REQUIRE_ANY : i;
	tls->enabled = true;
	return 0;
}

static int bind_sans(struct binder *b, const struct tree_node *list, void *target)
{
	struct web_tls_settings *tls = target;

	if (tree__is_null(list))
		return 0;
	if (list->type != TREE_LIST)
		return binder__fail(b, list, "client_allowed_sans must be a list, not %s",
				    binder__type_name(list));
	tls->check_sans = true;
	for (size_t i = 0; i < list->nitems; i++) {
		char **san = array__grow(&tls->sans, &tls->nsans, sizeof(*san));
		int err = binder__text(b, list->items[i], "an allowed SAN", san);

		if (err)
			return err;
		if (!*san)
			return binder__fail(b, list->items[i], "an allowed SAN must not be empty");
	}
	return 0;
}

/* A list of names as a set of bits. */
static int bind_set(struct binder *b, const struct tree_node *list, const char *key,
		    const char *element, const char *const *names, size_t n, uint32_t *out)
{
	size_t bit;
	int err;

	if (tree__is_null(list))
		return 0;
	if (list->type != TREE_LIST)
		return binder__fail(b, list, "%s must be a list, not %s", key,
				    binder__type_name(list));
	for (size_t i = 0; i < list->nitems; i++) {
		err = bind_name(b, list->items[i], element, names, n, &bit);
		if (err)
			return err;
		*out |= 1U << bit;
	}
	return 0;
}

static int bind_suites(struct binder *b, const struct tree_node *list, void *target)
{
	const char *names[WEB_SUITES];

	for (size_t i = 0; i < WEB_SUITES; i++)
		names[i] = web_suites[i].name;
	return bind_set(b, list, "cipher_suites", "a cipher suite", names, WEB_SUITES,
			&((struct web_tls_settings *)target)->suites);
}

static int bind_curves(struct binder *b, const struct tree_node *list, void *target)
{
	const char *names[WEB_CURVES];

	for (size_t i = 0; i < WEB_CURVES; i++)
		names[i] = web_curves[i].name;
	return bind_set(b, list, "curve_preferences", "a curve", names, WEB_CURVES,
			&((struct web_tls_settings *)target)->curves);
}

static int bind_version(struct binder *b, const struct tree_node *node, const char *key,
			enum web_tls_version *out)
{
	size_t i;
	int err;

	if (tree__is_null(node))
		return 0;
	err = bind_name(b, node, key, web_tls_versions, WEB_TLS_VERSIONS, &i);
	if (!err)
		*out = (enum web_tls_version)i;
	return err;
}

static int bind_min_version(struct binder *b, const struct tree_node *node, void *target)
{
	return bind_version(b, node, "min_version", &((struct web_tls_settings *)target)->min);
}

static int bind_max_version(struct binder *b, const struct tree_node *node, void *target)
{
	return bind_version(b, node, "max_version", &((struct web_tls_settings *)target)->max);
}

static int bind_prefer_server(struct binder *b, const struct tree_node *node, void *target)
{
	return binder__bool(b, node, "prefer_server_cipher_suites",
			    &((struct web_tls_settings *)target)->prefer_server_suites);
}

static const struct key tls_keys[] = {
	{ .name = "cert", .bind = bind_cert },
	{ .name = "cert_file", .bind = bind_cert_file },
	{ .name = "key", .bind = bind_key },
	{ .name = "key_file", .bind = bind_key_file },
	{ .name = "client_ca", .bind = bind_client_ca },
	{ .name = "client_ca_file", .bind = bind_client_ca_file },
	{ .name = "client_auth_type", .bind = bind_client_auth },
	{ .name = "client_allowed_sans", .bind = bind_sans },
	{ .name = "cipher_suites", .bind = bind_suites },
	{ .name = "curve_preferences", .bind = bind_curves },
	{ .name = "min_version", .bind = bind_min_version },
	{ .name = "max_version", .bind = bind_max_version },
	{ .name = "prefer_server_cipher_suites", .bind = bind_prefer_server },
};

static bool is_given(const struct web_pem *pem)
{
	return pem->text || pem->file;
}

/* Whether the keys agree. */
static int check_tls(struct binder *b, const struct tree_node *map,
		     const struct web_tls_settings *tls)
{
	if (!is_given(&tls->cert))
		return binder__fail(b, map,
				    "tls_server_config has neither cert nor cert_file; give "
				    "one of them");
	if (!is_given(&tls->key))
		return binder__fail(b, map,
				    "tls_server_config has neither key nor key_file; give "
				    "one of them");
	if (is_given(&tls->client_ca) && tls->client_auth == CLIENT_AUTH_NONE)
		return binder__fail(b, map,
				    "there is a client CA, but client_auth_type asks for no "
				    "certificates; RequireAndVerifyClientCert is what "
				    "demands them");
	if (tls->check_sans && tls->client_auth != CLIENT_AUTH_REQUIRE_ANY &&
	    tls->client_auth != CLIENT_AUTH_REQUIRE_AND_VERIFY)
		return binder__fail(b, map,
				    "client_allowed_sans needs client_auth_type: "
				    "RequireAndVerifyClientCert (or RequireAnyClientCert), "
				    "since a client without a certificate has no SAN");
	if (tls->min > tls->max)
		return binder__fail(b, map, "min_version %s is above max_version %s",
				    web_tls_versions[tls->min], web_tls_versions[tls->max]);
	return 0;
}

int web_settings_tls__bind(struct binder *b, const struct tree_node *map,
			   struct web_tls_settings *tls)
{
	int err;

	err = binder__map(b, map, "tls_server_config", tls_keys, ARRAY_SIZE(tls_keys), tls);
	if (err)
		return err;
	tls->enabled |= is_given(&tls->cert) || is_given(&tls->key) || is_given(&tls->client_ca);
	return tls->enabled ? check_tls(b, map, tls) : 0;
}

static void free_pem(struct web_pem *pem)
{
	if (pem->text)
		explicit_bzero(pem->text, strlen(pem->text));
	free(pem->text);
	free(pem->file);
}

void web_settings_tls__free(struct web_tls_settings *tls)
{
	free_pem(&tls->cert);
	free_pem(&tls->key);
	free_pem(&tls->client_ca);
	for (size_t i = 0; i < tls->nsans; i++)
		free(tls->sans[i]);
	free(tls->sans);
}
