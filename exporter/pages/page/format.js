// SPDX-License-Identifier: GPL-2.0-only
// Human-readable numbers, and elements that only contain text.

/* Up to three significant digits; big numbers grouped. */
export function number(v) {
	if (!isFinite(v))
		return "–";
	if (v >= 1000)
		return Math.round(v).toLocaleString("en-US");
	return String(Number(v.toPrecision(3)));
}

/* An estimate: two significant digits. */
export function about(v) {
	return `about ${number(Number(v.toPrecision(2)))}`;
}

const durations = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];

export function duration(seconds) {
	if (seconds === null)
		return "–";
	if (seconds === 0)
		return "0";
	const [unit, name] = durations.find(([u]) => seconds >= u * 0.9995) ?? durations.at(-1);
	return `${number(seconds / unit)} ${name}`;
}

export function bytes(v) {
	const names = ["B", "KiB", "MiB", "GiB", "TiB"];
	let i = 0;
	for (; v >= 1024 && i < names.length - 1; i++)
		v /= 1024;
	return `${number(v)} ${names[i]}`;
}

/* A small share must not look like 0. */
export function percent(part, whole) {
	if (!whole)
		return "–";
	const p = 100 * part / whole;
	return p > 0 && p < 0.01 ? "< 0.01 %" : `${Number(p.toPrecision(3))} %`;
}

export function ago(seconds) {
	seconds = Math.round(seconds);
	const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
	if (h >= 48)
		return `${Math.floor(h / 24)} days`;
	return h ? `${h} h ${m} min` : m ? `${m} min ${s} s` : `${s} s`;
}

/* Strings among the children become text nodes. */
export function element(tag, properties = {}, ...children) {
	const e = Object.assign(document.createElement(tag), properties);
	e.append(...children);
	return e;
}

/* Only writes changes, so that selections and the layout stay. */
export function setText(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}
