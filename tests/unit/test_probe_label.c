/* SPDX-License-Identifier: GPL-2.0-only */
/* The label `probe`, which only series of probes with a name have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expose/protobuf.h"
#include "expose/text.h"
#include "metrics_fixture.h"

static void write_all(const struct expo_format *format, bool named, struct buf *out)
{
	struct target_state states[2];
	struct metrics_input in = { .layout = &fixture_layout, .targets = states };
	struct expo e;

	for (size_t i = 0; i < 2; i++)
		states[i] = (struct target_state){
			.target = &fixture_targets[0],
			.object = "vmlinux",
			.function = "vfs_read",
			.probe = named && i ? "slow" : NULL,
			.attached = true,
			.mechanism = "kretprobe",
			.snap = &fixture_snaps[0],
			.missed = &fixture_losses[0],
		};
	in.ntargets = named ? 2 : 1;
	expo__begin(&e, format, out);
	metrics__write(&in, &e);
	expo__end(&e);
}

static void labelled(void **state)
{
	static const char *const series[] = {
		"retprobe_duration_seconds_count{object=\"vmlinux\",function=\"vfs_read\"} 54321\n",
		"retprobe_duration_seconds_count{object=\"vmlinux\",function=\"vfs_read\",probe="
		"\"slow\"} 54321\n",
		"retprobe_missed_total{object=\"vmlinux\",function=\"vfs_read\",probe=\"slow\","
		"reason=\"recursion\"} 5\n",
		"retprobe_probe_info{object=\"vmlinux\",function=\"vfs_read\",probe=\"slow\","
		"mechanism=\"kretprobe\",returns=\"errno\"} 1\n",
		"retprobe_probe_attached{object=\"vmlinux\",function=\"vfs_read\",probe=\"slow\","
		"reason=\"\"} 1\n",
	};
	__cleanup_buf struct buf text = {}, binary = {}, plain = {};

	write_all(&expo_text, true, &text);
	for (size_t i = 0; i < ARRAY_SIZE(series); i++)
		if (!strstr(buf__str(&text), series[i]))
			fail_msg("there is no %s", series[i]);
	write_all(&expo_protobuf, true, &binary);
	assert_non_null(memmem(binary.data, binary.len, "\x0a\x05probe\x12\x04slow", 13));
	write_all(&expo_protobuf, false, &plain);
	assert_null(memmem(plain.data, plain.len, "\x0a\x05probe", 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(labelled) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
