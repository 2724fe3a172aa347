//! The console when things go otherwise: slow, refused, cut off, looked away from. Answers that a server gives on bad days only are put in
//! its place in the browser.

use crate::browser::Browser;
use crate::console::{EXPLAIN, PREDICT, clean, go, loaded, server};
use crate::fake::Behaviour;
use crate::language::talker;
use crate::support::Server;
use ingot_ledger::Scope;
use serde_json::{Value, json};
use std::time::Duration;

/// Answers paths that begin so with what `answer` makes of `body`, and keeps what was asked in `asked`.
pub(crate) fn stand_in(path: &str, answer: &str) -> String {
    format!(
        "window.asked = []; {{ const real = window.real || window.fetch; window.real = real; \
         window.fetch = async (path, options = {{}}) => {{ if (!String(path).startsWith({path:?})) return real(path, options); \
         const body = typeof options.body === 'string' ? JSON.parse(options.body) : null; window.asked.push(body); {answer} }}; }}"
    )
}

/// A stream of events, in pieces; then `end` (a call on `to`, the stream's other end).
fn stream(pieces: &[&str], end: &str) -> String {
    format!(
        "const pieces = {}; return new Response(new ReadableStream({{ async start(to) {{ \
         for (const piece of pieces) {{ to.enqueue(new TextEncoder().encode(piece)); await new Promise((go) => setTimeout(go, 5)); }} {end} }} }}), \
         {{ headers: {{ 'Content-Type': 'text/event-stream' }} }});",
        json!(pieces)
    )
}

fn piece(text: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

/// A browser at a server's console, with a key that may do everything.
fn at_home(server: &Server, language: &str) -> Option<Browser> {
    let mut browser = Browser::start(language)?;
    let key = server.key(&Scope::ALL, None);
    browser.screen(1280, 900, false);
    browser.open(&format!("http://{}/console", server.address));
    browser.see("form.table");
    browser.write("#key", key.secret.expose());
    Some(browser)
}

/// Bodies of what was asked of a path.
fn asked(browser: &mut Browser, path: &str) -> Vec<Value> {
    browser.value("document.title");
    let sent = browser.told("Network.requestWillBeSent").into_iter();
    sent.filter(|sent| sent["request"]["url"].as_str().unwrap().ends_with(path))
        .filter_map(|sent| sent["request"]["postData"].as_str())
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

fn say(browser: &mut Browser, text: &str) {
    browser.write("#say", text);
    browser.press("Enter");
}

/// A server whose language model takes its time.
fn slow(answer: &str) -> Server {
    let generator = Some(talker(answer).with_pause(Duration::from_millis(20)));
    let batch_time = Duration::from_millis(700);
    let behaviour =
        Behaviour { generator, talker: Some("talk"), batch_time, ..Behaviour::default() };
    Server::governed_with(behaviour, |settings| {
        let package = settings.packages[0].with_file_name("talk-1.0.0.ingot");
        ingot_base::atomic::write(&package, b"talk 1.0.0").unwrap();
        settings.packages.push(package);
    })
}

#[test]
fn a_slow_server_is_waited_for_in_sight_and_one_that_is_away_is_asked_again() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    let held = "return new Promise((open, fail) => { window.open_ = () => open(real(path, options)); window.fail_ = () => fail(new TypeError()); });";
    browser.first(&stand_in("/openapi.json", held));
    browser.screen(1280, 900, false);
    browser.open(&format!("http://{}/console", server.address));
    browser.see("#main .waiting");
    browser.until("document.querySelector('.waiting')?.textContent?.includes(' s so far')");
    browser.run("window.fail_()");
    browser.see(".problem button");
    assert!(browser.text(".problem").contains("does not answer"));
    browser.run("document.querySelector('.problem button').focus()");
    browser.press("Enter");
    browser.see("#main .waiting");
    assert_eq!(browser.value("document.activeElement.id"), "main");
    browser.run("window.open_()");
    browser.see("form.table");
    clean(&mut browser, &server);
}

#[test]
fn an_answer_that_breaks_off_or_is_not_the_servers_is_told_as_such() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    let proxy = "return new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Retry-After': new Date(Date.now() + 90000).toUTCString() } });";
    let cut = stream(&["{\"predictions\":"], "to.error(new TypeError('network error'));");
    for (answer, title, detail) in [
        (proxy, "Something else answered", "status 502"),
        ("return new Response('null', { status: 500 });", "Something else", "status 500"),
        ("return new Response('<p>Sign in</p>');", "Something else", "status 200"),
        (cut.as_str(), "The answer broke off", "closed before"),
    ] {
        browser.run(&stand_in("/api/predict", answer));
        browser.click(PREDICT);
        browser.until(&format!(
            "(document.querySelector('.problem') || document.body).textContent.startsWith({title:?})"
        ));
        let told = browser.text(".problem");
        assert!(told.contains(detail), "{told}");
        assert!(!told.contains("fault") && !told.contains("Error"), "{told}");
        let wait = if answer == proxy { "Try again in " } else { "" };
        assert!(told.contains(wait), "{told}");
    }

    go(&mut browser, "#model=talk");
    let (one, two) = (piece("Half"), piece(" an"));
    let half = [one.as_str(), two.as_str()];
    let garbled = [one.as_str(), "data: {\"choices\"\n\n"];
    let mut turns = 0;
    for answer in [
        stream(&half, "to.error(new TypeError('network error'));"),
        stream(&half, "to.close();"),
        stream(&garbled, "await new Promise(() => {});"),
    ] {
        browser.run(&stand_in("/v1/", &answer));
        say(&mut browser, "go on");
        turns += 1;
        browser.until(&format!("document.querySelectorAll('.turn .problem').length === {turns}"));
        let last = "[...document.querySelectorAll('.turn.model')].pop().textContent";
        let told = browser.value(last);
        let told = told.as_str().unwrap();
        assert!(told.contains("Half") && told.contains("The answer broke off"), "{told}");
        assert!(!told.contains("fault"), "{told}");
        assert_eq!(browser.text(".composer .go"), "Send");
    }
    // The right end of lines as some proxies write them.
    let crlf = [piece("Whole").replace('\n', "\r\n"), "data: [DONE]\r\n\r\n".into()];
    browser.run(&stand_in("/v1/", &stream(&crlf.each_ref().map(String::as_str), "")));
    say(&mut browser, "go on");
    browser.see(".turn.model .foot button.quiet");
    assert_eq!(browser.value("document.querySelectorAll('.turn .problem').length"), turns);
}

