// Models that score: a form made from the signature, a picture, or a text.

// The fields of a row, from its schema; what is required stands there in the order of the signature.
const fieldsOf = (row) => row.required.map((name) => [name, row.properties[name]]).map(([name, property]) => {
  const types = [].concat(property.type || []);
  const [en, zh] = (property.title || "").split(" · ");
  const field = { name, en: en || name, zh: zh || en || name, nullable: types.includes("null"), example: (property.examples || [])[0] };
  if (property.contentEncoding === "base64") return { ...field, kind: "picture" };
  const known = property.enum || (property.anyOf && property.anyOf[0].enum);
  if (known) {
    const values = known.filter((value) => value !== null);
    return { ...field, kind: property.anyOf ? "interval" : "category", values, nullable: known.includes(null), example: values[0] };
  }
  if (property.format === "date") return { ...field, kind: "date", ...(property["x-seen"] || {}) };
  if (types.includes("boolean")) return { ...field, kind: "boolean" };
  if (types.includes("number")) return { ...field, kind: "number", ...(property["x-seen"] || {}) };
  return { ...field, kind: "text" };
});

// What an input holds, as the server takes it; `undefined` where nothing is sent. What is no number goes as it is: the server says so.
const sent = (field, text) => {
  // Blanks are no number, though scripts take them for 0.
  const blank = field.kind === "number" || field.kind === "interval" ? text.trim() === "" : text === "";
  if (blank) return field.nullable ? null : undefined;
  if (field.kind === "boolean") return text === "true";
  if (field.kind === "number" || (field.kind === "interval" && !field.values.includes(text))) {
    // Input methods write digits as wide as Chinese characters.
    const number = Number(text.normalize("NFKC"));
    return Number.isFinite(number) ? number : text;
  }
  return text;
};

const exampleOf = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.example === undefined || field.example === null ? "" : String(field.example)]));

// The date so many days after 1970-01-01.
const dayOf = (days) => new Date(Math.floor(days) * 864e5).toISOString().slice(0, 10);

// Values within what training saw.
const randomOf = (fields) => Object.fromEntries(fields.map((field) => {
  if (field.kind === "boolean") return [field.name, String(Math.random() < 0.5)];
  if (field.values) return [field.name, field.values[Math.floor(Math.random() * field.values.length)]];
  const { min = 0, max = 1, integer } = field;
  const value = min + Math.random() * (max - min);
  if (field.kind === "date") return [field.name, dayOf(value)];
  // Rounded, but not out of the range.
  return [field.name, String(Math.min(max, Math.max(min, integer ? Math.round(value) : Number(value.toPrecision(4)))))];
}));

const option = (value, text) => make("option", { value }, text);

// One input with its label, what training saw, and room for what the server says of it.
const control = (field, state) => {
  const id = unique("field");
  const about = `${id}-about`;
  // No `name`: a column's name would hide what a form calls its own.
  const shared = { id, "aria-describedby": `${about} ${id}-fault`, "aria-required": field.nullable ? null : "true", autocomplete: "off" };
  const keep = (event) => { state.values[field.name] = event.target.value; };
  const value = state.values[field.name] ?? "";
  let input;
  let slider = null;
  let hint = field.nullable ? say("mayBeEmpty") : "";
  if (field.kind === "category" || field.kind === "boolean") {
    const options = field.kind === "boolean" ? [option("true", say("yes")), option("false", say("no"))] : field.values.map((one) => option(one, one));
    if (field.nullable || value === "") options.unshift(option("", say(field.nullable ? "missing" : "choose")));
    input = make("select", { ...shared, onchange: keep }, options);
  } else if (field.kind === "interval") {
    const list = `${id}-list`;
    input = make("span", {}, make("input", { ...shared, type: "text", list, oninput: keep }), make("datalist", { id: list }, field.values.map((one) => option(one, one))));
    hint = sentences(say("intervalHow"), hint);
  } else if (field.kind === "date") {
    input = make("input", { ...shared, type: "text", placeholder: "2021-08-19", oninput: keep });
    if (Number.isFinite(field.min) && Number.isFinite(field.max)) hint = sentences(say("seen", { min: dayOf(field.min), max: dayOf(field.max) }), hint);
  } else if (field.kind === "number") {
    const ranged = Number.isFinite(field.min) && Number.isFinite(field.max) && field.min < field.max;
    const step = field.integer ? 1 : "any";
    input = make("input", { ...shared, type: "text", inputmode: field.min < 0 ? "text" : "decimal", oninput: (event) => {
      keep(event);
      if (slider && Number.isFinite(Number(event.target.value))) slider.value = event.target.value;
    } });
    if (ranged) {
      // For the hand only: the number itself is what the keyboard reaches.
      slider = make("input", { type: "range", min: field.min, max: field.max, step, tabindex: "-1", "aria-hidden": "true", value: value === "" ? (field.min + field.max) / 2 : value,
        oninput: (event) => {
          const number = Number(event.target.value);
          input.value = String(field.integer ? number : Number(number.toPrecision(4)));
          state.values[field.name] = input.value;
          cleared(input);
        } });
      hint = sentences(say(field.integer ? "seenWhole" : "seen", { min: decimal(field.min, 9), max: decimal(field.max, 9) }), hint);
    }
  } else {
    input = make("textarea", { ...shared, rows: "6", oninput: keep });
  }
  const real = input.querySelector("input") || input;
  real.value = value;
  // What was wrong is being put right.
  for (const change of ["input", "change"]) real.addEventListener(change, () => cleared(real));
  const title = lang === "zh" ? field.zh : field.en;
  return make("div", { class: "field", "data-field": field.name },
    make("label", { for: id }, title, title === field.name ? null : make("code", { title: field.name }, field.name)),
    input, slider || make("span", {}), make("p", { class: "hint", id: about }, hint), make("p", { class: "fault", id: `${id}-fault`, hidden: true }));
};

