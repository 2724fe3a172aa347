//! The console in a real browser: a key is typed, models are tried, nothing that comes from outside runs.

use crate::browser::Browser;
use crate::fake::{Behaviour, HOSTILE, PIXEL};
use crate::language::talker;
use crate::support::Server;
use base64::Engine as _;
use ingot_ledger::Scope;
use ingot_runtime::generate::FakeGenerator;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A governed server with a model of each kind: a table, pictures, texts, a language model.
pub(crate) fn server() -> Server {
    let generator = Some(talker("Hello 世界").with_cue("refund"));
    let behaviour = Behaviour { generator, talker: Some("talk"), ..Behaviour::default() };
    Server::governed_with(behaviour, |settings| {
        let folder = settings.packages[0].parent().unwrap().to_owned();
        for name in ["made-up-scan", "made-up-mood", "talk"] {
            let package: PathBuf = folder.join(format!("{name}-1.0.0.ingot"));
            ingot_base::atomic::write(&package, format!("{name} 1.0.0").as_bytes()).unwrap();
            settings.packages.push(package);
        }
        settings.guard_metrics = true;
    })
}

#[test]
fn the_console_is_open_and_speaks_the_language_that_is_asked_for() {
    let server = server();
    for (asked, tag, word) in [("en", "en", "Ingot console"), ("zh-CN,en;q=0.5", "zh-CN", "控制台")]
    {
        let headers = [("Accept", "text/html"), ("Accept-Language", asked)];
        let page = server.client().send("GET", "/console", &headers, b"");
        assert_eq!((page.status, page.header("content-language")), (200, Some(tag)));
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("vary"), Some("accept-language"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(page.text().contains(&format!("<html lang=\"{tag}\">")));
        assert!(page.text().contains(word));
    }
    let json = server.client().send("GET", "/console", &[("Accept", "application/json")], b"");
    assert_eq!(json.status, 406);
}

#[test]
fn the_document_says_of_each_model_what_the_console_asks_for() {
    let document = server().get("/openapi.json").json();
    let models = document["x-models"].as_array().unwrap();
    let told: Vec<_> = models.iter().map(|model| (&model["name"], &model["kind"])).collect();
    let wanted = [
        ("made-up", "table"),
        ("made-up-scan", "picture"),
        ("made-up-mood", "text"),
        ("talk", "language"),
    ];
    let wanted = wanted.map(|(name, kind)| (json!(name), json!(kind)));
    assert_eq!(told, wanted.each_ref().map(|(name, kind)| (name, kind)));
    assert_eq!(models[0]["positive"], "bad");
    assert_eq!(models[0]["threshold"], 0.5);
    assert_eq!((&models[3]["chat"], &models[3]["context"]), (&json!(true), &json!(4096)));
    for model in &models[..3] {
        let row = &document["components"]["schemas"][model["row"].as_str().unwrap()];
        assert_eq!(row["title"], format!("{} 1.0.0", model["name"].as_str().unwrap()));
    }
    let row = &document["components"]["schemas"]["Row1"]["properties"];
    assert_eq!(row["age"]["x-seen"], json!({ "min": 18.0, "max": 90.0, "integer": true }));
}

pub(crate) const PREDICT: &str = "button[type=submit].ask";
pub(crate) const EXPLAIN: &str = "button[type=button].ask";

pub(crate) fn go(browser: &mut Browser, place: &str) {
    browser.value(&format!("location.hash = {place:?}"));
    let current = format!("#nav a[aria-current][href={place:?}]");
    browser.see(&current);
    fits(browser, place);
}

/// Nothing reaches beyond the screen; a scroll bar takes some of the window, and none of the screen.
pub(crate) fn fits(browser: &mut Browser, place: &str) {
    let document = "document.documentElement";
    let wide = browser.value(&format!("{document}.scrollWidth - {document}.clientWidth"));
    assert_eq!(wide, 0, "{place} is wider than the screen");
}

pub(crate) fn loaded(browser: &mut Browser, picture: &str) {
    browser.until(&format!(
        "(one => one && one.complete && one.naturalWidth > 0)(document.querySelector({picture:?}))"
    ));
}

/// No fault of the page, nothing that its policy had to refuse, nobody asked but its server.
pub(crate) fn clean(browser: &mut Browser, server: &Server) {
    browser.value("document.title");
    let thrown = browser.told("Runtime.exceptionThrown");
    assert!(thrown.is_empty(), "{thrown:?}");
    let own = format!("http://{}/", server.address);
    for sent in browser.told("Network.requestWillBeSent") {
        let address = sent["request"]["url"].as_str().unwrap();
        let within = [own.as_str(), "data:", "blob:"];
        assert!(within.iter().any(|place| address.starts_with(place)), "{address}");
        let headers = sent["request"]["headers"].to_string();
        assert!(!headers.contains("Authorization") && !address.contains("ik_"), "{address}");
    }
    for entry in browser.told("Log.entryAdded") {
        // Answers that refuse are told here too.
        assert_eq!(entry["entry"]["source"], "network", "{entry}");
    }
}

#[test]
fn a_table_is_asked_with_a_key_that_stays_in_the_tab() {
    let Some(mut browser) = Browser::start("zh-CN") else { return };
    let server = server();
    let key = server.key(&Scope::ALL, None);
    let key = key.secret.expose().as_str();
    let console = format!("http://{}/console", server.address);
    browser.screen(1280, 900, false);
    browser.open(&console);
    browser.see("form.table");
    assert_eq!(browser.value("document.documentElement.lang"), "zh-CN");
    assert!(browser.text("#top h1").contains("控制台"));
    assert!(browser.text("[data-field=age] label").starts_with("age 的名称"));
    browser.click("#top [lang=en]");
    browser.see("html[lang=en]");
    assert!(browser.text("[data-field=age] label").starts_with("Title of age"));

    browser.click(PREDICT);
    browser.see(".problem");
    assert!(browser.text(".problem").contains("serve-key-missing"));
    browser.see("#key[aria-invalid]");
    browser.write("#key", key);
    browser.write("[data-field=age] input", "forty");
    browser.click(PREDICT);
    browser.see("[data-field=age] [aria-invalid]");
    assert_eq!(browser.value("document.activeElement.closest('.field').dataset.field"), "age");
    assert!(!browser.text("[data-field=age] .fault").is_empty());
    assert!(browser.text(".problem li").contains("age"));
    browser.write("[data-field=age] input", "40");
    browser.press("Enter");
    browser.see(".prediction");
    assert_eq!(browser.text(".label strong"), "good");
    assert!(browser.text(".label").contains("40.1%"), "{}", browser.text(".label"));
    assert_eq!(browser.value("document.querySelectorAll('.problem').length"), 0);
    browser.write("[data-field=age] input", "99");
    browser.click(EXPLAIN);
    browser.see(".why");
    assert_eq!(browser.text(".label strong"), "bad");
    assert_eq!(browser.text(".reasons li"), "The age is high.");
    assert!(browser.text(".bars tbody th").starts_with("Title of age"));
    assert!(browser.text(".bars tbody .number").starts_with('+'));
    browser.click(".raw summary");
    browser.see("pre");
    assert!(browser.text("pre").contains("$INGOT_API_KEY"), "{}", browser.text("pre"));
    assert!(!browser.text(".raw").contains(key), "a command names the key, and does not show it");

    let stored = "[...Object.keys(sessionStorage), ...Object.keys(localStorage)].join()";
    assert_eq!(browser.value(stored), "ingot-lang");
    browser.click("#keep");
    assert_eq!(browser.value("sessionStorage.getItem('ingot-key')"), key);
    browser.open(&format!("{console}?again"));
    browser.see("form.table");
    assert_eq!(browser.value("document.getElementById('key').value"), key);
    browser.click("#keep");
    assert_eq!(browser.value(stored), "ingot-lang");

    go(&mut browser, "#status");
    browser.see(".routes");
    assert!(browser.text("#main").contains("/api/explain"));
    clean(&mut browser, &server);
    assert!(!server.log().contains(key), "the log knows keys by their numbers");
}

#[test]
fn pictures_and_texts_are_shown_and_nothing_in_them_runs() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    let key = server.key(&Scope::ALL, None);
    browser.screen(390, 844, true);
    browser.open(&format!("http://{}/console", server.address));
    browser.write("#key", key.secret.expose());
    go(&mut browser, "#model=made-up-scan");
    let pixel = base64::engine::general_purpose::STANDARD.decode(PIXEL).unwrap();
    let file = server.folder.path().join("one pixel.png");
    ingot_base::atomic::write(&file, &pixel).unwrap();
    browser.choose("input[type=file]", &file);
    loaded(&mut browser, ".shown img");
    browser.click(EXPLAIN);
    loaded(&mut browser, ".heat img");
    assert_eq!(browser.text(".label strong"), "opaque");
    assert!(browser.text(".reasons").contains("coloured parts"));

    go(&mut browser, "#model=made-up-mood");
    browser.write("textarea", "late <b>but</b> kind");
    browser.click(EXPLAIN);
    loaded(&mut browser, ".drawn img");
    assert_eq!(browser.text(".label strong"), HOSTILE);
    let words = "[...document.querySelectorAll('.bars tbody th')].map(one => one.textContent)";
    // The strongest first.
    assert_eq!(browser.value(words), json!(["late", "kind", "<b>but</b>"].map(Value::from)));
    assert_eq!(browser.value("document.querySelectorAll('.result b, .label img').length"), 0);
    assert_eq!(browser.value("document.title"), "made-up-mood · Ingot console");
    clean(&mut browser, &server);
}

