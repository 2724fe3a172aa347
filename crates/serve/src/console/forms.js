// Models that score: a form made from the signature, a picture, or a text.

// The fields of a row, from its schema.
const fieldsOf = (row) => Object.entries(row.properties).map(([name, property]) => {
  const types = [].concat(property.type || []);
  const [en, zh] = (property.title || "").split(" · ");
  const field = { name, en: en || name, zh: zh || en || name, nullable: types.includes("null"), example: (property.examples || [])[0] };
  if (property.contentEncoding === "base64") return { ...field, kind: "picture" };
  const known = property.enum || (property.anyOf && property.anyOf[0].enum);
  if (known) {
    const values = known.filter((value) => value !== null);
    return { ...field, kind: property.anyOf ? "interval" : "category", values, nullable: known.includes(null), example: values[0] };
  }
  if (types.includes("boolean")) return { ...field, kind: "boolean" };
  if (types.includes("number")) return { ...field, kind: "number", ...(property["x-seen"] || {}) };
  return { ...field, kind: "text" };
});

// What an input holds, as the server takes it; `undefined` where nothing is sent. What is no number goes as it is: the server says so.
const sent = (field, text) => {
  if (text === "") return field.nullable ? null : undefined;
  if (field.kind === "boolean") return text === "true";
  if (field.kind === "number" || (field.kind === "interval" && !field.values.includes(text))) {
    const number = Number(text);
    return Number.isFinite(number) ? number : text;
  }
  return text;
};

const exampleOf = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.example === undefined || field.example === null ? "" : String(field.example)]));

// Values within what training saw.
const randomOf = (fields) => Object.fromEntries(fields.map((field) => {
  if (field.kind === "boolean") return [field.name, String(Math.random() < 0.5)];
  if (field.values) return [field.name, field.values[Math.floor(Math.random() * field.values.length)]];
  const { min = 0, max = 1, integer } = field;
  const value = min + Math.random() * (max - min);
  return [field.name, String(integer ? Math.round(value) : Number(value.toPrecision(4)))];
}));

const option = (value, text) => make("option", { value }, text);

// One input with its label, what training saw, and room for what the server says of it.
const control = (field, state) => {
  const id = unique("field");
  const about = `${id}-about`;
  const shared = { id, name: field.name, "aria-describedby": about, autocomplete: "off" };
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
    hint = [say("intervalHow"), hint].filter(Boolean).join(" ");
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
        } });
      hint = [say(field.integer ? "seenWhole" : "seen", { min: decimal(field.min, 9), max: decimal(field.max, 9) }), hint].filter(Boolean).join(" ");
    }
  } else {
    input = make("textarea", { ...shared, rows: "6", oninput: keep });
  }
  const real = input.querySelector("input") || input;
  real.value = value;
  const title = lang === "zh" ? field.zh : field.en;
  return make("div", { class: "field", "data-field": field.name },
    make("label", { for: id }, title, title === field.name ? null : make("code", { title: field.name }, field.name)),
    input, slider || make("span", {}), make("p", { class: "hint", id: about }, hint), make("p", { class: "fault", hidden: true }));
};

