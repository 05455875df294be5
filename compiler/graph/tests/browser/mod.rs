//! A headless Chromium that tests drive over DevTools' pipe, as a person would: real keys, clicks and pointers.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

pub struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    next: u64,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts one; None, with a notice, where there is none, unless the variable `TERMC_REQUIRE` names `chromium`.
    pub fn start() -> Option<Self> {
        let found = NAMES.iter().find(|name| {
            let looked = Command::new("sh")
                .args(["-c", &format!("command -v {name}")])
                .output();
            looked.is_ok_and(|output| output.status.success())
        });
        let Some(program) = found else {
            let required =
                std::env::var("TERMC_REQUIRE").is_ok_and(|list| list.contains("chromium"));
            assert!(!required, "there is no Chromium");
            eprintln!("skipped: there is no Chromium here (`apt-get install chromium`)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let [to, from] = ["to", "from"].map(|name| folder.path().join(name));
        assert!(
            Command::new("mkfifo")
                .args([&to, &from])
                .status()
                .unwrap()
                .success()
        );
        let line = format!(
            "exec {program} --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
             --disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe \
             --user-data-dir='{}' about:blank 3<'{}' 4>'{}'",
            folder.path().join("profile").display(),
            to.display(),
            from.display(),
        );
        let child = Command::new("sh")
            .args(["-c", &line])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(&to).unwrap();
        let from = BufReader::new(File::open(&from).unwrap());
        let mut browser = Self {
            child,
            to,
            from,
            session: None,
            next: 0,
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({}));
        Some(browser)
    }

    /// Calls a method and waits for its answer; events on the way are passed over.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == self.next {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = vec![];
        let read = self.from.read_until(0, &mut bytes).unwrap();
        assert!(read > 0, "Chromium ended");
        bytes.pop();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Shows a file in a window of this size, in dark or light colours.
    pub fn open(&mut self, file: &Path, width: u32, height: u32, dark: bool) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features);
        self.call(
            "Page.navigate",
            json!({"url": format!("file://{}", file.display())}),
        );
        for _ in 0..200 {
            if self.eval("document.readyState") == "complete"
                && self.eval("location.protocol") == "file:"
            {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("{} was not loaded", file.display());
    }

    /// The value of an expression of the page's.
    pub fn eval(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until two frames have been drawn.
    pub fn settle(&mut self) {
        self.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
    }

    /// Presses and releases a key.
    pub fn key(&mut self, key: &str) {
        let text = match key {
            "Enter" => "\r",
            one if one.chars().count() == 1 => one,
            _ => "",
        };
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let down =
            json!({"type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", down);
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}),
        );
        self.settle();
    }

    /// Types a text.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
        self.settle();
    }

    /// Moves the pointer to the middle of what a selector finds.
    pub fn hover(&mut self, selector: &str) -> (f64, f64) {
        let middle = self.eval(&format!(
            "(() => {{ const r = document.querySelector({selector:?}).getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + Math.min(r.height / 2, 12)]; }})()"
        ));
        let (x, y) = (middle[0].as_f64().unwrap(), middle[1].as_f64().unwrap());
        self.call(
            "Input.dispatchMouseEvent",
            json!({"type": "mouseMoved", "x": x, "y": y}),
        );
        self.settle();
        (x, y)
    }

    /// Clicks it so many times.
    pub fn click(&mut self, selector: &str, times: u32) {
        let (x, y) = self.hover(selector);
        for count in 1..=times {
            for kind in ["mousePressed", "mouseReleased"] {
                self.call(
                    "Input.dispatchMouseEvent",
                    json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": count}),
                );
            }
        }
        self.settle();
    }

    /// The text of what a selector finds.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.eval(&format!(
            "document.querySelector({selector:?})?.textContent ?? \"\""
        ));
        text.as_str().unwrap().to_owned()
    }

    /// Takes a picture into the folder that TERMC_PICTURES names, if it names one.
    pub fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("TERMC_PICTURES") else {
            return;
        };
        let taken = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let text = taken["data"].as_str().unwrap().to_owned();
        let file = Path::new(&folder).join(format!("{name}.png.base64"));
        std::fs::write(file, text).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
