/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters from DWARF, read from this test itself, and images with wrong contents. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/btf.h>

#include "files/confined.h"
#include "elf/parameters_reader.h"
#include "elf/types_image.h"
#include "elf/types_reader.h"
#include "expr/ctype.h"
#include "types/enumerators.h"

/* Without the sanitizer's own stack, parameters lie where they do in other programs. */
#define KEPT __attribute__((noinline, used, no_sanitize("address"))) static

enum parameters_shade { DARK = -2, BRIGHT = 200 };
struct node {
	struct node *next;
	unsigned low : 3, high : 5;
	char name[12];
	union {
		int inner;
		short half;
	};
	int grid[3][2];
};
struct two {
	int a, b;
	long c;
};
struct mixed {
	double d;
	long n;
};
struct floats {
	double x, y;
};
struct big {
	long v[3];
};
struct __attribute__((packed)) packed {
	char c;
	long n;
};

KEPT long parameters_plain(int p1, const char *s, struct node *n, enum parameters_shade e, _Bool b,
			   unsigned char c, long seventh)
{
	return p1 + *s + n->low + e + b + c + seventh;
}

KEPT long parameters_floats(double p2, int a, float f, long double wide, int b)
{
	return p2 + a + f + wide + b;
}

KEPT long parameters_structs(struct two p3, struct floats f, struct packed p, int a, struct two t)
{
	return p3.a + f.x + p.n + a + t.b;
}

KEPT long parameters_mixed(struct mixed p4, struct two t, int a)
{
	return p4.n + t.a + a;
}

KEPT struct big parameters_hidden(int p5, void (*f)(int), int row[][2])
{
	(void)f, (void)row;
	return (struct big){ { p5 } };
}

static void *image;
static int64_t size;

static const struct parameters_image *head(void)
{
	return image;
}

static int make_image(void **state)
{
	void *types = confined__memory(TYPES_IMAGE_MAX);
	const struct types_image *t = types;
	const struct type_record *r = (const void *)(t + 1);
	char why[CONFINED_WHY] = "";
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct parameters_wanted *wanted;

	image = confined__memory(PARAMETERS_IMAGE_MAX);
	if (!image || types_reader__make_image(fd, -1, "self", types, TYPES_IMAGE_MAX, why) < 0)
		return 1;
	/* In the wrong order, and one twice. */
	wanted = xcalloc(t->nrecords + 1, sizeof(*wanted));
	for (uint32_t i = 0; i < t->nrecords; i++)
		wanted[t->nrecords - i] =
			(struct parameters_wanted){ r[i].offset, r[i].die, false };
	wanted[0] = wanted[t->nrecords];
	size = parameters_reader__make_image(&(struct parameters_request){ wanted,
									   t->nrecords + 1 },
					     fd, -1, "self", image, PARAMETERS_IMAGE_MAX, why);
	free(wanted);
	close(fd);
	if (size < 0)
		print_error("ERROR: %s\n", why);
	return size < 0;
}

static const struct function_record *records(void)
{
	return (const void *)(head() + 1);
}

static struct parameter_place *places(void)
{
	return (void *)((char *)image + sizeof(*head()) +
			head()->nrecords * sizeof(struct function_record));
}

static struct btf *types(void)
{
	return btf__new((const char *)image + parameters_image__btf(head()), head()->nbtf);
}

/* The function whose first parameter has that name. */
static const struct function_record *find(const struct btf *btf, const char *name)
{
	for (uint32_t i = 0; i < head()->nrecords; i++) {
		const struct btf_type *t = btf__type_by_id(btf, records()[i].proto);

		if (btf_vlen(t) &&
		    !strcmp(btf__name_by_offset(btf, btf_params(t)[0].name_off), name))
			return &records()[i];
	}
	fail_msg("no function with %s", name);
	return NULL;
}

#define REG(word, words)                        \
	{                                       \
		PLACE_REGISTER, (word), (words) \
	}
#define NO(kind)             \
	{                    \
		(kind), 0, 0 \
	}

static void check_places(const struct btf *btf, const char *name,
			 const struct parameter_place *want, size_t n)
{
	const struct function_record *r = find(btf, name);
	const struct parameter_place *got = places() + r->place;

	assert_int_equal(btf_vlen(btf__type_by_id(btf, r->proto)), n);
	for (size_t i = 0; i < n; i++)
		if (memcmp(&got[i], &want[i], sizeof(*got)))
			fail_msg("parameter %zu with %s: %d %d %d, not %d %d %d", i, name,
				 got[i].kind, got[i].word, got[i].words, want[i].kind, want[i].word,
				 want[i].words);
	assert_false(r->go);
}

static void test_places(void **state)
{
	struct btf *btf = types();

	assert_true(parameters_image__is_sound(image, size));
	check_places(btf, "p1",
		     (struct parameter_place[]){ REG(0, 1), REG(1, 1), REG(2, 1), REG(3, 1),
						 REG(4, 1), REG(5, 1), NO(PLACE_STACK) },
		     7);
#ifdef __x86_64__
	check_places(btf, "p2",
		     (struct parameter_place[]){ NO(PLACE_FLOAT), REG(0, 1), NO(PLACE_FLOAT),
						 NO(PLACE_STACK), REG(1, 1) },
		     5);
	check_places(btf, "p3",
		     (struct parameter_place[]){ REG(0, 2), NO(PLACE_FLOAT), NO(PLACE_STACK),
						 REG(2, 1), REG(3, 2) },
		     5);
	check_places(btf, "p4", (struct parameter_place[]){ NO(PLACE_FLOAT), REG(1, 2), REG(3, 1) },
		     3);
	check_places(btf, "p5", (struct parameter_place[]){ REG(1, 1), REG(2, 1), REG(3, 1) }, 3);
#endif
	btf__free(btf);
}

