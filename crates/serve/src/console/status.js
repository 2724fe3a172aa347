// How the server is: health, and numbers from its metrics.

const every = 5000;
// Longer than a look may take.
const patience = 10000;
const keptSamples = 60;
const pulse = { samples: [], page: null, problem: null, health: {}, ahead: 0, at: null, told: null };

// Prometheus's text format: [{ name, labels, value }].
const read = (text) => {
  const found = [];
  for (const line of text.split("\n")) {
    const parts = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!parts) continue;
    const labels = {};
    for (const [, name, value] of (parts[2] || "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
    }
    found.push({ name: parts[1], labels, value: parts[3] === "+Inf" ? Infinity : Number(parts[3]) });
  }
  return found;
};

const sumOf = (samples, name, like = () => true) => samples.reduce((sum, one) => (one.name === name && like(one.labels) ? sum + one.value : sum), 0);

// A quantile of a histogram, linear within its bucket; of what lies beyond the last bound, the last bound.
const quantile = (samples, name, like, share) => {
  const counts = new Map();
  for (const one of samples) {
    if (one.name !== `${name}_bucket` || !like(one.labels)) continue;
    const bound = one.labels.le === "+Inf" ? Infinity : Number(one.labels.le);
    counts.set(bound, (counts.get(bound) || 0) + one.value);
  }
  const buckets = [...counts].sort((a, b) => a[0] - b[0]);
  const total = buckets.length ? buckets[buckets.length - 1][1] : 0;
  if (!total) return NaN;
  const wanted = share * total;
  let below = 0;
  let low = 0;
  for (const [bound, count] of buckets) {
    if (count >= wanted) return bound === Infinity ? low : low + (bound - low) * (count === below ? 1 : (wanted - below) / (count - below));
    below = count;
    low = bound;
  }
  return low;
};

// Requests in each second between looks.
const line = (values) => {
  const most = Math.max(...values, 1e-9);
  const width = 160;
  const height = 36;
  const step = width / Math.max(1, keptSamples - 2);
  const from = width - step * (values.length - 1);
  const points = values.map((value, at) => `${(from + at * step).toFixed(1)},${(height - 2 - (value / most) * (height - 6)).toFixed(1)}`).join(" ");
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "line", "aria-hidden": "true", preserveAspectRatio: "none" }, draw("polyline", { points }));
};

const rates = (like) => {
  const totals = pulse.samples.map(({ at, samples }) => ({ at, total: sumOf(samples, "ingot_requests_total", like) }));
  return totals.slice(1).map((now, index) => Math.max(0, (now.total - totals[index].total) / ((now.at - totals[index].at) / 1000)));
};

const figure = (name, value, more) => make("div", { class: "figure" }, make("dt", {}, name), make("dd", {}, value, more || null));

const look = async () => {
  const state = async (path) => {
    try { return (await send(path, { signal: AbortSignal.timeout(patience) })).ok; } catch (error) { return error.status === 0 ? null : error.code === "key" ? undefined : false; }
  };
  const [alive, ready] = await Promise.all([state("/healthz"), state("/readyz")]);
  pulse.health = { alive, ready };
  try {
    const answer = await send("/metrics", { headers: { Accept: "text/plain" }, signal: AbortSignal.timeout(patience) });
    // Times of the server are compared with the server's own clock.
    const now = Date.parse(answer.headers.get("date"));
    pulse.page = read(await answer.text());
    pulse.ahead = Number.isFinite(now) ? Date.now() - now : 0;
    pulse.at = new Date();
    pulse.samples = [...pulse.samples.slice(1 - keptSamples), { at: performance.now(), samples: pulse.page }];
    pulse.problem = null;
  } catch (error) {
    pulse.problem = error instanceof Problem ? error : new Problem({ title: () => say("broken"), detail: () => say("brokenHow") });
  }
};

const routes = (samples, mine) => {
  const rows = new Map();
  for (const one of samples) {
    if (one.name !== "ingot_requests_total" || one.labels.model !== mine) continue;
    const row = rows.get(one.labels.route) || { all: 0, bad: 0 };
    row.all += one.value;
    if (!one.labels.status.startsWith("2")) row.bad += one.value;
    rows.set(one.labels.route, row);
  }
  if (!rows.size) return make("p", { class: "small" }, say("noRequests"));
  const time = (route, share) => seconds(quantile(samples, "ingot_request_duration_seconds", (labels) => labels.route === route && labels.model === mine, share));
  const cell = (text, name) => make("td", { class: "number", "data-name": name }, text);
  return make("table", { class: "routes" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("route")),
    ["requests", "errors", "p50", "p95", "p99"].map((name) => make("th", { scope: "col", class: "number" }, say(name))))),
  make("tbody", {}, [...rows].sort((a, b) => b[1].all - a[1].all).map(([route, row]) => make("tr", {}, make("th", { scope: "row" }, make("code", {}, route === "other" ? say("otherRoutes") : route)),
    cell(whole(row.all), say("requests")), cell(whole(row.bad), say("errors")), [0.5, 0.95, 0.99].map((share) => cell(time(route, share), say(`p${share * 100}`)))))));
};

