/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "labels.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901"

/* As systemd's and the plain cgroup drivers name them. */
static void parts_of_cgroup_paths(void **state)
{
	static const struct {
		const char *path, *container, *pod;
	} rows[] = {
		{ "/kubepods.slice/kubepods-burstable.slice/"
		  "kubepods-burstable-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/"
		  "cri-containerd-" ID ".scope",
		  "containerd://" ID, UID },
		{ "/kubepods.slice/kubepods-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/crio-" ID
		  ".scope/container",
		  "cri-o://" ID, UID },
		{ "/kubepods/besteffort/pod" UID "/" ID, ID, UID },
		{ "/system.slice/docker-" ID ".scope", "docker://" ID, "" },
		{ "/machine.slice/libpod-" ID ".scope", "libpod://" ID, "" },
		{ "/docker/" ID, ID, "" },
		/* Things that only look like it. */
		{ "/system.slice/podman.service", "", "" },
		{ "/tripod" UID "/x", "", "" },
		{ "/" ID "0", "", "" },
		{ "/user.slice/user-1000.slice", "", "" },
		{ "/", "", "" },
		{ "", "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *container = cgroup_path__container_id(rows[i].path);
		__cleanup_free char *pod = cgroup_path__pod_uid(rows[i].path);

		assert_string_equal(container, rows[i].container);
		assert_string_equal(pod, rows[i].pod);
	}
}

static struct label_namer *namer;

static void check(const struct extra_label *label, const struct rp_label_key *key, const char *text)
{
	__cleanup_free char *found = label_namer__text(namer, label, key);

	assert_string_equal(found, text);
}

static void values_as_text(void **state)
{
	struct enumerator names[] = { { -1, "MINUS" }, { 2, "TWO" } };
	struct rp_label_key key = {
		.number = { 42, (uint64_t)-5, 1, 0, 2, 1ULL << 40 },
		.comm = "fifteen bytes..", /* and a NUL */
		.text = { "ext4 \xc3\xa9 \xc3\xff" },
		.failed = 1U << 5 | 1U << (RP_NUMBERS + 1),
	};

	namer = label_namer__new();
	check(&(struct extra_label){ .index = 0, .format = EXPR_UNSIGNED }, &key, "42");
	check(&(struct extra_label){ .index = 1, .format = EXPR_SIGNED }, &key, "-5");
	check(&(struct extra_label){ .index = 1, .format = EXPR_UNSIGNED }, &key,
	      "18446744073709551611");
	check(&(struct extra_label){ .index = 2, .format = EXPR_BOOL }, &key, "true");
	check(&(struct extra_label){ .index = 3, .format = EXPR_BOOL }, &key, "false");
	check(&(struct extra_label){ .index = 3, .format = EXPR_POINTER }, &key, "NULL");
	check(&(struct extra_label){ .index = 2, .format = EXPR_POINTER }, &key, "0x1");
	check(
		&(struct extra_label){
			.index = 4, .format = EXPR_ENUM, .enumerators = names, .nenumerators = 2 },
		&key, "TWO");
	check(
		&(struct extra_label){
			.index = 0, .format = EXPR_ENUM, .enumerators = names, .nenumerators = 2 },
		&key, "42");
	check(&(struct extra_label){ .place = LABEL_COMM, .format = EXPR_COMM }, &key,
	      "fifteen bytes..");
	check(&(struct extra_label){ .place = LABEL_TEXT, .index = 0, .format = EXPR_TEXT }, &key,
	      "ext4 \xc3\xa9 \\xc3\\xff");
	/* What could not be read. */
	check(&(struct extra_label){ .index = 5, .format = EXPR_UNSIGNED }, &key, "?");
	check(&(struct extra_label){ .place = LABEL_TEXT, .index = 1, .format = EXPR_TEXT }, &key,
	      "?");
	/* A text that fills its place has no NUL. */
	memset(key.text[0], 'x', sizeof(key.text[0]));
	{
		char all[RP_TEXT_SIZE + 1] = "";

		memset(all, 'x', RP_TEXT_SIZE);
		check(&(struct extra_label){ .place = LABEL_TEXT, .format = EXPR_TEXT }, &key, all);
	}
	label_namer__free(namer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_cgroup_paths),
		cmocka_unit_test(values_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
