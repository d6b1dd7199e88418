// SPDX-License-Identifier: GPL-2.0-only
// The answers of successive polls, and the differences between them. Counters only grow.

const KEPT = 910, FINE = 310; // seconds; before FINE, some polls are left out
const COARSE = 14; // seconds between these, at least

/* The times of the polls, which all probes share. */
export const polls = [];

/* The latest poll that is at least so many seconds old; else the oldest. */
function pollBefore(seconds) {
	const until = polls.at(-1) - seconds;
	return polls.findLast((t) => t <= until) ?? polls[0];
}

/* After the clock was set back, there is nothing to subtract from. Returns whether polls have gone. */
export function beginPoll(time) {
	const before = polls.length;
	let last = -Infinity;
	const kept = polls.filter((t) => t >= time - KEPT && t < time &&
		(t > time - FINE || t - last >= COARSE) && (last = t));
	polls.splice(0, before, ...polls.at(-1) >= time ? [] : kept, time);
	return polls.length <= before;
}

function subtractCounts(newer, older = {}) {
	const out = {};
	for (const [name, n] of Object.entries(newer))
		if (n - (older[name] ?? 0) > 0)
			out[name] = n - (older[name] ?? 0);
	return out;
}

/* Both are index, count, index, count, ... sorted by index. The newer one has all indices of the older
 * one. */
function subtractBuckets(newer, older = []) {
	const out = [];
	for (let i = 0, j = 0; i < newer.length; i += 2) {
		let n = newer[i + 1];
		if (older[j] === newer[i]) {
			n -= older[j + 1];
			j += 2;
		}
		if (n > 0)
			out.push([newer[i], n]);
	}
	return out;
}

/* older: null for everything since the attachment. */
export function subtract(newer, older) {
	const outcomes = {};
	for (const name of Object.keys(newer.outcomes)) {
		const values = subtractCounts(newer.outcomes[name], older?.outcomes[name]);
		if (Object.keys(values).length)
			outcomes[name] = values;
	}
	return {
		calls: newer.calls - (older?.calls ?? 0),
		sum: newer.sum - (older?.sum ?? 0),
		buckets: subtractBuckets(newer.buckets, older?.buckets),
		outcomes,
		missed: subtractCounts(newer.missed ?? {}, older?.missed),
	};
}

export const total = (counts = {}) => Object.values(counts).reduce((a, b) => a + b, 0);

/* Like Prometheus' histogram_quantile(): linear within a bucket. null without calls. */
export function quantile(q, buckets, bounds) {
	const all = buckets.reduce((a, [, n]) => a + n, 0);
	let rank = q * all;
	for (const [i, n] of buckets) {
		if (rank <= n) {
			if (i >= bounds.length)
				return bounds.at(-1) ?? null;
			const lower = i ? bounds[i - 1] : 0;
			return lower + (bounds[i] - lower) * (rank / n);
		}
		rank -= n;
	}
	return null;
}

/* The samples of an attached probe. Of successive equal samples only the first is kept. */
export class History {
	samples = []; // {time, data}

	add(time, data) {
		const last = this.samples.at(-1);
		const begins = !last || last.time >= time || data.created !== last.data.created ||
			data.calls < last.data.calls;
		if (begins)
			this.samples = [{ time, data }];
		else if (data.calls !== last.data.calls || total(data.missed) !== total(last.data.missed))
			this.samples.push({ time, data });
		while (this.samples.length > 1 && this.samples[1].time <= polls[0])
			this.samples.shift();
		this.latest = data;
	}

	/* Leaves out the samples that no poll refers to, when polls have gone. */
	thin() {
		let i = 0;
		this.samples = this.samples.filter((s, k) => {
			while (i < polls.length && polls[i] < s.time)
				i++;
			return k === this.samples.length - 1 || polls[i] < this.samples[k + 1].time;
		});
	}

	/* The sample at the time of a poll; undefined before the first. */
	at(time) {
		return this.samples.findLast((s) => s.time <= time);
	}

	/* Over the last `seconds`; 0: since the attachment. */
	over(seconds) {
		const now = polls.at(-1), newest = this.samples.at(-1).data;
		if (!seconds)
			return { ...subtract(newest, null), seconds: now - newest.created };
		const from = pollBefore(seconds), first = this.samples[0];
		const begin = this.at(from) ?? first;
		return {
			...subtract(newest, begin.data),
			seconds: now - Math.max(from, first.time),
		};
	}

	/* {from, to, buckets} of each interval between two polls. */
	columns() {
		const out = [];
		for (let i = 1; i < polls.length; i++) {
			const older = this.at(polls[i - 1]), newer = this.at(polls[i]);
			if (!older)
				continue;
			out.push({
				from: polls[i - 1], to: polls[i],
				buckets: older === newer ? [] :
					subtractBuckets(newer.data.buckets, older.data.buckets),
			});
		}
		return out;
	}
}