#[test]
fn keys_that_may_not_and_servers_that_are_full_say_what_to_do() {
    let Some(mut browser) = Browser::start("zh-CN") else { return };
    let server = server();
    let few = server.key(&[Scope::Predict], None);
    let rare = server.key(&Scope::ALL, Some(1));
    browser.screen(768, 1024, false);
    browser.open(&format!("http://{}/console", server.address));
    browser.see("form.table");
    browser.write("#key", few.secret.expose());
    browser.click(EXPLAIN);
    browser.see(".problem");
    assert!(browser.text(".problem").contains("explain"), "{}", browser.text(".problem"));
    browser.see("#key[aria-invalid]");
    browser.click("#top [lang=en]");
    browser.see("html[lang=en]");
    browser.see("#key[aria-invalid]");
    browser.click("#top [lang='zh-CN']");
    browser.write("#key", rare.secret.expose());
    assert_eq!(browser.value("document.querySelectorAll('#key[aria-invalid]').length"), 0);
    for _ in 0..2 {
        browser.click(PREDICT);
        browser.see(".result[aria-busy=false]");
    }
    browser.until("document.body.textContent.includes('429')");
    let told = browser.text(".problem");
    assert!(told.contains("秒后重试") && told.contains("429"), "{told}");
    // What was answered before is not taken for the answer to this.
    assert!(browser.text(".result").contains("上一次的结果"));
    browser.write("#key", "ik_密钥");
    browser.click(PREDICT);
    browser.until("document.querySelector('.problem')?.textContent?.includes('不是 API 密钥')");
    let full = "return new Response(JSON.stringify({ type: 'urn:ingot:problem:serve-full', title: '繁忙', detail: '排队已满', hint: '稍后' }), \
        { status: 503, headers: { 'Retry-After': '2' } });";
    browser.write("#key", "ik_x");
    browser.run(&stand_in("/api/", full));
    browser.click(PREDICT);
    browser.until("document.querySelector('.problem')?.textContent?.includes('排队已满')");
    assert!(browser.text(".problem").contains("请在 2 秒后重试"));
    let many = "return new Response(JSON.stringify({ type: 'urn:x:y', title: 't', detail: 'd', hint: 'for programs', \
        errors: Array.from({ length: 80 }, (_, at) => ({ field: `inputs[0].f${at}`, detail: 'e' })) }), { status: 422 });";
    browser.run(&stand_in("/api/", many));
    browser.click(PREDICT);
    browser.until("document.querySelectorAll('.problem li').length === 50");
    let told = browser.text(".problem");
    assert!(told.contains("另有 30 处") && !told.contains("for programs"), "{told}");
}

