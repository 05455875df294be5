//! A client of the protocol that talks to the server of this crate through pipes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, PipeWriter, Write, pipe};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

pub struct Client {
    to: PipeWriter,
    from: Receiver<Value>,
    next: i64,
    /// Notifications that nobody waited for yet.
    pending: Vec<Value>,
    versions: HashMap<String, i64>,
    server: Option<std::thread::JoinHandle<()>>,
    pub folder: PathBuf,
}

/// Longer than any answer takes on a busy machine.
const LONGEST: Duration = Duration::from_secs(120);

impl Client {
    pub fn new(folder: &Path) -> Self {
        let (input, to) = pipe().unwrap();
        let (from, output) = pipe().unwrap();
        let server = std::thread::spawn(move || termc_lsp::serve(input, output));
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            while let Some(message) = read(&mut from) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut client = Self {
            to,
            from: receiver,
            next: 0,
            pending: vec![],
            versions: HashMap::new(),
            server: Some(server),
            folder: folder.to_owned(),
        };
        let root = client.uri("");
        let folders = json!([{ "uri": root, "name": "test" }]);
        client.request("initialize", json!({ "capabilities": {}, "workspaceFolders": folders, "initializationOptions": { "graphView": true } }));
        client.notify("initialized", json!({}));
        client
    }

    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.folder.join(name).display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The whole answer, with its `result` or `error`.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self
                .from
                .recv_timeout(LONGEST)
                .unwrap_or_else(|_| panic!("no answer to {method}"));
            match message.get("id") == Some(&json!(id)) {
                true => return message,
                false => self.pending.push(message),
            }
        }
    }

    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub fn open(&mut self, name: &str, text: &str) -> Value {
        let document =
            json!({ "uri": self.uri(name), "languageId": "term", "version": 0, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.versions.insert(name.to_owned(), 0);
        self.diagnostics(name)
    }

    /// Puts a whole text in place of a document's; its new diagnostics.
    pub fn change(&mut self, name: &str, text: &str) -> Value {
        self.edit(name, json!({ "text": text }))
    }

    pub fn edit(&mut self, name: &str, change: Value) -> Value {
        *self.versions.entry(name.to_owned()).or_default() += 1;
        let document = json!({ "uri": self.uri(name), "version": self.versions[name] });
        self.notify(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [change] }),
        );
        self.diagnostics(name)
    }

    /// The next diagnostics of a document, of its current version if it is open.
    pub fn diagnostics(&mut self, name: &str) -> Value {
        let uri = json!(self.uri(name));
        let version = self.versions.get(name).copied();
        let is_it = |message: &Value| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri
                && (version.is_none() || params["version"].as_i64() == version)
        };
        loop {
            if let Some(at) = self.pending.iter().position(is_it) {
                return self.pending.remove(at)["params"]["diagnostics"].clone();
            }
            let message = self.from.recv_timeout(LONGEST);
            self.pending
                .push(message.unwrap_or_else(|_| panic!("no diagnostics of {name}")));
        }
    }

    /// Whether something was told of a file that nobody waited for.
    pub fn was_told(&self, name: &str) -> bool {
        let uri = json!(self.uri(name));
        let mut told = self.pending.iter();
        told.any(|message| message["params"]["uri"] == uri)
    }

    /// Everything that is wrong with a document: what a change says at once may be about its first model alone.
    pub fn all(&mut self, name: &str, at_once: Value) -> Value {
        let nowhere =
            json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } });
        let uri = self.uri(name);
        let params = json!({ "textDocument": { "uri": uri }, "range": nowhere, "context": { "diagnostics": [] } });
        self.request("textDocument/codeAction", params.clone());
        // What was told before an answer may be sent after it, but not after the next one.
        self.request("textDocument/foldingRange", params);
        let version = self.versions[name];
        let later = self.pending.iter().rev().find(|message| {
            let params = &message["params"];
            params["uri"] == json!(uri) && params["version"] == json!(version)
        });
        later.map_or(at_once, |message| message["params"]["diagnostics"].clone())
    }

    /// A request about the place of `marker` in a text, `after` bytes into it.
    pub fn at(
        &mut self,
        method: &str,
        name: &str,
        text: &str,
        marker: &str,
        after: usize,
    ) -> Value {
        let params = self.position(name, text, marker, after);
        self.request(method, params)
    }

    pub fn position(&self, name: &str, text: &str, marker: &str, after: usize) -> Value {
        let at = text.find(marker).unwrap_or_else(|| panic!("no `{marker}`")) + after;
        json!({ "textDocument": { "uri": self.uri(name) }, "position": position(text, at) })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.server.take().unwrap().join().unwrap();
    }
}

pub fn position(text: &str, at: usize) -> Value {
    let before = &text[..at];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    json!({ "line": line, "character": before[start..].encode_utf16().count() })
}

fn offset(text: &str, position: &Value) -> usize {
    let line = position["line"].as_u64().unwrap() as usize;
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.into_iter().nth(line).unwrap_or(text.len());
    let mut units = position["character"].as_u64().unwrap() as usize;
    let rest = &text[start..];
    let mut at = start;
    for c in rest.chars() {
        if units == 0 || c == '\n' {
            break;
        }
        units -= c.len_utf16();
        at += c.len_utf8();
    }
    at
}

/// A text after the edits of an answer.
pub fn applied(text: &str, edits: &Value) -> String {
    let mut edits: Vec<(usize, usize, String)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (
                offset(text, &range["start"]),
                offset(text, &range["end"]),
                edit["newText"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, &new);
    }
    text
}

fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut bytes = vec![0; length];
    std::io::Read::read_exact(from, &mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
