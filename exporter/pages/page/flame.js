// SPDX-License-Identifier: GPL-2.0-only
// The stacks of samples as a flame graph: the outermost callers on top, and below each frame what it
// called. A frame is as wide as its share of the samples, or of their time.
import { copyButton } from "./clipboard.js";
import { duration, element, number, percent, setText } from "./format.js";

const LEAST = 0.002; // of the width: narrower frames are not drawn

/* Frames of a sample, the outermost first. Calls from different places of a function are the same. */
function frames({ stack, user_stack }) {
	const fold = (line, kernel) => {
		const [, name = line, file = ""] = line.match(/^(.+?)(?:\+0x[0-9a-f]+)?(?: \[([^\]]*)\])?$/) ?? [];
		return { name: file ? `${name} [${file.replace(/.*\//, "")}]` : name, kernel };
	};
	return [...user_stack.toReversed().map((line) => fold(line, false)), ...stack.toReversed().map((line) => fold(line, true))];
}

const units = {
	samples: { of: () => 1, show: (v) => `${number(v)} ${v === 1 ? "sample" : "samples"}`, folded: (v) => v, unit: "samples" },
	time: { of: (s) => s.duration ?? 0, show: duration, folded: (v) => Math.round(v * 1e6), unit: "microseconds" },
};

const newNode = (name, kernel, parent) => ({
	name, kernel, parent, value: 0, own: 0, children: new Map(),
	key: parent ? `${parent.key}\n${kernel ? "k" : "u"} ${name}` : "", depth: parent ? parent.depth + 1 : 0,
});

function child(node, { name, kernel }) {
	const key = `${kernel} ${name}`;
	if (!node.children.has(key))
		node.children.set(key, newNode(name, kernel, node));
	return node.children.get(key);
}

/* By name, so that frames stay where they are while samples come and go. */
const sorted = (node) => [...node.children.values()].sort((a, b) => a.name < b.name ? -1 : 1);

function* descendants(node) {
	for (const c of sorted(node)) {
		yield c;
		yield* descendants(c);
	}
}

/* Lines that other tools read: frames with `;` between them, and a number. */
function foldedText(root, unit) {
	const lines = [];
	for (const node of descendants(root)) {
		if (!unit.folded(node.own))
			continue;
		const path = [];
		for (let n = node; n.parent; n = n.parent)
			path.unshift(n.name.replaceAll(";", ",") + (n.kernel ? "_[k]" : ""));
		lines.push(`${path.join(";")} ${unit.folded(node.own)}`);
	}
	return lines.join("\n");
}

export class Flame {
	by = element("select", {}, element("option", { value: "samples" }, "samples"), element("option", { value: "time" }, "time"));
	graph = element("div", { className: "frames", role: "tree", ariaLabel: "Flame graph of the samples' stacks" });
	legend = element("p", { className: "muted" });
	folded = element("pre");
	foldedTitle = element("summary");
	root = element("div", { className: "flame" },
		element("div", { className: "head" }, element("h4", {}, "Stacks"),
			element("span", {}, element("i", { className: "user" }, "user"), " ", element("i", { className: "kernel" }, "kernel")), element("label", {}, "Width: ", this.by)),
		this.graph, this.legend,
		element("details", {}, this.foldedTitle, copyButton(this.folded), this.folded));
	places = new Map(); // key -> {element, node}, of those drawn
	opened = ""; // the key of the frame that has the whole width
	current = ""; // the key of the frame that Tab reaches
	samples = [];

	constructor() {
		this.by.addEventListener("change", () => this.draw());
		this.graph.addEventListener("click", (e) => this.open(e.target.closest(".frame")?.dataset.key));
		this.graph.addEventListener("keydown", (e) => this.press(e));
		for (const event of ["pointerover", "focusin"])
			this.graph.addEventListener(event, (e) => this.describe(e.target.closest(".frame")?.dataset.key));
		for (const event of ["pointerleave", "focusout"])
			this.graph.addEventListener(event, () => this.describe());
	}

	show(samples) {
		this.samples = samples;
		this.by.parentElement.hidden = !samples.some((s) => s.duration);
		this.draw();
	}

	build() {
		const unit = units[this.by.value], root = newNode("all", false, null);
		for (const s of this.samples) {
			let node = root;
			const value = unit.of(s);
			root.value += value;
			for (const frame of frames(s)) {
				node = child(node, frame);
				node.value += value;
			}
			node.own += value;
		}
		return root;
	}

