const words = e => e.textContent.replace(/\u00ad/g, "").replace(/\s+/g, " ").trim();
const called = e => e.getAttribute("aria-label") || words(e);
const show = e => {
	for (let p = e && e.parentElement; p; p = p.parentElement) if (p.tagName === "DETAILS") p.open = true;
	return !!e;
};
const focus = e => {
	if (!show(e)) return false;
	e.focus();
	return document.activeElement === e;
};
const pressable = (within, name) => {
	const all = [...within.querySelectorAll("button:not([disabled]), a[href]")];
	return all.find(e => called(e) === name) || all.find(e => called(e).startsWith(name));
};
const button = name => focus(pressable(document, name));
const buttonAt = (part, name) => {
	const all = [...document.querySelectorAll("*")].filter(e => words(e).includes(part) && pressable(e, name));
	all.sort((a, b) => words(a).length - words(b).length);
	return focus(all.length ? pressable(all[0], name) : null);
};
const field = label => {
	for (const l of document.querySelectorAll("label")) {
		const e = l.control;
		if (e && words(l) && words(l).startsWith(label) && !e.hasAttribute("data-webtest-done")) return e;
	}
	return null;
};
const set = (label, value) => {
	const e = field(label);
	if (!show(e)) return false;
	e.setAttribute("data-webtest-done", "");
	if (e.tagName === "SELECT") {
		const o = [...e.options].find(o => words(o).startsWith(value) || o.value === value);
		if (!o) return false;
		value = o.value;
	}
	e.value = value;
	e.dispatchEvent(new Event("input", {bubbles: true}));
	e.dispatchEvent(new Event("change", {bubbles: true}));
	return true;
};
const tick = (label, on) => {
	const e = field(label);
	if (!show(e)) return false;
	const all = e.type === "radio" ? [...document.querySelectorAll("input[type=radio]")].filter(x => x.name === e.name && x.form === e.form) : [e];
	all.forEach(x => x.setAttribute("data-webtest-done", ""));
	if (e.checked !== on) e.click();
	return true;
};
const choose = label => tick(label, true);
const untick = label => tick(label, false);
