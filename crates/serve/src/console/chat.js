// Language models: conversations that flow, how sure the model was of each token, and why it answered so.

const talker = () => ({ turns: [], draft: "", settings: { system: "", temperature: "", max_tokens: "256", seed: "" }, shade: true, busy: null, paint() {} });

const utf8 = new TextDecoder("utf-8", { fatal: true });
const loose = new TextDecoder();
const coded = (text) => [...new TextEncoder().encode(text)];

// Tokens with their log-probabilities, alike in both forms of answer.
const tokensOf = (logs) => {
  if (!logs) return [];
  if (logs.content) return logs.content.map((one) => ({ ...one, bytes: one.bytes || coded(one.token) }));
  return (logs.tokens || []).map((token, at) => ({
    token, logprob: logs.token_logprobs[at], bytes: coded(token),
    top_logprobs: Object.entries((logs.top_logprobs || [])[at] || {}).map(([other, logprob]) => ({ token: other, logprob })).sort((a, b) => b.logprob - a.logprob),
  }));
};

// How far tokens and text may be apart before one of them is passed over.
const REACH = 16;

// What the answer says, piece by piece: whole characters with the tokens that made them. A character may take several tokens.
class Pieces {
  constructor() { this.text = ""; this.at = 0; this.open = []; this.done = []; }

  add(text, tokens) {
    this.text += text;
    // A token without a text is a mark, and no part of the answer.
    this.open.push(...tokens.filter((token) => token.bytes.length));
    while (this.open.length) {
      const found = this.whole();
      if (!found) return;
      const [said, taken] = found;
      const place = this.text.slice(0, this.at + said.length + REACH).indexOf(said, this.at);
      // What is said later may still be held back.
      if (place < 0 && this.text.length - this.at < said.length) return;
      const tokens = this.open.splice(0, taken);
      if (place < 0) continue;
      if (place > this.at) this.done.push({ text: this.text.slice(this.at, place), tokens: [] });
      this.done.push({ text: said, tokens });
      this.at = place + said.length;
    }
  }

  // The first tokens that make whole characters, and how many they are; bytes that never do are what decoding makes of them.
  whole() {
    const bytes = [];
    for (const [at, token] of this.open.entries()) {
      bytes.push(...token.bytes);
      try { return [utf8.decode(Uint8Array.from(bytes)), at + 1]; } catch { if (bytes.length >= REACH) return [loose.decode(Uint8Array.from(bytes)), at + 1]; }
    }
    return null;
  }

  rest() { return this.text.slice(this.at); }
}

const visible = (text) => text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥") || "∅";
const chance = (logprob) => Math.exp(Math.min(0, logprob));

// What is shown beside a token: how likely it was, and what else might have stood there.
const peek = document.getElementById("peek");
let peeked = null;
const unpeek = () => {
  if (peeked) peeked.classList.remove("at");
  peeked = null;
  peek.hidden = true;
};
const showPeek = (element, piece) => {
  unpeek();
  peeked = element;
  element.classList.add("at");
  peek.replaceChildren(...piece.tokens.map((token) => make("div", {},
    make("p", {}, make("code", {}, visible(token.token)), " ", make("strong", {}, percent(chance(token.logprob)))),
    make("p", { class: "small" }, say("logprob"), " ", make("span", { class: "number" }, decimal(token.logprob))),
    token.top_logprobs && token.top_logprobs.length ? make("dl", { class: "classes" }, token.top_logprobs.map((other) => [
      make("dt", { class: other.token === token.token ? "chosen" : "" }, make("code", {}, visible(other.token))),
      make("dd", {}, bar(chance(other.logprob), other.token === token.token ? "chosen" : ""), make("span", { class: "number" }, percent(chance(other.logprob)))),
    ])) : null)));
  peek.hidden = false;
  const box = element.getClientRects()[0] || element.getBoundingClientRect();
  const wide = document.documentElement.clientWidth;
  const left = Math.max(8, Math.min(box.left, wide - peek.offsetWidth - 8));
  const under = box.bottom + 6 + peek.offsetHeight < window.innerHeight;
  styled(peek, { left: `${left + window.scrollX}px`, top: `${(under ? box.bottom + 6 : Math.max(4, box.top - peek.offsetHeight - 6)) + window.scrollY}px` });
};