const served = (samples, one) => {
  const name = one.labels.model;
  const mine = (labels) => labels.model === name;
  const waits = sumOf(samples, "ingot_queue_depth", mine);
  const batches = sumOf(samples, "ingot_batch_size_count", mine);
  const rate = rates(mine);
  const counts = samples.filter((sample) => sample.name === "ingot_predictions_total" && mine(sample.labels));
  const all = counts.reduce((sum, sample) => sum + sample.value, 0);
  const head = make("div", { class: "heading" }, make("h3", {}, name), make("span", { class: "chip" }, one.labels.version));
  if (!sumOf(samples, "ingot_requests_total", mine)) return make("section", { class: "card" }, head, routes(samples, name));
  return make("section", { class: "card" }, head,
    make("dl", { class: "figures" },
      figure(say("perSecond"), rate.length ? decimal(rate[rate.length - 1], 2) : "–", rate.length > 1 ? line(rate) : null),
      figure(say("queue"), whole(waits)),
      batches ? figure(say("batch"), decimal(sumOf(samples, "ingot_batch_size_sum", mine) / batches, 3)) : null),
    routes(samples, name),
    all ? make("div", {}, make("h4", {}, say("byLabel")), make("dl", { class: "classes" }, counts.slice(0, 20).map((sample) => [make("dt", {}, sample.labels.label),
      make("dd", {}, bar(sample.value / all), make("span", { class: "number" }, whole(sample.value)))]))) : null);
};

const status = () => {
  const { health, page, problem } = pulse;
  const word = (fine, good, bad) => say(fine === null ? "unreachable" : fine ? good : bad);
  const lights = [health.alive === undefined ? null : [health.alive, "alive", "notAlive"], health.alive && health.ready !== undefined ? [health.ready, "ready", "notReady"] : null].filter(Boolean);
  // Read out when it changes, not at every look.
  const told = [...lights.map((one) => word(...one)), problem ? problem.detail || problem.title : ""].join(" ");
  if (lights.length && told !== pulse.told) announce(told);
  if (lights.length) pulse.told = told;
  const parts = [make("div", { class: "heading" }, make("h2", {}, say("status")),
    lights.map((one) => make("span", { class: `light ${one[0] === null ? "bad" : one[0] ? "good" : "warn"}` }, word(...one))))];
  if (problem) {
    const shown = trouble(problem);
    shown.removeAttribute("role");
    parts.push(shown);
    if (page) parts.push(make("p", { class: "small" }, say("numbersOf", { time: pulse.at.toLocaleTimeString(locale()) })));
  }
  if (page) {
    const started = sumOf(page, "process_start_time_seconds");
    const single = (name, label, show = whole) => figure(say(label), show(sumOf(page, name)));
    parts.push(make("section", { class: "card" }, make("dl", { class: "figures" },
      started ? figure(say("up"), lasting((Date.now() - pulse.ahead) / 1000 - started)) : null,
      single("ingot_requests_in_flight", "inFlight"), single("ingot_connections", "connections"),
      figure(say("requests"), whole(sumOf(page, "ingot_requests_total"))),
      single("ingot_rate_limited_total", "limited"), single("process_resident_memory_bytes", "memory", bytes),
      single("process_cpu_seconds_total", "processor", seconds),
      figure(say("commit"), seconds(quantile(page, "ingot_ledger_commit_seconds", () => true, 0.95))),
      single("ingot_reloads_total", "reloads"), single("ingot_packages_refused_total", "packagesRefused"))));
    parts.push(...page.filter((one) => one.name === "ingot_model_info").map((one) => served(page, one)));
    parts.push(make("details", { class: "card", open: pulse.others, ontoggle: (event) => { pulse.others = event.currentTarget.open; } },
      make("summary", { "data-stay": "others" }, say("withoutModel")), routes(page, "")));
    parts.push(make("p", { class: "small" }, say("sinceStart", { seconds: every / 1000 })));
  } else if (!problem) parts.push(waiting(say("asking")));
  return parts;
};

const lasting = (given) => {
  const length = Math.max(0, given);
  const days = Math.floor(length / 86400);
  const hours = Math.floor((length % 86400) / 3600);
  const minutes = Math.floor((length % 3600) / 60);
  if (days) return say("days", { days, hours });
  return hours ? say("hours", { hours, minutes }) : say("minutes", { minutes, seconds: Math.floor(length % 60) });
};
