// SPDX-License-Identifier: GPL-2.0-only
// The newest samples of the opened function: slow and failed calls, one by one.
import { duration, element, number } from "./format.js";
import { Flame } from "./flame.js";

export const LIMIT = 1000; // for the stacks; as many as the server keeps
const ROWS = 50;

function frames(title, lines, error) {
	if (!lines.length && !error)
		return [];
	return [element("h4", {}, title), error && element("p", { className: "off" }, error),
		element("pre", {}, lines.join("\n"))].filter(Boolean);
}

function outcome(s) {
	const value = s.ret === null || s.value === String(s.ret) ? s.value : `${s.value} (${s.ret})`;
	return element("td", { className: s.outcome === "error" ? "off" : "" }, `${s.outcome}: ${value}`);
}

export class Samples {
	body = element("tbody");
	title = element("h3");
	flame = new Flame();
	opened = new Set(); // numbers of samples whose stacks are shown

	/* Names of the probe's labels, and of what its samples show. */
	constructor(labels, shown) {
		Object.assign(this, { labels, shown });
		const heads = ["sample", "time", "duration", "result", "command", "process", ...labels, ...shown];
		this.table = element("table", {}, element("thead", {}, element("tr", {}, ...heads.map((h) => element("th", { scope: "col" }, h)))),
			this.body);
		this.root = element("section", { className: "wide samples" }, this.title, this.flame.root,
			element("div", { className: "rows" }, this.table));
	}

	/* total, dropped: of the function since its attachment. */
	show(samples, total, dropped) {
		this.title.textContent = `Samples: the newest of ${number(total)}` + (dropped ? `, ${number(dropped)} were dropped` : "");
		this.flame.show(samples);
		/* Rows that the reader uses stay. */
		if (!this.table.contains(document.activeElement) && getSelection().isCollapsed)
			this.body.replaceChildren(...samples.slice(0, ROWS).flatMap((s) => this.rows(s)));
	}

	rows(s) {
		const button = element("button", { type: "button", title: "stacks", ariaExpanded: this.opened.has(s.sample) }, String(s.sample));
		button.addEventListener("click", () => {
			if (!this.opened.delete(s.sample))
				this.opened.add(s.sample);
			button.ariaExpanded = this.opened.has(s.sample);
			stacks.hidden = !this.opened.has(s.sample);
		});
		const row = element("tr", {}, element("td", {}, button),
			element("td", {}, new Date(s.time * 1000).toLocaleTimeString()),
			element("td", {}, duration(s.duration)), outcome(s), element("td", {}, s.comm),
			element("td", { title: s.cgroup ?? "" }, s.pid === s.tid ? `${s.pid}` : `${s.pid}, thread ${s.tid}`),
			...this.labels.map((name) => element("td", {}, s.labels[name] ?? "")),
			...this.shown.map((name) => element("td", {}, s.show[name] ?? "")));
		const stacks = element("tr", { className: "stacks", hidden: !this.opened.has(s.sample) },
			element("td", { colSpan: row.cells.length },
				...frames("Kernel stack", s.stack, s.stack_error),
				...frames("User stack", s.user_stack, s.user_stack_error)));
		return [row, stacks];
	}
}
