// SPDX-License-Identifier: GPL-2.0-only
// The opened function: heatmap, results, missed calls, label sets.
import { copyButton } from "./clipboard.js";
import { ago, duration, element, number, percent } from "./format.js";
import { Heatmap } from "./heatmap.js";
import { polls, quantile } from "./history.js";
import { Samples } from "./samples.js";
import { Sets } from "./sets.js";

const MISSED = {
	recursion: "the kernel did not run the program: one was running on that CPU",
	maxactive: "more calls at once than return slots",
	no_entry: "the return was seen, the entry was not",
	depth: "nested deeper than the kernel follows",
	unwound: "left by an exception, longjmp or the end of its thread",
	trapped: "a seccomp filter answered with SIGSYS",
};

function table(title, heads, rows) {
	const head = element("tr", {}, ...heads.map((h) => element("th", h.number ? { className: "number" } : {}, h.name ?? h)));
	const body = rows.map((cells) => element("tr", {}, ...cells.map((c, i) =>
		c instanceof Node ? c : element("td", heads[i].number ? { className: "number" } : {}, c))));
	return element("section", {}, element("h3", {}, title),
		element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

function share(part, whole) {
	const bar = element("i");
	bar.style.width = `${whole ? 100 * part / whole : 0}%`;
	return element("td", { className: "share" }, bar, element("span", {}, percent(part, whole)));
}

/* The same numbers from Prometheus. Other probes of the function may have names. */
function queries({ object, function: name, probe, durations }) {
	const of = `object=${JSON.stringify(object)}, function=${JSON.stringify(name)}, probe=${JSON.stringify(probe ?? "")}`;
	const rows = [
		["calls per second", `sum by (instance) (rate(retprobe_returns_total{${of}}[5m]))`],
		["errors per second", `sum by (instance, value) (rate(retprobe_returns_total{${of}, outcome="error"}[5m]))`],
	];
	if (durations)
		rows.push(["p99 latency", `histogram_quantile(0.99, sum by (instance, le) (rate(retprobe_duration_seconds_bucket{${of}}[5m])))`],
			["time spent", `sum by (instance) (rate(retprobe_duration_seconds_sum{${of}}[5m]))`]);
	rows.push(["calls in flight", `retprobe_in_flight{${of}}`]);
	return element("details", { className: "queries" }, element("summary", {}, "PromQL"),
		element("table", {}, element("tbody", {}, ...rows.map(([what, query]) => {
			const code = element("code", {}, query);
			return element("tr", {}, element("td", {}, what), element("td", {}, code), element("td", {}, copyButton(code)));
		}))));
}

const numeric = (name) => ({ name, number: true });

export class Detail {
	cell = element("td");
	row = element("tr", { className: "detail", id: "detail" }, this.cell);
	facts = element("p", { className: "facts" });
	parts = element("div", { className: "parts" });
	series = null; // label sets, once they are known
	sampled = null; // samples, once they are known

	/* width: of the row, in columns. state, changed: of Sets. */
	constructor(probe, bounds, width, state, changed) {
		Object.assign(this, { key: probe.key, state, changed });
		this.cell.colSpan = width;
		this.heatmap = new Heatmap(bounds);
		this.cell.append(this.facts, element("h3", {}, "Latency, last 15 minutes"),
			this.heatmap.root, this.parts, queries(probe.data));
	}

	setSeries(probe) {
		this.series = probe.series;
	}

	setSamples(samples) {
		this.sampled = samples;
	}

	draw(probe, bounds) {
		const { data, stats } = probe;
		this.facts.replaceChildren(
			element("code", {}, data.signature ?? data.function), ` · ${data.mechanism} · returns ${data.returns}`,
			` · attached for ${ago(polls.at(-1) - data.created)} · ${number(data.calls)} calls since`,
			...this.notes(data).flatMap((text) => [element("br"), text]),
			...[data.note, data.uncounted, data.caveat].filter(Boolean).flatMap((text) =>
				[element("br"), element("span", { className: "off" }, text)]));
		this.heatmap.draw(probe.history);
		[this.returns(stats), this.missed(data, stats), this.quantiles(stats, bounds)].forEach((part, i) => {
			const old = this.parts.children[i];
			if (old)
				old.replaceWith(part);
			else
				this.parts.append(part);
		});
		if (this.series)
			this.drawSets(data, bounds);
		if (this.sampled)
			this.drawSamples(data);
	}

	drawSamples(data) {
		if (!this.samples) {
			this.samples = new Samples(Object.keys(this.sampled[0]?.labels ?? {}), Object.keys(this.sampled[0]?.show ?? {}));
			this.heatmap.root.after(this.samples.root);
		}
		this.samples.show(this.sampled, data.samples, data.samples_dropped);
	}

	/* What the configuration says of the probe. */
	notes({ description, expected, waits }) {
		return [description, expected.length && `expected errors: ${expected.join(", ")}`,
			waits && "waits for work: its durations are no problem"].filter(Boolean);
	}

	/* Keep the element: the reader may be typing in it. */
	drawSets(data, bounds) {
		if (!this.sets) {
			this.sets = new Sets(Object.keys(this.series[0].labels), this.state, this.changed);
			this.parts.append(this.sets.root);
		}
		this.sets.show(this.series, data, bounds);
	}

	returns({ outcomes, calls }) {
		const rows = Object.entries(outcomes).flatMap(([outcome, values]) =>
			Object.entries(values).map(([value, n]) => ({ outcome, value, n })));
		rows.sort((a, b) => b.n - a.n);
		return table("Returned", ["outcome", "value", numeric("calls"), "share"], rows.map((r) => [
			element("td", { className: r.outcome === "error" ? "off" : "" }, r.outcome),
			r.value, number(r.n), share(r.n, calls)]));
	}

	missed(data, stats) {
		const rows = Object.keys(data.missed).map((reason) => [
			element("td", { title: MISSED[reason] ?? "" }, reason),
			number(stats.missed[reason] ?? 0), number(data.missed[reason])]);
		if (!rows.length)
			return element("section", {}, element("h3", {}, "Missed"), "Nothing can be missed.");
		return table("Missed", ["reason", numeric("calls"), numeric("since attached")], rows);
	}

	quantiles({ buckets, sum }, bounds) {
		const timed = buckets.reduce((a, [, n]) => a + n, 0);
		const rows = [0.5, 0.9, 0.99, 0.999].map((q) =>
			[`p${+(100 * q).toFixed(1)}`, duration(quantile(q, buckets, bounds))]);
		rows.push(["mean", duration(timed ? sum / timed : null)]);
		return table("Time from entry to return", ["", numeric("")], rows);
	}
}
