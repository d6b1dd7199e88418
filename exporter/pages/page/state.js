// SPDX-License-Identifier: GPL-2.0-only
// What the reader has chosen, in the fragment of the page's address: a link shows the same view. It
// is not sent to the server.

/* {name: text} */
export function readState() {
	return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

/* Members that are undefined or empty are what the page begins with, and not in the address. */
export function writeState(state) {
	const set = Object.entries(state).filter(([, v]) => v !== undefined && v !== "");
	const text = new URLSearchParams(set).toString();
	if (text !== location.hash.slice(1))
		history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}