// Says at each input what the server said of it; the first of them gets the focus.
const blame = (form, problem) => {
  for (const field of form.querySelectorAll(".field")) {
    const name = field.dataset.field;
    const said = (problem ? problem.errors : []).find((error) => error.field === name || error.field.endsWith(`.${name}`) || error.field.endsWith(`"${name}"]`));
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
  return { fields, values: exampleOf(fields), file: null, picture: null, last: null, problem: null, busy: null, before: undefined };
};

// Asks for a prediction or an explanation; `body` makes what is sent.
const asking = async (model, state, path, paint) => {
  const stop = new AbortController();
  state.busy = stop;
  state.problem = null;
  paint();
  try {
    let answer;
    let body = null;
    if (state.file) {
      answer = await send(`${path}?model=${encodeURIComponent(model.name)}`, { method: "POST", body: state.file, headers: { "Content-Type": state.file.type }, signal: stop.signal });
    } else {
      const row = {};
      for (const field of state.fields) {
        const value = sent(field, state.values[field.name] ?? "");
        if (value !== undefined) row[field.name] = value;
      }
      body = { model: model.name, inputs: [row] };
      answer = await post(path, body, stop.signal);
    }
    const told = await answer.json();
    const one = (told.predictions || told.explanations)[0];
    state.before = state.last ? state.last.one.score : undefined;
    state.last = { one, told, body, path, explained: Boolean(told.explanations), picture: state.picture };
  } catch (error) {
    if (error.name !== "AbortError") state.problem = error;
  }
  state.busy = null;
  paint();
};

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
    const { one, told, body, path, explained } = state.last;
    parts.push(prediction(model, one, state.before));
    parts.push(explained ? explanation(model, one) : make("p", { class: "small" }, say("askWhy")));
    if (told.version !== model.version) {
      parts.push(make("p", { class: "small", role: "note" }, say("newVersion", { version: told.version }), " ",
        make("button", { type: "button", class: "quiet", onclick: load }, say("renew"))));
    }
    if (body) parts.push(exchange(path, body, told));
  }
  return parts.length ? parts : [make("p", { class: "empty" }, say(`empty_${model.kind}`))];
};

const heading = (model) => make("div", { class: "heading" }, make("h2", {}, model.name),
  make("span", { class: "chip" }, model.version), make("span", { class: "chip" }, say(`kind_${model.kind}`)),
  model.context ? make("span", { class: "chip" }, say("context", { tokens: whole(model.context) })) : null);

const scoring = (model, state) => {
  const result = make("section", { class: "card result", "aria-live": "polite", "aria-label": say("result") });
  let form;
  const paint = () => {
    result.replaceChildren(...outcome(model, state));
    result.setAttribute("aria-busy", String(Boolean(state.busy)));
    for (const button of form.querySelectorAll("button.ask")) button.disabled = Boolean(state.busy);
    blame(form, state.problem instanceof Problem ? state.problem : null);
    noticed(state.problem);
  };
  const ask = async (path) => {
    if (state.busy) return;
    await asking(model, state, path, paint);
    if (!form.querySelector("[aria-invalid]")) reveal(result);
  };
  const fill = (values) => { state.values = values; show(); };
  const inputs = model.kind === "picture" ? [chooser(state, () => paint())] : state.fields.map((field) => control(field, state));
  const fillers = model.kind === "table" ? make("div", { class: "fillers" },
    make("button", { type: "button", class: "quiet", onclick: () => fill(exampleOf(state.fields)) }, say("fillExample")),
    make("button", { type: "button", class: "quiet", onclick: () => fill(randomOf(state.fields)) }, say("fillRandom"))) : null;
  form = make("form", { class: `card ${model.kind}`, novalidate: true, "aria-label": say("question"), onsubmit: (event) => { event.preventDefault(); ask("/api/predict"); } },
    fillers, make("div", { class: "fields" }, inputs),
    make("div", { class: "actions" }, make("button", { type: "submit", class: "go ask" }, say("predict")),
      make("button", { type: "button", class: "ask", onclick: () => ask("/api/explain") }, say("explain"))));
  paint();
  return [heading(model), make("div", { class: "two" }, form, result)];
};

// A picture from this machine: chosen, dropped or pasted.
const kinds = ["image/jpeg", "image/png", "image/webp"];
const chooser = (state, paint) => {
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
    redraw();
    paint();
  };
  redraw();
  const zone = make("div", { class: "drop",
    ondragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
    ondragleave: () => zone.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); zone.classList.remove("over"); take(event.dataTransfer.files[0]); },
    onpaste: (event) => take(event.clipboardData.files[0]) },
  shown, make("label", { for: id, class: "button" }, say("choosePicture")),
  make("input", { id, type: "file", class: "hidden", accept: kinds.join(","), "aria-describedby": `${id}-about`, onchange: (event) => take(event.target.files[0]) }), note);
  return zone;
};
