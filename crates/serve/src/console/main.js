// The frame: who asks, which model, which language.

let models = null;
let loading = null;
const states = new Map();
let timer = null;

const known = (document_) => (document_["x-models"] || []).map((model) => ({
  ...model, schema: model.row ? document_.components.schemas[model.row] : null,
}));

const load = async () => {
  loading = null;
  // Also the first time, and however long it takes.
  keeping(show);
  try {
    models = known(await documentOf(await send("/openapi.json")));
  } catch (error) {
    loading = error;
  }
  keeping(show);
};

const place = () => {
  const [, kind, name] = /^#(model|status)(?:=(.*))?$/.exec(location.hash) || [];
  if (kind === "status") return { status: true };
  let wanted = name || "";
  try { wanted = decodeURIComponent(wanted); } catch { /* not of this page */ }
  const model = (models || []).find((one) => one.name === wanted);
  // An address of a model that is gone, or never was, is not one of another model.
  return model || wanted ? { model, wanted } : { model: (models || [])[0] };
};

// A key that is refused, or may not do this, is shown where keys are typed.
let refused = false;
const noticed = (problem) => {
  refused = problem instanceof Problem && [401, 403].includes(problem.status);
  const field = document.getElementById("key");
  if (refused) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
};

const keyField = () => {
  const box = make("input", { type: "checkbox", id: "keep" });
  box.checked = kept;
  const input = make("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", placeholder: "ik_…", "aria-describedby": "key-about", "aria-invalid": refused ? "true" : null, value: key,
    oninput: (event) => {
      key = event.target.value.trim();
      if (kept) store(vault, key);
      noticed(null);
    },
    // The status of a server may want the key.
    onchange: () => { if (place().status) tick(); } });
  box.addEventListener("change", () => { kept = box.checked; store(vault, kept ? key : ""); });
  return make("form", { class: "key", "aria-label": say("key"), onsubmit: (event) => event.preventDefault() },
    make("label", { for: "key" }, say("key")), input, make("label", { class: "check", for: "keep", title: say("keyHow") }, box, say("keep")), make("span", { id: "key-about", class: "sr" }, say("keyHow")));
};

const header = () => {
  const button = (name, text) => make("button", { type: "button", lang: tags[name], "aria-pressed": String(lang === name), onclick: () => {
    if (lang === name) return;
    lang = name;
    store("ingot-lang", lang);
    frame();
    show();
    document.querySelector(`#top [lang="${tags[lang]}"]`).focus();
  } }, text);
  return [make("a", { class: "brand", href: "#" }, mark(), make("h1", {}, say("title"))), keyField(),
    make("div", { class: "langs", role: "group", "aria-label": say("language") }, button("en", "English"), button("zh", "中文"))];
};

const mark = () => draw("svg", { viewBox: "0 0 32 32", class: "brandmark", "aria-hidden": "true" }, draw("path", { d: "M9 9h14l6 15H3z" }), draw("path", { d: "M9 9h14l2.2 5.5H6.8z", class: "shine" }));

const frame = () => {
  document.documentElement.lang = tags[lang];
  document.getElementById("skip").textContent = say("skip");
  document.getElementById("top").replaceChildren(...header());
  document.getElementById("nav").setAttribute("aria-label", say("models"));
};

const navigation = (here) => {
  const link = (href, name, more, current) => make("a", { href, "aria-current": current ? "page" : null }, make("span", {}, name), more ? make("small", {}, more) : null);
  return [...(models || []).map((model) => link(`#model=${encodeURIComponent(model.name)}`, model.name, say(`kind_${model.kind}`), here.model === model)),
    link("#status", say("status"), say("statusHow"), here.status), make("a", { class: "out", href: "/docs", target: "_blank", rel: "noopener noreferrer" }, make("span", {}, say("docs")), make("small", {}, say("docsHow")))];
};

const tick = async () => {
  clearTimeout(timer);
  if (!place().status) return;
  if (!document.hidden) {
    await look();
    if (place().status) {
      const main = document.getElementById("main");
      // Whoever marks numbers to copy them keeps what they marked.
      const marked = getSelection();
      if (marked.isCollapsed || !main.contains(marked.anchorNode)) keeping(() => main.replaceChildren(...status()));
      noticed(pulse.problem);
    }
  }
  clearTimeout(timer);
  timer = setTimeout(tick, every);
};

const show = () => {
  unpeek();
  const here = place();
  const main = document.getElementById("main");
  document.getElementById("nav").replaceChildren(...navigation(here));
  const nav = document.getElementById("nav");
  const current = nav.querySelector("[aria-current]");
  if (current) nav.scrollLeft = current.offsetLeft - (nav.clientWidth - current.offsetWidth) / 2;
  const name = here.status ? say("status") : here.model ? here.model.name : null;
  document.title = name ? `${name} · ${say("title")}` : say("title");
  if (here.status) {
    main.replaceChildren(...status());
    tick();
    return;
  }
  if (loading && !models) main.replaceChildren(trouble(loading, load));
  else if (!models) main.replaceChildren(waiting(say("asking")));
  else if (!here.model && here.wanted) main.replaceChildren(make("p", { class: "empty" }, say("noModel", { name: here.wanted })));
  else if (!here.model) main.replaceChildren(make("p", { class: "empty" }, say("noModels")));
  else {
    const { model } = here;
    // A new version may have other columns.
    const id = `${model.name} ${model.version}`;
    if (!states.has(id)) states.set(id, model.kind === "language" ? talker() : scorer(model));
    main.replaceChildren(...[loading ? trouble(loading, load) : null, ...(model.kind === "language" ? chatting : scoring)(model, states.get(id))].filter(Boolean));
  }
};

addEventListener("hashchange", () => {
  show();
  document.getElementById("main").focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && place().status) tick(); });
if (["en", "zh"].includes(stored("ingot-lang"))) lang = stored("ingot-lang");
frame();
load();
