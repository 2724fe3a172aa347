//! A real browser without a window, told what to do over its debugging pipe (Chrome `DevTools` Protocol): no library, no port.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take.
const WAIT: Duration = Duration::from_mins(1);

/// Where the browser is, or `None` when it is not here and need not be.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var("INGOT_TEST_TOOLS").as_deref() == Ok("required");
        assert!(!required, "`chromium` is missing; run scripts/test-tools.sh");
        println!("`chromium` is not on this machine: its check is left out");
    }
    found
}

/// A browser with one page; closed when dropped.
pub(crate) struct Browser {
    process: Child,
    input: ChildStdin,
    heard: Receiver<Value>,
    session: Option<String>,
    asked: u64,
    /// What the browser told unasked.
    pub(crate) events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// A browser of somebody who reads this language first; `None` where there is none and need not be.
    pub(crate) fn start(language: &str) -> Option<Self> {
        let program = program()?;
        let profile = tempfile::tempdir().unwrap();
        // The browser talks on descriptors 3 and 4. Its sandbox wants rights that not every test machine gives.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--accept-lang={language}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = process.stdout.take().unwrap();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            let parts = BufReader::new(output).split(0).map_while(Result::ok);
            let read = |part: Vec<u8>| serde_json::from_slice::<Value>(&part).ok();
            parts.filter_map(read).all(|part| tell.send(part).is_ok())
        });
        let (session, events) = (None, Vec::new());
        let mut browser =
            Self { process, input, heard, session, asked: 0, events, _profile: profile };
        let page = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let to = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", &to);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "DOM", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Asks the browser for something and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let mut order = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = session.as_str().into();
        }
        self.input.write_all(format!("{order}\0").as_bytes()).unwrap();
        loop {
            let told = self.heard.recv_timeout(WAIT).unwrap();
            if told["id"] == self.asked {
                assert!(told.get("error").is_none(), "{method}: {told}");
                return told["result"].clone();
            }
            self.events.push(told);
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let told = self.ask("Runtime.evaluate", &params);
        assert!(told.get("exceptionDetails").is_none(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, selector: &str) -> String {
        let found = self.value(&format!("document.querySelector({selector:?})?.textContent"));
        found.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true in the page.
    pub(crate) fn until(&mut self, expression: &str) {
        let end = Instant::now() + WAIT;
        while self.value(&format!("!!({expression})")) != true {
            let page = || "document.body.innerText.slice(0, 2000)";
            assert!(Instant::now() < end, "never: {expression}\n{}", self.value(page()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until something is in the page.
    pub(crate) fn see(&mut self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})"));
    }

    /// Runs in every page that is opened from now on, before anything of the page does.
    pub(crate) fn first(&mut self, script: &str) {
        self.ask("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }

    /// Runs in the page.
    pub(crate) fn run(&mut self, script: &str) {
        self.value(&format!("(async () => {{ {script} }})()"));
    }

    pub(crate) fn open(&mut self, address: &str) {
        self.ask("Page.navigate", &json!({ "url": address }));
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Clicks with the mouse where something stands.
    pub(crate) fn click(&mut self, selector: &str) {
        self.see(selector);
        let place = self.value(&format!(
            "(() => {{ const one = document.querySelector({selector:?}); one.scrollIntoView({{ block: 'center' }}); \
             const box = one.getClientRects()[0]; return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", &params);
        }
    }

    /// Replaces what an input holds, as somebody who types does.
    pub(crate) fn write(&mut self, selector: &str, text: &str) {
        self.see(selector);
        self.value(&format!(
            "(() => {{ const one = document.querySelector({selector:?}); one.focus(); one.select(); }})()"
        ));
        self.ask("Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "code": key, "text": text,
                "windowsVirtualKeyCode": if key == "Enter" { 13 } else { 0 } });
            self.ask("Input.dispatchKeyEvent", &params);
        }
    }

    /// Chooses a file.
    pub(crate) fn choose(&mut self, selector: &str, file: &Path) {
        self.see(selector);
        let root = self.ask("DOM.getDocument", &json!({}))["root"]["nodeId"].clone();
        let wanted = json!({ "nodeId": root, "selector": selector });
        let input = self.ask("DOM.querySelector", &wanted)["nodeId"].clone();
        self.ask("DOM.setFileInputFiles", &json!({ "nodeId": input, "files": [file] }));
    }

    /// A screen of this width, in the dark or not.
    pub(crate) fn screen(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        let scheme =
            json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.ask("Emulation.setEmulatedMedia", &json!({ "features": [scheme] }));
    }

    /// The events of a kind so far.
    pub(crate) fn told(&self, method: &str) -> Vec<&Value> {
        let of = |event: &&Value| event["method"] == method;
        self.events.iter().filter(of).map(|event| &event["params"]).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
