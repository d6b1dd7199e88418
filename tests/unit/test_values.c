/* SPDX-License-Identifier: GPL-2.0-only */
/* Operators and functions of expressions: the number that remains, and how it is shown. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

#include "expr_fixture.h"
#include "labels/namer.h"

static struct expr_fixture f;
static struct label_namer *namer;

static int setup(void **state)
{
	expr_fixture__make(&f);
	namer = label_namer__new("/proc");
	return 0;
}

static int teardown(void **state)
{
	label_namer__free(namer);
	expr_fixture__free(&f);
	return 0;
}

/* What the BPF program computes (eval_number(), changed()). raw: what it has read. */
static uint64_t evaluated(const struct rp_field *x, uint64_t raw)
{
	bool is_signed = x->number == RP_SIGNED || x->number == RP_CHANGED_SIGNED;
	uint64_t v = raw << x->left;

	v = is_signed ? (uint64_t)((int64_t)v >> x->right) : v >> x->right;
	if (x->number < RP_CHANGED_UNSIGNED)
		return v;
	if (x->swapped)
		v = x->swapped == 2 ? ntohs(v) : ntohl(v);
	return v >> x->down << x->up & x->mask;
}

static struct expr compiled(const struct expr_scope *scope, const char *text)
{
	struct expr e;
	char *why = NULL;

	if (expr__compile(scope, text, &e, &why))
		fail_msg("%s: %s", text, why);
	return e;
}

/* As C computes it with numbers of 64 bits. */
#define ROW(expression, value)                                              \
	{                                                                   \
		e = compiled(scope, expression);                            \
		assert_true(evaluated(&e.field, raw) == (uint64_t)(value)); \
		expr__free(&e);                                             \
	}

static void check_operators(uint64_t raw)
{
	const struct expr_scope *scope = &f.scope;
	int64_t flags = (int32_t)raw, arg = (int64_t)raw;
	uint64_t wide = raw >> 12 & 0xfffff; /* a bit-field: 20 bits after 12 */
	struct expr e;

	ROW("flags & 0xff", flags & 0xff);
	ROW("flags >> 3", flags >> 3);
	ROW("flags << 5", (uint64_t)flags << 5);
	ROW("flags << 40", (uint64_t)flags << 40);
	ROW("flags >> 3 & 7", flags >> 3 & 7);
	ROW("(flags & 0xff0) >> 4", (flags & 0xff0) >> 4);
	ROW("(flags & 0xff0) << 3 >> 5", (uint64_t)(flags & 0xff0) << 3 >> 5);
	ROW("flags << 5 >> 5", (int64_t)((uint64_t)flags << 5) >> 5);
	ROW("flags & 0xfffffffffffffff0", flags & 0xfffffffffffffff0);
	ROW("flags >> 3 << 5", (uint64_t)(flags >> 3) << 5);
	ROW("arg0 >> 3 << 5 >> 1", (uint64_t)(arg >> 3) << 5 >> 1);
	ROW("file->f_inode->i_wide << 7", wide << 7);
	ROW("file->f_inode->i_wide << 7 >> 3", wide << 7 >> 3);
	ROW("arg0 >> 63", arg >> 63);
	ROW("arg0 << 8 >> 8", (int64_t)((uint64_t)arg << 8) >> 8);
	ROW("arg0 & 0xff00ff & 0xffff", arg & 0xff);
	ROW("file->f_inode->i_wide & 0x3f0", wide & 0x3f0);
	ROW("file->f_inode->i_wide >> 7", wide >> 7);
	ROW("file->f_inode->i_wide << 44", wide << 44);
	ROW("ntohs(arg1)", ntohs(raw));
	ROW("ntohl(arg1)", ntohl(raw));
	ROW("ntohl(flags)", ntohl(raw));
	ROW("ntohs(arg1) >> 4", ntohs(raw) >> 4);
	ROW("ntohs(arg1) << 20 >> 24", (uint64_t)ntohs(raw) << 20 >> 24);
	ROW("ntohl(flags) >> 24 << 3", ntohl(raw) >> 24 << 3);
	ROW("ntohs(arg1 >> 16)", ntohs(raw >> 16));
	ROW("ntohl(flags & 0xff00ff)", ntohl(raw & 0xff00ff));
	ROW("ntohs(arg1) & 0xff", ntohs(raw) & 0xff);
	ROW("uid >> 16", raw >> 16);
	ROW("pid & 3", raw & 3);
}

