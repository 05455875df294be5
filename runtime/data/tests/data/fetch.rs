//! Fetching data sets from a server that does what real ones do: breaks off, redirects, answers slowly, sends something
//! else. Long because each fault is a case with a server of its own.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use tar::{EntryType, Header};
use tempfile::TempDir;
use termc_data::fetch::{
    Checksum, FetchError, FetchOptions, FetchProgress, FetchStage, NoticeCallback, Packing,
    ProgressCallback, fetch,
};
use termc_data::{Dataset, DatasetOptions, DatasetSpec, Error, StopRequest, open_spec};

use crate::formats::{all_contents, small};
use crate::server::{Misbehaviour, Server};

/// An entry of a tar file: its path, kind and contents.
type Entry = (String, EntryType, Vec<u8>);

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_gz(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, bytes) in entries {
        let mut header = Header::new_ustar();
        // Written directly: the library's own functions refuse paths that lead elsewhere.
        header.as_ustar_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, bytes.as_slice()).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

/// The entries of a data set's official archive, with a folder and a file that nobody needs.
fn entries(spec: &DatasetSpec) -> Vec<Entry> {
    let folder = &spec.folders[0];
    let mut entries = vec![
        (format!("{folder}/"), EntryType::Directory, vec![]),
        (
            format!("{folder}/readme.html"),
            EntryType::Regular,
            b"hello".to_vec(),
        ),
    ];
    for (name, bytes) in all_contents(spec) {
        entries.push((format!("{folder}/{name}"), EntryType::Regular, bytes));
    }
    entries
}

/// Sets an archive's size and checksum to those of `bytes`.
fn publish(spec: &mut DatasetSpec, number: usize, bytes: &[u8]) {
    let hex = |hash: &[u8]| hash.iter().map(|b| format!("{b:02x}")).collect();
    let archive = &mut spec.archives[number];
    archive.bytes = bytes.len() as u64;
    archive.checksum = match archive.checksum {
        Checksum::Md5(_) => Checksum::Md5(hex(&Md5::digest(bytes))),
        Checksum::Sha256(_) => Checksum::Sha256(hex(&Sha256::digest(bytes))),
    };
}

/// A small data set and the files its server has.
fn published(spec: DatasetSpec) -> (DatasetSpec, Vec<(String, Vec<u8>)>) {
    let mut spec = small(spec, 3, 2);
    let packed: Vec<Vec<u8>> = match spec.archives[0].packing {
        Packing::TarGz { .. } => vec![tar_gz(&entries(&spec))],
        Packing::Single => all_contents(&spec)
            .iter()
            .map(|(_, bytes)| gzip(bytes))
            .collect(),
    };
    let mut files = Vec::new();
    for (number, bytes) in packed.into_iter().enumerate() {
        publish(&mut spec, number, &bytes);
        files.push((spec.archives[number].name.clone(), bytes));
    }
    (spec, files)
}

/// A data set with one archive of these entries.
fn packed(entries: &[Entry]) -> (DatasetSpec, Server) {
    let mut spec = small(DatasetSpec::cifar10(), 3, 2);
    let bytes = tar_gz(entries);
    publish(&mut spec, 0, &bytes);
    let server = Server::new(vec![(spec.archives[0].name.clone(), bytes)], &[]);
    (spec, server)
}

struct Case {
    dir: TempDir,
    spec: DatasetSpec,
    server: Server,
    options: DatasetOptions,
}

impl Case {
    fn new(
        spec: DatasetSpec,
        files: Vec<(String, Vec<u8>)>,
        faults: &[Misbehaviour],
        retries: u32,
    ) -> Self {
        Self::served(spec, Server::new(files, faults), retries)
    }

