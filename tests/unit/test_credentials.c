/* SPDX-License-Identifier: GPL-2.0-only */
/* The Authorization header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "access/credentials.h"
#include "web_fixture.h"

static void test_header(void **state)
{
	static const struct {
		const char *header;
		const char *user, *password; /* NULL: refused */
	} cases[] = {
		{ "Basic Ym9iOnNlY3JldA==", "bob", "secret" },
		{ "basic Ym9iOnNlY3JldA==", "bob", "secret" },
		{ "BASIC Ym9iOnNlY3JldA==", "bob", "secret" },
		{ "Basic Og==", "", "" },
		{ "Basic Ym9iOg==", "bob", "" },
		{ "Basic OnNlY3JldA==", "", "secret" },
		{ "Basic Ym9iOmE6Yjpj", "bob", "a:b:c" }, /* the first colon counts */
		{ "Basic Ym9iOj8/Pw==", "bob", "???" },
		{ "Basic Ym9iOj4+Pg==", "bob", ">>>" },
		{ "Basic", NULL, NULL },
		{ "Basic ", NULL, NULL },
		{ "Basi", NULL, NULL },
		{ "", NULL, NULL },
		{ "BasicYm9iOnNlY3JldA==", NULL, NULL },
		{ "Basic  Ym9iOnNlY3JldA==", NULL, NULL },
		{ "Basic Ym9iOnNlY3JldA", NULL, NULL }, /* no padding */
		{ "Basic Ym9iOnNlY3JldA=", NULL, NULL },
		{ "Basic Ym9iOnNlY3JldA===", NULL, NULL },
		{ "Basic Ym9iOnNl=3JldA==", NULL, NULL },
		{ "Basic Ym9iOnNlY3JldA==Ym9iOg==", NULL, NULL },
		{ "Basic ====", NULL, NULL },
		{ "Basic Ym9iOj4-Pg==", NULL, NULL }, /* the alphabet of URLs */
		{ "Basic Ym9iOnNlY3JldA==\n", NULL, NULL },
		{ "Basic Ym9i", NULL, NULL }, /* no colon */
		{ "Bearer Ym9iOnNlY3JldA==", NULL, NULL },
		{ "Digest username=\"bob\"", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct credentials c = { 0 };
		size_t len = strlen(cases[i].header);
		/* Not NUL-terminated, so that AddressSanitizer detects a read beyond the end. */
		__cleanup_free char *copy = malloc(len + !len);
		int err;

		memcpy(copy, cases[i].header, len);
		err = credentials__parse(copy, len, &c);
		if ((err == 0) != (cases[i].user != NULL))
			fail_msg("%s: %d", cases[i].header, err);
		if (!err) {
			assert_int_equal(c.user_len, strlen(cases[i].user));
			assert_memory_equal(c.user, cases[i].user, c.user_len);
			assert_int_equal(c.password_len, strlen(cases[i].password));
			assert_memory_equal(c.password, cases[i].password, c.password_len);
		}
		credentials__free(&c);
		credentials__free(&c);
	}
}

/* Every byte, at every length: decoding reverses encoding. */
static void test_header_bytes(void **state)
{
	char data[300] = "u:";

	for (size_t n = 0; n < 256; n++) {
		__cleanup_free char *b64 = web_base64(data, n + 2),
				    *header = xasprintf("Basic %s", b64);
		struct credentials c;

		assert_int_equal(credentials__parse(header, strlen(header), &c), 0);
		assert_int_equal(c.password_len, n);
		assert_memory_equal(c.password, data + 2, n);
		credentials__free(&c);
		data[n + 2] = (char)n;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_bytes),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
