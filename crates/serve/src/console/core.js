// Words, elements, numbers, and asking the server. Whatever comes from outside becomes text, never markup.
const words = JSON.parse(document.getElementById("words").textContent);
const tags = { en: "en", zh: "zh-CN" };
let lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

const say = (name, values = {}) => words[name][lang === "zh" ? 1 : 0]
  .replace(/\{(\w+)\}/g, (whole, place) => String(values[place] ?? whole));

const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

// A vector element; the names of its attributes are this page's own.
const draw = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const styled = (element, properties) => {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
};

// What a reader's voice should say of what has changed; only this is read out, not whole tables.
const announce = (text) => {
  const told = document.getElementById("told");
  // The same said twice is heard twice.
  told.replaceChildren(make("span", {}, text));
};

// Draws again, and gives the focus back to what stands in the same place (`data-stay`); else to `otherwise`.
const keeping = (redraw, otherwise) => {
  const held = document.activeElement;
  const spot = held && held.dataset ? held.dataset.stay : undefined;
  const within = held && held.closest("main");
  redraw();
  if (!within || (held.isConnected && document.activeElement === held)) return;
  const again = spot === undefined ? null : [...document.querySelectorAll("[data-stay]")].find((one) => one.dataset.stay === spot);
  const next = again || (typeof otherwise === "function" ? otherwise() : null) || document.getElementById("main");
  next.focus({ preventScroll: true });
};

let serial = 0;
const unique = (name) => `${name}-${(serial += 1)}`;

const locale = () => tags[lang];
const whole = (value) => Number(value).toLocaleString(locale(), { maximumFractionDigits: 0 });
// So many digits, but never a whole number's last ones made up; what is tiny with its power of ten.
const numeral = (value, digits, more) => {
  const number = Number(value);
  const size = Math.abs(number);
  if (size >= 10 ** digits && size < 1e15) return number.toLocaleString(locale(), { ...more, minimumSignificantDigits: undefined, maximumFractionDigits: 0 });
  const far = size !== 0 && (size < 1e-4 || size >= 1e15);
  return number.toLocaleString(locale(), { ...more, maximumSignificantDigits: digits, notation: far ? "scientific" : "standard" });
};
const decimal = (value, digits = 4) => numeral(value, digits);
const signed = (value) => numeral(value, 3, { minimumSignificantDigits: 3, signDisplay: "exceptZero" });
// Only what is certain is said to be.
const percent = (share) => {
  const shown = (some, places) => Number(some).toLocaleString(locale(), { style: "percent", maximumFractionDigits: places });
  if (share > 0 && share < 0.0001) return `<${shown(0.0001, 2)}`;
  if (share > 0.9999 && share < 1) return `>${shown(0.9999, 2)}`;
  return shown(share, share < 0.1 || share > 0.99 ? 2 : 1);
};
// Chinese sentences stand without a space between them.
const sentences = (...all) => all.filter(Boolean).join(lang === "zh" ? "" : " ");
const seconds = (value) => {
  if (!Number.isFinite(value)) return "–";
  if (value < 0.001) return `${decimal(value * 1e6, 3)} µs`;
  return value < 1 ? `${decimal(value * 1e3, 3)} ms` : `${decimal(value, 3)} s`;
};
const bytes = (value) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let rest = value;
  while (rest >= 1024 && at < units.length - 1) { rest /= 1024; at += 1; }
  return `${decimal(rest, 3)} ${units[at]}`;
};

// The key stays in this variable; in the tab's own storage only where the box is ticked.
const vault = "ingot-key";
const stored = (name) => { try { return sessionStorage.getItem(name) || ""; } catch { return ""; } };
const store = (name, value) => {
  try { if (value) sessionStorage.setItem(name, value); else sessionStorage.removeItem(name); } catch { /* no storage in this browser */ }
};
let key = stored(vault);
let kept = key !== "";

// What went wrong, as words for a person. The page's own words are functions: the language may change while they stand there.
const worded = (words) => (typeof words === "function" ? words() : words);
class Problem extends Error {
  constructor({ title, detail, ...about }) {
    super(worded(detail) || worded(title));
    Object.assign(this, { errors: [], ...about });
    this.words = { title, detail };
  }