#[test]
fn what_was_refused_is_no_part_of_a_conversation_and_is_asked_again() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    let key = server.key(&Scope::ALL, None);
    browser.screen(1280, 900, false);
    browser.open(&format!("http://{}/console#model=talk", server.address));
    say(&mut browser, "one");
    browser.see(".turn .problem");
    say(&mut browser, "two");
    browser.until("document.querySelectorAll('.turn .problem').length === 2");
    browser.write("#key", key.secret.expose());
    browser.click(".turn:nth-of-type(4) [data-stay=again]");
    browser.see(".turn:nth-of-type(4) .foot button.quiet");
    assert_eq!(browser.text(".turn:nth-of-type(4) .said"), "Hello 世界");
    assert_eq!(browser.value("document.activeElement.id"), "say");
    say(&mut browser, "three");
    browser.see(".turn:nth-of-type(6) .foot button.quiet");
    // Templates of many models take turns by turns only.
    let roles = |body: &Value| -> Vec<String> {
        let messages = body["messages"].as_array().unwrap().iter();
        let told = |one: &Value| format!("{}:{}", one["role"], one["content"]).replace('"', "");
        messages.map(told).collect()
    };
    let bodies = asked(&mut browser, "/v1/chat/completions");
    let wanted: [&[&str]; 4] = [
        &["user:one"],
        &["user:two"],
        &["user:two"],
        &["user:two", "assistant:Hello 世界", "user:three"],
    ];
    assert_eq!(bodies.iter().map(roles).collect::<Vec<_>>(), wanted);
    clean(&mut browser, &server);
}

#[test]
fn an_answer_is_explained_for_the_prompt_that_it_answered() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    go(&mut browser, "#model=talk");
    browser.click(".settings summary");
    browser.write(".settings textarea", "Be brief.");
    say(&mut browser, "please refund");
    browser.see(".foot [data-stay$=explain]");
    browser.write(".settings textarea", "Be long.");
    browser.click(".foot [data-stay$=explain]");
    loaded(&mut browser, ".drawn img");
    let bodies = asked(&mut browser, "/api/explain");
    assert_eq!(bodies[0]["messages"][0]["content"], "Be brief.");
    clean(&mut browser, &server);
}

#[test]
fn whoever_looks_elsewhere_meanwhile_finds_the_answer() {
    let server = slow(&"long ".repeat(50));
    let Some(mut browser) = at_home(&server, "en") else { return };
    // In another language.
    browser.click(PREDICT);
    browser.see(".result[aria-busy=true]");
    browser.click("#top [lang='zh-CN']");
    browser.see(".prediction");
    assert_eq!(browser.value("document.querySelectorAll('.ask[aria-disabled=true]').length"), 0);
    // At another model, and back before and after the end.
    browser.click(PREDICT);
    browser.see(".result[aria-busy=true]");
    go(&mut browser, "#model=talk");
    say(&mut browser, "hello");
    browser.see(".turn .token");
    assert_eq!(browser.text(".composer .go"), "停止");
    browser.click("#top [lang=en]");
    go(&mut browser, "#model=made-up");
    browser.see(".result[aria-busy=false] .prediction");
    go(&mut browser, "#model=talk");
    assert_eq!(browser.text(".composer .go"), "Stop");
    browser.see(".foot [data-stay$=explain]");
    assert_eq!(browser.text(".turn.model .said"), "long ".repeat(50));
    assert_eq!(browser.text(".composer .go"), "Send");
    clean(&mut browser, &server);
}

