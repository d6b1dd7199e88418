/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "kernel/cgroup_path.h"
#include "labels/namer.h"
#include "temp_dir.h"

#define ID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID  "1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901"
#define ID2  "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define TASK "0123456789abcdef0123456789abcdef"

/* Names that systemd's cgroup driver and the plain one give. */
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
		{ "/default/" ID, ID, "" }, /* nerdctl with its namespace */
		{ "/system.slice/nerdctl-" ID ".scope", "containerd://" ID, "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		  ".scope/container",
		  "libpod://" ID, "" },
		{ "/kubepods/burstable/pod" UID "/crio-" ID, "cri-o://" ID, UID },
		{ "/kubepods.slice/kubepods-pod" TASK ".slice/cri-containerd-" ID ".scope",
		  "containerd://" ID, TASK }, /* a static pod */
		/* containerd without systemd's cgroup driver. */
		{ "/system.slice/containerd.service/kubepods-besteffort-"
		  "pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice:cri-containerd:" ID,
		  "containerd://" ID, UID },
		/* Amazon ECS, on EC2 and on Fargate. */
		{ "/ecs/" TASK "/" ID, ID, "" },
		{ "/ecstasks.slice/ecstasks-" TASK ".slice/docker-" ID ".scope", "docker://" ID,
		  "" },
		{ "/ecs/" TASK "/" TASK "-2531612879", TASK "-2531612879", "" },
		/* Nested: kind, and docker in a pod. */
		{ "/docker/" ID "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-"
		  "pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/cri-containerd-" ID2 ".scope",
		  "containerd://" ID2, UID },
		{ "/kubepods/pod" UID "/" ID "/docker/" ID2 "/init.scope", ID2, UID },
		/* Names that only look similar. */
		{ "/machine.slice/libpod-conmon-" ID ".scope", "", "" },
		{ "/machine.slice/crio-conmon-" ID ".scope", "", "" },
		{ "/machine.slice/systemd-nspawn@debian.service/payload", "", "" },
		{ "/ecs/" TASK "/" TASK "-", "", "" },
		{ "/ecs/" TASK "-25316128790", "", "" },
		{ "/" TASK, "", "" },
		{ "/pod1b2c3d4e-5f60-7182-93a4-b5c6d7e8f9010", "", "" },
		{ "/pod1b2c3d4e-5f60-7182-93a4", "", "" },
		{ "//:/::" ID, "", "" },
		{ "/system.slice/podman.service", "", "" },
		{ "/tripod" UID "/x", "", "" },
		{ "/" ID "0", "", "" },
		{ "/" ID "g", "", "" },
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

static void check(const struct capture_label *label, const struct rp_label_key *key,
		  const char *text)
{
	__cleanup_free char *found = label_namer__text(namer, label, key);

	assert_string_equal(found, text);
}

static void values_as_text(void **state)
{
	struct enumerator names[] = { { -1, "MINUS" }, { 2, "TWO" } };
	struct rp_label_key key = {
		.word = { 42, (uint64_t)-5, 1, 0, 2, 1ULL << 40 },
		.failed = 1U << 5 | 1U << (RP_NUMBERS + 1),
	};
	const uint32_t comm_at = 6, text_at = 8;

	memcpy(&key.word[comm_at], "fifteen bytes..", RP_COMM_SIZE); /* with a NUL */
	strcpy((char *)&key.word[text_at], "ext4 \xc3\xa9 \xc3\xff");

	namer = label_namer__new("/proc");
	check(&(struct capture_label){ .index = 0, .word = 0, .format = EXPR_UNSIGNED }, &key,
	      "42");
	check(&(struct capture_label){ .index = 1, .word = 1, .format = EXPR_SIGNED }, &key, "-5");
	check(&(struct capture_label){ .index = 1, .word = 1, .format = EXPR_UNSIGNED }, &key,
	      "18446744073709551611");
	check(&(struct capture_label){ .index = 2, .word = 2, .format = EXPR_BOOL }, &key, "true");
	check(&(struct capture_label){ .index = 3, .word = 3, .format = EXPR_BOOL }, &key, "false");
	check(&(struct capture_label){ .index = 3, .word = 3, .format = EXPR_POINTER }, &key,
	      "NULL");
	check(&(struct capture_label){ .index = 2, .word = 2, .format = EXPR_POINTER }, &key,
	      "0x1");
	check(&(struct capture_label){ .index = 4,
				       .word = 4,
				       .format = EXPR_ENUM,
				       .enumerators = names,
				       .nenumerators = 2 },
	      &key, "TWO");
	check(
		&(struct capture_label){
			.index = 0, .format = EXPR_ENUM, .enumerators = names, .nenumerators = 2 },
		&key, "42");
	check(&(struct capture_label){ .place = LABEL_COMM, .word = comm_at, .format = EXPR_COMM },
	      &key, "fifteen bytes..");
	check(&(struct capture_label){ .place = LABEL_TEXT, .word = text_at, .format = EXPR_TEXT },
	      &key, "ext4 \xc3\xa9 \\xc3\\xff");
	/* Values that could not be read. */
	check(&(struct capture_label){ .index = 5, .word = 5, .format = EXPR_UNSIGNED }, &key, "?");
	check(&(struct capture_label){ .place = LABEL_TEXT, .index = 1, .format = EXPR_TEXT }, &key,
	      "?");
	/* A text that fills its space has no NUL. */
	memset(&key.word[text_at], 'x', RP_TEXT_SIZE);
	{
		char all[RP_TEXT_SIZE + 1] = "";

		memset(all, 'x', RP_TEXT_SIZE);
		check(&(struct capture_label){ .place = LABEL_TEXT,
					       .word = text_at,
					       .format = EXPR_TEXT },
		      &key, all);
	}
	label_namer__free(namer);
}