// The answer's text. One stop for the keyboard: arrows go from token to token.
const spoken = (turn, state) => {
  const rest = document.createTextNode("");
  const element = make("div", { class: "said" }, rest);
  let count = 0;
  const spans = [];
  const pieces = [];
  let pinned = false;
  const at = (index) => {
    const span = spans[Math.max(0, Math.min(spans.length - 1, index))];
    if (span) { pinned = true; showPeek(span, pieces[spans.indexOf(span)]); span.scrollIntoView({ block: "nearest" }); }
  };
  const update = () => {
    const { done } = turn.pieces;
    for (; count < done.length; count += 1) {
      const piece = done[count];
      if (!piece.tokens.length) {
        element.insertBefore(document.createTextNode(piece.text), rest);
        continue;
      }
      const unsure = 1 - piece.tokens.reduce((product, token) => product * chance(token.logprob), 1);
      const span = styled(make("span", { class: "token" }, piece.text), { "--unsure": unsure.toFixed(3) });
      spans.push(span);
      pieces.push(piece);
      element.insertBefore(span, rest);
    }
    rest.data = turn.pieces.rest();
    element.classList.toggle("shaded", state.shade);
    if (spans.length && !element.hasAttribute("tabindex")) {
      element.tabIndex = 0;
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", say("tokenKeys"));
    }
  };
  const found = (event) => (event.target.classList.contains("token") ? spans.indexOf(event.target) : -1);
  element.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse" && !pinned && found(event) >= 0) showPeek(event.target, pieces[found(event)]); });
  element.addEventListener("pointerleave", () => { if (!pinned) unpeek(); });
  element.addEventListener("click", (event) => {
    const index = found(event);
    const again = pinned && event.target === peeked;
    pinned = false;
    unpeek();
    if (index >= 0 && !again) at(index);
  });
  element.addEventListener("keydown", (event) => {
    const here = peeked ? spans.indexOf(peeked) : -1;
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: spans.length - 1 }[event.key];
    if (event.key === "Escape") { pinned = false; unpeek(); } else if (next !== undefined) { event.preventDefault(); at(next); }
  });
  element.addEventListener("blur", () => { pinned = false; unpeek(); });
  update();
  return { element, update };
};

const ends = { stop: "endStop", length: "endLength", content_filter: "endFilter", stopped: "endStopped" };

const measured = (turn) => {
  const { usage, first, took, reason } = turn;
  const tokens = usage ? usage.completion_tokens : turn.pieces.done.reduce((sum, piece) => sum + piece.tokens.length, 0);
  const logs = turn.pieces.done.flatMap((piece) => piece.tokens.map((token) => token.logprob));
  const cached = usage && usage.prompt_tokens_details ? usage.prompt_tokens_details.cached_tokens : 0;
  return [
    usage ? say(cached ? "readCached" : "read", { tokens: whole(usage.prompt_tokens), cached: whole(cached) }) : null,
    tokens ? say("written", { tokens: whole(tokens) }) : null,
    first ? say("first", { time: seconds(first / 1000) }) : null,
    // Over the whole time: an answer that was held back until it was looked through comes at once, long after it was made.
    took && tokens > 1 ? say("speed", { rate: decimal(tokens / (took / 1000), 3) }) : null,
    logs.length ? say("perplexity", { value: decimal(Math.exp(-logs.reduce((sum, one) => sum + one, 0) / logs.length), 3) }) : null,
    ends[reason] ? say(ends[reason]) : null,
  ].filter(Boolean).join(" · ");
};

const before = (state, turn) => {
  const told = [];
  if (state.settings.system.trim()) told.push({ role: "system", content: state.settings.system });
  for (let at = 0; at < state.turns.length; at += 2) {
    const [asked, answer] = state.turns.slice(at, at + 2);
    const last = answer === turn;
    // What was refused or cut off before its first word was never part of the conversation, neither its question: templates want turns by turns.
    if (last || answer.pieces.text) told.push({ role: "user", content: asked.text });
    if (last) break;
    if (answer.pieces.text) told.push({ role: "assistant", content: answer.pieces.text });
  }
  return told;
};

