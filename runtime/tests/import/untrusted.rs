//! Files that nobody vouches for: hostile ones, ones that ask for much, damaged ones, and what is no checkpoint.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use termc_runtime::Fault;
use termc_runtime::import::Checkpoint;

use super::{assert_holds, file, import, import_from};

#[test]
fn nothing_is_executed() {
    let imported = import("harm.pt", None);
    assert_holds(&imported, 1.0, "harm.pt");
    assert!(!Path::new("harm-was-done").exists());
}

/// A pickle of protocol 2 that holds float tensors of one storage: names, offsets, sizes, strides.
fn pickle(
    count: usize,
    tensors: impl Iterator<Item = (String, usize, Vec<usize>, Vec<usize>)>,
) -> Vec<u8> {
    let mut out = b"\x80\x02}(".to_vec();
    let text = |out: &mut Vec<u8>, text: &str| {
        out.push(b'X');
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
    };
    let int = |out: &mut Vec<u8>, value: usize| {
        out.push(b'J');
        out.extend((value as i32).to_le_bytes());
    };
    for (name, offset, sizes, strides) in tensors {
        text(&mut out, &name);
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut out, "storage");
        out.extend(b"ctorch\nFloatStorage\n");
        text(&mut out, "0");
        text(&mut out, "cpu");
        int(&mut out, count);
        out.extend(b"tQ");
        int(&mut out, offset);
        for numbers in [sizes, strides] {
            out.push(b'(');
            numbers.into_iter().for_each(|n| int(&mut out, n));
            out.push(b't');
        }
        out.extend(b"\x89}tR");
    }
    out.extend(b"u.");
    out
}

