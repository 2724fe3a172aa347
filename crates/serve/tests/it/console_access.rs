//! The console for whoever uses it with a keyboard, a reader's voice, a small screen, or in the dark.

use crate::browser::Browser;
use crate::console::{EXPLAIN, PREDICT, fits, go, loaded, server};
use crate::console_states::stand_in;
use ingot_ledger::Scope;
use serde_json::{Value, json};

const PANELS: [&str; 5] =
    ["#model=made-up", "#model=made-up-scan", "#model=made-up-mood", "#model=talk", "#status"];

fn home(browser: &mut Browser, server: &crate::support::Server) {
    let key = server.key(&Scope::ALL, None);
    browser.open(&format!("http://{}/console", server.address));
    browser.see("form.table");
    browser.write("#key", key.secret.expose());
}

/// Fills each panel with what it can show.
fn filled(browser: &mut Browser, panel: &str) {
    go(browser, panel);
    match panel {
        "#model=made-up" | "#model=made-up-mood" => {
            if panel.ends_with("mood") {
                browser.write("textarea", "late but kind");
            }
            browser.click(EXPLAIN);
            browser.see(".why");
            browser.click(".raw summary");
            browser.see("pre");
        }
        "#model=talk" => {
            browser.write("#say", "please refund 订单");
            browser.press("Enter");
            browser.see(".foot [data-stay$=explain]");
            browser.click(".foot [data-stay$=explain]");
            loaded(browser, ".drawn img");
            // What opens moves what stands below it, so the next one is looked for once it is there.
            for (closed, inside) in [
                (".settings", "[open]"),
                (".turn .why .raw", "[open] pre"),
                (".turn .raw:has([data-stay])", "[open] .tokens"),
            ] {
                browser.click(&format!("{closed} > summary"));
                browser.see(&format!("{closed}{inside}"));
            }
        }
        "#status" => browser.see(".routes"),
        _ => {}
    }
}

