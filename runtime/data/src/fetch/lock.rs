//! Who may fetch a data set into a folder: one process at a time; others wait for it.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::{FetchError, FetchJob, create_dir};

/// Between two looks at a lock that another process holds.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes the folder `work` and takes it, until the result is dropped; waits while another process has it, which is told once.
///
/// # Errors
/// If the disk refuses it, or `name` is not to be fetched any more.
pub(super) fn take(work: &Path, name: &str, job: FetchJob<'_>) -> Result<File, FetchError> {
    let path = work.join("lock");
    let mut is_told = false;
    loop {
        create_dir(work)?;
        let file = match File::create(&path) {
            // Whoever had it has just removed the folder.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file.map_err(FetchError::write(&path))?,
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(file),
            Ok(()) => continue,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(FetchError::write(&path)(source)),
        }
        if !is_told {
            is_told = true;
            let holder = work.display();
            job.options.notice.call(&format!(
                "another process fetches {name} in `{holder}`; waiting for it"
            ));
        }
        if job.stop.is_requested() {
            return Err(FetchError::Cancelled {
                archive: name.to_owned(),
            });
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether this file is still the one at its path: whoever fetched removed it before giving the lock back.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |data: std::fs::Metadata| (data.dev(), data.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(there)) => number(held) == number(there),
        _ => false,
    }
}

/// Elsewhere a file that is open is not removed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