  get title() { return worded(this.words.title); }

  get detail() { return worded(this.words.detail); }
}

// Seconds to wait, of a header that holds them or a date.
const waitOf = (header) => {
  const number = Number(header);
  const wait = Number.isFinite(number) ? number : (Date.parse(header) - Date.now()) / 1000;
  return Math.max(0, Math.ceil(wait)) || 0;
};

const problemOf = async (answer) => {
  let found = null;
  try { found = await answer.json(); } catch (error) { if (error.name === "AbortError") throw error; }
  const again = waitOf(answer.headers.get("retry-after"));
  // What stands before the server (a proxy, a sign-in) answers in its own words, for machines of its own.
  if (!found || typeof found !== "object") return new Problem({ status: answer.status, title: () => say("notServer"), detail: () => say("notServerHow", { status: answer.status }), again });
  if (found.error && typeof found.error === "object") {
    const { message, code, param, request_id: request } = found.error;
    return new Problem({ status: answer.status, title: () => say("refused"), detail: message, code, request, again, field: param });
  }
  const code = String(found.type || "").split(":").pop();
  return new Problem({
    status: answer.status, title: found.title || (() => say("refused")), detail: found.detail, hint: found.hint, code,
    request: found.request_id, errors: Array.isArray(found.errors) ? found.errors : [], again,
  });
};

const headers = (more = {}) => {
  const all = { "Accept-Language": locale(), ...more };
  if (key) all["X-API-Key"] = key;
  return all;
};

// Sends, and gives the answer back when it is one; else a problem.
const send = async (path, options = {}) => {
  if (!/^[\x21-\x7e]*$/.test(key)) throw new Problem({ title: () => say("keyOdd"), code: "key", status: 401 });
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: headers(options.headers), cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: () => say("unreachable"), detail: () => say("unreachableHow"), status: 0 });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
};

// The document of an answer; also after it was begun, its way here may end.
const documentOf = async (answer) => {
  let text;
  try { text = await answer.text(); } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: () => say("broken"), detail: () => say("brokenHow") });
  }
  try { return JSON.parse(text); } catch { throw new Problem({ title: () => say("notServer"), detail: () => say("notServerHow", { status: answer.status }) }); }
};

const post = (path, body, signal) => send(path, {
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal,
});

// Server-sent events: `hear` gets each piece; the last word is `[DONE]`.
const flow = async (path, body, signal, hear) => {
  const answer = await post(path, body, signal);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  const cut = () => new Problem({ title: () => say("broken"), detail: () => say("brokenHow") });
  const next = async () => {
    try { return await reader.read(); } catch (error) { throw error.name === "AbortError" ? error : cut(); }
  };
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await next();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const events = rest.split(/\r?\n\r?\n/);
      rest = events.pop();
      for (const event of events) {
        const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
        if (data === "[DONE]") return;
        if (!data) continue;
        let piece;
        try { piece = JSON.parse(data); } catch { throw cut(); }
        if (piece.error) {
          const { message, code, request_id: request } = piece.error;
          throw new Problem({ title: () => say("broken"), detail: message, code, request });
        }
        hear(piece);
      }
      if (done) throw cut();
    }
  } finally {
    // Nobody listens any more: the server need not go on.
    reader.cancel().catch(() => {});
  }
};

// A problem in words: what, why, what to do, which fields; the number by which the server's log knows it.
const trouble = (problem, again) => {
  if (!(problem instanceof Problem)) problem = new Problem({ title: () => say("pageFault"), detail: String(problem) });
  const small = [problem.status ? String(problem.status) : null, problem.code, problem.request].filter(Boolean).join(" · ");
  // Hints of the server speak to programs, of headers and members; a page has its own field for the key, and shows each wrong field itself.
  const keyless = problem.status === 401;
  const hint = keyless ? say("keyNeeded") : problem.errors.length ? null : problem.hint;
  const told = problem.errors.slice(0, mostErrors);
  const buttons = [
    keyless ? make("button", { type: "button", onclick: () => document.getElementById("key").focus() }, say("typeKey")) : null,
    again ? make("button", { type: "button", "data-stay": "again", onclick: again }, say("tryAgain")) : null,
  ].filter(Boolean);
  return make("div", { class: "problem", role: "alert" },
    make("strong", {}, problem.title),
    problem.detail && problem.detail !== problem.title ? make("p", {}, problem.detail) : null,
    hint ? make("p", {}, hint) : null,
    problem.field ? make("p", {}, make("code", {}, problem.field)) : null,
    told.length ? make("ul", {}, told.map((error) => make("li", {}, make("code", {}, error.field.replace(/^inputs\[0\]\./, "")), " ", error.detail))) : null,
    problem.errors.length > told.length ? make("p", {}, say("moreErrors", { count: whole(problem.errors.length - told.length) })) : null,
    problem.again ? make("p", {}, say("again", { seconds: whole(problem.again) })) : null,
    buttons.length ? make("p", { class: "ways" }, buttons) : null,
    small ? make("p", { class: "small" }, small) : null);
};
const mostErrors = 50;