	draw() {
		const unit = units[this.by.value], tree = this.build();
		let top = tree;
		this.root.hidden = !tree.children.size;
		for (const node of descendants(tree))
			if (node.key === this.opened)
				top = node;
		this.tree = tree;
		this.opened = top.key;
		this.place(this.layout(top));
		setText(this.foldedTitle, `Folded stacks, in ${unit.unit}`);
		if (getSelection().isCollapsed)
			setText(this.folded, foldedText(tree, unit));
		this.describe();
	}

	/* [{node, left, width}] of the frames to be drawn: callers of the opened one, it, and its callees. */
	layout(top) {
		const out = [];
		for (let n = top; n; n = n.parent)
			out.unshift({ node: n, left: 0, width: 1, around: n !== top });
		const below = (node, left, width) => {
			for (const c of sorted(node)) {
				const share = node.value ? width * c.value / node.value : 0;
				if (share >= LEAST) {
					out.push({ node: c, left, width: share });
					below(c, left, share);
				}
				left += share;
			}
		};
		below(top, 0, 1);
		return out;
	}

	/* Elements that stay in their order are not moved, so that they keep the focus. */
	place(wanted) {
		const before = this.places;
		this.places = new Map(wanted.map(({ node }) => [node.key, { node, element: before.get(node.key)?.element ?? this.make(node) }]));
		for (const [key, { element: e }] of before)
			if (!this.places.has(key))
				e.remove();
		if (!this.places.has(this.current))
			this.current = this.opened;
		let at = this.graph.firstElementChild, deepest = 0;
		for (const { node, left, width, around } of wanted) {
			const e = this.places.get(node.key).element;
			Object.assign(e.style, { left: `${100 * left}%`, width: `${100 * width}%`, top: `calc(var(--frame) * ${node.depth})` });
			e.title = e.ariaLabel = this.text(node);
			e.tabIndex = node.key === this.current ? 0 : -1;
			e.classList.toggle("around", !!around);
			if (at === e)
				at = at.nextElementSibling;
			else
				this.graph.insertBefore(e, at);
			deepest = Math.max(deepest, node.depth);
		}
		this.graph.style.height = `calc(var(--frame) * ${deepest + 1})`;
	}

	make(node) {
		const e = element("button", { type: "button", className: `frame ${!node.parent ? "all" : node.kernel ? "kernel" : "user"}` }, node.name);
		e.setAttribute("role", "treeitem");
		e.setAttribute("aria-level", node.depth + 1);
		e.dataset.key = node.key;
		return e;
	}

	text({ name, kernel, parent, value }) {
		const all = this.tree.value;
		return parent ? `${name}, ${kernel ? "kernel" : "user"}: ${units[this.by.value].show(value)}, ${percent(value, all)}` :
			`all: ${units[this.by.value].show(all)}`;
	}

	/* The frame of a key, else the focused one. */
	describe(key = document.activeElement.dataset.key) {
		const node = this.places.get(key)?.node;
		setText(this.legend, node ? this.text(node) : `${this.text(this.tree)}. Callers are above the functions that they called.`);
	}

	open(key) {
		if (key === undefined)
			return;
		this.current = key;
		this.opened = key === this.opened ? this.places.get(key).node.parent?.key ?? "" : key;
		this.draw();
	}

	/* Arrows go to the caller, to what was called, and to what the same caller called besides. */
	press(event) {
		const node = this.places.get(event.target.dataset.key)?.node;
		const drawn = (n) => sorted(n).filter((c) => this.places.has(c.key));
		const beside = (step) => node.parent && drawn(node.parent)[drawn(node.parent).indexOf(node) + step];
		const steps = {
			ArrowUp: () => node.parent, ArrowDown: () => drawn(node)[0],
			ArrowLeft: () => beside(-1), ArrowRight: () => beside(1), Home: () => this.tree, Escape: () => this.tree,
		};
		if (!node || !steps[event.key])
			return;
		event.preventDefault();
		const to = steps[event.key]();
		if (!to)
			return;
		if (event.key === "Escape")
			this.opened = "";
		this.current = to.key;
		this.draw();
		this.places.get(to.key).element.focus();
	}
}
