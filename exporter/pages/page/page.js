// SPDX-License-Identifier: GPL-2.0-only
// The live page. It polls api/v1/probes, keeps the answers of five minutes, and shows differences.
// Names and values are inserted as text, never as markup.
import { bytes, duration, element, number, percent, setText } from "./format.js";
import { Detail } from "./detail.js";
import { beginPoll, History, polls, quantile, total } from "./history.js";
import { Problems } from "./problems.js";
import { LIMIT } from "./samples.js";
import { readState, writeState } from "./state.js";
import { LazyTable } from "./table.js";

const EVERY = 2000; // ms between polls
const PATIENCE = 30000;
const $ = (id) => document.getElementById(id);

/* ---- columns ---- */

const columns = [
	{ name: "function", className: "name", sort: (p) => p.data.function, text: true },
	{ name: "calls", value: (p) => p.stats.calls, show: number },
	{ name: "calls/s", value: (p) => p.stats.rate, show: number },
	{
		name: "time/s", value: (p) => p.stats.busy, show: duration,
		title: "average number of calls in progress: wall-clock time of all callers, waiting included",
	},
	{
		name: "in flight", value: (p) => p.data.in_flight, show: (v) => v === null ? "–" : number(v),
		note: (p) => p.data.in_flight_oldest >= 1 ? `since ${duration(p.data.in_flight_oldest)}` : "",
		title: "calls that have not returned, as of the last scan",
	},
	{ name: "errors", value: (p) => p.stats.share, show: (v) => percent(v, 1), note: (p) => p.stats.worst, alarm: (p) => p.stats.unexpected },
	{ name: "p50", value: (p) => p.stats.p50, show: duration },
	{ name: "p99", value: (p) => p.stats.p99, show: duration },
	{ name: "missed", value: (p) => p.stats.lost, show: number, alarm: (p) => p.stats.lost },
	{ name: "mechanism", className: "mechanism", sort: (p) => p.data.mechanism ?? "", text: true },
];

/* ---- state ---- */

const probes = new Map(); // key -> {key, data, history, stats}, of those that are attached
let reading = null, unattached = [], order = [];
const usual = { column: columns[2], down: true };
let sort = usual, wanted = null; // wanted: the key of a function that is to be opened
let detail = null, paused = false, timer = 0, polling = false;
let costBefore = null, count = 0;

const past = new Map(); // key -> History, from before the page was opened
const keyOf = (p) => `${p.object}\0${p.function}\0${p.probe ?? ""}`;

/* What the server has kept. */
function acceptHistory({ records }) {
	for (const { time, probes } of records) {
		beginPoll(time);
		for (const data of probes) {
			const key = keyOf(data);
			if (!past.has(key))
				past.set(key, new History());
			past.get(key).add(time, data);
		}
	}
}

function accept(answer) {
	const seen = new Set();
	const gone = beginPoll(answer.time);
	for (const data of answer.probes) {
		if (!data.attached || !data.buckets)
			continue;
		const key = keyOf(data);
		if (!probes.has(key))
			probes.set(key, { key, history: past.get(key) ?? new History() });
		const probe = probes.get(key);
		probe.data = data;
		probe.history.add(answer.time, data);
		if (gone)
			probe.history.thin();
		seen.add(key);
	}
	past.clear();
	for (const key of probes.keys())
		if (!seen.has(key))
			probes.delete(key);
	unattached = answer.probes.filter((p) => !p.attached).map((data) => ({ key: keyOf(data), data }));
	costBefore = reading;
	reading = answer;
	if (detail && !probes.has(detail.key))
		detail = null;
}