/// What the browser tells readers' voices: role, name, and whether it can have the focus.
fn tree(browser: &mut Browser) -> Vec<(String, String, bool)> {
    browser.ask("Accessibility.enable", &json!({}));
    let nodes = browser.ask("Accessibility.getFullAXTree", &json!({}));
    let text = |node: &Value, member: &str| {
        node[member]["value"].as_str().unwrap_or_default().trim().to_owned()
    };
    let focusable = |node: &Value| {
        let properties = node["properties"].as_array().into_iter().flatten();
        properties.filter(|one| one["name"] == "focusable").any(|one| one["value"]["value"] == true)
    };
    let nodes = nodes["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] != true);
    nodes.map(|node| (text(node, "role"), text(node, "name"), focusable(node))).collect()
}

#[test]
fn everything_that_can_be_reached_has_a_name_in_the_language_of_the_page() {
    let Some(mut browser) = Browser::start("zh-CN") else { return };
    let server = server();
    browser.screen(1280, 900, false);
    home(&mut browser, &server);
    for panel in PANELS {
        filled(&mut browser, panel);
        for (role, name, focusable) in tree(&mut browser) {
            // The page itself, and the places that only take the focus of others.
            let whole = ["RootWebArea", "main", "rowheader"].contains(&role.as_str());
            assert!(!focusable || whole || !name.is_empty(), "{panel}: {role} has no name");
            assert_ne!(role, "search", "{panel}: a key is no search");
        }
        let dangling = "[...document.querySelectorAll('[aria-describedby], [for], [list]')].flatMap((one) => \
            `${one.getAttribute('aria-describedby') || ''} ${one.getAttribute('for') || ''} ${one.getAttribute('list') || ''}`.trim().split(/\\s+/)).filter((id) => !document.getElementById(id))";
        assert_eq!(browser.value(dangling), json!([]), "{panel}");
        let twice = "(all => all.filter((id, at) => all.indexOf(id) !== at))([...document.querySelectorAll('[id]')].map((one) => one.id))";
        assert_eq!(browser.value(twice), json!([]), "{panel}: an id stands twice");
    }
}

#[test]
fn the_keyboard_keeps_its_place() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    browser.screen(1280, 900, false);
    home(&mut browser, &server);
    let stay = "document.activeElement.dataset.stay || document.activeElement.id || document.activeElement.tagName";
    for (button, answer) in [(PREDICT, ".prediction"), (EXPLAIN, ".why")] {
        browser.run(&format!("document.querySelector({button:?}).focus()"));
        browser.press("Enter");
        browser.see(answer);
        let here = format!("document.activeElement === document.querySelector({button:?})");
        assert_eq!(browser.value(&here), true, "{button}");
    }
    for name in ["random", "example"] {
        browser.run(&format!("document.querySelector('[data-stay={name}]').focus()"));
        browser.press("Enter");
        assert_eq!(browser.value(stay), name);
    }
    // Whoever cancels is not thrown to the top.
    browser.run(&stand_in(
        "/api/",
        "return new Promise((_, fail) => options.signal.addEventListener('abort', () => fail(new DOMException('', 'AbortError'))));",
    ));
    browser.click(PREDICT);
    browser.see("[data-stay=cancel]");
    browser.run("document.querySelector('[data-stay=cancel]').focus()");
    browser.press("Enter");
    browser.until("!document.querySelector('.waiting')");
    assert_eq!(browser.value(stay), "predict");
    browser.run("window.fetch = window.real");

    // More rows than are shown at once: the button that brings them goes.
    let parts: Vec<Value> = (0..14)
        .map(|at| json!({ "feature": format!("f{at}"), "value": at, "contribution": 0.1 }))
        .collect();
    let many = json!({ "version": "1.0.0", "explanations": [{ "label": "bad", "score": 0.6, "base": 0.1, "reasons": [], "contributions": parts }] });
    browser
        .run(&stand_in("/api/explain", &format!("return new Response(JSON.stringify({many}));")));
    browser.click(EXPLAIN);
    browser.until("document.querySelectorAll('.bars tbody tr').length === 10");
    browser.run("document.querySelector('.bars ~ button').focus()");
    browser.press("Enter");
    browser.until("document.querySelectorAll('.bars tbody tr').length === 14");
    assert_eq!(browser.value("document.activeElement.textContent"), "f1010");
    browser.run("window.fetch = window.real");

    go(&mut browser, "#model=talk");
    assert_eq!(browser.value(stay), "main");
    browser.write("#say", "please refund");
    browser.press("Enter");
    browser.see(".foot [data-stay$=explain]");
    assert_eq!(browser.value(stay), "say");
    browser.run("document.querySelector('.foot [data-stay$=explain]').focus()");
    browser.press("Enter");
    loaded(&mut browser, ".drawn img");
    assert!(browser.value(stay).as_str().unwrap().ends_with("explain"));
    browser.run("document.querySelector('[data-stay=clear]').focus()");
    browser.press("Enter");
    browser.until("!document.querySelector('.turn')");
    assert_eq!(browser.value(stay), "clear");

    // Numbers that are renewed, under a focus that stays.
    go(&mut browser, "#status");
    browser.see("[data-stay=others]");
    browser.run("document.querySelector('[data-stay=others]').focus(); document.querySelector('.routes').dataset.old = 'yes'");
    browser.press("Enter");
    browser.until("!document.querySelector('[data-old]')");
    assert_eq!(browser.value(stay), "others");
    assert_eq!(
        browser.value("document.querySelector('details:has([data-stay=others])').open"),
        true
    );
    // What is marked to be copied stays too.
    browser.run(&stand_in("/metrics", "return real(path, options);"));
    browser.run("getSelection().selectAllChildren(document.querySelector('.routes'))");
    browser.until("window.asked.length > 1");
    assert!(!browser.value("getSelection().toString()").as_str().unwrap().is_empty());
}

#[test]
fn a_readers_voice_is_told_the_answer_and_not_the_table() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    browser.screen(1280, 900, false);
    home(&mut browser, &server);
    browser.write("[data-field=age] input", "70");
    browser.click(EXPLAIN);
    browser.see(".why");
    assert_eq!(browser.text("#told"), "bad, bad: 70.1% The age is high.");
    assert_eq!(browser.value("document.querySelectorAll('.result[aria-live]').length"), 0);
    browser.write("[data-field=age] input", "forty");
    browser.click(PREDICT);
    browser.see(".field [aria-invalid]");
    // What is wrong with a field is said at the field.
    let said = "document.activeElement.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id)).filter((one) => !one.hidden).map((one) => one.textContent).join('|')";
    let said = browser.value(said);
    let fault = browser.text("[data-field=age] .fault");
    assert!(!fault.is_empty() && said.as_str().unwrap().ends_with(&fault), "{said}");
    assert_eq!(browser.value("document.activeElement.getAttribute('aria-required')"), "true");

    go(&mut browser, "#model=talk");
    browser.run("window.heard = []; new MutationObserver(() => window.heard.push(document.getElementById('told').textContent)).observe(document.getElementById('told'), { childList: true });");
    browser.write("#say", "hello");
    browser.press("Enter");
    browser.see(".foot [data-stay$=explain]");
    assert_eq!(browser.value("window.heard"), json!(["Reading the prompt…", "Hello 世界"]));
    assert_eq!(browser.value("document.querySelector('.log').getAttribute('aria-live')"), "off");
}

