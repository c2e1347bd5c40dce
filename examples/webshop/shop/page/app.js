"use strict";

const $ = (id) => document.getElementById(id);
const say = (text) => { $("says").textContent = text; };

// send posts a form and gives the answer as JSON; a refusal's text is thrown.
async function send(path, body, headers) {
	const answer = await fetch(path, { method: "POST", body, headers });
	const json = await answer.json();
	if (!answer.ok) throw new Error(json.detail || json.title);
	return json;
}

// on runs what a form asks for, one at a time.
function on(id, work) {
	const form = $(id);
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		const button = form.querySelector("button");
		button.disabled = true;
		try {
			await work(form);
		} catch (error) {
			say(error.message);
		} finally {
			button.disabled = false;
		}
	});
}

// open shows what was agreed to, and hides the question once it is answered.
function open(purposes) {
	const allow = (id, yes) => { $(id).querySelector("fieldset").disabled = !yes; };
	allow("photo", purposes.includes("tryon.render"));
	allow("size", purposes.includes("sizing"));
	allow("withdraw", purposes.length);
	$("consent").hidden = true;
}

function show(path, caption) {
	$("shown").src = path;
	$("shown").alt = caption;
	$("caption").textContent = caption;
}

// readable turns what only browsers decode (HEIC, AVIF) into JPEG, here.
async function readable(file) {
	if (!/heic|heif|avif/i.test(file.type + file.name)) return file;
	let picture;
	try {
		picture = await createImageBitmap(file);
	} catch {
		throw new Error("This browser can't read such a picture. Please choose a JPEG or PNG.");
	}
	const canvas = document.createElement("canvas");
	canvas.width = picture.width;
	canvas.height = picture.height;
	canvas.getContext("2d").drawImage(picture, 0, 0);
	return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}

on("consent", async (form) => {
	const answer = new FormData(form);
	await send("/consent/answer", new URLSearchParams(answer));
	const purposes = answer.getAll("agree");
	open(purposes);
	say(purposes.length ? "Thank you. It is on record, and you can take it back below." : "All right: no photo, no measurements. The T-shirt is for sale all the same.");
});

on("photo", async (form) => {
	say("Looking at the photo …");
	const body = new FormData();
	body.append("photo", await readable(form.elements.photo.files[0]), "photo");
	const answer = await send("/tryon", body, { "X-Fitveil-Key": document.body.dataset.key });
	show(answer.picture, "You in the T-shirt: drawn, not generated, and marked as such inside the file.");
	say(answer.removed.length ? "Removed from your photo first: " + answer.removed.join(", ") + "." : "Your photo held no metadata.");
});

on("size", async (form) => {
	const answer = await send("/size", new URLSearchParams(new FormData(form)));
	$("sizes").replaceChildren(...answer.sizes.map((size) => {
		const line = document.createElement("li");
		const bar = document.createElement("meter");
		bar.value = size.p;
		line.append(size.label, bar, Math.round(100 * size.p) + " %");
		line.classList.toggle("best", size.label === answer.size);
		return line;
	}));
	if (answer.between && answer.between.length) say("Between " + answer.between.join(" and ") + ".");
	else say(answer.size ? "Size " + answer.size + ", as far as this can be told." : "No size of this T-shirt fits.");
});

on("withdraw", async () => {
	await send("/consent/withdraw");
	open([]);
	$("sizes").replaceChildren();
	for (const form of document.forms) form.reset();
	show("tee.png", "The T-shirt. Drawn by the example itself.");
	say("Taken back. The pictures are deleted. To start again, load the page anew.");
});