function computeStats() {
	const span = Number($("window").value);
	for (const probe of probes.values()) {
		const s = probe.history.over(span);
		const errors = s.outcomes.error ?? {}, expected = probe.data.expected;
		const worst = Object.entries(errors).sort((a, b) => b[1] - a[1])[0];
		probe.stats = {
			...s,
			rate: s.seconds > 0 ? s.calls / s.seconds : 0,
			busy: s.seconds > 0 && probe.data.durations ? s.sum / s.seconds : null,
			errors: total(errors),
			unexpected: total(errors) - expected.reduce((a, value) => a + (errors[value] ?? 0), 0),
			share: s.calls ? total(errors) / s.calls : 0,
			worst: worst ? worst[0] + (Object.keys(errors).length > 1 ? ", …" : "") : "",
			p50: quantile(0.5, s.buckets, reading.bounds),
			p99: quantile(0.99, s.buckets, reading.bounds),
			lost: total(s.missed),
		};
	}
}

/* ---- the order ---- */

function matches(data, words) {
	const text = `${data.object} ${data.function} ${data.probe ?? ""} ${data.mechanism ?? data.reason} ${data.signature ?? ""}`.toLowerCase();
	return words.every((w) => text.includes(w));
}

const words = () => $("search").value.toLowerCase().split(/\s+/).filter(Boolean);

function compare(a, b) {
	const of = sort.column.value ?? sort.column.sort;
	const [x, y] = [of(a) ?? -1, of(b) ?? -1];
	const by = x < y ? -1 : x > y ? 1 : 0;
	return (sort.down ? -by : by) || (a.key < b.key ? -1 : 1);
}

/* Rows must not move while the reader points at them or tabs through them. */
function reorder(force) {
	const busy = detail || $("probes").tBodies[0].contains(document.activeElement);
	const searched = words();
	const found = [...probes.values()].filter((p) => matches(p.data, searched));
	if (busy && !force) {
		const place = new Map(order.map((p, i) => [p.key, i]));
		const of = (p) => place.get(p.key) ?? order.length;
		order = found.sort((a, b) => of(a) - of(b) || compare(a, b));
	} else {
		order = found.sort(compare);
	}
}

/* ---- rows ---- */

function makeRow(probe) {
	const row = element("tr");
	for (const c of columns) {
		const cell = element("td", { className: c.className ?? "number" });
		if (c.className !== "name")
			cell.dataset.label = c.name;
		row.append(cell);
	}
	const button = element("button", { type: "button" }, probe.data.function);
	button.addEventListener("click", () => toggle(probe.key));
	row.cells[0].append(button, element("span", { className: "object" },
		probe.data.probe ? `${probe.data.object} · ${probe.data.probe}` : probe.data.object));
	Object.assign(row.dataset, { function: probe.data.function, object: probe.data.object });
	for (const cell of row.querySelectorAll("td.number"))
		cell.append(element("span"), element("span", { className: "note" }));
	return row;
}

function fillRow(row, probe) {
	row.classList.toggle("idle", !probe.stats.calls);
	const button = row.cells[0].firstChild, open = detail?.key === probe.key;
	button.ariaExpanded = String(open);
	if (open)
		button.setAttribute("aria-controls", detail.row.id);
	else
		button.removeAttribute("aria-controls");
	columns.forEach((c, i) => {
		const cell = row.cells[i];
		if (!c.value) {
			if (i)
				setText(cell, c.sort(probe));
			return;
		}
		const value = c.value(probe);
		cell.dataset.value = value ?? "";
		cell.classList.toggle("off", c.alarm?.(probe) > 0);
		setText(cell.firstChild, c.show(value));
		setText(cell.lastChild, c.note?.(probe) ?? "");
	});
}

function toggle(key, state = {}) {
	detail = detail?.key === key ? null : new Detail(probes.get(key), reading.bounds, columns.length, state, keepState);
	render(false);
	keepState();
	if (detail)
		readSeries().then(() => render(false));
}

/* Opens a function and scrolls to it. */
function open(key, state) {
	if (detail?.key !== key)
		toggle(key, state);
	table.reveal(key)?.scrollIntoView({ block: "center" });
}

const table = new LazyTable($("probes"), {
	make: makeRow,
	fill: fillRow,
	extra: (probe) => detail?.key === probe.key ? detail.row : null,
});

const problems = new Problems((probe) => {
	$("search").value = "";
	render(true);
	open(probe.key);
});