#[test]
fn a_conversation_flows_and_tells_how_sure_the_model_was_and_why() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    let key = server.key(&Scope::ALL, None);
    browser.screen(390, 844, false);
    browser.open(&format!("http://{}/console", server.address));
    go(&mut browser, "#model=talk");
    browser.write("#say", "hello");
    browser.press("Enter");
    browser.see(".turn .problem");
    assert!(browser.text(".turn .problem").contains("serve-key-missing"));
    browser.write("#key", key.secret.expose());
    browser.write("#say", "please refund 订单");
    browser.press("Enter");
    browser.see(".turn.model .foot button.quiet");
    let said = "[...document.querySelectorAll('.turn.model .said')].pop().textContent";
    assert_eq!(browser.value(said), "Hello 世界");
    // A byte a token: characters of three are shown whole.
    let tokens = "[...document.querySelectorAll('.token')].map(one => one.textContent)";
    assert_eq!(browser.value(tokens), json!(["H", "e", "l", "l", "o", " ", "世", "界"]));
    let foot = "[...document.querySelectorAll('.turn.model .foot .small')].pop().textContent";
    let foot = browser.value(foot);
    assert!(foot.as_str().unwrap().contains("wrote 12"), "{foot}");
    browser.click(".token");
    browser.see("#peek:not([hidden])");
    assert!(browser.text("#peek").contains("60.7%"), "{}", browser.text("#peek"));
    browser.press("ArrowRight");
    browser.until("document.querySelector('.token.at').textContent === 'e'");
    browser.press("End");
    browser.until("document.querySelector('.token.at').textContent === '界'");
    assert_eq!(browser.value("document.querySelectorAll('#peek strong').length"), 3);
    browser.press("Escape");
    browser.see("#peek[hidden]");

    browser.value("[...document.querySelectorAll('.foot button')].pop().click()");
    loaded(&mut browser, ".drawn img");
    assert_eq!(browser.text(".bars tbody th"), "refund");
    assert!(browser.text(".reasons").contains("refund"));
    assert!(browser.text(".why").contains("-6"), "{}", browser.text(".why"));
    browser.click("#top [lang='zh-CN']");
    browser.see("html[lang='zh-CN']");
    assert_eq!(browser.value(said), "Hello 世界", "the conversation stays");
    assert!(browser.text(".why h3").contains("为何"));
    clean(&mut browser, &server);
}

#[test]
fn a_model_that_knows_no_conversations_goes_on_with_a_text() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server =
        crate::language::server(FakeGenerator::new(" upon a time").with_cue("Once"), |_| {});
    browser.screen(1280, 900, false);
    browser.open(&format!("http://{}/console", server.address));
    browser.write("#say", "Once there");
    browser.press("Enter");
    browser.see(".turn.model .foot button.quiet");
    assert_eq!(browser.text(".turn.model .said"), " upon a time");
    assert_eq!(browser.value("document.querySelectorAll('.token').length"), 12);
    browser.value("[...document.querySelectorAll('.foot button')].pop().click()");
    loaded(&mut browser, ".drawn img");
    assert_eq!(browser.text(".bars tbody th"), "Once");
    clean(&mut browser, &server);
}
