// SPDX-License-Identifier: GPL-2.0-only
// The opened function: its heatmap, what it returned, what was missed, its label sets.
import { ago, duration, element, number, percent } from "./format.js";
import { Heatmap } from "./heatmap.js";
import { polls, quantile, subtract, total } from "./history.js";

const SETS_SHOWN = 50;
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

const numeric = (name) => ({ name, number: true });

export class Detail {
	cell = element("td", { colSpan: 8 });
	row = element("tr", { className: "detail" }, this.cell);
	facts = element("p", { className: "facts" });
	parts = element("div", { className: "parts" });
	series = null; // label sets, once they are known

	constructor(probe, bounds) {
		this.key = probe.key;
		this.heatmap = new Heatmap(bounds);
		this.cell.append(this.facts, element("h3", {}, "Latency, last 5 minutes"),
			this.heatmap.root, this.parts);
	}

	setSeries(probe) {
		this.series = probe.series;
	}

	draw(probe, bounds) {
		const { data, stats } = probe;
		this.facts.replaceChildren(
			element("code", {}, data.signature ?? data.function), ` · ${data.mechanism} · returns ${data.returns}`,
			` · attached for ${ago(polls.at(-1) - data.created)} · ${number(data.calls)} calls since`,
			...[data.note, data.uncounted, data.caveat].filter(Boolean).flatMap((text) =>
				[element("br"), element("span", { className: "off" }, text)]));
		this.heatmap.draw(probe.history);
		this.parts.replaceChildren(this.returns(stats), this.missed(data, stats), this.quantiles(stats, bounds),
			...this.series ? [this.sets(data, bounds)] : []);
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

	quantiles({ buckets, calls, sum }, bounds) {
		const rows = [0.5, 0.9, 0.99, 0.999].map((q) =>
			[`p${+(100 * q).toFixed(1)}`, duration(quantile(q, buckets, bounds))]);
		rows.push(["mean", duration(calls ? sum / calls : null)]);
		return table("Time from entry to return", ["", numeric("")], rows);
	}

	/* Since the attachment: what a label set was before it was opened is not known. */
	sets(data, bounds) {
		const used = this.series.filter((s) => s.calls).sort((a, b) => b.calls - a.calls);
		const names = Object.keys(this.series[0].labels);
		const rows = used.slice(0, SETS_SHOWN).map((s) => {
			const { buckets, calls } = subtract({ ...s, missed: {} }, null);
			return [...names.map((n) => s.labels[n]), number(calls),
				percent(total(s.outcomes.error), calls),
				duration(quantile(0.5, buckets, bounds)), duration(quantile(0.99, buckets, bounds))];
		});
		const more = used.length > SETS_SHOWN ? `, the ${SETS_SHOWN} with most calls` : "";
		const section = table(`Label sets since attached: ${data.label_sets} of ${data.label_sets_limit} in use${more}`,
			[...names, numeric("calls"), numeric("errors"), numeric("p50"), numeric("p99")], rows);
		section.className = "wide sets";
		return section;
	}
}
