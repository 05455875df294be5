//! Downloads one file over HTTP(S): resumes, retries, checks size and checksum. Unpacks nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

use ureq::Agent;
use ureq::http::header::{CONTENT_RANGE, RANGE};

use super::error::FetchError;
use super::{Archive, Settings, Stage};

/// How much is read between two reports.
const REPORT_EVERY: usize = 1 << 20;

/// Brings an archive into `folder` under its name, without the network if all of it is there. Until size and checksum are right
/// it is called `NAME.part`, which later calls resume.
pub(super) fn download(
    archive: &Archive,
    folder: &Path,
    settings: &Settings,
) -> Result<PathBuf, FetchError> {
    let complete = folder.join(&archive.name);
    let download = Download {
        archive,
        url: match &settings.mirror {
            Some(mirror) => format!("{}/{}", mirror.trim_end_matches('/'), archive.name),
            None => archive.url.clone(),
        },
        part: folder.join(format!("{}.part", archive.name)),
        agent: agent(settings),
        settings,
    };
    // From an earlier call that was interrupted later on: checked again like the rest.
    if complete.is_file() {
        fs::rename(&complete, &download.part).map_err(FetchError::write(&complete))?;
    }
    let resumed = download.size() > 0;
    download.receive()?;
    match download.verify() {
        // What was there from before may have been another file's beginning: once more from the start.
        Err(FetchError::Checksum { .. }) if resumed => {
            download.receive()?;
            download.verify()?;
        }
        result => result?,
    }
    fs::rename(&download.part, &complete).map_err(FetchError::write(&complete))?;
    Ok(complete)
}

fn agent(settings: &Settings) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(settings.connect))
        .timeout_recv_response(Some(settings.connect))
        .timeout_per_read(Some(settings.stall))
        .user_agent(concat!("termc/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

struct Download<'a> {
    archive: &'a Archive,
    url: String,
    part: PathBuf,
    agent: Agent,
    settings: &'a Settings,
}

impl Download<'_> {
    /// Bytes that are there.
    fn size(&self) -> u64 {
        fs::metadata(&self.part).map_or(0, |m| m.len())
    }

    /// Receives all bytes, in as many attempts as allowed. Progress made earns new attempts.
    fn receive(&self) -> Result<(), FetchError> {
        let mut failures = 0;
        let mut pause = self.settings.pause;
        loop {
            let before = self.size();
            match self.attempt() {
                Err(error) if error.is_passing() => {
                    if self.size() > before {
                        (failures, pause) = (0, self.settings.pause);
                    }
                    if failures >= self.settings.retries {
                        return Err(error);
                    }
                    failures += 1;
                    thread::sleep(pause);
                    pause *= 2;
                }
                result => return result,
            }
        }
    }

    /// One request for what is missing.
    fn attempt(&self) -> Result<(), FetchError> {
        let mut have = self.size();
        if have > self.archive.bytes {
            fs::remove_file(&self.part).map_err(FetchError::write(&self.part))?;
            have = 0;
        }
        if have == self.archive.bytes {
            return Ok(());
        }
        let mut request = self.agent.get(&self.url);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let response = request.call().map_err(|e| self.refused(e, have))?;
        let status = response.status().as_u16();
        let resumes = status == 206 && {
            let range = response.headers().get(CONTENT_RANGE);
            let range = range.and_then(|r| r.to_str().ok()).unwrap_or_default();
            range.starts_with(&format!("bytes {have}-"))
        };
        match status {
            206 if resumes => {}
            // The server sends the whole file, or nothing fits the range: start over.
            200 => have = 0,
            206 | 416 if have > 0 => {
                fs::remove_file(&self.part).map_err(FetchError::write(&self.part))?;
                return self.attempt();
            }
            _ => {
                let url = self.url.clone();
                return Err(FetchError::Status { url, status });
            }
        }
        let body = response.into_body();
        if let Some(length) = body.content_length()
            && have + length != self.archive.bytes
        {
            return Err(self.wrong_size(have + length));
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true);
        let options = if have == 0 {
            options.truncate(true)
        } else {
            options.append(true)
        };
        let file = options
            .open(&self.part)
            .map_err(FetchError::write(&self.part))?;
        self.copy(body.into_reader(), file, have)
    }

    /// Appends the body to the file.
    fn copy(&self, mut body: impl Read, mut file: File, mut have: u64) -> Result<(), FetchError> {
        let mut buffer = vec![0; 1 << 16];
        let mut unreported = REPORT_EVERY;
        let reason = loop {
            if unreported >= REPORT_EVERY {
                self.tell(Stage::Download, have)?;
                unreported = 0;
            }
            let count = match body.read(&mut buffer) {
                Ok(0) if have < self.archive.bytes => break "the connection ended".to_owned(),
                Ok(0) => {
                    self.tell(Stage::Download, have)?;
                    return file.sync_all().map_err(FetchError::write(&self.part));
                }
                Ok(count) => count,
                Err(error) if is_timeout(&error) => return Err(self.stalled(have)),
                Err(error) => break error.to_string(),
            };
            have += count as u64;
            unreported += count;
            if have > self.archive.bytes {
                return Err(self.wrong_size(have));
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            file.write_all(bytes)
                .map_err(FetchError::write(&self.part))?;
        };
        Err(FetchError::Truncated {
            url: self.url.clone(),
            expected: self.archive.bytes,
            found: have,
            reason,
        })
    }

    /// Compares the checksum; a file with another one is removed.
    fn verify(&self) -> Result<(), FetchError> {
        self.tell(Stage::Verify, self.archive.bytes)?;
        let digest = &self.archive.digest;
        let found = digest
            .of(&self.part)
            .map_err(FetchError::write(&self.part))?;
        if found == digest.expected() {
            return Ok(());
        }
        fs::remove_file(&self.part).map_err(FetchError::write(&self.part))?;
        Err(FetchError::Checksum {
            url: self.url.clone(),
            algorithm: digest.algorithm(),
            expected: digest.expected().to_owned(),
            found,
        })
    }

    fn tell(&self, stage: Stage, done: u64) -> Result<(), FetchError> {
        self.settings.reporter.tell(stage, self.archive, done)
    }

    fn wrong_size(&self, found: u64) -> FetchError {
        FetchError::WrongSize {
            url: self.url.clone(),
            expected: self.archive.bytes,
            found,
        }
    }

    fn stalled(&self, found: u64) -> FetchError {
        FetchError::Stalled {
            url: self.url.clone(),
            seconds: self.settings.stall.as_secs_f64(),
            expected: self.archive.bytes,
            found,
        }
    }

    /// A request without an answer.
    fn refused(&self, error: ureq::Error, have: u64) -> FetchError {
        match error {
            ureq::Error::Timeout(ureq::Timeout::PerRead) => self.stalled(have),
            error => FetchError::Unreachable {
                url: self.url.clone(),
                reason: error.to_string(),
            },
        }
    }
}

/// Whether reading failed because nothing came for too long.
fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|e| e.downcast_ref());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}
