// SPDX-License-Identifier: GPL-2.0-only
// The reader's choices, in the fragment of the address, so that a link shows the same view. Browsers
// do not send it to the server.

/* {name: text} */
export function readState() {
	return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

/* Undefined or empty members are defaults and not in the address. */
export function writeState(state) {
	const set = Object.entries(state).filter(([, v]) => v !== undefined && v !== "");
	const text = new URLSearchParams(set).toString();
	if (text !== location.hash.slice(1))
		history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}
