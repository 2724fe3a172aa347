// Predictions and explanations, drawn.

const bar = (share, kind, mark) => {
  const track = make("div", { class: `track ${kind || ""}`, "aria-hidden": "true" }, styled(make("div", { class: "fill" }), { width: `${Math.max(0, Math.min(1, share)) * 100}%` }));
  if (mark !== undefined) track.append(styled(make("div", { class: "mark", title: say("threshold", { value: decimal(mark) }) }), { left: `${mark * 100}%` }));
  return track;
};

// The answer to one row: the label, the score, every class.
const prediction = (model, one, before) => {
  const binary = model.output === "binary";
  const classes = Object.entries(one.probabilities || {}).sort((a, b) => b[1] - a[1]);
  // Scores of two answers are alike only where they are of the same label.
  const alike = before && (binary || before.label === one.label);
  const changed = alike && before.score !== one.score ? say("changed", { by: signed(one.score - before.score), from: decimal(before.score) }) : null;
  return make("div", { class: "prediction" },
    make("p", { class: "target" }, model.target || ""),
    make("p", { class: "label" }, make("strong", {}, one.label ?? decimal(one.score, 6)),
      one.label === undefined ? null : make("span", { class: "score" }, binary ? say("scoreOf", { label: model.positive, value: percent(one.score) }) : percent(one.score))),
    changed ? make("p", { class: "small" }, changed) : null,
    classes.length ? make("dl", { class: "classes" }, classes.slice(0, 12).map(([name, share]) => [
      make("dt", { class: name === one.label ? "chosen" : "" }, name),
      make("dd", {}, bar(share, name === one.label ? "chosen" : "", binary && name === model.positive ? model.threshold : undefined), make("span", { class: "number" }, percent(share))),
    ])) : null,
    classes.length > 12 ? make("p", { class: "small" }, say("moreClasses", { count: whole(classes.length - 12) })) : null,
    binary ? make("p", { class: "small" }, say("decided", { label: model.positive, value: percent(model.threshold) })) : null,
    one.warnings ? make("div", { class: "warning", role: "note" }, make("strong", {}, say("warnings")),
      make("ul", {}, one.warnings.map((warning) => make("li", {}, make("code", {}, warning.field), " ", warning.detail)))) : null);
};

// Rows with a bar to the right or to the left of the middle: { name, note, amount }.
const bars = (rows, few, heads) => {
  const most = rows.reduce((most, row) => Math.max(most, Math.abs(row.amount)), Number.MIN_VALUE);
  const line = (row) => {
    const width = (Math.abs(row.amount) / most) * 50;
    // What did nothing has no bar.
    const fill = row.amount === 0 ? null : styled(make("div", { class: row.amount < 0 ? "fill against" : "fill for" }), { width: `${width}%`, left: `${row.amount < 0 ? 50 - width : 50}%` });
    return make("tr", {}, make("th", { scope: "row", tabindex: "-1" }, row.name, row.note === undefined ? null : make("span", { class: "value" }, row.note)),
      make("td", { class: "bar" }, make("div", { class: "track middle", "aria-hidden": "true" }, fill)),
      make("td", { class: "number" }, signed(row.amount)));
  };
  const body = make("tbody", {}, rows.slice(0, few).map(line));
  const table = make("table", { class: "bars", "aria-label": heads[0] }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, heads[0]), make("td", {}), make("th", { scope: "col", class: "number" }, heads[1]))), body);
  const rest = rows.slice(few);
  const more = rest.length ? make("button", { type: "button", class: "quiet", onclick: (event) => {
    const lines = rest.map(line);
    body.append(...lines);
    event.currentTarget.remove();
    // The button is gone: what it brought has the focus.
    lines[0].querySelector("th").focus();
  } }, say("showAll", { count: rows.length })) : null;
  return make("div", {}, table, more);
};

const reasons = (list) => (list.length ? make("ul", { class: "reasons" }, list.map((reason) => make("li", {}, reason.text))) : null);

const legend = (forIt, against) => make("p", { class: "legend" }, [["for", forIt], ["against", against]].map(([kind, text]) => make("span", {}, make("span", { class: `swatch ${kind}` }), " ", text)));

const shownValue = (value) => {
  if (value === null || value === undefined) return say("missing");
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  return typeof value === "number" ? decimal(value, 6) : String(value);
};

// Nothing in a drawing can run: it is shown as a picture.
const drawing = (svg, about) => {
  const address = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  return make("figure", {}, make("div", { class: "drawn", tabindex: "0", role: "region", "aria-label": say("drawing") }, make("img", { src: address, alt: about })),
    make("figcaption", {}, make("a", { href: address, download: "explanation.svg" }, say("savePicture"))));
};

// Why: sentences, then numbers. `one` is an explanation of a row.
const explanation = (model, one) => {
  const parts = [make("h3", {}, say("why")), reasons(one.reasons || [])];
  if (one.map) {
    const overlay = `data:image/png;base64,${one.map.overlay}`;
    parts.push(make("figure", { class: "heat" }, make("img", { src: overlay, alt: say("heatAlt", { label: one.label ?? "" }) }),
      make("figcaption", {}, say("heatHow"), " ", make("a", { href: overlay, download: "heat-map.png" }, say("savePicture")))));
  }
  if (one.words) {
    const ranked = [...one.words.parts].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
    parts.push(drawing(one.words.drawing, say("wordsAlt", { label: one.label ?? "" })),
      legend(say("speaksFor", { label: one.label ?? "" }), say("speaksAgainst")),
      bars(ranked.map((word) => ({ name: word.text, amount: word.contribution })), 12, [say("word"), say("contribution")]),
      make("p", { class: "small" }, sentences(say(one.words.exact ? "exact" : "sampled"), say("addsUp", { base: decimal(one.base) }))));
  }
  if (one.contributions && one.contributions.length) {
    const sum = one.contributions.reduce((sum, part) => sum + part.contribution, one.base);
    const title = (part) => make("span", { title: part.feature }, part.title || part.feature);
    const toward = model.output === "binary" ? model.positive : one.label ?? model.target;
    parts.push(legend(say("raises", { label: toward }), say("lowers", { label: toward })),
      bars(one.contributions.map((part) => ({ name: title(part), note: shownValue(part.value), amount: part.contribution })), 10, [say("input"), say("contribution")]),
      make("p", { class: "small" }, say("sum", { base: decimal(one.base), sum: decimal(sum) })));
  }
  return make("section", { class: "why" }, parts);
};
