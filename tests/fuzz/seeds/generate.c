/* SPDX-License-Identifier: GPL-2.0-only */
/* generate DIR: writes binary seeds of the fuzzers, as DIR/FUZZER/NAME. */
#include <stdlib.h>
#include <sys/stat.h>

#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_non_null(p)     assert_true((p) != NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))

#include "elf_fixture.h"
#include "expr_fixture.h"
#include "ld_cache_fixture.h"
#include "base/util.h"

static char *make_dir(const char *top, const char *name)
{
	char *dir = xasprintf("%s/%s", top, name);

	mkdir(dir, 0777);
	return dir;
}

static void put_text(FILE *f, const char *text)
{
	uint32_t len = strlen(text);

	fwrite(&len, sizeof(len), 1, f);
	fwrite(text, len, 1, f);
}

static void write_elf(const char *dir)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ "main", ELF_FIXTURE_VADDR, STT_FUNC, false, false, false, 16 },
		{ "local", ELF_FIXTURE_VADDR + 16, STT_FUNC, false, false, false, 16 },
		{ "local", ELF_FIXTURE_VADDR + 32, STT_FUNC, false, false, false, 16 },
		{ "data", ELF_FIXTURE_VADDR, STT_OBJECT, false, false, false, 16 },
		{ "memcpy@@NEW", ELF_FIXTURE_VADDR + 48, STT_GNU_IFUNC, false, false, false, 16 },
		{ "exported", ELF_FIXTURE_VADDR + 64, STT_FUNC, true, false, false, 16 },
		{ "exported", ELF_FIXTURE_VADDR + 80, STT_FUNC, true, true, false, 16 },
		{ "elsewhere", 0, STT_FUNC, true, false, true, 16 },
	};
	struct elf_fixture f = { .machine = ELF_FIXTURE_MACHINE,
				 .type = ET_DYN,
				 .symbols = symbols,
				 .nsymbols = ARRAY_SIZE(symbols) };

	free(elf_fixture__write(dir, "library", &f));
	f.nsymbols = 2;
	f.section = ".gopclntab";
	free(elf_fixture__write(dir, "go", &f));
}

static void put_file(FILE *out, const char *path, bool with_length)
{
	static char content[1 << 16];
	__cleanup_fclose FILE *f = fopen(path, "re");
	uint32_t len;

	assert_non_null(f);
	len = fread(content, 1, sizeof(content), f);
	if (with_length)
		fwrite(&len, sizeof(len), 1, out);
	fwrite(content, len, 1, out);
}

/* A stripped file and its debug file in one. */
static void write_elf_debug(const char *dir)
{
	static const struct elf_fixture_symbol symbols[] = {
		{ "exported", ELF_FIXTURE_VADDR, STT_FUNC, true, false, false, 16 },
		{ "hidden", ELF_FIXTURE_VADDR + 16, STT_FUNC, false, false, false, 16 },
	};
	static const uint8_t note[] = { 4, 0, 0,   0,	4,   0, 0, 0, 3, 0,
					0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 4 };
	static const struct elf_fixture_section more[] = {
		{ ".note.gnu.build-id", SHT_NOTE, note, sizeof(note) },
		{ ".gnu_debuglink", SHT_PROGBITS, "a.debug\0\1\2\3\4", 12 },
	};
	struct elf_fixture f = { .machine = ELF_FIXTURE_MACHINE,
				 .type = ET_DYN,
				 .symbols = symbols,
				 .nsymbols = 1,
				 .more = more,
				 .nmore = 2 };
	__cleanup_free char *own = elf_fixture__write(dir, "own", &f), *debug, *both;
	__cleanup_fclose FILE *out;

	f.symbols++;
	debug = elf_fixture__write(dir, "debug", &f);
	both = xasprintf("%s/both", dir);
	out = fopen(both, "we");
	assert_non_null(out);
	put_file(out, own, true);
	put_file(out, debug, false);
	unlink(own);
	unlink(debug);
}

static void write_caches(const char *dir)
{
	static const struct ld_cache_row rows[] = {
		{ "libc.so.6", "/lib/libc.so.6", LD_CACHE_OURS },
		{ "libc.so.6", "/lib32/libc.so.6", 3 },
		{ "libm.so.6", "/lib/libm.so.6", LD_CACHE_OURS },
	};

	for (int old = 0; old < 2; old++) {
		__cleanup_free char *path = xasprintf("%s/%d", dir, old);
		__cleanup_fclose FILE *out = fopen(path, "we");
		__cleanup_buf struct buf cache = {};

		assert_non_null(out);
		ld_cache_fixture__make(&cache, rows, ARRAY_SIZE(rows), old);
		fwrite(cache.data, cache.len, 1, out);
	}
}

static void write_btf(const char *dir)
{
	static const char *const texts[] = { "file->f_inode->i_name",
					     "by_value.inode->i_color",
					     "file->f_paths[1].hash",
					     "str(argv[0])",
					     "arg3",
					     "file->f_inod" };
	struct expr_fixture f;
	const void *data;
	__u32 size;

	expr_fixture__make(&f);
	assert_true(btf__add_func(f.btf, "work", BTF_FUNC_STATIC, f.scope.proto) > 0);
	assert_true(btf__add_func(f.btf, "other", BTF_FUNC_STATIC, f.other.proto) > 0);
	data = btf__raw_data(f.btf, &size);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		__cleanup_free char *path = xasprintf("%s/%zu", dir, i);
		__cleanup_fclose FILE *out = fopen(path, "we");

		assert_non_null(out);
		fprintf(out, "%s\n", texts[i]);
		fwrite(data, size, 1, out);
	}
	expr_fixture__free(&f);
}

static void write_updates(const char *dir)
{
	static const uint32_t heads[][4] = { { 1, 1, 1, 2 }, { 0, 1, 7, 0 }, { 1, 3, 0, 1 } };
	__cleanup_free char *path = xasprintf("%s/three", dir);
	__cleanup_fclose FILE *out = fopen(path, "we");

	assert_non_null(out);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		fwrite(heads[i], sizeof(heads[i]), 1, out);
		for (uint32_t k = 0; k < heads[i][3]; k++)
			put_text(out, k ? "1" : "alpha");
	}
}

static void write_messages(const char *dir)
{
	static const struct {
		uint32_t status;
		uint64_t len;
	} __attribute__((packed)) answer = { 0, 5 };
	static const uint32_t requests[][2] = { { 1, 1 }, { 2, 2 } };
	__cleanup_free char *to_server = xasprintf("%s/answer", dir);
	__cleanup_free char *to_attacher = xasprintf("%s/requests", dir);
	__cleanup_fclose FILE *out = fopen(to_server, "we");
	__cleanup_fclose FILE *back = fopen(to_attacher, "we");

	assert_true(out && back);
	/* A length precedes each packet. */
	fputc(1, out);
	fputc(sizeof(answer), out);
	fwrite(&answer, sizeof(answer), 1, out);
	fwrite("\5hello", 6, 1, out);
	fputc(0, back);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		fputc(sizeof(requests[i]), back);
		fwrite(requests[i], sizeof(requests[i]), 1, back);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *fuzzer;
		void (*write)(const char *dir);
	} seeds[] = {
		{ "elf", write_elf },
		{ "elf_debug", write_elf_debug },
		{ "btf", write_btf },
		{ "ld_cache", write_caches },
		{ "label_updates", write_updates },
		{ "channel", write_messages },
	};

	assert_true(argc == 2);
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		__cleanup_free char *dir = make_dir(argv[1], seeds[i].fuzzer);

		seeds[i].write(dir);
	}
	return 0;
}
