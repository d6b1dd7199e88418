// SPDX-License-Identifier: GPL-2.0-only
// A table that creates rows when they are scrolled to, and keeps them in the order of their items.

const CHUNK = 50; // rows at first, then twice as many each time

export class LazyTable {
	rows = new Map(); // key -> row, of those made
	shown = CHUNK;
	end = document.createElement("div");

	/* make(item): a new row; fill(row, item): updates it; extra(item): a row below it, or nothing. */
	constructor(table, { make, fill, extra }) {
		Object.assign(this, { body: table.tBodies[0], make, fill, extra });
		table.after(this.end);
		new IntersectionObserver(() => this.more(), { rootMargin: "600px" }).observe(this.end);
	}

	more() {
		const room = this.end.getBoundingClientRect().top < innerHeight + 600;
		if (!room || !this.items || this.shown >= this.items.length)
			return;
		this.shown *= 2;
		this.show(this.items);
		/* Repeat until the end is out of sight: the observer only reports changes. */
		requestAnimationFrame(() => this.more());
	}

	restart() {
		this.shown = CHUNK;
	}

	/* The row of an item; creates it if needed. */
	reveal(key) {
		const i = this.items?.findIndex((item) => item.key === key) ?? -1;
		if (i < 0)
			return null;
		this.shown = Math.max(this.shown, i + 1);
		this.show(this.items);
		return this.rows.get(key);
	}

	show(items) {
		const wanted = [];
		this.items = items;
		for (const item of items.slice(0, this.shown)) {
			let row = this.rows.get(item.key);
			if (!row)
				this.rows.set(item.key, row = this.make(item));
			this.fill(row, item);
			const extra = this.extra?.(item);
			wanted.push(row, ...extra ? [extra] : []);
		}
		this.place(wanted);
		if (items.length > this.shown)
			requestAnimationFrame(() => this.more());
	}

	/* Rows in the right place are not touched, so that they keep the focus. */
	place(wanted) {
		const keep = new Set(wanted);
		for (const row of [...this.body.children])
			if (!keep.has(row))
				row.remove();
		let at = this.body.firstElementChild;
		for (const row of wanted) {
			if (row === at)
				at = at.nextElementSibling;
			else
				this.body.insertBefore(row, at);
		}
		for (const [key, row] of this.rows)
			if (!keep.has(row))
				this.rows.delete(key);
	}
}
