// SPDX-License-Identifier: GPL-2.0-only
// The label sets of the opened function, with totals since the attachment: earlier samples of label
// sets are not available.
import { about, duration, element, number, percent, setText } from "./format.js";
import { quantile, subtract, total } from "./history.js";
import { LazyTable } from "./table.js";

const numbers = [
	{ name: "calls", value: (s) => s.calls, show: number },
	{ name: "errors", value: (s) => s.errors / s.calls, show: (v) => percent(v, 1) },
	{ name: "time", value: (s) => s.sum, show: duration },
	{ name: "p50", value: (s) => s.p50, show: duration },
	{ name: "p99", value: (s) => s.p99, show: duration },
];

export class Sets {
	title = element("h3");
	search = element("input", { type: "search", placeholder: "label value", autocomplete: "off", spellcheck: false });
	head = element("tr");
	sets = [];

	/* names: of the labels. state: {search, sort, order}; changed() is called after changes. */
	constructor(names, state, changed) {
		this.columns = [...names.map((name) => ({ name, text: true, value: (s) => s.labels[name] })), ...numbers];
		this.changed = changed;
		this.search.value = state.search ?? "";
		this.search.addEventListener("input", () => this.redraw());
		for (const c of this.columns) {
			const button = element("button", { type: "button" }, c.name);
			button.addEventListener("click", () => this.sortBy(c, this.column === c ? !this.down : !c.text));
			this.head.append(element("th", { scope: "col", className: c.text ? "" : "number" }, button));
		}
		const body = element("table", {}, element("thead", {}, this.head), element("tbody"));
		this.root = element("section", { className: "wide sets" }, this.title,
			element("label", {}, "Search label sets", this.search), body);
		this.table = new LazyTable(body, {
			make: () => element("tr", {}, ...this.columns.map((c) =>
				element("td", { className: c.text ? "" : "number" }))),
			fill: (row, { set }) => this.columns.forEach((c, i) => {
				setText(row.cells[i], (c.show ?? String)(c.value(set)));
				if (!c.text)
					row.cells[i].dataset.value = c.value(set) ?? "";
			}),
		});
		this.sortBy(this.columns.find((c) => c.name === state.sort) ?? numbers[0], state.order !== "up");
	}

	state() {
		const usual = this.column === numbers[0] && this.down;
		return {
			search: this.search.value,
			sort: usual ? "" : this.column.name,
			order: usual || this.down ? "" : "up",
		};
	}

	sortBy(column, down) {
		Object.assign(this, { column, down });
		[...this.head.cells].forEach((cell, i) => {
			if (this.columns[i] === column)
				cell.ariaSort = down ? "descending" : "ascending";
			else
				cell.removeAttribute("aria-sort");
		});
		this.redraw();
	}

	redraw() {
		this.table.restart();
		this.draw();
		this.changed();
	}

	/* series: as in /api/v1/probes. */
	show(series, data, bounds) {
		this.sets = series.filter((s) => s.calls).map((s) => {
			const { buckets } = subtract({ ...s, missed: {} }, null);
			return {
				...s, errors: total(s.outcomes.error),
				p50: quantile(0.5, buckets, bounds), p99: quantile(0.99, buckets, bounds),
			};
		});
		this.use = `${number(data.label_sets)} of ${number(data.label_sets_limit)} in use`;
		if (data.label_sets_needed > data.label_sets)
			this.use += `, ${about(data.label_sets_needed)} needed`;
		this.draw();
	}

	draw() {
		const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const of = this.column.value;
		const found = this.sets.filter(({ labels }) => {
			const text = Object.values(labels).join(" ").toLowerCase();
			return words.every((w) => text.includes(w));
		});
		found.sort((a, b) => {
			const [x, y] = [of(a) ?? -1, of(b) ?? -1], by = x < y ? -1 : x > y ? 1 : 0;
			return this.down ? -by : by;
		});
		setText(this.title, `Label sets since attached: ${this.use ?? ""}${words.length ? `, ${number(found.length)} found` : ""}`);
		this.table.show(found.map((set) => ({ key: JSON.stringify(set.labels), set })));
	}
}
