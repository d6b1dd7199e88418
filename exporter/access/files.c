/* SPDX-License-Identifier: GPL-2.0-only */
#include "access/files.h"

#include <errno.h>

#include "access/file.h"
#include "access/settings.h"

struct web_files {
	struct web_file *files[WEB_ROLES]; /* NULL: not named */
	char *errors[WEB_ROLES];
	uint64_t version; /* counts the checks that found a change */
};

static const char *const keys[WEB_ROLES] = {
	[WEB_CERT] = "cert_file",
	[WEB_KEY] = "key_file",
	[WEB_CLIENT_CA] = "client_ca_file",
};

struct web_files *web_files__new(const char *config)
{
	struct web_files *f = xcalloc(1, sizeof(*f));

	f->files[WEB_CONFIG] = web_file__new(config);
	return f;
}

static const char *config_path(const struct web_files *f)
{
	return web_file__path(f->files[WEB_CONFIG]);
}

static char *advice(int err)
{
	if (err != -EACCES && err != -EPERM)
		return xstrdup("");
	if (!geteuid())
		return xstrdup("; let root read it, or give the exporter CAP_DAC_READ_SEARCH");
	return xasprintf("; let user %u or group %u read it, or run the exporter as root",
			 geteuid(), getegid());
}

static char *explain(const struct web_files *f, enum web_role role, int err)
{
	__cleanup_free char *todo = advice(err);
	const char *path = web_file__path(f->files[role]);

	if (role == WEB_CONFIG)
		return xasprintf("cannot read %s: %s%s", path, strerror(-err), todo);
	return xasprintf("%s: %s: cannot read %s: %s%s", config_path(f), keys[role], path,
			 strerror(-err), todo);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether a file has changed since the last check. */
static bool look_at(struct web_files *f, enum web_role role)
{
	int ret = f->files[role] ? web_file__refresh(f->files[role]) : 0;
	char *error = ret < 0 ? explain(f, role, ret) : NULL;
	bool changed = ret > 0 || !same(error, f->errors[role]);

	free(f->errors[role]);
	f->errors[role] = error;
	return changed;
}

/* An invalid text names no files; web_settings__parse() reports the error later. */
static void name_files(struct web_files *f)
{
	const struct web_text *text = web_file__text(f->files[WEB_CONFIG]);
	__cleanup_free char *error = NULL;
	struct web_settings *s = NULL;

	if (text->data)
		web_settings__parse(config_path(f), text->data, text->len, &s, &error);
	for (enum web_role i = WEB_CERT; i < WEB_ROLES; i++) {
		const char *name = s ? web_settings__pem(s, i)->file : NULL;

		web_file__free(f->files[i]);
		f->files[i] = name ? web_file__new_beside(config_path(f), name) : NULL;
	}
	web_settings__put(s);
}

static void look(struct web_files *f)
{
	bool changed = look_at(f, WEB_CONFIG);

	if (changed)
		name_files(f);
	for (enum web_role i = WEB_CERT; i < WEB_ROLES; i++)
		changed |= look_at(f, i);
	f->version += changed;
}

int web_files__update(struct web_files *f, uint64_t *known, struct buf *out)
{
	struct web_texts texts = { 0 };
	int err;

	look(f);
	if (*known == f->version)
		return 0;
	for (int i = 0; i < WEB_ROLES; i++) {
		texts.error[i] = f->errors[i];
		if (f->files[i])
			texts.text[i] = *web_file__text(f->files[i]);
	}
	err = web_texts__write(&texts, out);
	if (!err)
		*known = f->version;
	return err;
}

void web_files__free(struct web_files *f)
{
	if (!f)
		return;
	for (int i = 0; i < WEB_ROLES; i++) {
		web_file__free(f->files[i]);
		free(f->errors[i]);
	}
	free(f);
}