const cleared = (input) => {
  input.removeAttribute("aria-invalid");
  input.closest(".field").querySelector(".fault").hidden = true;
};

// Says at each input what the server said of it; the first of them gets the focus.
const blame = (form, problem) => {
  for (const field of form.querySelectorAll(".field")) {
    const name = field.dataset.field;
    const said = (problem ? problem.errors : []).find((error) => error.field === name || error.field === `inputs[0].${name}`);
    const place = field.querySelector(".fault");
    const input = field.querySelector("select, textarea, input:not([type=range])");
    place.hidden = !said;
    place.textContent = said ? said.detail : "";
    if (said) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
  }
  const first = form.querySelector("[aria-invalid]");
  if (first) first.focus();
};

// What a model that scores remembers while the page is open.
const scorer = (model) => {
  const fields = fieldsOf(model.schema);
  return { fields, values: exampleOf(fields), file: null, picture: null, last: null, problem: null, busy: null, before: null, paint() {} };
};

// Asks for a prediction or an explanation. Whoever looks elsewhere meanwhile, or in another language, finds the answer when they come back.
const asking = async (model, state, path) => {
  if (model.kind === "picture" && !state.file) {
    state.problem = new Problem({ title: () => say("noPicture"), detail: () => say("noPictureHow") });
    state.paint();
    return;
  }
  const stop = new AbortController();
  const { file } = state;
  state.busy = stop;
  state.problem = null;
  state.paint();
  announce(say("asking"));
  try {
    let answer;
    let body = null;
    if (file) {
      answer = await send(pathTo(path, model), { method: "POST", body: file, headers: { "Content-Type": file.type }, signal: stop.signal });
    } else {
      const row = {};
      for (const field of state.fields) {
        const value = sent(field, state.values[field.name] ?? "");
        if (value !== undefined) row[field.name] = value;
      }
      body = { model: model.name, inputs: [row] };
      answer = await post(path, body, stop.signal);
    }
    const told = await documentOf(answer);
    const one = (told.predictions || told.explanations)[0];
    state.before = state.last ? state.last.one : null;
    // The answer is to the picture that was sent, not to one that was chosen since.
    if (file === state.file) state.last = { one, told, body, path, file, explained: Boolean(told.explanations) };
    announce(spokenAnswer(model, one));
  } catch (error) {
    // The server speaks of rows, to programs.
    if (file && error.code === "serve-picture-large") error.hint = say("smaller", { size: bytes(file.size) });
    if (error.name === "AbortError") announce(say("cancelled")); else state.problem = error;
  }
  state.busy = null;
  state.paint();
};

const pathTo = (path, model) => `${path}?model=${encodeURIComponent(model.name)}`;

// An answer in one breath, for readers' voices.
const spokenAnswer = (model, one) => [one.label === undefined ? decimal(one.score, 6) : `${one.label}, ${model.output === "binary" ? say("scoreOf", { label: model.positive, value: percent(one.score) }) : percent(one.score)}`,
  ...(one.reasons || []).map((reason) => reason.text)].join(" ");

// What came stands in view, unless the form has something to say first.
const reveal = (result) => {
  const { top } = result.getBoundingClientRect();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (top < 0 || top > window.innerHeight - 160) result.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
};

