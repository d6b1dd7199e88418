/* SPDX-License-Identifier: GPL-2.0-only */
/* Types from DWARF, read from this test itself, and images with wrong contents. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/abi.h"
#include "files/confined.h"
#include "elf/types_builder.h"
#include "elf/types_image.h"
#include "elf/types_reader.h"

enum shade { DARK = -2, BRIGHT = 3 };
enum shade elf_types_test(const char *const *text, unsigned long n);

__attribute__((noinline)) enum shade elf_types_test(const char *const *text, unsigned long n)
{
	return *text[n] ? BRIGHT : DARK;
}

/* Every kind of declarator, each as a parameter or a result. */
typedef int row[3];
static int rows[2][3];

/* In the order of the compiler's debug information. */
#ifdef __clang__
#define CONST_VOLATILE "volatile const"
#else
#define CONST_VOLATILE "const volatile"
#endif
#define KEPT __attribute__((noinline, used)) static

KEPT char *(*elf_types_function(void))(const char *, int)
{
	return NULL;
}

KEPT int (*elf_types_array(void))[3]
{
	return rows;
}

KEPT row *elf_types_typedef(void)
{
	return rows;
}

KEPT void (*(*elf_types_twice(void (*f)(int)))(void (*)(int)))(int)
{
	(void)f;
	return NULL;
}

KEPT void elf_types_callbacks(int (*f)(const void *, ...), void (*const *g)(void), int (*m)[2][3])
{
	(void)f, (void)g, (void)m;
}

KEPT volatile int *elf_types_qualified(char *restrict a, char *const volatile *b, int *_Atomic c)
{
	(void)a, (void)b, (void)c;
	return NULL;
}

KEPT void elf_types_variadic(const char *format, ...)
{
	(void)format;
}

static struct {
	int x;
} nameless_struct;
static union {
	int x;
} nameless_union;
static enum { ONE } nameless_enum;

KEPT int elf_types_nameless(__typeof__(nameless_struct) *s, __typeof__(nameless_union) *u,
			    __typeof__(nameless_enum) e)
{
	return s->x + u->x + e;
}

static const char *const declarators[][2] = {
	{ "char *(*", "(void))(const char *, int)" },
	{ "int (*", "(void))[3]" },
	{ "row *", "(void)" },
	{ "void (*(*", "(void (*f)(int)))(void (*)(int)))(int)" },
	{ "void ", "(int (*f)(const void *, ...), void (*const *g)(void), int (*m)[2][3])" },
	{ "volatile int *", "(char *restrict a, char *" CONST_VOLATILE " *b, int *_Atomic c)" },
	{ "void ", "(const char *format, ...)" },
	{ "int ", "(struct {...} *s, union {...} *u, enum {...} e)" },
};

static void *image;
static int64_t size;

static int make_image(void **state)
{
	char why[CONFINED_WHY] = "";
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	image = confined__memory(TYPES_IMAGE_MAX);
	size = image ? types_reader__make_image(fd, -1, "self", image, TYPES_IMAGE_MAX, why) : -1;
	close(fd);
	if (size < 0)
		print_error("ERROR: %s\n", why);
	return size < 0;
}

static struct type_record *record_of(const char *result, const char *parameters)
{
	struct types_image *i = image;
	struct type_record *r = (void *)(i + 1);
	const char *texts = (const char *)image + size - i->ntexts;

	for (size_t k = 0; k < i->nrecords; k++)
		if (!strcmp(texts + r[k].result, result) &&
		    !strcmp(texts + r[k].parameters, parameters))
			return &r[k];
	return NULL;
}

static void test_types(void **state)
{
	struct types_image *i = image;
	struct type_record *r;

	assert_int_equal(elf_types_test((const char *[]){ "x" }, 0), BRIGHT);
	assert_true(types_image__is_sound(image, size));
	if (!i->nrecords) {
		print_message("built without -g: only that nothing is found\n");
		return;
	}
	r = record_of("enum shade ", "(const char *const *text, unsigned long n)");
	assert_non_null(r);
	assert_int_equal(r->kind, RP_KIND_ENUM);
	assert_int_equal(r->size, 4);
	assert_int_equal(r->nenumerators, 2);
	r = record_of("int ", "(void)");
	assert_non_null(r);
	assert_int_equal(r->kind, RP_KIND_ERRNO);
	assert_int_equal(r->size, 4);
}

static void test_declarators(void **state)
{
	if (!((struct types_image *)image)->nrecords)
		return;
	assert_int_equal(elf_types_nameless(&nameless_struct, &nameless_union, nameless_enum), 0);
	for (size_t i = 0; i < ARRAY_SIZE(declarators); i++)
		if (!record_of(declarators[i][0], declarators[i][1]))
			fail_msg("no %sf%s", declarators[i][0], declarators[i][1]);
}

/* The linker has folded functions: their parameters are not known. */
static void test_folded(void **state)
{
	static const char texts[] = "int \0(int a)\0(char *b)";
	struct types_builder b = {};

	buf__append(&b.texts, texts, sizeof(texts));
	for (uint64_t i = 0; i < 6; i++)
		*(struct type_record *)array__grow(&b.records, &b.nrecords, sizeof(*b.records)) =
			(struct type_record){ .offset = i / 2,
					      .die = 100 + i,
					      .parameters = i == 3 ? 12 : 5 };
	types_builder__sort(&b);
	assert_int_equal(b.nrecords, 3);
	assert_int_not_equal(b.records[0].die, 0);
	assert_int_equal(b.records[1].die, 0);
	assert_int_not_equal(b.records[2].die, 0);
	free(b.records);
	buf__free(&b.texts);
}

#define LIE(change)                                               \
	do {                                                      \
		saved = *r;                                       \
		change;                                           \
		assert_false(types_image__is_sound(image, size)); \
		*r = saved;                                       \
	} while (0)

/* One error each. */
static void test_lies(void **state)
{
	struct types_image *i = image;
	struct type_record *r = (void *)(i + 1), saved;
	char *bytes = image, last = bytes[size - 1];

	assert_false(types_image__is_sound(image, 0));
	assert_false(types_image__is_sound(image, size - 1));
	assert_false(types_image__is_sound(image, size + 1));
	i->magic++;
	assert_false(types_image__is_sound(image, size));
	i->magic--;
	bytes[size - 1] = 'x';
	assert_false(types_image__is_sound(image, size));
	bytes[size - 1] = last;
	if (!i->nrecords)
		return;
	LIE(r->kind = RP_KIND_RAW);
	LIE(r->kind = 200);
	LIE(r->size = 3);
	LIE(r->size = 0);
	LIE(r->result = i->ntexts);
	LIE(r->parameters = i->ntexts);
	LIE(r->enumerator = i->nenumerators + 1);
	LIE((r->enumerator = i->nenumerators, r->nenumerators = 1));
	LIE(r->nenumerators = ~0U);
	LIE(r->offset = UINT64_MAX);
	assert_true(types_image__is_sound(image, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_types),
					    cmocka_unit_test(test_declarators),
					    cmocka_unit_test(test_folded),
					    cmocka_unit_test(test_lies) };

	return cmocka_run_group_tests(tests, make_image, NULL);
}
