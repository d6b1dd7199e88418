// SPDX-License-Identifier: GPL-2.0-only
// Buttons that copy a text of the page.
import { element } from "./format.js";

/* Without HTTPS the browser has no clipboard for us; then the text is selected. */
async function copy(from, button) {
	getSelection().selectAllChildren(from);
	try {
		await navigator.clipboard.writeText(from.textContent);
		button.textContent = "copied";
	} catch {
		button.textContent = document.execCommand("copy") ? "copied" : "selected";
	}
}

export function copyButton(from) {
	const button = element("button", { type: "button", className: "copy" }, "copy");
	button.addEventListener("click", () => copy(from, button));
	return button;
}