#[test]
fn an_answer_ends_by_its_button_only_and_leaves_no_odd_words() {
    let server = slow(&"long ".repeat(60));
    let Some(mut browser) = at_home(&server, "en") else { return };
    go(&mut browser, "#model=talk");
    say(&mut browser, "hello");
    browser.see(".turn .token");
    // Whoever writes on and presses Enter did not mean to stop it.
    say(&mut browser, "next");
    assert_eq!(browser.value("document.getElementById('say').value"), "next");
    assert_eq!(browser.text(".composer .go"), "Stop");
    browser.click(".composer .go");
    browser.until("document.querySelector('.foot')?.textContent?.includes('stopped by you')");
    assert_eq!(browser.text(".composer .go"), "Send");
    // Without a clipboard (a page over plain HTTP has none), and without a word said.
    browser.run("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    let silent = stream(
        &[
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ],
        "",
    );
    browser.run(&stand_in("/v1/", &silent));
    browser.press("Enter");
    browser.until("[...document.querySelectorAll('.foot')].pop().textContent.includes('ended')");
    let feet = browser
        .value("[...document.querySelectorAll('.foot')].map((foot) => foot.textContent).join('|')");
    assert!(!feet.as_str().unwrap().contains("null"), "{feet}");
    // Cleared while an answer comes, the next can be asked for.
    browser.run("window.fetch = window.real");
    say(&mut browser, "again");
    browser.until("document.querySelectorAll('.turn').length === 6");
    browser.until("document.querySelector('.composer .go')?.textContent === 'Stop'");
    // The page moves with the answer: a mouse would have to aim.
    browser.run("document.querySelector('.tools button').click()");
    browser.until("document.querySelectorAll('.turn').length === 0");
    assert_eq!(browser.text(".composer .go"), "Send");
    say(&mut browser, "hello");
    browser.see(".turn .token");
}

#[test]
fn numbers_are_sent_as_they_were_meant_and_shown_as_they_came() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    let sent = |browser: &mut Browser, text: &str| {
        browser.write("[data-field=age] input", text);
        browser.click(PREDICT);
        browser.see(".result[aria-busy=false]");
        asked(browser, "/api/predict").pop().unwrap()["inputs"][0]["age"].clone()
    };
    assert_eq!(sent(&mut browser, "４０"), 40);
    assert_eq!(sent(&mut browser, "forty"), "forty");
    assert_eq!(sent(&mut browser, "   "), Value::Null, "blanks are not 0");
    browser.see("[data-field=age] [aria-invalid]");
    browser.write("[data-field=age] input", "4");
    assert_eq!(browser.value("document.querySelectorAll('.field [aria-invalid]').length"), 0);
    let explained = json!({ "model": "made-up", "version": "1.0.0", "explanations": [{
        "score": 1_234_567.891, "base": 900_000.0, "reasons": [], "contributions": [
            { "feature": "a", "value": 7_654_321, "contribution": 334_567.891 },
            { "feature": "b", "value": 0.000_001_25, "contribution": -5.5e-17 },
            { "feature": "c", "value": null, "contribution": 0.0 } ] }] });
    let answer = format!("return new Response(JSON.stringify({explained}));");
    browser.run(&stand_in("/api/explain", &answer));
    browser.click(EXPLAIN);
    browser.see(".why");
    assert_eq!(browser.text(".label strong"), "1,234,568");
    let shown = "[...document.querySelectorAll('.bars tbody tr')].map((row) => [...row.querySelectorAll('.value, .number')].map((one) => one.textContent).join(' '))";
    let wanted = ["7,654,321 +334,568", "1.25E-6 -5.50E-17", "not given 0.00"];
    assert_eq!(browser.value(shown), json!(wanted));
    let bars = "[...document.querySelectorAll('.bars tbody tr')].map((row) => row.querySelectorAll('.fill').length)";
    assert_eq!(browser.value(bars), json!([1, 1, 0]), "what did nothing has no bar");
    let sure = json!({ "version": "1.0.0", "predictions": [{ "label": "bad", "score": 0.999_999,
        "probabilities": { "bad": 0.999_999, "good": 0.000_001 } }] });
    browser
        .run(&stand_in("/api/predict", &format!("return new Response(JSON.stringify({sure}));")));
    browser.click(PREDICT);
    browser.until("document.querySelector('.label strong')?.textContent === 'bad'");
    let shares = "[...document.querySelectorAll('.classes .number')].map((one) => one.textContent)";
    assert_eq!(browser.value(shares), json!([">99.99%", "<0.01%"]), "nothing is certain");
}