static void write_text(const char *dir, const char *name, const char *text)
{
	temp_dir__write(dir, name, text, strlen(text));
}

/* A module that was loaded after the first look, and again at another address. */
static void functions_of_modules(void **state)
{
	const struct capture_label pointer = { .index = 0, .word = 0, .format = EXPR_POINTER };
	struct rp_label_key key = { .word = { 0xffffffffc0001000 } };
	char *dir = temp_dir__new();

	write_text(dir, "modules", "");
	write_text(dir, "kallsyms", "ffffffff81000000 T first\nffffffffc0000f00 t last\n");
	namer = label_namer__new(dir);
	check(&pointer, &key, "last+0x100");
	write_text(dir, "modules", "loop 40960 0 - Live 0xffffffffc0001000\n");
	write_text(dir, "kallsyms",
		   "ffffffff81000000 T first\nffffffffc0001000 t loop_fn\t[loop]\n");
	check(&pointer, &key, "loop_fn");
	/* Users come and go. */
	write_text(dir, "modules", "loop 40960 7 - Live 0xffffffffc0001000\n");
	write_text(dir, "kallsyms", "");
	check(&pointer, &key, "loop_fn");
	write_text(dir, "modules", "loop 40960 0 - Live 0xffffffffc0001f00\n");
	write_text(dir, "kallsyms",
		   "ffffffff81000000 T first\nffffffffc0001f00 t loop_fn\t[loop]\n");
	check(&pointer, &key, "0xffffffffc0001000");
	key.word[0] = 0xffffffffc0001f10;
	check(&pointer, &key, "loop_fn+0x10");
	label_namer__free(namer);
	temp_dir__remove(dir);
}

/* The address after a call may be the first of the next function. */
static void functions_that_call(void **state)
{
	const struct capture_label caller = { .index = 0, .word = 0, .format = EXPR_CALLER };
	struct rp_label_key key = {};
	char *dir = temp_dir__new();

	write_text(dir, "modules", "");
	write_text(dir, "kallsyms",
		   "ffffffff81000000 T first\nffffffff81000100 t second.isra.0\n"
		   "ffffffff81000200 t first.cold\nffffffff81000300 t last.cold.7\n");
	namer = label_namer__new(dir);
	key.word[0] = 0xffffffff81000005;
	check(&caller, &key, "first");
	key.word[0] = 0xffffffff81000100;
	check(&caller, &key, "first");
	key.word[0] = 0xffffffff81000101;
	check(&caller, &key, "second.isra.0");
	key.word[0] = 0xffffffff81000210;
	check(&caller, &key, "first");
	key.word[0] = 0xffffffff81000310;
	check(&caller, &key, "last");
	key.word[0] = 0xffffffff80ffff00;
	check(&caller, &key, "?");
	key.word[0] = 0;
	check(&caller, &key, "?");
	label_namer__free(namer);
	temp_dir__remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_cgroup_paths),
		cmocka_unit_test(values_as_text),
		cmocka_unit_test(functions_of_modules),
		cmocka_unit_test(functions_that_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
