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

let serial = 0;
const unique = (name) => `${name}-${(serial += 1)}`;

const locale = () => tags[lang];
const decimal = (value, digits = 4) => Number(value).toLocaleString(locale(), { maximumSignificantDigits: digits });
const whole = (value) => Number(value).toLocaleString(locale(), { maximumFractionDigits: 0 });
const percent = (share) => Number(share).toLocaleString(locale(), { style: "percent", maximumFractionDigits: share < 0.1 || share > 0.99 ? 2 : 1 });
const signed = (value) => Number(value).toLocaleString(locale(), { minimumSignificantDigits: 3, maximumSignificantDigits: 3, signDisplay: "exceptZero" });
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

// What went wrong, as words for a person.
class Problem extends Error {
  constructor(about) {
    super(about.detail || about.title);
    Object.assign(this, { errors: [], ...about });
  }
}

const problemOf = async (answer) => {
  let found = {};
  try { found = await answer.json(); } catch { /* no document */ }
  const again = Number(answer.headers.get("retry-after")) || 0;
  if (found.error && typeof found.error === "object") {
    const { message, code, param, request_id: request } = found.error;
    return new Problem({ status: answer.status, title: say("refused"), detail: message, code, request, again, field: param });
  }
  const code = String(found.type || "").split(":").pop();
  return new Problem({
    status: answer.status, title: found.title || say("refused"), detail: found.detail, hint: found.hint, code,
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
  if (!/^[\x21-\x7e]*$/.test(key)) throw new Problem({ title: say("keyOdd"), code: "key", status: 401 });
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: headers(options.headers), cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: say("unreachable"), detail: say("unreachableHow"), status: 0 });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
};

const post = (path, body, signal) => send(path, {
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal,
});

// Server-sent events: `hear` gets each piece; the last word is `[DONE]`.
const flow = async (path, body, signal, hear) => {
  const answer = await post(path, body, signal);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
      if (data === "[DONE]") return;
      if (!data) continue;
      const piece = JSON.parse(data);
      if (piece.error) {
        const { message, code, request_id: request } = piece.error;
        throw new Problem({ title: say("broken"), detail: message, code, request });
      }
      hear(piece);
    }
    if (done) throw new Problem({ title: say("broken"), detail: say("brokenHow") });
  }
};

// A problem in words: what, why, what to do, which fields; the number by which the server's log knows it.
const trouble = (problem) => {
  if (!(problem instanceof Problem)) problem = new Problem({ title: say("pageFault"), detail: String(problem) });
  const small = [problem.status ? String(problem.status) : null, problem.code, problem.request].filter(Boolean).join(" · ");
  return make("div", { class: "problem", role: "alert" },
    make("strong", {}, problem.title),
    problem.detail && problem.detail !== problem.title ? make("p", {}, problem.detail) : null,
    problem.hint ? make("p", {}, problem.hint) : null,
    problem.field ? make("p", {}, make("code", {}, problem.field)) : null,
    problem.errors.length ? make("ul", {}, problem.errors.slice(0, 50).map((error) => make("li", {}, make("code", {}, error.field), " ", error.detail))) : null,
    problem.status === 401 ? make("p", {}, make("button", { type: "button", onclick: () => document.getElementById("key").focus() }, say("typeKey"))) : null,
    problem.again ? make("p", {}, say("again", { seconds: problem.again })) : null,
    small ? make("p", { class: "small" }, small) : null);
};

const waiting = (text, cancel) => make("div", { class: "waiting", role: "status" }, make("span", { class: "spin", "aria-hidden": "true" }), text,
  cancel ? make("button", { type: "button", onclick: cancel }, say("cancel")) : null);

const pretty = (value) => JSON.stringify(value, null, 2);

// A command for a terminal that asks the same; the key is named, never shown.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const command = (path, body) => [
  `curl -sS ${quoted(location.origin + path)}`,
  "-H \"X-API-Key: $INGOT_API_KEY\"", `-H 'Accept-Language: ${locale()}'`, "-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`,
].join(" \\\n  ");

const copier = (text) => (navigator.clipboard ? make("button", { type: "button", class: "quiet", onclick: async (event) => {
  const button = event.currentTarget;
  try { await navigator.clipboard.writeText(text()); button.textContent = say("copied"); } catch { button.textContent = say("copyNot"); }
  setTimeout(() => { button.textContent = say("copy"); }, 1500);
} }, say("copy")) : null);

// What was sent and what came, for whoever writes a client.
const exchange = (path, body, answer) => make("details", { class: "raw" }, make("summary", {}, say(answer ? "exchange" : "request")),
  make("div", { class: "rawhead" }, make("h4", {}, say("asCommand")), copier(() => command(path, body))), make("pre", { tabindex: "0" }, command(path, body)),
  answer ? make("div", { class: "rawhead" }, make("h4", {}, say("asAnswer")), copier(() => pretty(answer))) : null,
  answer ? make("pre", { tabindex: "0" }, shorten(pretty(answer))) : null);

const shorten = (text) => text.slice(0, 40000).replace(/"([A-Za-z0-9+/=]{400,})"/g, (_, data) => `"${data.slice(0, 60)}… (${whole(data.length)})"`);
