/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Negotiation with the Accept headers of Prometheus releases: for the formats that exist, and for a
 * table with two versions of one media type.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expose/formats.h"
#include "expose/openmetrics.h"
#include "expose/protobuf.h"
#include "expose/text.h"
#include "http/accept.h"

static const struct expo_format text = {
	.name = "text",
	.type = "text/plain",
	.params = { { "version", "0.0.4", "0.0.4" } },
};
static const struct expo_format openmetrics = {
	.name = "om1",
	.type = "application/openmetrics-text",
	.params = { { "version", "1.0.0", "0.0.1" } },
};
static const struct expo_format openmetrics_old = {
	.name = "om0",
	.type = "application/openmetrics-text",
	.params = { { "version", "0.0.1", "0.0.1" } },
};
static const struct expo_format protobuf = {
	.name = "proto",
	.type = "application/vnd.google.protobuf",
	.params = { { "proto", "io.prometheus.client.MetricFamily",
		      "io.prometheus.client.MetricFamily" },
		    { "encoding", "delimited", "" } },
};
static const struct expo_format *const table[] = { &text, &openmetrics, &openmetrics_old,
						   &protobuf };

#define PROTO          \
	"application/" \
	"vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
#define OM "application/openmetrics-text"

static const struct {
	const char *accept, *want;
} cases[] = {
	{ NULL, "text" },
	{ "", "text" },
	{ "*/*", "text" },
	{ " , ,", "text" },
	/* 2.40 */
	{ OM ";q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "om0" },
	/* 2.42, and with native histograms */
	{ OM ";version=1.0.0," OM ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	  "om1" },
	{ PROTO "," OM ";version=1.0.0;q=0.8," OM
		";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	  "proto" },
	/* 2.49.0: an invalid quality */
	{ OM ";version=1.0.0;q=0.5," OM
	     ";version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=2",
	  "om1" },
	{ OM ";version=1.0.0;q=7,text/plain", "om1" },
	{ "text/html,*/*;q=2", "text" },
	{ OM ";version=1.0.0," OM ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=2",
	  "om1" },
	/* 3.0: the same parameter twice */
	{ OM ";version=1.0.0;escaping=allow-utf-8;q=0.5," OM
	     ";version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;"
	     "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	  "om1" },
	/* 3.8 to 3.14, and protobuf first */
	{ OM ";version=1.0.0;escaping=allow-utf-8;q=0.6," OM
	     ";version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
	     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
	  "om1" },
	{ PROTO ";escaping=allow-utf-8;q=0.6," OM ";version=1.0.0;escaping=allow-utf-8;q=0.5," OM
		";version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		"text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	  "proto" },
	/* browsers */
	{ "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "text" },
	{ "text/html", "text" },
	/* q=0 excludes, and the more specific range decides */
	{ OM ";version=1.0.0;q=0", "text" },
	{ "*/*," OM ";q=0,text/plain;q=0," OM ";version=1.0.0;q=0", "proto" },
	{ "text/plain;q=0," OM ";version=1.0.0;q=0.001", "om1" },
	{ "text/*;q=0.2," OM ";version=1.0.0;q=0.1", "text" },
	{ "text/*;q=0,*/*;q=0.5", "om1" },
	{ "text/plain;version=0.0.4;q=0.1,text/plain;q=0.9," OM ";version=1.0.0;q=0.5", "om1" },
	/* ties: specific before wildcard, then order in the header */
	{ "*/*," OM ";version=1.0.0", "om1" },
	{ "application/*,text/plain", "text" },
	{ "text/plain," OM ";version=1.0.0", "text" },
	{ OM ";version=1.0.0,text/plain", "om1" },
	/* unknown versions */
	{ "text/plain;version=1.0.0," OM ";version=1.0.0;q=0.1", "om1" },
	{ "text/plain;version=1.0.0", "text" },
	{ OM ";version=2.0.0", "text" },
	{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
	  "text" },
	{ "application/vnd.google.protobuf;encoding=delimited", "proto" },
	/* spelling: case, space, quotes, commas in quotes */
	{ "Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=1.0", "om1" },
	{ "text/plain;note=\"a,b;q=0\";q=0.1 , " OM ";version=1.0.0 ;q=0.3", "om1" },
	{ "text/plain;q=0.3;note=\"\\\",\"," OM ";version=1.0.0;q=0.2", "text" },
	/* garbage: an invalid number counts as none, and nothing crashes */
	{ OM ";version=1.0.0;q=zero,text/plain;q=0.9", "om1" },
	{ OM ";version=1.0.0;q=,text/plain;q=0.9", "om1" },
	{ OM ";version=1.0.0;q=99999999999999999999,text/plain;q=0.9", "om1" },
	{ OM ";version=1.0.0;q=0.00000000000000000001,text/plain;q=0.9", "text" },
	{ ";;;=;,q=1;\"", "text" },
	{ "/", "text" },
	{ "*", "text" },
	{ "text", "text" },
	{ "\"", "text" },
	{ "\"\\", "text" },
};

static void test_table(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct expo_format *f =
			accept__format(table, ARRAY_SIZE(table), cases[i].accept);

		if (strcmp(f->name, cases[i].want))
			fail_msg("case %zu, \"%s\": want %s, got %s", i, cases[i].accept,
				 cases[i].want, f->name);
	}
}

/* Every request gets an answer, never 406. */
static void test_shipped(void **state)
{
	static const struct {
		const char *want;
		const struct expo_format *shipped;
	} formats[] = {
		{ "text", &expo_text },
		{ "om1", &expo_openmetrics },
		{ "om0", &expo_text }, /* 0.0.1 is not supported, and text is next */
		{ "proto", &expo_protobuf },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct expo_format *f =
			accept__format(expo_formats, EXPO_FORMATS, cases[i].accept);

		for (size_t j = 0; j < ARRAY_SIZE(formats); j++)
			if (!strcmp(formats[j].want, cases[i].want) && f != formats[j].shipped)
				fail_msg("case %zu, \"%s\": want %s, got %s", i, cases[i].accept,
					 formats[j].shipped->name, f->name);
	}
	assert_string_equal(expo_openmetrics.content_type,
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
	assert_string_equal(expo_protobuf.content_type,
			    "application/vnd.google.protobuf; "
			    "proto=io.prometheus.client.MetricFamily; encoding=delimited");
	assert_string_equal(expo_text.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

static void test_gzip(void **state)
{
	static const struct {
		const char *accept;
		bool want;
	} encodings[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZip", true },
		{ "x-gzip", true },
		{ "identity", false },
		{ "deflate, br", false },
		{ "deflate, gzip, br, zstd", true },
		{ "gzip;q=0", false },
		{ "gzip;q=0.000", false },
		{ "gzip; q=0.001", true },
		{ "*", true },
		{ "*;q=0", false },
		{ "*;q=0, gzip", true },
		{ "gzip;q=0, *", false },
		{ "*, gzip;q=0", false },
		{ "identity;q=0.5, gzip", true },
		{ "identity, gzip;q=0.5", false },
		{ "identity;q=0, gzip;q=0.1", true },
		{ "gzipx", false },
		{ "gzi", false },
		{ ",,gzip", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++)
		if (accept__gzip(encodings[i].accept) != encodings[i].want)
			fail_msg("\"%s\": want %d", encodings[i].accept, encodings[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