#[test]
fn columns_may_have_any_name() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    let key = server.key(&Scope::ALL, None);
    // Names that a form, an element and a document have too; one that ends another.
    let renamed = "const text = await (await real(path, options)).text(); \
        return new Response(text.replaceAll('\"age\"', '\"querySelectorAll\"').replaceAll('\"owner\"', '\"x.querySelectorAll\"'));";
    browser.first(&stand_in("/openapi.json", renamed));
    browser.screen(1280, 900, false);
    browser.open(&format!("http://{}/console", server.address));
    browser.see("[data-field=querySelectorAll]");
    browser.write("#key", key.secret.expose());
    let wrong = json!({ "type": "urn:x:y", "title": "t", "detail": "d",
        "errors": [{ "field": "inputs[0].x.querySelectorAll", "detail": "this one" }] });
    let answer = format!("return new Response(JSON.stringify({wrong}), {{ status: 422 }});");
    browser.run(&stand_in("/api/", &answer));
    browser.click(PREDICT);
    browser.see(".field [aria-invalid]");
    let blamed = "[...document.querySelectorAll('.field:has([aria-invalid])')].map((one) => one.dataset.field)";
    assert_eq!(browser.value(blamed), json!(["x.querySelectorAll"]));
    clean(&mut browser, &server);
}

#[test]
fn an_address_of_no_model_is_not_one_of_another() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    browser.run("location.hash = '#model=%E6%97%A0'");
    browser.until("document.getElementById('main').textContent.includes('no model “无”')");
    assert_eq!(browser.value("document.querySelectorAll('form.table').length"), 0);
    browser.run("location.hash = ''");
    browser.see("form.table");
}

#[test]
fn files_are_taken_where_they_are_wanted_and_do_not_replace_the_page() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    let drop = "(() => { const files = new DataTransfer(); files.items.add(new File(['x'], 'x.png', { type: 'image/png' })); \
        return ['dragover', 'drop'].every((name) => !document.body.dispatchEvent(new DragEvent(name, { dataTransfer: files, bubbles: true, cancelable: true }))); })()";
    assert_eq!(browser.value(drop), true, "the browser would open the file in the page's place");
    go(&mut browser, "#model=made-up-scan");
    browser.click(PREDICT);
    browser.see(".problem");
    assert!(browser.text(".problem").contains("no picture yet"));
    assert!(asked(&mut browser, "/api/predict").is_empty());
    browser.run(
        "const files = new DataTransfer(); files.items.add(new File(['x'], 'x.png', { type: 'image/png' })); \
         document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files, bubbles: true }));",
    );
    browser.until("document.querySelector('.drop .hint')?.textContent?.includes('x.png')");
    assert_eq!(browser.value("document.querySelectorAll('.problem').length"), 0);
    let one = json!({ "version": "1.0.0", "predictions": [{ "label": "clear", "score": 0.5 }] });
    let answer = format!("return new Response(JSON.stringify({one}));");
    browser.run(&stand_in("/api/", &answer));
    browser.click(PREDICT);
    browser.see(".prediction");
    browser.click(".raw summary");
    browser.see("pre");
    let command = browser.text("pre");
    assert!(command.contains("'@x.png'") && command.contains("'Content-Type: image/png'"));
}

#[test]
fn a_large_picture_is_refused_in_words() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    let key = server.key(&Scope::ALL, None);
    browser.screen(1280, 900, false);
    browser.open(&format!("http://{}/console#model=made-up-scan", server.address));
    let choose = |browser: &mut Browser, size: usize| {
        let file = server.folder.path().join(format!("{size}.png"));
        ingot_base::atomic::write(&file, &vec![7; size]).unwrap();
        browser.choose("input[type=file]", &file);
        browser.until(&format!(
            "document.querySelector('.drop .hint').textContent.includes('{size}.png')"
        ));
        browser.click(PREDICT);
        browser.see(".result[aria-busy=false] .problem");
        browser.text(".problem")
    };
    let keyless = choose(&mut browser, 6 << 20);
    assert!(keyless.contains("serve-key-missing"), "{keyless}");
    browser.write("#key", key.secret.expose());
    let large = choose(&mut browser, 9 << 20);
    assert!(large.contains("Choose a smaller picture: this one has 9 MiB."), "{large}");
}