/// A checkpoint of one storage whose scalars count up.
fn write_archive(path: &Path, pickle: &[u8], count: usize) {
    use std::io::Write;
    use zip::CompressionMethod::Stored;
    use zip::write::SimpleFileOptions;
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(Stored);
    archive.start_file("archive/data.pkl", stored).unwrap();
    archive.write_all(pickle).unwrap();
    archive.start_file("archive/data/0", stored).unwrap();
    let numbers: Vec<u8> = (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect();
    archive.write_all(&numbers).unwrap();
    archive.finish().unwrap();
}

/// A line of this process's status, in KiB.
#[cfg(target_os = "linux")]
fn memory(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(line)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B'])
        .parse()
        .unwrap()
}

/// One test measures the memory of the whole process, another takes much of it.
static MEMORY: Mutex<()> = Mutex::new(());

/// A thousand windows into one storage of 100 MB, one behind the other or a column each.
#[cfg(target_os = "linux")]
#[test]
fn a_storage_of_many_tensors_is_read_once_and_held_twice_at_most() {
    const COUNT: usize = 25_000_000;
    const EACH: usize = COUNT / 1000;
    let _alone = MEMORY.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.pt");
    for columns in [false, true] {
        let window = |i: usize| match columns {
            false => (format!("w{i}"), i * EACH, vec![EACH], vec![1]),
            true => (format!("w{i}"), i, vec![EACH], vec![1000]),
        };
        write_archive(&path, &pickle(COUNT, (0..1000).map(window)), COUNT);
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = memory("VmRSS");
        let began = Instant::now();
        let mut checkpoint = Checkpoint::open(&path).unwrap();
        let names = checkpoint.names();
        let tensors = checkpoint.read(&names).unwrap();
        let took = began.elapsed();
        let peak = memory("VmHWM") - before;
        println!("columns {columns}: {took:?}, {peak} KiB");
        assert!(took < Duration::from_secs(2), "{took:?}");
        // The file has 97,656 KiB and a little.
        assert!(peak < 2 * 98_500 + 2_000, "{peak} KiB");
        for (i, at) in [(0, 0), (7, 3), (999, EACH - 1)] {
            let found: Vec<f32> = tensors[&format!("w{i}")].clone().try_to_vec().unwrap();
            let expected = if columns {
                i + 1000 * at
            } else {
                i * EACH + at
            };
            assert_eq!(found[at], expected as f32);
        }
    }
}

/// Small files that ask for much: a tensor of a petabyte out of one number, a million objects out of a megabyte.
#[test]
fn small_files_cannot_ask_for_much() {
    let _alone = MEMORY.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pt");
    let huge = (
        "out_layer.weight".to_owned(),
        0,
        vec![1 << 25, 1 << 25],
        vec![0, 0],
    );
    write_archive(&path, &pickle(1, std::iter::once(huge)), 1);
    let error = import_from(&path, None).unwrap_err();
    assert!(
        error.to_string().contains("has shape [33554432, 33554432]"),
        "{error}"
    );
    // A window that its storage does not reach.
    let beyond = ("out_layer.weight".to_owned(), 1, vec![4, 6], vec![6, 1]);
    let bias = ("out_layer.bias".to_owned(), 0, vec![4], vec![1]);
    write_archive(&path, &pickle(24, [beyond, bias].into_iter()), 24);
    let error = import_from(&path, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`out_layer.weight`, which reaches beyond its storage"),
        "{error}"
    );
    for filler in [b']', b'(', b'}'] {
        let mut many = b"\x80\x02".to_vec();
        many.resize(8 << 20, filler);
        write_archive(&path, &many, 1);
        let began = Instant::now();
        let error = import_from(&path, None).unwrap_err();
        assert!(
            error.to_string().contains("more than 1000000 objects"),
            "{error}"
        );
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    // A dict that holds itself twice, and so on: as many ways through it as a number of 25 binary digits has values.
    let itself = b"\x80\x02}q\0(X\x01\0\0\0ah\0X\x01\0\0\0bh\0u.";
    write_archive(&path, itself, 1);
    let error = import_from(&path, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("holds more than 1000000 objects"),
        "{error}"
    );
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ckpt");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = import_from(&path, None).unwrap_err();
        assert_eq!(error.fault(), Fault::Input, "{error}");
        error.to_string()
    };
    let whole = std::fs::read(file("protocol2.pt")).unwrap();
    assert!(refused(&whole[..whole.len() / 2]).contains("not downloaded to its end"));
    assert!(refused(&whole[..3]).contains("neither a PyTorch file nor a safetensors file"));
    assert!(refused(&[]).contains("is empty"));
    assert!(refused(b"\x80\x02garbage").contains("damaged pickle"));
    // The pickle starts after the first entry's header: wreck its instructions.
    let mut changed = whole.clone();
    changed[90..130].fill(b'R');
    refused(&changed);
    // One bit of a weight.
    let weight: Vec<u8> = (1..5)
        .flat_map(|i| (i as f32 / 8.0).to_le_bytes())
        .collect();
    let at = whole
        .windows(16)
        .position(|window| window == weight)
        .unwrap();
    let mut changed = whole;
    changed[at] ^= 1;
    assert!(refused(&changed).contains("is damaged at `protocol2/data/0`"));
    for end in [200, 400, 600] {
        let old = std::fs::read(file("legacy2.pt")).unwrap();
        refused(&old[..end]);
    }
    let old = std::fs::read(file("legacy2.pt")).unwrap();
    assert!(refused(&old[..old.len() - 4]).contains("not downloaded or written to its end"));
    let error = import_from(&folder.path().join("none"), None).unwrap_err();
    assert_eq!(error.fault(), Fault::Machine);
}

#[test]
fn what_is_no_checkpoint_is_said_to_be_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pt");
    let archive = |names: &[&str]| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
        for name in names {
            let stored = zip::write::SimpleFileOptions::default();
            archive
                .start_file(
                    *name,
                    stored.compression_method(zip::CompressionMethod::Stored),
                )
                .unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 132735\n";
    for (bytes, says) in [
        (lfs.as_bytes().to_vec(), "git lfs pull"),
        (
            b"<!DOCTYPE html>\n<html><head><title>Sign in".to_vec(),
            "is a web page (HTML)",
        ),
        (
            b"\x08\x07\x12\x07pytorch\x1a\x051.13:".to_vec(),
            "is an ONNX model",
        ),
        (
            archive(&["cifar/best.pth", "readme.txt"]),
            "is a zip archive with `cifar/best.pth` in it: unpack it",
        ),
        (archive(&["a.npy"]), "NumPy arrays"),
        (
            archive(&["readme.txt", "x"]),
            "is a zip archive of 2 files, `readme.txt` the first, and not a PyTorch",
        ),
        (b"\x1f\x8b\x08\0\0".to_vec(), "is compressed with gzip"),
        (b"just text".to_vec(), "is no checkpoint"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = import_from(&path, None).unwrap_err();
        assert_eq!(error.fault(), Fault::Input);
        assert!(error.to_string().contains(says), "{error}");
    }
}