static void test_types(void **state)
{
	struct btf *btf = types();
	const struct btf_type *proto = btf__type_by_id(btf, find(btf, "p1")->proto);
	const struct btf_param *p = btf_params(proto);
	bool user = false;
	struct ctype node = ctype__pointee(btf, (struct ctype){ .id = p[2].type }, &user);
	struct shape s = ctype__shape(btf, node), e;
	struct enumerator *v;
	struct member m;

	assert_int_equal(ctype__size(btf, node), sizeof(struct node));
	assert_true(ctype__find_member(btf, s.btf, "high", &m));
	assert_int_equal(m.bit, 8 * sizeof(void *) + 3);
	assert_int_equal(m.bits, 5);
	assert_true(ctype__find_member(btf, s.btf, "half", &m));
	assert_int_equal(m.bit, 8 * offsetof(struct node, half));
	assert_true(ctype__find_member(btf, s.btf, "grid", &m));
	s = ctype__shape(btf, m.type);
	assert_int_equal(btf_array(s.btf)->nelems, 3);
	assert_int_equal(ctype__size(btf, ctype__element(&s)), 2 * sizeof(int));
	e = ctype__shape(btf, (struct ctype){ .id = p[3].type });
	assert_int_equal(e.kind, SHAPE_ENUM);
	assert_int_equal(enumerators__read(btf, e.btf, e.is_signed, &v), 2);
	assert_int_equal(v[0].value, DARK);
	assert_int_equal(v[1].value, BRIGHT);
	enumerators__free(v, 2);
	btf__free(btf);
}

/* A byte of the image is wrong: that is noticed, or does no harm. */
static void test_flips(void **state)
{
	uint8_t *bytes = image;
	size_t unnoticed = 0;

	for (int64_t i = 0; i < size; i += size / 400 + 1) {
		struct btf *btf;

		bytes[i] ^= 0x81;
		if (parameters_image__is_sound(image, size)) {
			btf = types();
			for (uint32_t k = 0; btf && k < head()->nrecords; k++)
				free(ctype__text(btf, (struct ctype){ .id = records()[k].proto }));
			btf__free(btf);
			unnoticed++;
		}
		bytes[i] ^= 0x81;
	}
	assert_true(unnoticed < 400);
	assert_true(parameters_image__is_sound(image, size));
}

#define LIE(lvalue, value)                                             \
	do {                                                           \
		__typeof__(lvalue) saved = lvalue;                     \
		lvalue = (value);                                      \
		assert_false(parameters_image__is_sound(image, size)); \
		lvalue = saved;                                        \
	} while (0)

/* One error each. */
static void test_lies(void **state)
{
	struct parameters_image *h = image;
	struct function_record *r = (void *)(h + 1);
	struct parameter_place *p = places();
	struct btf_header *btf = (void *)((char *)image + parameters_image__btf(h));
	struct btf_type *first = (void *)(btf + 1);
	char *strings = (char *)(btf + 1) + btf->str_off;

	assert_false(parameters_image__is_sound(image, 0));
	assert_false(parameters_image__is_sound(image, size - 1));
	assert_false(parameters_image__is_sound(image, size + 1));
	LIE(h->magic, 0);
	LIE(h->nrecords, h->nrecords + 1);
	LIE(h->nrecords, ~0U);
	LIE(h->nplaces, ~0U);
	LIE(h->nbtf, h->nbtf - 4);
	LIE(r->proto, 1);
	LIE(r->proto, r->proto + 1);
	LIE(r->place, 1);
	LIE(r->offset, UINT64_MAX);
	LIE(r->go, 2);
	LIE(p->kind, PLACE_KINDS);
	LIE(*p, ((struct parameter_place)REG(0, 0)));
	LIE(*p, ((struct parameter_place)REG(5, 2)));
	LIE(*p, ((struct parameter_place)REG(255, 255)));
	LIE(btf->magic, 0);
	LIE(btf->hdr_len, 0);
	LIE(btf->type_off, 4);
	LIE(btf->type_len, btf->type_len - 4);
	LIE(btf->str_len, btf->str_len + 1);
	LIE(first->name_off, btf->str_len);
	LIE(first->info, BTF_KIND_DATASEC << 24);
	LIE(first->info, BTF_KIND_STRUCT << 24 | 0xffff);
	LIE(first->info, BTF_KIND_ARRAY << 24);
	LIE(strings[0], 'x');
	LIE(strings[1], '\n');
	LIE(strings[btf->str_len - 1], 'x');
	assert_true(parameters_image__is_sound(image, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_places),
					    cmocka_unit_test(test_types),
					    cmocka_unit_test(test_lies),
					    cmocka_unit_test(test_flips) };

	/* Called, so that the compiler does not change them. */
	return parameters_plain(1, "", &(struct node){}, DARK, true, 1, 1) +
				       parameters_floats(0, 0, 0, 0, 0) +
				       parameters_structs((struct two){}, (struct floats){},
							  (struct packed){}, 0, (struct two){}) +
				       parameters_mixed((struct mixed){}, (struct two){}, 0) +
				       parameters_hidden(1, NULL, NULL).v[0] ==
			       -12345
		       ? 1
		       : cmocka_run_group_tests(tests, make_image, NULL);
}