    fn served(spec: DatasetSpec, server: Server, retries: u32) -> Self {
        let dir = TempDir::new().unwrap();
        let options = DatasetOptions {
            data_dir: Some(dir.path().to_owned()),
            fetch: FetchOptions {
                mirror: Some(format!("{}/", server.url)),
                connect: Duration::from_secs(5),
                stall: Duration::from_millis(300),
                retries,
                pause: Duration::from_millis(1),
                notice: Default::default(),
                progress: ProgressCallback::default(),
            },
            ..DatasetOptions::default()
        };
        Self {
            dir,
            spec,
            server,
            options,
        }
    }

    /// CIFAR-10 whose server misbehaves.
    fn cifar(faults: &[Misbehaviour], retries: u32) -> Self {
        let (spec, files) = published(DatasetSpec::cifar10());
        Self::new(spec, files, faults, retries)
    }

    fn open(&self) -> Result<Dataset, Error> {
        open_spec(&self.spec, &self.options)
    }

    /// Expects an error, and no trace of a data set.
    fn fails(&self) -> FetchError {
        let Error::Fetch(error) = self.open().unwrap_err() else {
            panic!("not an error of fetching");
        };
        assert!(!self.folder().exists(), "a failed download looks complete");
        let offline = DatasetOptions {
            offline: true,
            ..self.options.clone()
        };
        assert!(matches!(
            open_spec(&self.spec, &offline),
            Err(Error::Missing { .. })
        ));
        error
    }

    fn succeeds(&self) {
        let data = self.open().unwrap();
        let files = if self.spec.train.len() == 5 { 5 } else { 1 };
        assert_eq!((data.train.len(), data.test.len()), (3 * files, 2));
        assert!(self.folder().is_dir());
        assert!(!self.work().exists(), "archives are left over");
    }

    fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join(&self.spec.folders[0])
    }

    fn work(&self) -> std::path::PathBuf {
        self.dir.path().join(".download").join(&self.spec.name)
    }

    fn part(&self) -> std::path::PathBuf {
        self.work()
            .join(format!("{}.part", self.spec.archives[0].name))
    }

    fn size(&self) -> u64 {
        self.spec.archives[0].bytes
    }

    fn url(&self) -> String {
        format!("{}/{}", self.server.url, self.spec.archives[0].name)
    }

    /// The `Range` headers of all requests.
    fn ranges(&self) -> Vec<Option<String>> {
        self.server
            .requests()
            .into_iter()
            .map(|(_, range)| range)
            .collect()
    }
}

#[test]
fn every_data_set_is_fetched_once() {
    for spec in [
        DatasetSpec::cifar10(),
        DatasetSpec::cifar100(),
        DatasetSpec::mnist(),
        DatasetSpec::fashion_mnist(),
        DatasetSpec::stl10(),
    ] {
        let (spec, files) = published(spec);
        let case = Case::new(spec, files, &[], 0);
        case.succeeds();
        let requests = case.server.requests().len();
        assert_eq!(requests, case.spec.archives.len());
        case.succeeds();
        assert_eq!(
            case.server.requests().len(),
            requests,
            "{} was fetched twice",
            case.spec.name
        );
    }
}

#[test]
fn a_broken_connection_is_resumed() {
    let case = Case::cifar(
        &[Misbehaviour::Truncate(1000), Misbehaviour::Truncate(500)],
        1,
    );
    case.succeeds();
    assert_eq!(
        case.ranges(),
        [None, Some("bytes=1000-".into()), Some("bytes=1500-".into())]
    );
}

#[test]
fn truncation_is_reported_and_a_later_call_resumes() {
    let case = Case::cifar(&[Misbehaviour::Truncate(1000)], 0);
    let error = case.fails().to_string();
    let expected = format!(
        "`{}` broke off after 1000 of {} bytes: ",
        case.url(),
        case.size()
    );
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!(fs::metadata(case.part()).unwrap().len(), 1000);
    case.succeeds();
    assert_eq!(case.ranges(), [None, Some("bytes=1000-".into())]);
}