const promptOf = (state, turn) => (state.turns[state.turns.indexOf(turn) - 1] || { text: "" }).text;

const wishes = (settings) => {
  const wish = {};
  for (const name of ["temperature", "max_tokens", "seed"]) {
    const text = settings[name].trim();
    if (text !== "") wish[name] = Number.isFinite(Number(text)) ? Number(text) : text;
  }
  return wish;
};

// What is asked for an answer; OpenAI's two forms say the same in different words.
const requestOf = (model, state, turn) => {
  const shared = { model: model.name, ...wishes(state.settings), stream: true, stream_options: { include_usage: true } };
  return model.chat ? ["/v1/chat/completions", { ...shared, messages: before(state, turn), logprobs: true, top_logprobs: 5 }]
    : ["/v1/completions", { ...shared, prompt: promptOf(state, turn), logprobs: 5 }];
};

const turnBlank = (role) => ({ role, pieces: new Pieces(), live: true, problem: null, reason: null, usage: null, first: 0, took: 0, why: null, update() {} });

// Shown as often as the screen is drawn; whoever looks elsewhere meanwhile, or in another language, finds all of it when they come back.
const answering = async (model, state, turn) => {
  const stop = new AbortController();
  state.busy = stop;
  const begun = performance.now();
  const [path, body] = requestOf(model, state, turn);
  turn.request = { path, body };
  let due = 0;
  const draw = () => {
    cancelAnimationFrame(due);
    due = 0;
    state.paint(turn);
  };
  draw();
  announce(say("thinking"));
  try {
    await flow(path, body, stop.signal, (piece) => {
      if (piece.usage) turn.usage = piece.usage;
      const choice = (piece.choices || [])[0];
      if (!choice) return;
      const text = (choice.delta ? choice.delta.content : choice.text) || "";
      if (text && !turn.first) turn.first = performance.now() - begun;
      turn.pieces.add(text, tokensOf(choice.logprobs));
      if (choice.finish_reason) turn.reason = choice.finish_reason;
      due = due || requestAnimationFrame(draw);
    });
  } catch (error) {
    if (error.name === "AbortError") turn.reason = "stopped"; else turn.problem = error;
  }
  turn.took = performance.now() - begun;
  turn.live = false;
  if (state.busy === stop) state.busy = null;
  draw();
  if (!turn.problem) announce(turn.pieces.text || say(ends[turn.reason] || "emptyAnswer"));
};

// Why this answer: the model is asked again without each part of the prompt.
const explaining = async (model, state, turn) => {
  const stop = new AbortController();
  turn.why = { stop };
  turn.update();
  announce(say("leavingOut"));
  // The prompt that was answered: settings may have changed since.
  const { messages, prompt } = turn.request.body;
  const body = { model: model.name, ...(messages ? { messages } : { prompt }), answer: turn.pieces.text, top_logprobs: 5 };
  try {
    const told = await documentOf(await post("/api/explain", body, stop.signal));
    turn.why = { one: told.explanations[0], usage: told.usage, body, told };
    announce(turn.why.one.reasons.map((reason) => reason.text).join(" ") || say("whyAnswer"));
  } catch (error) {
    const cancelled = error.name === "AbortError";
    turn.why = cancelled ? null : { problem: error };
    if (cancelled) announce(say("cancelled"));
  }
  noticed(turn.why && turn.why.problem);
  turn.update();
};

const because = (turn) => {
  const { one, usage, problem, stop, body, told } = turn.why;
  if (stop) return waiting(say("leavingOut"), () => stop.abort());
  if (problem) return trouble(problem);
  const parts = one.prompt.parts.map((part) => ({ name: part.text, amount: part.contribution }));
  const ranked = [...parts].sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  const words = one.reasons.map((reason) => reason.text).join(" ");
  return make("section", { class: "why" }, make("h3", {}, say("whyAnswer")), reasons(one.reasons),
    drawing(one.drawing, words || say("promptAlt")), legend(say("withoutLess"), say("withoutMore")),
    bars(ranked, 10, [say("part"), say("contribution")]),
    make("p", { class: "small" }, sentences(say(one.prompt.exact ? "eachWord" : "together"),
      say("answerChance", { chance: decimal(one.logprob, 4), asked: whole(usage.evaluations), tokens: whole(usage.prompt_tokens) }))),
    exchange("/api/explain", body, told));
};