/// Parts of cards that reach beyond their card, other than where they may be scrolled.
const SPILLED: &str = "[...document.querySelectorAll('.card *, .turn *, #top *')].filter((one) => one.getClientRects().length && !one.closest('.drawn, .scroll, pre, .sr, .hidden, select')) \
    .filter((one) => { const box = one.closest('.card, .turn, #top').getBoundingClientRect(); const own = one.getBoundingClientRect(); return own.right > box.right + 1 || own.left < box.left - 1; }) \
    .map((one) => `${one.tagName}.${one.className.baseVal ?? one.className} ${one.textContent.slice(0, 40)}`)";
/// Words of buttons and labels of the head that are broken over lines.
const BROKEN: &str = "[...document.querySelectorAll('#top button, #top label, #top h1')].filter((one) => { const range = document.createRange(); range.selectNodeContents(one); \
    const lines = new Set([...range.getClientRects()].filter((box) => box.width > 2 && box.height > 2).map((box) => Math.round((box.top + box.bottom) / 16))); return one.querySelector('input') ? false : lines.size > 1; }).map((one) => one.textContent)";

#[test]
fn every_panel_fits_screens_of_three_widths_in_both_languages() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    browser.screen(1280, 900, false);
    home(&mut browser, &server);
    // Tiny and long numbers, names without a place to break.
    let long = "a_column_with_a_name_that_goes_on_and_on_and_on_without_end";
    let wide = json!({ "version": "1.0.0", "explanations": [{ "label": long, "score": 0.6, "base": 0.1,
        "probabilities": { long: 0.6, "good": 0.4 }, "warnings": [{ "field": long, "detail": long }],
        "reasons": [{ "code": "x", "text": long }], "contributions": [
            { "feature": long, "value": long, "contribution": 0.5 }, { "feature": "b", "value": 1, "contribution": -5.5e-17 } ] }] });
    browser.run(&format!("window.wide = {wide};"));
    browser.run(&stand_in(
        "/api/explain",
        "return path.includes('?') || body.inputs?.[0].age === undefined ? real(path, options) : new Response(JSON.stringify(window.wide));",
    ));
    for panel in PANELS {
        filled(&mut browser, panel);
        for (width, height) in [(1280, 900), (768, 1024), (380, 800)] {
            browser.screen(width, height, false);
            for lang in ["zh-CN", "en"] {
                browser.run(&format!("document.querySelector('#top [lang=\"{lang}\"]').click()"));
                browser.run(
                    "for (const one of document.querySelectorAll('#main details')) one.open = true; \
                     await new Promise((go) => setTimeout(go, 50));",
                );
                let place = format!("{panel} at {width} in {lang}");
                fits(&mut browser, &place);
                assert_eq!(browser.value(SPILLED), json!([]), "{place}");
                assert_eq!(browser.value(BROKEN), json!([]), "{place}");
            }
        }
        browser.screen(1280, 900, false);
    }
}

/// Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3), and placeholders too.
const FAINT: &str = r#"(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255); };
  const over = ([r, g, b, a], back) => [r, g, b].map((part, at) => part * a + back[at] * (1 - a));
  const light = (color) => color.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => { const all = []; for (let at = one; at; at = at.parentElement) all.unshift(rgba(getComputedStyle(at).backgroundColor)); return all.reduce((back, color) => over(color, back), [1, 1, 1]); };
  const contrast = (color, opacity, back) => { const [r, g, b, a] = rgba(color); const [x, y] = [light(over([r, g, b, a * opacity], back)), light(back)].sort((one, two) => two - one); return (x + 0.05) / (y + 0.05); };
  const faint = [];
  for (const one of document.querySelectorAll("body *")) {
    if (!one.getClientRects().length || one.closest("[aria-disabled=true], .sr, .skip")) continue;
    if ([...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) {
      const found = contrast(getComputedStyle(one).color, 1, behind(one));
      if (found < 4.5) faint.push(`${one.tagName}.${one.className} ${one.textContent.slice(0, 30)} ${found.toFixed(2)}`);
    }
    if (one.placeholder) {
      const style = getComputedStyle(one, "::placeholder");
      const found = contrast(style.color, Number(style.opacity), behind(one));
      if (found < 4.5) faint.push(`placeholder of ${one.id} ${found.toFixed(2)}`);
    }
  }
  return faint;
})()"#;

#[test]
fn texts_can_be_read_by_day_and_in_the_dark() {
    let Some(mut browser) = Browser::start("en") else { return };
    let server = server();
    browser.screen(1280, 900, false);
    home(&mut browser, &server);
    for panel in PANELS {
        filled(&mut browser, panel);
        for dark in [false, true] {
            browser.screen(1280, 900, dark);
            assert_eq!(browser.value(FAINT), json!([]), "{panel}, dark: {dark}");
        }
    }
    browser.open(&format!("http://{}/console?without=key", server.address));
    browser.click(PREDICT);
    browser.see(".problem");
    for dark in [false, true] {
        browser.screen(1280, 900, dark);
        assert_eq!(browser.value(FAINT), json!([]), "a problem, dark: {dark}");
    }
}