#[test]
fn a_stalled_connection_is_given_up() {
    let case = Case::cifar(&[Misbehaviour::Stall(700)], 0);
    let expected = format!(
        "`{}` sent nothing for 0.3 s, 700 of {} bytes are there",
        case.url(),
        case.size()
    );
    assert_eq!(case.fails().to_string(), expected);
    case.succeeds();
    assert_eq!(case.ranges(), [None, Some("bytes=700-".into())]);
}

#[test]
fn a_silent_server_is_given_up() {
    let case = Case::cifar(&[Misbehaviour::Silent], 0);
    assert!(matches!(case.fails(), FetchError::Stalled { found: 0, .. }));
    case.succeeds();
}

#[test]
fn corruption_is_found_before_unpacking() {
    let case = Case::cifar(&[Misbehaviour::Corrupt], 3);
    let error = case.fails();
    let FetchError::Checksum {
        url,
        algorithm,
        expected,
        found,
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((url, *algorithm), (&case.url(), "MD5"));
    assert_eq!(expected, case.spec.archives[0].checksum.expected());
    assert_ne!(expected, found);
    assert!(!case.part().exists());
    case.succeeds();
}

#[test]
fn sha256_is_checked_too() {
    let (spec, files) = published(DatasetSpec::mnist());
    let case = Case::new(spec, files, &[Misbehaviour::None, Misbehaviour::Corrupt], 3);
    assert!(matches!(
        case.fails(),
        FetchError::Checksum {
            algorithm: "SHA-256",
            ..
        }
    ));
    // The file that was right is not fetched again.
    case.succeeds();
    let names: Vec<String> = case
        .server
        .requests()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| case.spec.archives[i].name.clone());
    assert_eq!(names, [a, b.clone(), b, c, d]);
}

#[test]
fn status_404_is_final() {
    let case = Case::cifar(&[Misbehaviour::Status(404)], 3);
    let expected = format!(
        "`{}` answered with status 404, expected 200 or 206",
        case.url()
    );
    assert_eq!(case.fails().to_string(), expected);
    assert_eq!(case.server.requests().len(), 1);
}

#[test]
fn status_500_is_tried_again() {
    let case = Case::cifar(&[Misbehaviour::Status(500); 2], 2);
    case.succeeds();
    let case = Case::cifar(&[Misbehaviour::Status(500); 3], 2);
    assert!(matches!(
        case.fails(),
        FetchError::Status { status: 500, .. }
    ));
    assert_eq!(case.server.requests().len(), 3);
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let case = Case::cifar(&[Misbehaviour::Truncate(1000), Misbehaviour::WholeFile], 1);
    case.succeeds();
}

#[test]
fn a_range_that_does_not_fit_starts_over() {
    let case = Case::cifar(
        &[Misbehaviour::Truncate(1000), Misbehaviour::Status(416)],
        1,
    );
    case.succeeds();
    assert_eq!(case.ranges(), [None, Some("bytes=1000-".into()), None]);
}

#[test]
fn another_files_beginning_is_replaced() {
    let case = Case::cifar(&[], 0);
    fs::create_dir_all(case.work()).unwrap();
    fs::write(case.part(), [7; 1000]).unwrap();
    case.succeeds();
    assert_eq!(case.ranges(), [Some("bytes=1000-".into()), None]);
    // Longer than the file itself: not even asked for.
    let case = Case::cifar(&[], 0);
    fs::create_dir_all(case.work()).unwrap();
    fs::write(case.part(), vec![7; case.size() as usize + 1]).unwrap();
    case.succeeds();
    assert_eq!(case.ranges(), [None]);
}

#[test]
fn other_sizes_are_refused() {
    let case = Case::cifar(&[Misbehaviour::LongLength], 3);
    let expected = format!(
        "`{}` offers {} bytes or more, expected {}",
        case.url(),
        case.size() + 1,
        case.size()
    );
    assert_eq!(case.fails().to_string(), expected);
    let case = Case::cifar(&[Misbehaviour::Endless], 3);
    assert!(matches!(case.fails(), FetchError::WrongSize { .. }));
}

