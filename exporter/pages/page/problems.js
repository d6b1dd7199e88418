// SPDX-License-Identifier: GPL-2.0-only
// Problems, at the top of the page: probes that are not attached, missed calls, full label sets.
import { about, element, number, setText } from "./format.js";
import { total } from "./history.js";
import { LazyTable } from "./table.js";

const FEW = 10; // rows that are shown at first
const NAMED = 5; // functions per problem
const REASONS = {
	not_found: "not found",
	ambiguous: "with an ambiguous name",
	denied: "that must not be probed",
	refused: "refused",
	waiting: "waiting for a module or a program",
	overload: "paused because of overload",
	disabled: "switched off in the kernel",
};

function count(n, what) {
	return `${number(n)} ${what}${n === 1 ? "" : "s"}`;
}

function byReason(unattached) {
	const counts = {};
	for (const { data } of unattached)
		counts[data.reason] = (counts[data.reason] ?? 0) + 1;
	return Object.entries(counts).sort((a, b) => b[1] - a[1])
		.map(([reason, n]) => `${number(n)} ${REASONS[reason] ?? reason}`).join(", ");
}

/* {text, probes, note(probe)}, the worst first. */
function find(probes, unattached) {
	const out = [], lost = (p) => total(p.data.missed);
	const missing = probes.filter(lost).sort((a, b) => lost(b) - lost(a));
	const full = probes.filter((p) => p.data.label_sets >= p.data.label_sets_limit && p.data.label_sets_other_max === undefined);
	if (unattached.length)
		out.push({ text: `${count(unattached.length, "probe")} not attached: ${byReason(unattached)}`, probes: [] });
	if (missing.length)
		out.push({
			text: `${count(missing.length, "function")} missed ${count(missing.reduce((a, p) => a + lost(p), 0), "call")} since attached`,
			probes: missing,
		});
	if (full.length)
		out.push({
			text: `${count(full.length, "probe")} with all label sets in use: other values are counted as _other`,
			probes: full,
			note: ({ data }) => data.label_sets_needed > data.label_sets ?
				` (${number(data.label_sets)} of ${about(data.label_sets_needed)})` : "",
		});
	return out;
}

export class Problems {
	root = document.getElementById("problems");
	list = this.root.querySelector("ul");
	details = document.getElementById("unattached");
	opened = false; // opened or closed by the reader or by us

	/* open(probe): the reader wants to see it. */
	constructor(open) {
		this.open = open;
		this.table = new LazyTable(this.details.querySelector("table"), {
			make: ({ data }) => element("tr", {},
				element("td", {}, data.function, element("span", { className: "note" }, data.object)),
				element("td", { className: "off" }), element("td")),
			fill: (row, { data }) => {
				setText(row.cells[1], data.reason);
				setText(row.cells[2], data.why ?? "");
			},
		});
	}

	item({ text, probes, note }) {
		const li = element("li", {}, text);
		probes.slice(0, NAMED).forEach((p, i) => {
			const button = element("button", { type: "button" }, p.data.function);
			button.addEventListener("click", () => this.open(p));
			li.append(i ? ", " : ": ", button, note?.(p) ?? "");
		});
		if (probes.length > NAMED)
			li.append(", …");
		return li;
	}

	/* matches(data): whether the reader has searched for it. */
	show(probes, unattached, matches) {
		const found = find(probes, unattached), wanted = unattached.filter((p) => matches(p.data));
		const key = JSON.stringify(found.map((f) => [f.text, f.probes.slice(0, NAMED).map((p) => [p.key, f.note?.(p)])]));
		if (key !== this.key)
			this.list.replaceChildren(...found.map((f) => this.item(f)));
		this.key = key;
		this.root.classList.toggle("none", !found.length);
		setText(this.root.querySelector("h2"), found.length ? count(found.length, "problem") :
			`No problems: ${count(probes.length, "probe")} attached, no call missed`);
		if (!this.opened && unattached.length)
			this.opened = this.details.open = unattached.length <= FEW;
		this.opened ||= unattached.length > 0;
		this.details.hidden = !wanted.length;
		setText(this.details.querySelector("summary"), `Not attached (${number(wanted.length)})`);
		this.table.show(wanted);
	}
}
