/* SPDX-License-Identifier: GPL-2.0-only */
/* The web configuration file and the files it names: their texts, and when they have changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "access/files.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char *dir;
static struct web_files *files;
static uint64_t known;
static struct buf news;
static struct web_texts texts;

static void write_file(const char *name, const char *text)
{
	temp_dir__write(dir, name, text, strlen(text));
}

/* Returns whether anything has changed. */
static bool look(void)
{
	buf__free_secret(&news);
	assert_int_equal(web_files__update(files, &known, &news), 0);
	if (!news.len)
		return false;
	assert_int_equal(web_texts__read(&texts, news.data, news.len), 0);
	return true;
}

static void expect_text(enum web_role role, const char *text)
{
	assert_null(texts.error[role]);
	assert_int_equal(texts.text[role].len, strlen(text));
	assert_string_equal(texts.text[role].data, text);
}

static void expect_error(enum web_role role, const char *what)
{
	assert_null(texts.text[role].data);
	assert_non_null(texts.error[role]);
	assert_non_null(strstr(texts.error[role], what));
}

static void expect_none(enum web_role role)
{
	assert_null(texts.text[role].data);
	assert_null(texts.error[role]);
}

#define PAIR "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n"
#define ALL                                                                          \
	"tls_server_config: {cert_file: c.pem, key_file: k.pem, client_ca_file: ca," \
	" client_auth_type: RequireAndVerifyClientCert}\n"

static void test_news(void **state)
{
	write_file("c.pem", "the certificate");
	write_file("k.pem", "the key");
	write_file("web.yml", PAIR);
	assert_true(look());
	expect_text(WEB_CONFIG, PAIR);
	expect_text(WEB_CERT, "the certificate");
	expect_text(WEB_KEY, "the key");
	expect_none(WEB_CLIENT_CA);
	assert_false(look());

	write_file("k.pem", "new key");
	assert_true(look());
	expect_text(WEB_CONFIG, PAIR);
	expect_text(WEB_CERT, "the certificate");
	expect_text(WEB_KEY, "new key");
	assert_false(look());

	write_file("ca", "");
	write_file("web.yml", ALL);
	assert_true(look());
	expect_text(WEB_CLIENT_CA, "");
	assert_false(look());
}

/* Each caller has its own state. */
static void test_two(void **state)
{
	uint64_t others = 0;
	struct buf out = {};

	write_file("web.yml", "");
	assert_true(look());
	assert_int_equal(web_files__update(files, &others, &out), 0);
	assert_true(out.len);
	buf__free(&out);
	write_file("web.yml", "rate_limit: {}\n");
	assert_true(look());
	assert_int_equal(web_files__update(files, &others, &out), 0);
	assert_true(out.len);
	buf__free(&out);
	assert_false(look());
	assert_int_equal(web_files__update(files, &others, &out), 0);
	assert_false(out.len);
	buf__free(&out);
}

/* An error is reported once, and so is its end. */
static void test_errors(void **state)
{
	__cleanup_free char *key = xasprintf("%s/k.pem", dir),
			    *config = xasprintf("%s/web.yml", dir);

	assert_true(look());
	expect_error(WEB_CONFIG, "web.yml: No such file");
	assert_false(look());
	write_file("web.yml", PAIR);
	write_file("c.pem", "the certificate");
	assert_true(look());
	expect_error(WEB_KEY, "web.yml: key_file: cannot read ");
	expect_error(WEB_KEY, "k.pem: No such file");
	expect_text(WEB_CERT, "the certificate");
	assert_false(look());
	assert_int_equal(mkdir(key, 0700), 0);
	assert_true(look());
	expect_error(WEB_KEY, "Is a directory");
	assert_false(look());
	rmdir(key);
	write_file("k.pem", "the key");
	assert_true(look());
	expect_text(WEB_KEY, "the key");
	unlink(config);
	assert_true(look());
	expect_error(WEB_CONFIG, "No such file");
	expect_none(WEB_KEY);
}

/* In a process without capabilities, because root could read it. */
static void test_unreadable(void **state)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
	__cleanup_free char *key = xasprintf("%s/k.pem", dir);
	int status;
	pid_t pid;

	write_file("web.yml", PAIR);
	write_file("c.pem", "the certificate");
	write_file("k.pem", "the key");
	assert_int_equal(chmod(key, 0), 0);
	pid = fork();
	if (!pid) {
		assert_int_equal(syscall(SYS_capset, &head, none), 0);
		assert_true(look());
		expect_error(WEB_KEY, "k.pem: Permission denied; let ");
		expect_text(WEB_CERT, "the certificate");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* Files that the text no longer names are not opened, and none that an invalid text names. */
static void test_names(void **state)
{
	static const char *const others[] = {
		"tls_server_config: {cert: x, key: y}\n",
		"tls_server_config: {cert_file: c.pem, key_file: k.pem, nonsense: x}\n",
		"",
		"[",
	};

	write_file("c.pem", "the certificate");
	write_file("k.pem", "the key");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		write_file("web.yml", PAIR);
		assert_true(look());
		expect_text(WEB_KEY, "the key");
		write_file("web.yml", others[i]);
		assert_true(look());
		expect_text(WEB_CONFIG, others[i]);
		expect_none(WEB_CERT);
		expect_none(WEB_KEY);
	}
}

