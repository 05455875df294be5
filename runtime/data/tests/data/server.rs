//! A small HTTP server on loopback that serves files from memory and misbehaves on request.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is wrong with one answer.
#[derive(Clone, Copy, Debug)]
pub enum Misbehaviour {
    /// Nothing.
    None,
    /// Closes the connection after so many bytes of the body.
    Truncate(usize),
    /// Sends so many bytes of the body, then nothing for a long time.
    Stall(usize),
    /// Never answers.
    Silent,
    /// Flips a bit of the body.
    Corrupt,
    /// Answers with this status.
    Status(u16),
    /// Ignores ranges.
    WholeFile,
    /// Announces one byte too many.
    LongLength,
    /// Announces no length and sends more bytes than the file has.
    Endless,
}

/// Serves until the process ends.
pub struct Server {
    /// Its address, without a slash at the end.
    pub url: String,
    state: Arc<State>,
}

struct State {
    files: HashMap<String, Vec<u8>>,
    misbehaviours: Mutex<VecDeque<Misbehaviour>>,
    /// Path and `Range` header of every request.
    requests: Mutex<Vec<(String, Option<String>)>>,
}

impl Server {
    /// Serves files by name; the first requests meet `misbehaviours`, later ones none.
    pub fn new(files: Vec<(String, Vec<u8>)>, misbehaviours: &[Misbehaviour]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            files: files.into_iter().collect(),
            misbehaviours: Mutex::new(misbehaviours.iter().copied().collect()),
            requests: Mutex::default(),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that gives up closes the connection; then writing fails and the answer ends.
                thread::spawn(move || drop(answer(stream, &state)));
            }
        });
        Self { url, state }
    }

    /// Path and `Range` header of every request so far.
    pub fn requests(&self) -> Vec<(String, Option<String>)> {
        self.state.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap()?;
    let path = request
        .split(' ')
        .nth(1)
        .unwrap()
        .trim_start_matches('/')
        .to_owned();
    let mut range = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("range")
        {
            range = Some(value.to_owned());
        }
    }
    state
        .requests
        .lock()
        .unwrap()
        .push((path.clone(), range.clone()));
    let misbehaviour = state
        .misbehaviours
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or(Misbehaviour::None);
    let head = |status: &str, extra: String| {
        format!("HTTP/1.1 {status}\r\n{extra}Connection: close\r\n\r\n")
    };
    let empty = |code: u16| head(&format!("{code} Whatever"), "Content-Length: 0\r\n".into());
    let Some(file) = state.files.get(&path) else {
        return stream.write_all(empty(404).as_bytes());
    };
    match misbehaviour {
        Misbehaviour::Status(code) => return stream.write_all(empty(code).as_bytes()),
        Misbehaviour::Silent => {
            thread::sleep(Duration::from_secs(20));
            return Ok(());
        }
        _ => {}
    }
    let from = range.filter(|_| !matches!(misbehaviour, Misbehaviour::WholeFile));
    let from: Option<usize> = from.map(|r| {
        r.trim_start_matches("bytes=")
            .trim_end_matches('-')
            .parse()
            .unwrap()
    });
    let mut body = match from.map(|from| file.get(from..)) {
        Some(None) => return stream.write_all(empty(416).as_bytes()),
        Some(Some(rest)) => rest.to_vec(),
        None => file.clone(),
    };
    let mut length = format!("Content-Length: {}\r\n", body.len());
    match misbehaviour {
        Misbehaviour::Corrupt => {
            let middle = body.len() / 2;
            body[middle] ^= 4;
        }
        Misbehaviour::LongLength => length = format!("Content-Length: {}\r\n", body.len() + 1),
        Misbehaviour::Endless => {
            length.clear();
            body.extend_from_slice(&[0; 1000]);
        }
        _ => {}
    }
    let (status, extra) = match from {
        Some(from) => {
            let range = format!(
                "Content-Range: bytes {from}-{}/{}\r\n",
                file.len() - 1,
                file.len()
            );
            ("206 Partial Content", length + &range)
        }
        None => ("200 OK", length),
    };
    stream.write_all(head(status, extra).as_bytes())?;
    match misbehaviour {
        Misbehaviour::Truncate(bytes) => stream.write_all(&body[..bytes]),
        Misbehaviour::Stall(bytes) => {
            stream.write_all(&body[..bytes])?;
            stream.flush()?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        _ => stream.write_all(&body),
    }
}