#[test]
fn huge_answers_are_told_in_part_and_kept_whole() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    let huge = "return new Response(JSON.stringify({ version: '1.0.0', predictions: [{ label: 'a', score: .1, \
        probabilities: Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`class-${at}-${'x'.repeat(40)}`, 1 / 2000])) }] }));";
    browser.run(&stand_in("/api/predict", huge));
    browser.click(PREDICT);
    browser.see(".prediction");
    assert!(browser.text(".prediction").contains("1,988 classes less likely"));
    browser.click(".raw summary");
    browser.see("pre");
    let shown = "[...document.querySelectorAll('pre')].pop().textContent";
    let shown = browser.value(shown);
    let shown = shown.as_str().unwrap();
    assert!(shown.len() < 41_000 && shown.contains("more characters"), "{}", shown.len());
    // The file has all of it.
    browser.run(
        "window.saved = []; const make = URL.createObjectURL; URL.createObjectURL = (blob) => { window.saved.push(blob); return make(blob); };",
    );
    browser.run("[...document.querySelectorAll('.rawhead button')].find((one) => one.textContent === 'Save as JSON').click()");
    let kept = "window.saved[0].text().then((text) => Object.keys(JSON.parse(text).predictions[0].probabilities).length)";
    assert_eq!(browser.value(kept), 2000);
}

#[test]
fn tokens_and_what_the_prompt_did_are_there_as_numbers() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    go(&mut browser, "#model=talk");
    say(&mut browser, "please refund");
    browser.see(".foot [data-stay$=explain]");
    browser.click(".token");
    browser.see("#peek:not([hidden])");
    assert!(browser.text("#peek").contains("Log-probability -0.5"), "{}", browser.text("#peek"));
    browser.press("Escape");
    browser.click("summary[data-stay$=tokens]");
    browser.see(".tokens");
    assert_eq!(browser.value("document.querySelectorAll('.tokens tbody tr').length"), 12);
    let first = "[...document.querySelectorAll('.tokens tbody tr:first-child :is(th, td)')].map((one) => one.textContent)";
    let first = browser.value(first);
    assert_eq!((&first[0], &first[1], &first[2]), (&json!("H"), &json!("60.7%"), &json!("-0.5")));
    browser.run(
        "window.saved = []; const make = URL.createObjectURL; URL.createObjectURL = (blob) => { window.saved.push(blob); return make(blob); };",
    );
    browser.click(".turn .rawhead button");
    let saved = browser.value("window.saved[0].text().then(JSON.parse)");
    assert_eq!(saved.as_array().unwrap().len(), 12);
    assert_eq!((&saved[0]["token"], &saved[0]["logprob"]), (&json!("H"), &json!(-0.5)));
    assert!(!saved[0]["top_logprobs"].as_array().unwrap().is_empty(), "{saved}");

    browser.click(".foot [data-stay$=explain]");
    loaded(&mut browser, ".drawn img");
    browser.click(".why .raw summary");
    browser.see(".why pre");
    let answer = browser.value("[...document.querySelectorAll('.why pre')].pop().textContent");
    let answer: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
    let one = &answer["explanations"][0];
    assert!(one["prompt"]["parts"].as_array().unwrap().iter().any(|part| part["text"] == "refund"));
    assert!(!one["tokens"][0]["top_logprobs"].as_array().unwrap().is_empty(), "{one}");
    assert!(one["drawing"].as_str().unwrap().starts_with("<svg"));
    clean(&mut browser, &server);
}

#[test]
fn the_status_says_when_its_numbers_are_old() {
    let server = server();
    let Some(mut browser) = at_home(&server, "en") else { return };
    // A clock that goes an hour behind the server's.
    browser.run("const now = Date.now; Date.now = () => now() - 3600000;");
    go(&mut browser, "#status");
    browser.see(".routes");
    let up = browser.text(".figure dd");
    assert!(up.starts_with("0 min"), "{up}");
    browser.run(&stand_in(
        "/metrics",
        "throw Object.assign(new Error('slow'), { name: 'TimeoutError' });",
    ));
    browser.until("document.querySelector('#main .problem')");
    assert!(browser.text("#main").contains("The numbers are those of"));
    // An alert that is drawn anew every five seconds would be read out every five seconds.
    assert_eq!(browser.value("document.querySelectorAll('#main [role=alert]').length"), 0);
    assert!(browser.text("#told").contains("Is it still running"), "{}", browser.text("#told"));
    browser.run("window.heard = 0; new MutationObserver(() => { window.heard += 1; }).observe(document.getElementById('told'), { childList: true });");
    let looks = browser.value("window.asked.length").as_u64().unwrap();
    browser.until(&format!("window.asked.length > {}", looks + 1));
    assert_eq!(browser.value("window.heard"), 0);
}
