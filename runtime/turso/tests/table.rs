//! The table behaves as CubeCL's caches need it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use turso::{Builder, Connection, Error};

const INSERT: &str = "INSERT INTO entries (namespace, key, value, origin) \
                      VALUES (?1, ?2, ?3, ?4) \
                      ON CONFLICT(namespace, key) DO UPDATE \
                      SET value = excluded.value, origin = excluded.origin \
                      WHERE entries.origin = 1 AND excluded.origin = 0";
const REPLACE: &str = "INSERT INTO entries (namespace, key, value, origin) \
                       VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT(namespace, key) DO UPDATE \
                       SET value = excluded.value, origin = excluded.origin";
const SELECT: &str = "SELECT value FROM entries WHERE namespace = ?1 AND key = ?2";
const SCAN: &str = "SELECT key, value, origin FROM entries WHERE namespace = ?1";
const PURGE: &str = "DELETE FROM entries WHERE namespace = ?1";
const PURGE_KEY: &str = "DELETE FROM entries WHERE namespace = ?1 AND key = ?2";
const SUMMARY: &str = "SELECT namespace, COUNT(*), SUM(length(key) + length(value)) \
                       FROM entries GROUP BY namespace ORDER BY namespace";
const META_GET: &str = "SELECT v FROM meta WHERE k = ?1";
const META_SET: &str = "INSERT INTO meta (k, v) VALUES (?1, ?2) \
                        ON CONFLICT(k) DO UPDATE SET v = excluded.v";

/// Nothing here ever waits.
fn drive<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future waited"),
    }
}

fn open(path: &Path) -> Connection {
    let database = drive(Builder::new_local(path.to_str().unwrap()).build()).unwrap();
    database.connect().unwrap()
}

fn insert(connection: &Connection, sql: &str, key: u8, value: &[u8], origin: i64) -> u64 {
    let params = ("ns", vec![key], value.to_vec(), origin);
    drive(connection.execute(sql, params)).unwrap()
}

fn get(connection: &Connection, key: u8) -> Option<Vec<u8>> {
    let mut rows = drive(connection.query(SELECT, ("ns", vec![key]))).unwrap();
    drive(rows.next()).unwrap().map(|row| row.get(0).unwrap())
}

#[test]
fn entries_are_kept_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let connection = open(&path);
    assert_eq!(insert(&connection, INSERT, 1, b"one", 0), 1);
    assert_eq!(insert(&connection, INSERT, 1, b"two", 0), 0);
    assert_eq!(get(&connection, 1).unwrap(), b"one");
    assert_eq!(insert(&connection, REPLACE, 1, b"three", 0), 1);
    assert_eq!(get(&connection, 1).unwrap(), b"three");
    // An imported entry yields to one of our own, and to that only.
    assert_eq!(insert(&connection, INSERT, 2, b"theirs", 1), 1);
    assert_eq!(insert(&connection, INSERT, 2, b"other", 1), 0);
    assert_eq!(insert(&connection, INSERT, 2, b"ours", 0), 1);
    assert_eq!(insert(&connection, INSERT, 2, b"theirs", 1), 0);
    drop(connection);
    let connection = open(&path);
    assert_eq!(get(&connection, 1).unwrap(), b"three");
    assert_eq!(get(&connection, 2).unwrap(), b"ours");
    assert_eq!(get(&connection, 3), None);

    let mut rows = drive(connection.query(SUMMARY, ())).unwrap();
    let row = drive(rows.next()).unwrap().unwrap();
    assert_eq!(row.get::<String>(0).unwrap(), "ns");
    assert_eq!(
        (row.get::<i64>(1).unwrap(), row.get::<i64>(2).unwrap()),
        (2, 11)
    );
    assert!(drive(rows.next()).unwrap().is_none());

    let mut rows = drive(connection.query(SCAN, ("ns",))).unwrap();
    let row = drive(rows.next()).unwrap().unwrap();
    assert_eq!(row.get::<Vec<u8>>(0).unwrap(), [1]);
    assert_eq!(row.get::<Vec<u8>>(1).unwrap(), b"three");
    assert_eq!(row.get::<i64>(2).unwrap(), 0);
    assert!(row.get::<String>(1).is_err() && row.get::<i64>(3).is_err());
}