/* ---- tiles ---- */

function cost() {
	const now = reading.bpf_stats, sum = (stats, of) => stats.reduce((a, s) => a + s[of], 0);
	if (!now.length)
		return ["–", "sysctl kernel.bpf_stats_enabled=1 counts it"];
	const before = costBefore && costBefore.time < reading.time ? costBefore : null;
	const runs = sum(now, "runs") - (before ? sum(before.bpf_stats, "runs") : 0);
	const seconds = sum(now, "run_seconds") - (before ? sum(before.bpf_stats, "run_seconds") : 0);
	const each = now.map((s) => `${s.mechanism} ${duration(s.run_seconds / s.runs)} a run`).join(", ");
	return before && runs >= 0 ? [`${percent(seconds, reading.time - before.time)} of a CPU`, each] :
		[duration(seconds), each];
}

function tiles() {
	/* Aliases have the same calls. */
	const counted = [...probes.values()].filter((p) => !p.data.same_as), all = counted.map((p) => p.stats);
	const add = (of) => all.reduce((a, s) => a + s[of], 0);
	const shared = reading.shared_missed.reduce((a, s) => a + total(s.missed), 0);
	const lost = counted.reduce((a, p) => a + total(p.data.missed), 0) + shared;
	const sets = counted.filter((p) => p.data.label_sets !== undefined);
	const out = [
		["Attached", `${probes.size} of ${reading.probes.length}`, [...new Set([...probes.values()].map((p) => p.data.mechanism))].join(", ")],
		["Calls per second", number(add("rate")), `${number(add("calls"))} calls`],
		["Errors", percent(add("errors"), add("calls")), `${number(add("errors"))} calls`],
		["Missed since attached", number(lost), shared ? `${number(shared)} in programs shared by functions` : "all other calls are counted"],
		["Programs' run time", ...cost()],
		["Counter memory", bytes(reading.cell_bytes), "in the kernel, all CPUs"],
	];
	if (sets.length)
		out.push(["Label sets", number(sets.reduce((a, p) => a + p.data.label_sets, 0)), `of ${number(sets.reduce((a, p) => a + p.data.label_sets_limit, 0))} allowed`]);
	const list = $("tiles");
	while (list.children.length > out.length)
		list.lastChild.remove();
	out.forEach(([name, value, note], i) => {
		const tile = list.children[i] ?? list.appendChild(element("div", {}, element("dt"), element("dd"), element("dd", { className: "note" })));
		[name, value, note].forEach((text, part) => setText(tile.children[part], text));
	});
}

/* ---- all of it ---- */

function render(force) {
	if (!reading)
		return;
	computeStats();
	reorder(force);
	tiles();
	table.show(order);
	setText($("nothing"), probes.size ? "No attached probe matches the search." : "No probe is attached.");
	$("nothing").hidden = order.length > 0;
	const searched = words();
	problems.show([...probes.values()].filter((p) => !p.data.same_as), unattached, (data) => matches(data, searched));
	if (detail)
		detail.draw(probes.get(detail.key), reading.bounds);
	const span = polls.at(-1) - polls[0];
	setText($("status"), `${order.length} of ${probes.size} attached probes. ` +
		(paused ? "Paused. " : `Live, every ${EVERY / 1000} s. `) +
		`Last update ${new Date(reading.time * 1000).toLocaleTimeString()}; ${number(span)} s are kept.`);
	document.body.dataset.polls = count;
}