// The answer's tokens as numbers: how likely each was, and what else might have stood there. Written out when it is opened.
const mostTokens = 200;
const tokenData = (turn) => {
  const tokens = turn.pieces.done.flatMap((piece) => piece.tokens);
  if (!tokens.length) return null;
  const others = (token) => (token.top_logprobs || []).filter((other) => other.token !== token.token);
  const head = (name, kind) => make("th", { scope: "col", class: kind }, say(name));
  const write = (event) => {
    const details = event.currentTarget;
    if (!details.open || details.querySelector("table")) return;
    details.append(
      make("div", { class: "rawhead" }, make("span", { class: "small" }, tokens.length > mostTokens ? say("firstTokens", { count: whole(mostTokens), all: whole(tokens.length) }) : ""),
        saver(() => pretty(tokens.map(({ token, logprob, bytes, top_logprobs }) => ({ token, logprob, bytes, top_logprobs: top_logprobs || [] }))), "tokens.json")),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("tokenData") }, make("table", { class: "tokens" },
        make("thead", {}, make("tr", {}, head("token"), head("probability", "number"), head("logprob", "number"), head("others"))),
        make("tbody", {}, tokens.slice(0, mostTokens).map((token) => make("tr", {}, make("th", { scope: "row" }, make("code", {}, visible(token.token))),
          make("td", { class: "number" }, percent(chance(token.logprob))), make("td", { class: "number" }, decimal(token.logprob)),
          make("td", {}, others(token).map((other) => make("span", { class: "other" }, make("code", {}, visible(other.token)), " ", decimal(other.logprob))))))))));
  };
  return make("details", { class: "raw", ontoggle: write }, make("summary", { "data-stay": `${turn.id}-tokens` }, say("tokenData")));
};

const turnOf = (model, state, turn) => {
  if (turn.role === "user") {
    return { element: make("article", { class: "turn user", "aria-label": say("you") }, make("p", { class: "who" }, say(model.chat ? "you" : "prompt")), make("div", { class: "said" }, turn.text)), update() {} };
  }
  const said = spoken(turn, state);
  const foot = make("div", { class: "foot" });
  const why = make("div", {});
  const raw = make("div", {});
  turn.id = turn.id || unique("turn");
  // What stands there already is not drawn again: it may hold the focus, or what a reader's voice reads.
  let stage = null;
  let shown = null;
  const explain = () => { if (!turn.why || !turn.why.stop) explaining(model, state, turn); };
  const parts = (now) => {
    if (now === "problem") return [trouble(turn.problem, () => state.again(turn))];
    if (now === "waiting") return [waiting(say("thinking"))];
    if (now === "flowing") return [];
    return [make("span", { class: "small" }, measured(turn)), make("span", { class: "grow" }),
      turn.pieces.text ? copier(() => turn.pieces.text, `${turn.id}-copy`) : null,
      turn.pieces.text ? make("button", { type: "button", class: "quiet", "data-stay": `${turn.id}-explain`, onclick: explain }, say("explainAnswer")) : null].filter(Boolean);
  };
  const update = () => {
    said.update();
    const now = turn.problem ? "problem" : turn.live ? (turn.pieces.text ? "flowing" : "waiting") : "ended";
    if (now !== stage) keeping(() => foot.replaceChildren(...parts(now)));
    stage = now;
    if (turn.why !== shown) keeping(() => why.replaceChildren(...(turn.why ? [because(turn)] : [])), () => foot.querySelector(`[data-stay="${turn.id}-explain"]`));
    shown = turn.why;
    if (!turn.live && turn.request && !raw.firstChild) raw.replaceChildren(...[tokenData(turn), exchange(turn.request.path, turn.request.body)].filter(Boolean));
  };
  turn.update = update;
  const element = make("article", { class: "turn model", "aria-label": say("model") }, make("p", { class: "who" }, model.name), said.element, foot, why, raw);
  update();
  return { element, update };
};