static void operators(void **state)
{
	uint64_t random = 1;

	for (int i = 0; i < 1000; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		check_operators(random);
	}
	check_operators(0);
	check_operators(UINT64_MAX);
	check_operators(1ULL << 31);
}

/* What others pay for: expressions without operators, and shifts, are no changed numbers. */
static void nothing_more_to_run(void **state)
{
	static const char *const texts[] = { "flags",	   "flags >> 2",    "flags << 2",
					     "hex(flags)", "signal(flags)", "user(uid)",
					     "ip(flags)" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct expr e = compiled(&f.scope, texts[i]);

		assert_true(e.field.number <= RP_SIGNED && !e.field.mask);
		assert_true(e.field.source < RP_SOURCE_CHANGED);
		expr__free(&e);
	}
}

/* ---- how numbers are shown ------------------------------------------------------------------- */

static char *shown(const struct expr_scope *scope, const char *text, uint64_t raw, uint64_t second)
{
	struct expr e = compiled(scope, text);
	struct rp_label_key key = { .word = { evaluated(&e.field, raw), second } };
	struct capture_label label = { .format = e.format,
				       .names = e.names,
				       .second = 1,
				       .enumerators = e.enumerators,
				       .nenumerators = e.nenumerators };
	char *out = label_namer__text(namer, &label, &key);

	expr__free(&e);
	return out;
}

static uint64_t word_of_text(const char *family, const char *text, int i)
{
	uint64_t words[2] = {};

	assert_int_equal(inet_pton(*family == '4' ? AF_INET : AF_INET6, text, words), 1);
	return words[i];
}