#[test]
fn a_closed_port_is_named() {
    let (spec, _) = published(DatasetSpec::cifar10());
    let mut case = Case::new(spec, vec![], &[], 1);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    case.options.fetch.mirror = Some(format!("http://{port}"));
    let error = case.fails().to_string();
    let expected = format!("cannot reach `http://{port}/cifar-10-binary.tar.gz`: ");
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn suspicious_archives_are_refused() {
    let base = entries(&small(DatasetSpec::cifar10(), 3, 2));
    for (path, kind, reason) in [
        (
            "../data_batch_1.bin",
            EntryType::Regular,
            "its path leads out of the archive",
        ),
        (
            "a/../../b",
            EntryType::Regular,
            "its path leads out of the archive",
        ),
        (
            "/tmp/b",
            EntryType::Regular,
            "its path leads out of the archive",
        ),
        ("data_batch_1.bin", EntryType::Symlink, "it is a link"),
        ("data_batch_1.bin", EntryType::Link, "it is a link"),
        ("pipe", EntryType::Fifo, "it is neither a file nor a folder"),
    ] {
        let mut entries = base.clone();
        entries.insert(0, (path.into(), kind, vec![]));
        let (spec, server) = packed(&entries);
        let case = Case::served(spec, server, 0);
        let archive = case.work().join("cifar-10-binary.tar.gz");
        let expected = format!(
            "`{}` holds a suspicious entry `{path}`: {reason}",
            archive.display()
        );
        assert_eq!(case.fails().to_string(), expected);
        assert!(!case.dir.path().join("data_batch_1.bin").exists());
    }
}

#[test]
fn archives_that_grow_too_large_are_refused() {
    let mut entries = entries(&small(DatasetSpec::cifar10(), 3, 2));
    entries.insert(0, ("zeros".into(), EntryType::Regular, vec![0; 3_000_000]));
    let (mut spec, server) = packed(&entries);
    spec.archives[0].packing = Packing::TarGz { limit: 1_000_000 };
    let case = Case::served(spec, server, 0);
    assert!(matches!(
        case.fails(),
        FetchError::TooLarge {
            limit: 1_000_000,
            ..
        }
    ));
}

#[test]
fn archives_with_other_contents_are_refused() {
    let base = entries(&small(DatasetSpec::cifar10(), 3, 2));
    let mut longer = base.clone();
    longer[3].2.push(0);
    let (spec, server) = packed(&longer);
    let error = Case::served(spec, server, 0).fails();
    assert!(
        matches!(
            error,
            FetchError::EntrySize {
                expected: 9219,
                found: 9220,
                ..
            }
        ),
        "{error}"
    );
    let mut fewer = base.clone();
    fewer.remove(4);
    let (spec, server) = packed(&fewer);
    let error = Case::served(spec, server, 0).fails().to_string();
    assert_eq!(
        error,
        "the archives of data set `CIFAR10` lack `data_batch_3.bin`"
    );
    let mut twice = base.clone();
    twice.push(base[4].clone());
    let (spec, server) = packed(&twice);
    let error = Case::served(spec, server, 0).fails();
    assert!(matches!(error, FetchError::Write { .. }), "{error}");
    let mut spec = small(DatasetSpec::cifar10(), 3, 2);
    publish(&mut spec, 0, b"no archive at all");
    let server = Server::new(
        vec![(spec.archives[0].name.clone(), b"no archive at all".to_vec())],
        &[],
    );
    let error = Case::served(spec, server, 0).fails();
    assert!(matches!(error, FetchError::Unpack { .. }), "{error}");
}

#[test]
fn offline_asks_nobody() {
    let mut case = Case::cifar(&[], 0);
    case.options.offline = true;
    assert!(matches!(case.open(), Err(Error::Missing { .. })));
    assert!(case.server.requests().is_empty());
    assert!(!case.dir.path().join(".download").exists());
}

#[test]
fn an_interruption_after_the_download_does_not_look_complete() {
    let case = Case::cifar(&[], 0);
    // As a killed process leaves it: the archive is there, the unpacked files are not in their place.
    let unpacked = case.work().join("unpacked");
    fs::create_dir_all(&unpacked).unwrap();
    for (name, bytes) in all_contents(&case.spec) {
        fs::write(unpacked.join(name), &bytes[..bytes.len() / 2]).unwrap();
    }
    let archive = tar_gz(&entries(&case.spec));
    fs::write(case.work().join(&case.spec.archives[0].name), archive).unwrap();
    let mut offline = case.options.clone();
    offline.offline = true;
    assert!(matches!(
        open_spec(&case.spec, &offline),
        Err(Error::Missing { .. })
    ));
    case.succeeds();
    assert!(case.server.requests().is_empty());
}

#[test]
fn progress_is_reported_and_may_cancel() {
    let mut case = Case::cifar(&[], 0);
    let reported: Arc<Mutex<Vec<FetchProgress>>> = Arc::default();
    let recorded = reported.clone();
    case.options.fetch.progress = ProgressCallback::new(move |progress| {
        recorded.lock().unwrap().push(progress.clone());
        match progress.stage {
            FetchStage::Verify => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(
        case.fails().to_string(),
        "fetching `cifar-10-binary.tar.gz` was cancelled"
    );
    assert_eq!(fs::metadata(case.part()).unwrap().len(), case.size());
    let recorded = reported.clone();
    case.options.fetch.progress = ProgressCallback::new(move |progress| {
        recorded.lock().unwrap().push(progress.clone());
        ControlFlow::Continue(())
    });
    case.succeeds();
    // All of it was there already.
    assert_eq!(case.server.requests().len(), 1);
    let reported = reported.lock().unwrap();
    for stage in [FetchStage::Download, FetchStage::Verify, FetchStage::Unpack] {
        let done: Vec<u64> = reported
            .iter()
            .filter(|p| p.stage == stage)
            .map(|p| p.done)
            .collect();
        assert!(
            done.is_sorted() && *done.last().unwrap() == case.size(),
            "{stage:?} {done:?}"
        );
    }
}

/// Opens a data set on a thread, requests a stop once the server was asked, and expects the answer soon.
fn stopped_while(misbehaviour: Misbehaviour, adjust: impl Fn(&mut FetchOptions)) {
    let mut case = Case::cifar(&[misbehaviour; 3], 3);
    adjust(&mut case.options.fetch);
    let stop = case.options.stop.clone();
    let (spec, options) = (case.spec.clone(), case.options.clone());
    let opened = std::thread::spawn(move || open_spec(&spec, &options).map(|_| ()));
    let deadline = Instant::now() + Duration::from_secs(10);
    while case.server.requests().is_empty() {
        assert!(Instant::now() < deadline, "the server was not asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    stop.request();
    let error = opened.join().unwrap().unwrap_err();
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert!(error.is_stop(), "{error}");
    assert_eq!(
        error.to_string(),
        "fetching `cifar-10-binary.tar.gz` was cancelled"
    );
}

#[test]
fn a_stop_request_ends_every_wait() {
    let patient = |options: &mut FetchOptions| {
        options.connect = Duration::from_secs(60);
        options.stall = Duration::from_secs(60);
    };
    stopped_while(Misbehaviour::Silent, patient);
    stopped_while(Misbehaviour::Stall(700), patient);
    stopped_while(Misbehaviour::Status(500), |options| {
        options.pause = Duration::from_secs(60);
    });
}

#[test]
fn a_data_set_that_another_process_has_fetched_meanwhile_is_taken() {
    let case = Case::cifar(&[], 0);
    case.succeeds();
    let requests = case.server.requests().len();
    let (options, stop) = (&case.options.fetch, StopRequest::new());
    let folder = fetch(&case.spec, case.dir.path(), options, &stop).unwrap();
    assert_eq!(folder, case.folder());
    assert_eq!(case.server.requests().len(), requests);
    assert!(!case.work().exists());
}

/// The second one begins while the first one has a part of the archive, waits, and takes what the first one brought.
#[test]
fn two_fetch_at_once_and_one_waits() {
    let case = Case::cifar(&[], 0);
    let (waits, is_waiting) = mpsc::channel();
    let (begins, has_begun) = mpsc::channel();
    let (first, second) = (case.options.clone(), case.options.clone());
    let (has_begun, is_waiting) = (Mutex::new(has_begun), Mutex::new(is_waiting));
    let first = DatasetOptions {
        fetch: FetchOptions {
            progress: ProgressCallback::new(move |progress| {
                if progress.stage == FetchStage::Download && progress.done > 0 {
                    let _ = begins.send(());
                    let waited = is_waiting
                        .lock()
                        .unwrap()
                        .recv_timeout(Duration::from_secs(10));
                    assert!(waited.is_ok(), "the second one does not wait");
                }
                ControlFlow::Continue(())
            }),
            ..first.fetch
        },
        ..first
    };
    let second = DatasetOptions {
        fetch: FetchOptions {
            notice: NoticeCallback::new(move |text| {
                if text.contains("another process fetches CIFAR10 in `") {
                    waits.send(()).unwrap();
                }
            }),
            ..second.fetch
        },
        ..second
    };
    let spec = case.spec.clone();
    let one = std::thread::spawn(move || open_spec(&spec, &first).map(|_| ()));
    let begun = has_begun
        .lock()
        .unwrap()
        .recv_timeout(Duration::from_secs(10));
    assert!(begun.is_ok(), "the first one does not begin");
    open_spec(&case.spec, &second).unwrap();
    one.join().unwrap().unwrap();
    assert_eq!(case.server.requests().len(), 1);
    assert!(!case.work().exists(), "archives are left over");
}

/// A lock of a process that stays is waited for until a stop is asked for.
#[test]
fn waiting_for_another_process_can_be_stopped() {
    let case = Case::cifar(&[], 0);
    fs::create_dir_all(case.work()).unwrap();
    let lock = fs::File::create(case.work().join("lock")).unwrap();
    lock.lock().unwrap();
    let stop = case.options.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        stop.request();
    });
    let error = case.open().unwrap_err();
    assert!(error.is_stop(), "{error}");
    assert_eq!(error.to_string(), "fetching `CIFAR10` was cancelled");
    assert!(case.server.requests().is_empty() && case.work().exists());
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::cifar(&[], 0);
    let set =
        |mode| fs::set_permissions(case.dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let root = fs::write(case.dir.path().join("probe"), "").is_ok();
    if root {
        eprintln!("skipped: this user may write to read-only folders");
    } else {
        let error = case.fails();
        assert!(matches!(error, FetchError::Write { .. }), "{error}");
    }
    set(0o755);
}

#[test]
fn official_addresses_are_complete() {
    for spec in [
        DatasetSpec::cifar10(),
        DatasetSpec::cifar100(),
        DatasetSpec::mnist(),
        DatasetSpec::fashion_mnist(),
        DatasetSpec::stl10(),
    ] {
        for archive in &spec.archives {
            assert_eq!(
                Path::new(&archive.url).file_name().unwrap(),
                archive.name.as_str()
            );
            let digits = match archive.checksum {
                Checksum::Sha256(_) => 64,
                Checksum::Md5(_) => 32,
            };
            let hex = archive.checksum.expected();
            assert!(hex.len() == digits && hex.bytes().all(|b| b"0123456789abcdef".contains(&b)));
        }
    }
}