const setting = (state, name, input) => {
  const id = unique("setting");
  for (const [attribute, value] of Object.entries({ id, name, autocomplete: "off" })) input.setAttribute(attribute, value);
  input.value = state.settings[name];
  input.addEventListener("input", () => { state.settings[name] = input.value; });
  return make("div", { class: "field" }, make("label", { for: id }, say(`set_${name}`)), input);
};

const chatting = (model, state) => {
  // What is said is read out once it is whole, not token by token.
  const log = make("div", { class: "log", role: "log", "aria-live": "off", "aria-label": say("conversation") });
  const send = make("button", { type: "submit", class: "go" });
  const shade = make("input", { type: "checkbox", id: "shade" });
  shade.checked = state.shade;
  const views = [];
  const near = () => window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 160;
  state.paint = (turn) => {
    const follow = turn && near();
    if (turn) turn.update();
    log.setAttribute("aria-busy", String(Boolean(state.busy)));
    send.textContent = say(state.busy ? "stop" : "send");
    if (turn && !turn.live) noticed(turn.problem);
    if (follow && log.isConnected) window.scrollTo(0, document.documentElement.scrollHeight);
  };
  const append = (turn) => {
    const view = turnOf(model, state, turn);
    views.push(view);
    log.append(view.element);
    return view;
  };
  const blank = make("p", { class: "empty" }, say(model.chat ? "empty_language" : "empty_text_model"));
  for (const turn of state.turns) append(turn);
  if (!state.turns.length) log.append(blank);
  const text = make("textarea", { id: "say", rows: "2", "aria-label": say(model.chat ? "message" : "prompt"), placeholder: say(model.chat ? "messageHow" : "promptHow"),
    oninput: () => { state.draft = text.value; },
    onkeydown: (event) => {
      // An input method's Enter chooses a character (Safari says so by 229 alone).
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      // Only the button stops an answer: who writes on meanwhile did not mean to.
      if (!state.busy) form.requestSubmit();
    } });
  text.value = state.draft;
  const submit = (event) => {
    event.preventDefault();
    if (state.busy) { state.busy.abort(); return; }
    if (!text.value.trim()) { text.focus(); return; }
    blank.remove();
    const asked = { role: "user", text: text.value };
    const turn = turnBlank("assistant");
    state.turns.push(asked, turn);
    text.value = state.draft = "";
    append(asked);
    append(turn).element.scrollIntoView({ block: "end" });
    answering(model, state, turn);
  };
  // The same once more, with another key or after a while.
  state.again = (turn) => {
    if (state.busy) return;
    Object.assign(turn, turnBlank("assistant"));
    show();
    document.getElementById("say").focus({ preventScroll: true });
    answering(model, state, turn);
  };
  const form = make("form", { class: "composer card", onsubmit: submit, "aria-label": say("message") }, text, send);
  shade.addEventListener("change", () => { state.shade = shade.checked; for (const view of views) view.update(); });
  const clear = () => {
    if (state.busy) state.busy.abort();
    state.busy = null;
    for (const turn of state.turns) if (turn.why && turn.why.stop) turn.why.stop.abort();
    state.turns = [];
    keeping(show);
  };
  const number = (name, hint) => setting(state, name, make("input", { type: "text", inputmode: "decimal", placeholder: hint }));
  const settings = make("details", { class: "card settings", open: state.open, ontoggle: (event) => { state.open = event.currentTarget.open; } }, make("summary", {}, say("settings")),
    make("div", { class: "all" }, model.chat ? setting(state, "system", make("textarea", { rows: "2", placeholder: say("systemHow") })) : null,
      make("div", { class: "row" }, number("temperature", say("ofServer")), number("max_tokens", say("ofServer")), number("seed", say("chanceSeed")))));
  state.paint();
  return [heading(model), settings,
    make("div", { class: "tools" }, make("label", { class: "check", for: "shade" }, shade, say("shade")), make("button", { type: "button", class: "quiet", "data-stay": "clear", onclick: clear }, say("clear"))),
    log, form];
};