static void shown_values(void **state)
{
	static const struct {
		const char *text;
		uint64_t raw;
		const char *shows;
	} rows[] = {
		{ "hex(flags)", 0x1f, "0x1f" },
		{ "hex(file)", 0xffff888012345678, "0xffff888012345678" },
		{ "errno(flags)", ENOENT, "ENOENT" },
		{ "errno(flags)", (uint64_t)-ENOENT, "ENOENT" },
		{ "errno(flags)", (uint64_t)-512, "ERESTARTSYS" },
		{ "errno(flags)", 0, "0" },
		{ "errno(flags)", (uint64_t)-5000, "-5000" },
		/* The upper half of a register is undefined. */
		{ "errno(arg1)", 0x12345678fffffffe, "ENOENT" },
		{ "signal(flags)", 9, "SIGKILL" },
		{ "signal(flags)", 34, "SIGRTMIN" },
		{ "signal(flags)", 64, "SIGRTMIN+30" },
		{ "signal(flags)", 32, "32" },
		{ "family(flags)", 2, "AF_INET" },
		{ "family(flags)", 1, "AF_UNIX" },
		{ "family(flags)", 99, "99" },
		{ "proto(flags)", 6, "IPPROTO_TCP" },
		{ "proto(flags)", 58, "IPPROTO_ICMPV6" },
		{ "tcp_state(flags)", 2, "TCP_SYN_SENT" },
		{ "tcp_state(flags)", 14, "14" },
		{ "softirq(flags)", 0, "HI" },
		{ "softirq(flags)", 9, "RCU" },
		{ "softirq(flags)", 10, "10" },
		{ "user(uid)", 0, "root" },
		{ "user(uid)", 4000000000, "4000000000" },
		{ "ifname(flags)", 1, "lo" },
		{ "ifname(flags)", 9999999, "9999999" },
		{ "blkdev(flags)", 4095U << 20 | 1048575, "4095:1048575" },
		{ "ksym(file)", 0, "NULL" },
		{ "ip(flags)", 0x0100007f, "127.0.0.1" },
		{ "ip(arg1)", 0x123456780100007f, "127.0.0.1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *text = shown(&f.scope, rows[i].text, rows[i].raw, 0);

		if (strcmp(text, rows[i].shows))
			fail_msg("%s: %s, not %s", rows[i].text, text, rows[i].shows);
	}
}

static void system_calls(void **state)
{
#if defined(__x86_64__)
	__cleanup_free char *text = shown(&f.scope, "syscall(flags)", 257, 0);
#else
	__cleanup_free char *text = shown(&f.scope, "syscall(flags)", 56, 0);
#endif
	__cleanup_free char *none = shown(&f.scope, "syscall(flags)", 5000, 0);

	assert_string_equal(text, "openat");
	assert_string_equal(none, "5000");
}

static void ipv6_addresses(void **state)
{
	static const struct {
		const char *address, *shows;
	} rows[] = {
		{ "2001:db8::1", "2001:db8::1" },
		{ "::1", "::1" },
		{ "::", "::" },
		{ "::ffff:10.1.2.3", "10.1.2.3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *text = shown(&f.scope, "ip(file->f_inode->i_name)",
						  word_of_text("6", rows[i].address, 0),
						  word_of_text("6", rows[i].address, 1));

		assert_string_equal(text, rows[i].shows);
	}
}

/* An address of 16 bytes is two numbers of the key. */
static void ipv6_is_read_twice(void **state)
{
	struct expr e = compiled(&f.scope, "ip(file->f_inode->i_name)");

	assert_int_equal(e.format, EXPR_IP6);
	assert_int_equal(e.field.offset[1], 32);
	assert_int_equal(e.second.offset[1], 40);
	assert_int_equal(e.second.size, 8);
	expr__free(&e);
}

/* ---- types ----------------------------------------------------------------------------------- */

static void casts(void **state)
{
	static const struct {
		const struct expr_scope *scope;
		const char *cast, *same;
	} rows[] = {
		{ &f.scope, "cast(arg0, struct file)->f_path.len", "file->f_path.len" },
		{ &f.scope, "cast(file, struct file)->f_path.len", "file->f_path.len" },
		{ &f.scope, "cast(file, struct file *)[1].f_path.len", "file[1].f_path.len" },
		{ &f.scope, "cast(arg1, int)", "flags" },
		{ &f.scope, "cast(file->f_inode, struct inode)->i_ino", "file->f_inode->i_ino" },
		{ &f.syscall, "cast(arg4, struct inode)->i_ino", "inode->i_ino" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expr a = compiled(rows[i].scope, rows[i].cast);
		struct expr b = compiled(rows[i].scope, rows[i].same);

		if (memcmp(&a.field, &b.field, sizeof(a.field)) || a.format != b.format)
			fail_msg("%s is not %s", rows[i].cast, rows[i].same);
		expr__free(&a);
		expr__free(&b);
	}
}

static void flags_by_name(void **state)
{
	static const struct {
		uint64_t raw;
		const char *shows;
	} rows[] = {
		{ 1, "LOW" },
		{ 1ULL << 63, "TOP" },
		{ 1ULL << 63 | 1, "LOW|TOP" },
		{ 1ULL << 63 | 0x50, "TOP|0x50" },
		{ 6, "0x6" },
		{ 0, "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *text = shown(&f.scope, "flags(arg0, flags64)", rows[i].raw, 0);

		assert_string_equal(text, rows[i].shows);
	}
}

static void basenames(void **state)
{
	static const char *const texts[] = { "basename(name)", "basename(str(arg2))" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct expr e = compiled(&f.other, texts[i]);

		assert_int_equal(e.format, EXPR_TEXT);
		assert_int_equal(e.field.text, RP_TEXT | RP_TEXT_BASENAME);
		expr__free(&e);
	}
}

/* The kernel's structs, with other offsets. */
static struct btf *path_types(bool with_mount, struct expr_scope *scope)
{
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0), any = btf__add_ptr(btf, 0), dentry, path;
	int qstr, vfsmount, to_dentry;

	qstr = btf__add_struct(btf, "qstr", 16);
	btf__add_field(btf, "hash", u32, 0, 0);
	btf__add_field(btf, "len", u32, 32, 0);
	btf__add_field(btf, "name", any, 64, 0);
	dentry = btf__add_struct(btf, "dentry", 64);
	btf__add_field(btf, "d_parent", any, 64, 0);
	btf__add_field(btf, "d_name", qstr, 128, 0);
	to_dentry = btf__add_ptr(btf, dentry);
	path = btf__add_struct(btf, "path", 16);
	btf__add_field(btf, "mnt", any, 0, 0);
	btf__add_field(btf, "dentry", to_dentry, 64, 0);
	vfsmount = btf__add_struct(btf, "vfsmount", 8);
	btf__add_field(btf, "mnt_root", any, 0, 0);
	btf__add_struct(btf, with_mount ? "mount" : "count", 64);
	btf__add_field(btf, "mnt_parent", any, 128, 0);
	btf__add_field(btf, "mnt_mountpoint", any, 192, 0);
	btf__add_field(btf, "mnt", vfsmount, 256, 0);
	btf__add_struct(btf, "file", 64);
	btf__add_field(btf, "f_pos", any, 0, 0);
	btf__add_field(btf, "f_path", path, 64, 0);
	*scope = (struct expr_scope){ .btf = btf };
	path = btf__add_ptr(btf, btf__find_by_name_kind(btf, "file", BTF_KIND_STRUCT));
	scope->proto = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "file", path);
	btf__add_func_param(btf, "dentry", to_dentry);
	return btf;
}

static void paths(void **state)
{
	static const struct {
		const char *text;
		struct rp_field field;
	} rows[] = {
		{ "path(file)", { .text = RP_TEXT | RP_TEXT_PATH, .offset = { 8 } } },
		{ "path(file->f_path)", { .text = RP_TEXT | RP_TEXT_PATH, .offset = { 8 } } },
		{ "path(dentry)", { .source = 1, .text = RP_TEXT | RP_TEXT_DENTRY } },
		{ "path(file->f_path.dentry)",
		  { .nsteps = 1, .text = RP_TEXT | RP_TEXT_DENTRY, .offset = { 16 } } },
	};
	static const struct rp_path_layout layout = { 0, 8, 8, 24, 20, 32, 16, 24 };
	struct expr_scope scope;
	struct btf *btf = path_types(true, &scope);
	char *why = NULL;
	struct expr e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		e = compiled(&scope, rows[i].text);
		assert_memory_equal(&e.field, &rows[i].field, sizeof(e.field));
		assert_memory_equal(&e.path, &layout, sizeof(layout));
	}
	assert_int_equal(expr__compile(&scope, "path(file->f_pos)", &e, &why), -EINVAL);
	assert_non_null(strstr(why, "takes a struct path, dentry or file, or a pointer to one"));
	free(take_ptr(why));
	assert_int_equal(expr__compile(&scope, "basename(path(file))", &e, &why), -EINVAL);
	free(take_ptr(why));
	scope.user = true;
	assert_int_equal(expr__compile(&scope, "path(file)", &e, &why), -EINVAL);
	assert_non_null(strstr(why, "only functions of the kernel"));
	free(take_ptr(why));
	btf__free(btf);
	btf = path_types(false, &scope);
	assert_int_equal(expr__compile(&scope, "path(file)", &e, &why), -EINVAL);
	assert_non_null(strstr(why, "does not describe paths"));
	free(why);
	btf__free(btf);
}

