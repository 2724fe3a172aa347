// Language models: conversations that flow, how sure the model was of each token, and why it answered so.

const talker = () => ({ turns: [], draft: "", settings: { system: "", temperature: "", max_tokens: "256", seed: "" }, shade: true, busy: null });

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
    took > first && tokens > 1 ? say("speed", { rate: decimal((tokens - 1) / ((took - first) / 1000), 3) }) : null,
    logs.length ? say("perplexity", { value: decimal(Math.exp(-logs.reduce((sum, one) => sum + one, 0) / logs.length), 3) }) : null,
    ends[reason] ? say(ends[reason]) : null,
  ].filter(Boolean).join(" · ");
};

const before = (state, turn) => {
  const told = [];
  if (state.settings.system.trim()) told.push({ role: "system", content: state.settings.system });
  for (const one of state.turns) {
    if (one === turn) break;
    // What was refused or cut off before its first word was never part of the conversation.
    if (one.role === "user" || one.pieces.text) told.push({ role: one.role, content: one.role === "user" ? one.text : one.pieces.text });
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

const answering = async (model, state, turn, update) => {
  const stop = new AbortController();
  state.busy = stop;
  const begun = performance.now();
  const [path, body] = requestOf(model, state, turn);
  turn.request = { path, body };
  update();
  try {
    await flow(path, body, stop.signal, (piece) => {
      if (piece.usage) turn.usage = piece.usage;
      const choice = (piece.choices || [])[0];
      if (!choice) return;
      const text = (choice.delta ? choice.delta.content : choice.text) || "";
      if (text && !turn.first) turn.first = performance.now() - begun;
      turn.pieces.add(text, tokensOf(choice.logprobs));
      if (choice.finish_reason) turn.reason = choice.finish_reason;
      update();
    });
  } catch (error) {
    if (error.name === "AbortError") turn.reason = "stopped"; else turn.problem = error;
  }
  turn.took = performance.now() - begun;
  turn.live = false;
  state.busy = null;
  update();
};

// Why this answer: the model is asked again without each part of the prompt.
const explaining = async (model, state, turn, update) => {
  const stop = new AbortController();
  turn.why = { stop };
  update();
  const asked = model.chat ? { messages: before(state, turn) } : { prompt: promptOf(state, turn) };
  try {
    const answer = await post("/api/explain", { model: model.name, ...asked, answer: turn.pieces.text, top_logprobs: 0 }, stop.signal);
    const told = await answer.json();
    turn.why = { one: told.explanations[0], usage: told.usage };
  } catch (error) {
    turn.why = error.name === "AbortError" ? null : { problem: error };
  }
  noticed(turn.why && turn.why.problem);
  update();
};

const because = (turn) => {
  const { one, usage, problem, stop } = turn.why;
  if (stop) return waiting(say("leavingOut"), () => stop.abort());
  if (problem) return trouble(problem);
  const parts = one.prompt.parts.map((part) => ({ name: part.text, amount: part.contribution }));
  const ranked = [...parts].sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  const words = one.reasons.map((reason) => reason.text).join(" ");
  return make("section", { class: "why" }, make("h3", {}, say("whyAnswer")), reasons(one.reasons),
    drawing(one.drawing, words || say("promptAlt")), legend(say("withoutLess"), say("withoutMore")),
    bars(ranked, 10, [say("part"), say("contribution")]),
    make("p", { class: "small" }, say(one.prompt.exact ? "eachWord" : "together"), " ",
      say("answerChance", { chance: decimal(one.logprob, 4), asked: whole(usage.evaluations), tokens: whole(usage.prompt_tokens) })));
};

const turnOf = (model, state, turn) => {
  if (turn.role === "user") {
    return { element: make("article", { class: "turn user", "aria-label": say("you") }, make("p", { class: "who" }, say(model.chat ? "you" : "prompt")), make("div", { class: "said" }, turn.text)), update() {} };
  }
  const said = spoken(turn, state);
  const foot = make("div", { class: "foot" });
  const why = make("div", {});
  let shown;
  let raw = null;
  const update = () => {
    said.update();
    if (turn.problem) foot.replaceChildren(trouble(turn.problem));
    else if (turn.live) foot.replaceChildren(turn.pieces.text ? "" : waiting(say("thinking")));
    else {
      foot.replaceChildren(make("span", { class: "small" }, measured(turn)), make("span", { class: "grow" }),
        turn.pieces.text ? copier(() => turn.pieces.text) : null,
        turn.pieces.text ? make("button", { type: "button", class: "quiet", disabled: Boolean(turn.why && turn.why.stop), onclick: () => explaining(model, state, turn, update) }, say("explainAnswer")) : null);
    }
    foot.replaceChildren(...[...foot.childNodes].filter(Boolean));
    if (turn.why !== shown) why.replaceChildren(...(turn.why ? [because(turn)] : []));
    shown = turn.why;
    if (!turn.live && turn.request && !raw) {
      raw = exchange(turn.request.path, turn.request.body);
      why.after(raw);
    }
  };
  const element = make("article", { class: "turn model", "aria-label": say("model") }, make("p", { class: "who" }, model.name), said.element, foot, why);
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
  const log = make("div", { class: "log", role: "log", "aria-label": say("conversation") });
  const send = make("button", { type: "submit", class: "go" });
  const shade = make("input", { type: "checkbox", id: "shade" });
  shade.checked = state.shade;
  const views = [];
  const near = () => window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 160;
  const paint = () => {
    log.setAttribute("aria-busy", String(Boolean(state.busy)));
    send.textContent = say(state.busy ? "stop" : "send");
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
      // An input method's Enter chooses a character.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    } });
  text.value = state.draft;
  const submit = (event) => {
    event.preventDefault();
    if (state.busy) { state.busy.abort(); return; }
    if (!text.value.trim()) { text.focus(); return; }
    blank.remove();
    const asked = { role: "user", text: text.value };
    const turn = { role: "assistant", pieces: new Pieces(), live: true };
    state.turns.push(asked, turn);
    text.value = state.draft = "";
    append(asked);
    const view = append(turn);
    view.element.scrollIntoView({ block: "end" });
    answering(model, state, turn, () => {
      const follow = near();
      view.update();
      paint();
      if (!turn.live) noticed(turn.problem);
      if (follow) window.scrollTo(0, document.documentElement.scrollHeight);
    });
  };
  const form = make("form", { class: "composer card", onsubmit: submit, "aria-label": say("message") }, text, send);
  shade.addEventListener("change", () => { state.shade = shade.checked; for (const view of views) view.update(); });
  const clear = () => { if (state.busy) state.busy.abort(); state.turns = []; unpeek(); show(); };
  const number = (name, hint) => setting(state, name, make("input", { type: "text", inputmode: "decimal", placeholder: hint }));
  const settings = make("details", { class: "card settings", open: state.open, ontoggle: (event) => { state.open = event.currentTarget.open; } }, make("summary", {}, say("settings")),
    model.chat ? setting(state, "system", make("textarea", { rows: "2", placeholder: say("systemHow") })) : null,
    make("div", { class: "row" }, number("temperature", say("ofServer")), number("max_tokens", say("ofServer")), number("seed", say("chanceSeed"))));
  paint();
  return [heading(model), settings,
    make("div", { class: "tools" }, make("label", { class: "check", for: "shade" }, shade, say("shade")), make("button", { type: "button", class: "quiet", onclick: clear }, say("clear"))),
    log, form];
};
