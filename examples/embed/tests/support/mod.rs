//! A running service, for the tests that ask one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running service, killed when it goes out of scope.
pub struct Server {
    /// Its process.
    pub child: Child,
    /// Host and port.
    pub address: String,
}

impl Server {
    /// Starts a command that ends in the service, on a free port, and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bytes of a sample picture.
pub fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
    std::fs::read(format!("{folder}/{name}.png")).unwrap()
}