// Something is under way; how long it has been is shown once that is worth saying.
const waiting = (text, cancel) => {
  const clock = make("span", { class: "clock", "aria-hidden": "true" });
  const begun = performance.now();
  const tell = setInterval(() => {
    const passed = Math.floor((performance.now() - begun) / 1000);
    if (passed > 1 && !clock.isConnected) clearInterval(tell); else if (passed >= 3) clock.textContent = say("passed", { seconds: whole(passed) });
  }, 1000);
  return make("div", { class: "waiting", role: "status" }, make("span", { class: "spin", "aria-hidden": "true" }), text, clock,
    cancel ? make("button", { type: "button", "data-stay": "cancel", onclick: cancel }, say("cancel")) : null);
};

const pretty = (value) => JSON.stringify(value, null, 2);

// A command for a terminal that asks the same; the key is named, never shown.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const command = (path, body, file) => [
  // An answer that flows is shown as it comes.
  `curl -sS${body && body.stream ? "N" : ""} ${quoted(location.origin + path)}`,
  "-H \"X-API-Key: $INGOT_API_KEY\"", `-H 'Accept-Language: ${locale()}'`, ...(file ? [`-H ${quoted(`Content-Type: ${file.type}`)}`, `--data-binary ${quoted(`@${file.name || "picture"}`)}`] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
].join(" \\\n  ");

const copier = (text, stay) => (navigator.clipboard ? make("button", { type: "button", class: "quiet", "data-stay": stay, onclick: async (event) => {
  const button = event.currentTarget;
  let done = "copied";
  try { await navigator.clipboard.writeText(text()); } catch { done = "copyNot"; }
  button.textContent = say(done);
  announce(say(done));
  setTimeout(() => { button.textContent = say("copy"); }, 1500);
} }, say("copy")) : null);

// A file for this machine, made when it is asked for: it may be large.
const saver = (text, file) => make("button", { type: "button", class: "quiet", onclick: () => {
  const address = URL.createObjectURL(new Blob([text()], { type: "application/json" }));
  make("a", { href: address, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
} }, say("saveData"));

// What was sent and what came, for whoever writes a client; written out when it is opened.
const exchange = (path, body, answer, file) => {
  const part = (name, text, save) => [
    make("div", { class: "rawhead" }, make("h4", {}, say(name)), make("span", {}, save ? saver(text, "answer.json") : null, copier(text))),
    make("pre", { tabindex: "0", role: "region", "aria-label": say(name) }, shorten(text())),
  ];
  let written = false;
  const write = (event) => {
    if (written || !event.currentTarget.open) return;
    written = true;
    event.currentTarget.append(...part("asCommand", () => command(path, body, file), false), ...(answer ? part("asAnswer", () => pretty(answer), true) : []));
  };
  return make("details", { class: "raw", ontoggle: write }, make("summary", {}, say(answer ? "exchange" : "request")));
};

// Files in a text are told by their length; of a long text, that it goes on.
const longest = 40000;
const shorten = (text) => {
  const told = text.replace(/"([A-Za-z0-9+/=]{400,})"/g, (_, data) => `"${data.slice(0, 60)}… (${whole(data.length)})"`);
  return told.length > longest ? `${told.slice(0, longest)}…\n${say("goesOn", { count: whole(told.length - longest) })}` : told;
};
