
"use strict";
(() => {
  const words = {
    en: { models: "Models", column: "Column", takes: "Takes", seen: "Notes", key: "API key", keyHint: "Stays in this page; sent only to this server.",
      body: "Body", send: "Send", answers: "Answers", scope: "scope", open: "no key needed", tryIt: "Try it", example: "Example", columns: "columns: ", fail: "The document could not be loaded.", nullable: "or null",
      models_tag: "Predictions and explanations", inference: "Open Inference Protocol", operation: "Operation" },
    zh: { models: "模型", column: "列", takes: "取值", seen: "说明", key: "API 密钥", keyHint: "仅保存在本页面中，只会发送到本服务器。",
      body: "请求体", send: "发送", answers: "响应", scope: "权限", open: "无需密钥", tryIt: "试一试", example: "示例", columns: "列数：", fail: "无法加载接口文档。", nullable: "或 null",
      models_tag: "预测与解释", inference: "开放推理协议", operation: "运行状态" },
  };
  const summaries = {
    predict: "对一行、多行或指定模型进行预测", explain: "解释各行的预测结果", inferenceServer: "服务器信息", inferenceLive: "服务器是否存活",
    inferenceReady: "服务器是否就绪", inferenceModel: "模型信息", inferenceVersion: "模型某一版本的信息", inferenceModelReady: "模型是否就绪",
    inferenceVersionReady: "模型某一版本是否就绪", infer: "用具名张量推理", inferVersion: "用指定版本推理", health: "进程是否存活",
    ready: "是否可以接收请求", metrics: "Prometheus 文本格式的指标", openapi: "OpenAPI 文档", docs: "供人阅读的文档", console: "试用模型、查看运行状态的页面",
  };
  const statuses = {
    400: "请求体不是 JSON、嵌套过深或中断", 401: "没有 API 密钥，或密钥无效、过期、已吊销", 403: "密钥没有相应权限", 404: "没有该模型或版本", 405: "路径不支持此方法",
    406: "请求不接受可提供的格式", 408: "请求体到达过慢", 413: "请求体过大", 415: "请求体未声明为 UTF-8 编码的 JSON", 422: "输入不符合模型要求；errors 列出每个字段",
    429: "请求过多", 500: "服务器内部错误", 503: "服务器繁忙、正在停止或无法写入账本", 504: "未能按时给出结果",
  };
  let lang = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
  let doc = null;
  let key = "";
  const say = (name) => words[lang][name];
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const resolve = (value) => {
    if (!value || !value.$ref) return value;
    return value.$ref.split("/").slice(1).reduce((at, part) => at[part], doc);
  };
  // Operations of further models are numbered.
  const summaryZh = (about) => summaries[about.operationId.replace(/\d+$/, "")];
  const pretty = (value) => JSON.stringify(value, null, 2);

  const takes = (property) => {
    if (property.enum) return property.enum.map((value) => value === null ? "null" : String(value)).join(" · ");
    if (property.format) return property.format;
    const types = [].concat(property.type);
    return types.join(" / ");
  };
  const models = () => Object.entries(doc.components.schemas).filter(([name]) => /^Row\d+$/.test(name)).map(([, row]) =>
    make("details", {}, make("summary", {}, make("span", { class: "path" }, row.title), make("span", { class: "soft" }, `${say("columns")}${Object.keys(row.properties).length}`)),
      make("div", {}, make("p", { class: "soft" }, row.description),
        make("table", {}, make("thead", {}, make("tr", {}, make("th", {}, say("column")), make("th", {}, say("takes")), make("th", {}, say("seen")))),
          make("tbody", {}, ...row.required.concat(Object.keys(row.properties).filter((name) => !row.required.includes(name))).map((name) => [name, row.properties[name]]).map(([name, property]) =>
            make("tr", {}, make("td", {}, make("code", {}, name), property.title ? make("div", { class: "soft" }, property.title.split(" · ")[lang === "zh" ? 1 : 0] || property.title) : null),
              make("td", {}, takes(property)), make("td", { class: "soft" }, property.description || ""))))),
        make("h3", {}, say("example")), make("pre", {}, pretty((row.examples || [])[0])))));

  const trial = (path, method, operation) => {
    const examples = operation.requestBody ? Object.values(operation.requestBody.content["application/json"].examples || {}) : [];
    const body = operation.requestBody ? make("textarea", { spellcheck: "false", "aria-label": say("body") }) : null;
    if (body && examples.length) body.value = pretty(examples[0].value);
    const secured = (operation.security || []).length > 0;
    const secret = secured ? make("input", { type: "password", autocomplete: "off", "aria-label": say("key"), oninput: (event) => { key = event.target.value; } }) : null;
    if (secret) secret.value = key;
    const result = make("div", { "aria-live": "polite" });
    const send = async () => {
      const headers = { "Accept-Language": lang === "zh" ? "zh-CN" : "en" };
      if (body) headers["Content-Type"] = "application/json";
      if (secured && secret.value) headers.Authorization = `Bearer ${secret.value.trim()}`;
      try {
        const begun = performance.now();
        const answer = await fetch(path, { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
        const text = await answer.text();
        const took = (performance.now() - begun).toFixed(1);
        let shown = text;
        try { shown = pretty(JSON.parse(text)); } catch { /* not JSON */ }
        result.replaceChildren(make("p", {}, make("span", { class: answer.ok ? "status" : "status bad" }, String(answer.status)), ` · ${took} ms`), make("pre", {}, shown.slice(0, 100000)));
      } catch (error) {
        result.replaceChildren(make("p", { class: "status bad" }, String(error)));
      }
    };
    return make("div", { class: "try" }, make("h3", {}, say("tryIt")),
      secret ? make("label", {}, `${say("key")} `, make("span", { class: "soft" }, say("keyHint")), secret) : null,
      examples.length > 1 ? make("p", {}, ...examples.map((example) => make("button", { type: "button", onclick: () => { body.value = pretty(example.value); } }, example.summary))) : null,
      body ? make("label", {}, say("body"), body) : null,
      make("p", {}, make("button", { type: "button", class: "go", onclick: send }, say("send"))), result);
  };

  const operation = (path, method, about) => {
    const holder = make("div", {});
    const details = make("details", {},
      make("summary", {}, make("span", { class: `method ${method}` }, method.toUpperCase()), make("span", { class: "path" }, path),
        make("span", {}, lang === "zh" ? summaryZh(about) || about.summary : about.summary),
        make("span", { class: "soft" }, about["x-scope"] ? `${say("scope")}: ${about["x-scope"]}` : say("open"))), holder);
    details.addEventListener("toggle", () => {
      if (!details.open || holder.childNodes.length) return;
      holder.append(make("h3", {}, say("answers")), make("table", {}, make("tbody", {}, ...Object.entries(about.responses).map(([status, response]) =>
        make("tr", {}, make("td", {}, make("code", {}, status)), make("td", {}, lang === "zh" ? statuses[status] || summaryZh(about) || "" : resolve(response).description))))),
      trial(path, method, about));
    });
    return details;
  };

  const draw = () => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    for (const name of ["en", "zh"]) document.getElementById(name).setAttribute("aria-pressed", String(name === lang));
    if (!doc) return;
    const parts = [make("h2", {}, say("models")), ...models()];
    for (const tag of ["models", "inference", "operation"]) {
      parts.push(make("h2", {}, tag === "models" ? say("models_tag") : say(tag)));
      for (const [path, item] of Object.entries(doc.paths)) {
        for (const [method, about] of Object.entries(item)) if (about.tags.includes(tag)) parts.push(operation(path, method, about));
      }
    }
    document.getElementById("main").replaceChildren(...parts);
  };
  for (const name of ["en", "zh"]) document.getElementById(name).addEventListener("click", () => { lang = name; draw(); });
  draw();
  fetch("/openapi.json").then((answer) => answer.json()).then((loaded) => { doc = loaded; draw(); })
    .catch(() => document.getElementById("main").replaceChildren(make("p", {}, say("fail"))));
})();
