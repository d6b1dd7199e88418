// SPDX-License-Identifier: GPL-2.0-only
// Time x latency: the rate of calls by their duration. Darker is more (in dark mode lighter). Even the
// faintest color has a contrast of 3:1 to the background (WCAG 1.4.11).
import { duration, element, number } from "./format.js";
import { polls } from "./history.js";

const SPAN = 900;     // seconds shown, at most
const STEP = 1.18;    // a row is at least so much higher than it is low
const LEAST = 3;      // pixels that a cell has in each direction: a single call is to be seen
const MARGIN = { left: 58, right: 8, top: 6, bottom: 20 };
const DECADES = [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

/* The buckets have two sets of bounds, some of them close together: rows join neighbours. */
function makeRows(bounds) {
	const rows = [], rowOf = [];
	let low = 0;
	bounds.forEach((high, i) => {
		rowOf[i] = rows.length;
		if (high >= low * STEP || i === bounds.length - 1) {
			rows.push({ low, high });
			low = high;
		}
	});
	rowOf.push(rows.length);
	rows.push({ low, high: Infinity });
	return { rows, rowOf };
}

function rgb(style, name) {
	return style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map((h) => parseInt(h, 16));
}

function shade(stops, t) {
	const [a, b, f] = t < 0.5 ? [stops[0], stops[1], 2 * t] : [stops[1], stops[2], 2 * t - 1];
	return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * f)).join(" ")})`;
}

export class Heatmap {
	canvas = element("canvas", { role: "img" });
	legend = element("output");
	root = element("div", { className: "heat" }, this.canvas, this.legend);
	cells = [];

	constructor(bounds) {
		Object.assign(this, makeRows(bounds));
		this.canvas.addEventListener("pointermove", (e) => this.point(e));
		this.canvas.addEventListener("pointerleave", () => this.describe());
	}

	/* The rows of every column, and the visible rows: a few more than have calls. */
	layout(history) {
		const begin = polls.at(-1) - SPAN;
		let first = Infinity, last = -1;
		this.calls = this.max = 0;
		this.columns = history.columns().filter((c) => c.to > begin).map(({ from, to, buckets }) => {
			const counts = new Map();
			for (const [i, n] of buckets) {
				const row = this.rowOf[i];
				counts.set(row, (counts.get(row) ?? 0) + n);
				this.calls += n;
			}
			for (const [row, n] of counts) {
				first = Math.min(first, row);
				last = Math.max(last, row);
				this.max = Math.max(this.max, n / (to - from));
			}
			return { from, to, counts };
		});
		if (last < 0)
			[first, last] = [0, this.rows.length - 2];
		this.first = Math.max(first - 3, 0);
		this.last = Math.min(last + 3, this.rows.length - 1);
		/* Without a power of ten the axis would have no label. */
		while (this.high(this.last) < 12 * this.low(this.first) && (this.first || this.last < this.rows.length - 1)) {
			this.first = Math.max(this.first - 1, 0);
			this.last = Math.min(this.last + 1, this.rows.length - 1);
		}
	}

	/* Ends of the logarithmic axis, which has neither 0 nor infinity. */
	low(row) {
		return this.rows[row].low || this.rows[row].high / 2;
	}
	high(row) {
		const high = this.rows[row].high;
		return isFinite(high) ? high : this.low(row) * 2;
	}

	y(seconds) {
		const bottom = Math.log(this.low(this.first)), top = Math.log(this.high(this.last));
		const share = (Math.log(seconds) - bottom) / (top - bottom);
		return this.height - MARGIN.bottom - share * (this.height - MARGIN.top - MARGIN.bottom);
	}

	x(time) {
		const right = this.width - MARGIN.right;
		return right - (polls.at(-1) - time) / this.span * (right - MARGIN.left);
	}

	draw(history) {
		const box = this.canvas.getBoundingClientRect(), scale = devicePixelRatio || 1;
		if (!box.width || this.rows.length < 2)
			return;
		[this.width, this.height] = [box.width, box.height];
		this.canvas.width = Math.round(box.width * scale);
		this.canvas.height = Math.round(box.height * scale);
		this.layout(history);
		/* A new page should not be mostly empty. */
		this.span = Math.min(SPAN, Math.max(30, polls.at(-1) - (this.columns[0]?.from ?? 0)));
		const context = this.canvas.getContext("2d"), style = getComputedStyle(this.canvas);
		context.scale(scale, scale);
		this.drawAxes(context, style);
		/* Whole pixels of the screen: an edge between two of them would be blurred into the background. */
		this.drawCells(context, (v) => Math.round(v * scale) / scale,
			["--heat-0", "--heat-1", "--heat-2"].map((n) => rgb(style, n)));
		this.describe();
	}

	drawAxes(context, style) {
		context.font = "11px system-ui, sans-serif";
		context.fillStyle = style.getPropertyValue("--muted");
		context.strokeStyle = style.getPropertyValue("--line");
		context.textAlign = "right";
		context.textBaseline = "middle";
		for (const v of DECADES) {
			const y = Math.round(this.y(v)) + 0.5;
			if (y < MARGIN.top || y > this.height - MARGIN.bottom)
				continue;
			context.beginPath();
			context.moveTo(MARGIN.left, y);
			context.lineTo(this.width - MARGIN.right, y);
			context.stroke();
			context.fillText(duration(v), MARGIN.left - 6, y);
		}
		const step = [5, 10, 30, 60, 120].find((s) => this.span / s <= 6) ?? 180;
		context.textBaseline = "bottom";
		for (let s = 0; s <= this.span; s += step) {
			context.textAlign = s ? "center" : "right";
			const x = this.x(polls.at(-1) - s);
			if (x >= MARGIN.left)
				context.fillText(!s ? "now" : step < 60 ? `-${s} s` : `-${s / 60} min`, x, this.height - 3);
		}
	}

	drawCells(context, whole, stops) {
		for (const { from, to, counts } of this.columns) {
			const left = whole(Math.max(this.x(from), MARGIN.left)), right = whole(this.x(to));
			for (const [row, n] of counts) {
				const top = whole(this.y(this.high(row))), bottom = whole(this.y(this.low(row)));
				const part = Math.log1p(n / (to - from)) / Math.log1p(this.max);
				context.fillStyle = shade(stops, part);
				context.fillRect(left, top, Math.max(right - left, LEAST), Math.max(bottom - top, LEAST));
			}
		}
	}

	describe() {
		const seconds = this.columns.length ? polls.at(-1) - this.columns[0].from : 0;
		const text = `${number(this.calls)} calls in the ${number(seconds)} s shown` +
			(this.calls ? `; at most ${number(this.max)} a second in one cell` : "");
		this.root.dataset.calls = this.calls;
		this.canvas.ariaLabel = `Latency heatmap: ${text}`;
		this.legend.textContent = text;
	}

	point(event) {
		const time = this.columns?.find((c) => event.offsetX >= this.x(c.from) && event.offsetX < this.x(c.to));
		const row = this.rows.findIndex((r, i) => i >= this.first && i <= this.last &&
			event.offsetY >= this.y(this.high(i)) && event.offsetY < this.y(this.low(i)));
		if (!time || row < 0)
			return this.describe();
		const { low, high } = this.rows[row], n = time.counts.get(row) ?? 0;
		this.legend.textContent = `${number(n)} calls of ${duration(low)} to ` +
			`${isFinite(high) ? duration(high) : "any time"}, ` +
			`${number(polls.at(-1) - time.to)} to ${number(polls.at(-1) - time.from)} s ago`;
	}
}