static void mistakes(void **state)
{
	static const struct {
		const struct expr_scope *scope;
		const char *text, *says;
	} rows[] = {
		{ &f.scope, "cast(file, struct flie)->f_path.len",
		  "\"struct flie\" is no type of this kernel; did you mean file?" },
		{ &f.scope, "cast(file, nothing)", "\"nothing\" is no type" },
		{ &f.placed, "cast(r, struct requst)",
		  "is no type among those that this function's parameters lead to; did you mean "
		  "request?" },
		{ &f.scope, "cast(file)", "lacks a second argument: write \", \" and a type" },
		{ &f.scope, "cast(file, )", "lacks a second argument" },
		{ &f.scope, "cast(cpu, struct file)",
		  "takes a pointer, or a number without operators" },
		{ &f.scope, "cast(flags, struct file)", "the value has 4 bytes, which is too few" },
		{ &f.scope, "cast(arg0 & 1, struct file)", "a number without operators" },
		{ &f.scope, "cast(pid, int)", "a number without operators" },
		{ &f.scope, "cast(file->f_user, struct inode)->i_ino",
		  "from kernel memory to user" },
		{ &f.scope, "cast(file, struct file", "lacks the closing \")\"" },
		{ &f.scope, "flags(flags, flags46)",
		  "\"flags46\" is no enum of this kernel; did you mean flags64?" },
		{ &f.scope, "flags(flags)", "write \", \" and an enum" },
		{ &f.scope, "basename(flags)", "not text but of type int" },
		{ &f.scope, "basename(comm)", "takes a path that ends with a 0 byte" },
		{ &f.placed, "basename(name)", "takes a path that ends with a 0 byte" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expr e;
		char *why = NULL;

		if (!expr__compile(rows[i].scope, rows[i].text, &e, &why))
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(why, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, why, rows[i].says);
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators),	  cmocka_unit_test(nothing_more_to_run),
		cmocka_unit_test(shown_values),	  cmocka_unit_test(system_calls),
		cmocka_unit_test(ipv6_addresses), cmocka_unit_test(ipv6_is_read_twice),
		cmocka_unit_test(casts),	  cmocka_unit_test(flags_by_name),
		cmocka_unit_test(basenames),	  cmocka_unit_test(paths),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