const outcome = (model, state) => {
  if (state.busy) return [waiting(say("asking"), () => state.busy.abort())];
  const parts = [];
  if (state.problem) parts.push(trouble(state.problem));
  if (state.last) {
    const { one, told, body, path, file, explained } = state.last;
    if (state.problem) parts.push(make("p", { class: "small" }, say("answerBefore")));
    parts.push(prediction(model, one, state.before));
    parts.push(explained ? explanation(model, one) : make("p", { class: "small" }, say("askWhy")));
    if (told.version !== model.version) {
      parts.push(make("p", { class: "small", role: "note" }, say("newVersion", { version: told.version }), " ",
        make("button", { type: "button", class: "quiet", onclick: load }, say("renew"))));
    }
    parts.push(exchange(file ? pathTo(path, model) : path, body, told, file));
  }
  return parts.length ? parts : [make("p", { class: "empty" }, say(`empty_${model.kind}`))];
};

const heading = (model) => make("div", { class: "heading" }, make("h2", {}, model.name),
  make("span", { class: "chip" }, model.version), make("span", { class: "chip" }, say(`kind_${model.kind}`)),
  model.context ? make("span", { class: "chip" }, say("context", { tokens: whole(model.context) })) : null);

const scoring = (model, state) => {
  const result = make("section", { class: "card result", "aria-label": say("result") });
  let form;
  state.paint = () => {
    keeping(() => result.replaceChildren(...outcome(model, state)), () => form.querySelector("button.ask"));
    result.setAttribute("aria-busy", String(Boolean(state.busy)));
    // A button that is disabled would lose the focus of whoever pressed it.
    for (const button of form.querySelectorAll("button.ask")) button.setAttribute("aria-disabled", String(Boolean(state.busy)));
    blame(form, state.problem instanceof Problem ? state.problem : null);
    noticed(state.problem);
  };
  const ask = async (path) => {
    if (state.busy) return;
    await asking(model, state, path);
    if (result.isConnected && !form.querySelector("[aria-invalid]")) reveal(result);
  };
  const fill = (values) => { state.values = values; keeping(show); };
  const inputs = model.kind === "picture" ? [chooser(state)] : state.fields.map((field) => control(field, state));
  const fillers = model.kind === "table" ? make("div", { class: "fillers" },
    make("button", { type: "button", class: "quiet", "data-stay": "example", onclick: () => fill(exampleOf(state.fields)) }, say("fillExample")),
    make("button", { type: "button", class: "quiet", "data-stay": "random", onclick: () => fill(randomOf(state.fields)) }, say("fillRandom"))) : null;
  form = make("form", { class: `card ${model.kind}`, novalidate: true, "aria-label": say("question"), onsubmit: (event) => { event.preventDefault(); ask("/api/predict"); } },
    fillers, make("div", { class: "fields" }, inputs),
    make("div", { class: "actions" }, make("button", { type: "submit", class: "go ask", "data-stay": "predict" }, say("predict")),
      make("button", { type: "button", class: "ask", "data-stay": "explain", onclick: () => ask("/api/explain") }, say("explain"))));
  state.paint();
  return [heading(model), make("div", { class: "two" }, form, result)];
};

// A picture from this machine: chosen, dropped or pasted.
const kinds = ["image/jpeg", "image/png", "image/webp"];
let taker = null;
const chooser = (state) => {
  const id = unique("picture");
  const shown = make("div", { class: "shown" });
  const note = make("p", { class: "hint", id: `${id}-about`, role: "status" });
  const redraw = () => {
    shown.replaceChildren(state.picture ? make("img", { src: state.picture, alt: state.file.name || say("yourPicture") }) : make("span", { class: "empty" }, say("drop")));
    note.textContent = state.file ? `${state.file.name || say("yourPicture")} · ${bytes(state.file.size)}` : say("pictureKinds");
  };
  const take = (file) => {
    if (!file) return;
    if (!kinds.includes(file.type)) { note.textContent = say("pictureOdd"); return; }
    if (state.picture) URL.revokeObjectURL(state.picture);
    state.file = file;
    state.picture = URL.createObjectURL(file);
    state.last = null;
    state.problem = null;
    redraw();
    state.paint();
  };
  redraw();
  const zone = make("div", { class: "drop",
    ondragover: () => zone.classList.add("over"), ondragleave: () => zone.classList.remove("over"),
    ondrop: (event) => { zone.classList.remove("over"); take(event.dataTransfer.files[0]); } },
  shown, make("label", { for: id, class: "button" }, say("choosePicture")),
  make("input", { id, type: "file", class: "hidden", accept: kinds.join(","), "aria-describedby": `${id}-about`, onchange: (event) => take(event.target.files[0]) }), note);
  taker = { zone, take };
  return zone;
};

// A file that misses its place must not take the place of this page, with all that stands in it.
for (const name of ["dragover", "drop"]) {
  addEventListener(name, (event) => {
    if (event.dataTransfer && [...event.dataTransfer.types].includes("Files")) event.preventDefault();
  });
}
addEventListener("paste", (event) => {
  const [file] = event.clipboardData ? event.clipboardData.files : [];
  if (file && taker && taker.zone.isConnected) taker.take(file);
});