async function ask(path) {
	const answer = await fetch(`api/v1/${path}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
	if (!answer.ok)
		throw new Error(await answer.text());
	return answer.json();
}

/* The answer has single label sets only for functions that the request names. */
async function readSeries() {
	const opened = detail;
	if (!opened || probes.get(opened.key)?.data.label_sets === undefined)
		return;
	const answer = await ask(`probes?function[]=${encodeURIComponent(probes.get(opened.key).data.function)}`);
	const probe = answer.probes.find((p) => keyOf(p) === opened.key);
	if (probe?.series)
		opened.setSeries(probe);
}

async function readSamples() {
	const opened = detail, data = opened && probes.get(opened.key)?.data;
	if (!data?.samples)
		return;
	const answer = await ask(`samples?limit=${LIMIT}&function=${encodeURIComponent(data.function)}`);
	opened.setSamples(answer.samples.filter((s) => s.object === data.object && s.probe === data.probe));
}

async function poll() {
	clearTimeout(timer);
	if (polling || paused)
		return;
	polling = true;
	try {
		if (!reading)
			acceptHistory(await ask("history").catch(() => ({ records: [] })));
		accept(await ask("probes"));
		count++;
		await readSeries();
		await readSamples();
		$("trouble").hidden = true;
		$("static")?.remove();
		$("live").hidden = false;
		render(false);
		openWanted();
	} catch (error) {
		setText($("trouble"), `The exporter does not answer; the numbers are stale. ${error.message}`);
		$("trouble").hidden = false;
	}
	polling = false;
	if (!document.hidden)
		timer = setTimeout(poll, EVERY);
}

/* ---- controls ---- */

/* The state in the address. */
function keepState() {
	if (wanted)
		return; /* it has not been shown yet */
	const usually = sort.column === usual.column && sort.down, of = detail && probes.get(detail.key)?.data;
	const sets = detail?.sets?.state() ?? {};
	writeState({
		q: $("search").value,
		over: $("window").selectedOptions[0]?.defaultSelected ? "" : $("window").value,
		sort: usually ? "" : sort.column.name, order: usually || sort.down ? "" : "up",
		object: of?.object, function: of?.function, probe: of?.probe ?? "",
		sets: sets.search, sets_sort: sets.sort, sets_order: sets.order,
	});
}

function applyState() {
	const state = readState(), column = columns.find((c) => c.name === state.sort) ?? usual.column;
	$("search").value = state.q ?? "";
	$("window").value = state.over;
	if ($("window").selectedIndex < 0)
		$("window").value = [...$("window").options].find((o) => o.defaultSelected).value;
	wanted = state.function === undefined ? null : {
		key: keyOf(state), sets: { search: state.sets, sort: state.sets_sort, order: state.sets_order },
	};
	if (!wanted)
		detail = null;
	sortBy(column, state.order !== "up");
	openWanted();
}

/* After the first answer. */
function openWanted() {
	const { key, sets } = wanted ?? {};
	if (!wanted || !reading)
		return;
	wanted = null;
	if (!probes.has(key))
		return;
	detail = null;
	open(key, sets);
}

function sortBy(column, down) {
	sort = { column, down };
	$("sort").value = column.name;
	[...$("probes").tHead.rows[0].cells].forEach((cell, i) => {
		if (columns[i] === column)
			cell.ariaSort = down ? "descending" : "ascending";
		else
			cell.removeAttribute("aria-sort");
	});
	table.restart();
	render(true);
	keepState();
}

for (const column of columns) {
	const button = element("button", { type: "button", title: column.title ?? "" }, column.name);
	button.addEventListener("click", () =>
		sortBy(column, sort.column === column ? !sort.down : !column.text));
	$("probes").tHead.rows[0].append(element("th", { scope: "col", className: column.className ?? "number" }, button));
	$("sort").append(element("option", { value: column.name }, column.name));
}
applyState();
addEventListener("hashchange", applyState);
$("sort").addEventListener("change", () => {
	const column = columns.find((c) => c.name === $("sort").value);
	sortBy(column, !column.text);
});
$("search").addEventListener("input", () => {
	table.restart();
	render(true);
	keepState();
});
$("window").addEventListener("change", () => {
	render(true);
	keepState();
});
$("controls").addEventListener("submit", (e) => e.preventDefault());
$("pause").addEventListener("click", () => {
	paused = !paused;
	$("pause").ariaPressed = String(paused);
	setText($("pause"), paused ? "Resume" : "Pause");
	render(false);
	poll();
});
document.addEventListener("visibilitychange", () => document.hidden || poll());
addEventListener("resize", () => render(false));
poll();
