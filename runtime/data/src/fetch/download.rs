//! Downloads one file over HTTP(S): resumes, retries, checks size and checksum. Unpacks nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Agent;

use super::error::FetchError;
use super::transfer::{Transfer, TransferFailure};
use super::{Archive, FetchJob, FetchOptions, FetchStage};

/// How many bytes are received between two reports.
const REPORT_EVERY: usize = 1 << 20;

/// How often a pause looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

/// Brings an archive into `folder` under its name, without the network if all of it is there. Until size and checksum are
/// right it is called `NAME.part`, which later calls resume.
pub(super) fn download(
    archive: &Archive,
    folder: &Path,
    job: FetchJob<'_>,
) -> Result<PathBuf, FetchError> {
    let complete = folder.join(&archive.name);
    let download = Download {
        archive,
        url: archive.address(job.options),
        part: folder.join(format!("{}.part", archive.name)),
        agent: agent(job.options),
        job,
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

fn agent(options: &FetchOptions) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(options.connect))
        .timeout_connect(Some(options.connect))
        .timeout_send_request(Some(options.connect))
        .timeout_recv_response(Some(options.connect))
        .timeout_per_read(Some(options.stall))
        .user_agent(concat!("termc/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

struct Download<'a> {
    archive: &'a Archive,
    url: String,
    part: PathBuf,
    agent: Agent,
    job: FetchJob<'a>,
}

impl Download<'_> {
    /// Bytes that are there.
    fn size(&self) -> u64 {
        fs::metadata(&self.part).map_or(0, |m| m.len())
    }

    /// Receives all bytes, in as many attempts as allowed. Progress made earns new attempts.
    fn receive(&self) -> Result<(), FetchError> {
        let options = self.job.options;
        let mut failures = 0;
        let mut pause = options.pause;
        loop {
            let before = self.size();
            match self.attempt() {
                Err(error) if error.is_transient() => {
                    if self.size() > before {
                        (failures, pause) = (0, options.pause);
                    }
                    if failures >= options.retries {
                        return Err(error);
                    }
                    failures += 1;
                    self.pause(pause)?;
                    pause *= 2;
                }
                result => return result,
            }
        }
    }

    /// Sleeps, unless the fetching is cancelled.
    fn pause(&self, duration: Duration) -> Result<(), FetchError> {
        let start = Instant::now();
        while let Some(left) = duration.checked_sub(start.elapsed()) {
            self.job.check(self.archive)?;
            thread::sleep(left.min(POLL));
        }
        self.job.check(self.archive)
    }

    /// One request for what is missing.
    fn attempt(&self) -> Result<(), FetchError> {
        let mut received = self.size();
        if received > self.archive.bytes {
            fs::remove_file(&self.part).map_err(FetchError::write(&self.part))?;
            received = 0;
        }
        if received == self.archive.bytes {
            return Ok(());
        }
        let cancelled = || self.job.stop.is_requested();
        let (head, transfer) = Transfer::start(&self.agent, &self.url, received, cancelled)
            .map_err(|failure| self.failed(failure, received))?;
        let resumes = head.range.starts_with(&format!("bytes {received}-"));
        match head.status {
            206 if resumes => {}
            // The server sends the whole file, or nothing fits the range: start over.
            200 => received = 0,
            206 | 416 if received > 0 => {
                fs::remove_file(&self.part).map_err(FetchError::write(&self.part))?;
                return self.attempt();
            }
            status => {
                let url = self.url.clone();
                return Err(FetchError::Status { url, status });
            }
        }
        if let Some(length) = head.length
            && received + length != self.archive.bytes
        {
            return Err(self.wrong_size(received + length));
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true);
        let options = if received == 0 {
            options.truncate(true)
        } else {
            options.append(true)
        };
        let file = options
            .open(&self.part)
            .map_err(FetchError::write(&self.part))?;
        self.append(&transfer, file, received)
    }

    /// Appends the body to the file, of which `received` bytes are there.
    fn append(
        &self,
        transfer: &Transfer,
        mut file: File,
        mut received: u64,
    ) -> Result<(), FetchError> {
        let mut unreported = REPORT_EVERY;
        loop {
            if unreported >= REPORT_EVERY {
                self.report(FetchStage::Download, received)?;
                unreported = 0;
            }
            let bytes = transfer.bytes(|| self.job.stop.is_requested());
            let bytes = bytes.map_err(|failure| self.failed(failure, received))?;
            let Some(bytes) = bytes else { break };
            received += bytes.len() as u64;
            unreported += bytes.len();
            if received > self.archive.bytes {
                return Err(self.wrong_size(received));
            }
            file.write_all(&bytes)
                .map_err(FetchError::write(&self.part))?;
        }
        if received < self.archive.bytes {
            return Err(self.truncated(received, "the connection ended".into()));
        }
        self.report(FetchStage::Download, received)?;
        file.sync_all().map_err(FetchError::write(&self.part))
    }

    /// Compares the checksum; a file with another one is removed.
    fn verify(&self) -> Result<(), FetchError> {
        self.report(FetchStage::Verify, self.archive.bytes)?;
        let checksum = &self.archive.checksum;
        let found = checksum
            .of(&self.part, || self.job.stop.is_requested())
            .map_err(FetchError::write(&self.part))?
            .ok_or_else(|| FetchError::cancelled(self.archive))?;
        if found == checksum.expected() {
            return Ok(());
        }
        fs::remove_file(&self.part).map_err(FetchError::write(&self.part))?;
        Err(FetchError::Checksum {
            url: self.url.clone(),
            algorithm: checksum.algorithm(),
            expected: checksum.expected().to_owned(),
            found,
        })
    }

    fn report(&self, stage: FetchStage, done: u64) -> Result<(), FetchError> {
        self.job.report(stage, self.archive, done)
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
            seconds: self.job.options.stall.as_secs_f64(),
            expected: self.archive.bytes,
            found,
        }
    }

    fn truncated(&self, found: u64, reason: String) -> FetchError {
        FetchError::Truncated {
            url: self.url.clone(),
            expected: self.archive.bytes,
            found,
            reason,
        }
    }

    /// A transfer that ended when `received` bytes were there.
    fn failed(&self, failure: TransferFailure, received: u64) -> FetchError {
        let unreachable = |reason| FetchError::Unreachable {
            url: self.url.clone(),
            reason,
        };
        match failure {
            TransferFailure::Cancelled => FetchError::cancelled(self.archive),
            TransferFailure::Request(ureq::Error::Timeout(ureq::Timeout::PerRead)) => {
                self.stalled(received)
            }
            TransferFailure::Request(error) => unreachable(error.to_string()),
            TransferFailure::Thread(reason) => unreachable(reason),
            TransferFailure::Body(error) if is_timeout(&error) => self.stalled(received),
            TransferFailure::Body(error) => self.truncated(received, error.to_string()),
        }
    }
}

/// Whether reading failed because nothing came for too long.
fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|e| e.downcast_ref());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}