/* Kubernetes: all are links into a directory that is replaced atomically. */
static void test_exchanged(void **state)
{
	__cleanup_free char *data = xasprintf("%s/data", dir), *next = xasprintf("%s/next", dir),
			    *first = xasprintf("%s/1", dir), *second = xasprintf("%s/2", dir);
	static const char *const names[] = { "web.yml", "c.pem", "k.pem" };

	assert_int_equal(mkdir(first, 0700), 0);
	assert_int_equal(mkdir(second, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		__cleanup_free char *link = xasprintf("%s/%s", dir, names[i]),
				    *target = xasprintf("data/%s", names[i]);

		assert_int_equal(symlink(target, link), 0);
		temp_dir__write(first, names[i], i ? "first" : PAIR, i ? 5 : strlen(PAIR));
		temp_dir__write(second, names[i], i ? "other" : PAIR, i ? 5 : strlen(PAIR));
	}
	assert_int_equal(symlink("1", data), 0);
	assert_true(look());
	expect_text(WEB_CERT, "first");
	assert_int_equal(symlink("2", next), 0);
	assert_int_equal(rename(next, data), 0);
	assert_true(look());
	expect_text(WEB_CERT, "other");
	expect_text(WEB_KEY, "other");
	unlink(data);
	assert_true(look());
	expect_error(WEB_CONFIG, "No such file");
	temp_dir__remove(xstrdup(first));
	temp_dir__remove(xstrdup(second));
}

/* ---- as bytes ------------------------------------------------------------------------------- */

static const struct web_texts sample = {
	.text = { [WEB_CONFIG] = { "config", 6 }, [WEB_CERT] = { "a\0b", 3 } },
	.error = { [WEB_KEY] = "cannot" },
};

static void expect_sample(const struct web_texts *t)
{
	assert_string_equal(t->text[WEB_CONFIG].data, "config");
	assert_int_equal(t->text[WEB_CERT].len, 3);
	assert_memory_equal(t->text[WEB_CERT].data, "a\0b", 4);
	assert_string_equal(t->error[WEB_KEY], "cannot");
	assert_null(t->text[WEB_KEY].data);
	assert_null(t->text[WEB_CLIENT_CA].data);
	assert_null(t->error[WEB_CLIENT_CA]);
}

static void test_bytes(void **state)
{
	static const struct web_texts other = { .error = { [WEB_CONFIG] = "other" } };
	__cleanup_secret struct buf b = {};
	struct web_texts t;
	size_t one;

	assert_int_equal(web_texts__write(&sample, &b), 0);
	one = b.len;
	assert_int_equal(web_texts__read(&t, b.data, b.len), 0);
	expect_sample(&t);
	/* The last one is valid. */
	assert_int_equal(web_texts__write(&other, &b), 0);
	assert_int_equal(web_texts__read(&t, b.data, b.len), 0);
	assert_string_equal(t.error[WEB_CONFIG], "other");
	assert_null(t.text[WEB_CERT].data);
	b.len = one;
	assert_int_equal(web_texts__write(&sample, &b), 0);
	assert_int_equal(web_texts__read(&t, b.data, b.len), 0);
	expect_sample(&t);
}

/* Truncated anywhere, or with any byte changed: refused, or read within its bounds. */
static void test_garbage(void **state)
{
	__cleanup_secret struct buf b = {};
	struct web_texts t;

	assert_int_equal(web_texts__write(&sample, &b), 0);
	for (size_t len = 0; len < b.len; len++) {
		__cleanup_free char *cut = xcalloc(len, 1);

		memcpy(cut, b.data, len);
		assert_int_equal(web_texts__read(&t, cut, len), -EPROTO);
	}
	for (size_t i = 0; i < b.len; i++) {
		__cleanup_free char *copy = xcalloc(b.len, 1);
		int err;

		memcpy(copy, b.data, b.len);
		copy[i] ^= 0xff;
		err = web_texts__read(&t, copy, b.len);
		assert_true(!err || err == -EPROTO);
		for (int role = 0; role < WEB_ROLES && !err; role++)
			if (t.text[role].data)
				assert_in_range(t.text[role].data + t.text[role].len, copy,
						copy + b.len - 1);
	}
	assert_int_equal(web_texts__read(&t, b.data, b.len), 0);
	expect_sample(&t);
}

static int setup(void **state)
{
	__cleanup_free char *config = NULL;

	dir = temp_dir__new();
	config = xasprintf("%s/web.yml", dir);
	files = web_files__new(config);
	known = 0;
	return 0;
}

static int teardown(void **state)
{
	buf__free_secret(&news);
	web_files__free(files);
	web_files__free(NULL);
	temp_dir__remove(dir);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_news),
		TEST(test_two),
		TEST(test_errors),
		TEST(test_unreadable),
		TEST(test_names),
		TEST(test_exchanged),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