#[test]
fn entries_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let connection = open(&path);
    for key in 0..4 {
        insert(&connection, INSERT, key, &[key], 0);
    }
    assert_eq!(
        drive(connection.execute(PURGE_KEY, ("ns", vec![0u8]))).unwrap(),
        1
    );
    assert_eq!(
        drive(connection.execute(PURGE_KEY, ("ns", vec![0u8]))).unwrap(),
        0
    );
    assert_eq!((get(&connection, 0), get(&open(&path), 0)), (None, None));
    assert_eq!(drive(connection.execute(PURGE, ("ns",))).unwrap(), 3);
    assert_eq!(get(&open(&path), 3), None);
    insert(&connection, INSERT, 3, b"again", 0);
    drive(connection.execute(META_SET, ("schema_version", "3"))).unwrap();
    drive(connection.execute("DROP TABLE IF EXISTS entries", ())).unwrap();
    let connection = open(&path);
    assert_eq!(get(&connection, 3), None);
    let mut rows = drive(connection.query(META_GET, ("schema_version",))).unwrap();
    let row = drive(rows.next()).unwrap().unwrap();
    assert_eq!(row.get::<String>(0).unwrap(), "3");
}

/// Two handles stand for two processes: each has its own index and its own lock.
#[test]
fn handles_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (a, b) = (open(&path), open(&path));
    insert(&a, INSERT, 1, b"a", 0);
    assert_eq!(insert(&b, INSERT, 1, b"b", 0), 0);
    assert_eq!(get(&b, 1).unwrap(), b"a");
    insert(&b, INSERT, 2, b"b", 0);
    assert_eq!(get(&a, 2).unwrap(), b"b");
    let reader = drive(
        Builder::new_local(path.to_str().unwrap())
            .read_only(true)
            .build(),
    );
    let reader = reader.unwrap().connect().unwrap();
    assert_eq!(get(&reader, 2).unwrap(), b"b");
    let refused = drive(reader.execute(INSERT, ("ns", vec![3u8], vec![3u8], 0)));
    assert!(matches!(refused, Err(Error::Readonly(_))));
}

#[test]
fn threads_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let connection = open(path);
                for i in 0..25 {
                    insert(&connection, INSERT, thread * 25 + i, &[thread; 1000], 0);
                }
            });
        }
    });
    let connection = open(&path);
    for key in 0..100 {
        assert_eq!(get(&connection, key).unwrap(), [key / 25; 1000]);
    }
}

#[test]
fn a_torn_or_damaged_end_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let connection = open(&path);
    insert(&connection, INSERT, 1, b"first", 0);
    let whole = fs::metadata(&path).unwrap().len() as usize;
    insert(&connection, INSERT, 2, b"second", 0);
    drop(connection);
    let bytes = fs::read(&path).unwrap();
    for length in whole..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let connection = open(&path);
        assert_eq!(get(&connection, 1).unwrap(), b"first");
        assert_eq!(get(&connection, 2), None);
        insert(&connection, INSERT, 2, b"other", 0);
        assert_eq!(get(&open(&path), 2).unwrap(), b"other");
    }
    for at in whole..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, damaged).unwrap();
        let connection = open(&path);
        assert_eq!(get(&connection, 1).unwrap(), b"first");
        assert_eq!(get(&connection, 2), None, "byte {at}");
    }
}

#[test]
fn garbage_is_removed_under_other_handles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let connection = open(&path);
    drive(connection.execute(META_SET, ("schema_version", "3"))).unwrap();
    for round in 0..4 {
        insert(&connection, REPLACE, 1, &vec![round; 1 << 20], 0);
    }
    insert(&connection, INSERT, 2, b"small", 0);
    assert!(fs::metadata(&path).unwrap().len() > 4 << 20);
    let other = open(&path);
    assert!(fs::metadata(&path).unwrap().len() < 2 << 20);
    for handle in [&connection, &other, &open(&path)] {
        assert_eq!(get(handle, 1).unwrap(), vec![3; 1 << 20]);
        assert_eq!(get(handle, 2).unwrap(), b"small");
    }
    insert(&connection, INSERT, 3, b"after", 0);
    assert_eq!(get(&other, 3).unwrap(), b"after");
}

#[test]
fn what_is_not_known_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let connection = open(&path);
    for sql in ["VACUUM", "SELECT * FROM entries", ""] {
        assert!(matches!(
            drive(connection.execute(sql, ())),
            Err(Error::Misuse(_))
        ));
        assert!(matches!(
            drive(connection.query(sql, ())),
            Err(Error::Misuse(_))
        ));
    }
    assert!(drive(connection.query(SELECT, ("ns",))).is_err());
    assert!(drive(connection.pragma_query("wal_checkpoint(TRUNCATE)", |_| Ok(()))).is_err());
    assert!(drive(connection.pragma_query("synchronous = NORMAL", |_| Ok(()))).is_ok());
    fs::write(&path, "SQLite format 3\0 and so on, for more than a header").unwrap();
    let opened = drive(Builder::new_local(path.to_str().unwrap()).build());
    assert!(matches!(opened, Err(Error::NotAdb(_))));
    let missing = folder.path().join("missing.db");
    let builder = Builder::new_local(missing.to_str().unwrap()).read_only(true);
    assert!(matches!(drive(builder.build()), Err(Error::IoError(..))));
}
