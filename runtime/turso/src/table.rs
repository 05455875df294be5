//! The table: an index in memory over a file that several processes append to. Values stay in the file.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::record::{self, HEAD, LONGEST, Record};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"termcKV1";
/// Where the records begin: behind the magic and the generation.
const START: u64 = 16;
/// Garbage below this is not worth a rewriting.
const WORTH: u64 = 1 << 20;

/// Where a value lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    length: usize,
    imported: bool,
    /// Bytes of its whole record.
    record: u64,
}

/// A key, its value, and whether it was imported.
pub(crate) type Entry = (Vec<u8>, Vec<u8>, bool);

/// A table of namespaces, keys and values.
#[derive(Debug)]
pub(crate) struct Table {
    file: File,
    read_only: bool,
    patience: Duration,
    generation: u64,
    /// How far the file has been read.
    end: u64,
    entries: BTreeMap<String, BTreeMap<Vec<u8>, Place>>,
    meta: BTreeMap<String, String>,
}

impl Table {
    pub(crate) fn open(path: &Path, read_only: bool) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(!read_only)
            .create(!read_only)
            .truncate(false)
            .open(path)
            .map_err(Error::io("opening the cache"))?;
        let mut table = Self {
            file,
            read_only,
            patience: Duration::from_secs(5),
            generation: 0,
            end: 0,
            entries: BTreeMap::new(),
            meta: BTreeMap::new(),
        };
        if read_only {
            table.locked(false, |_| Ok(()))?;
        } else {
            table.locked(true, Self::compact)?;
        }
        Ok(table)
    }

    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    pub(crate) fn meta(&mut self, key: &str) -> Result<Option<String>> {
        self.locked(false, |table| Ok(table.meta.get(key).cloned()))
    }

    pub(crate) fn set_meta(&mut self, key: &str, value: &str) -> Result<()> {
        let record = Record::Meta {
            key: key.into(),
            value: value.into(),
        };
        self.locked(true, |table| table.append(&record, &[]))
    }

    pub(crate) fn get(&mut self, namespace: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.locked(false, |table| {
            let place = table.entries.get(namespace).and_then(|keys| keys.get(key));
            place.copied().map(|place| table.value(place)).transpose()
        })
    }

    /// Whether it was stored: an entry is not replaced, except an imported one by one of our own, or with `always`.
    pub(crate) fn insert(
        &mut self,
        namespace: &str,
        key: &[u8],
        value: &[u8],
        imported: bool,
        always: bool,
    ) -> Result<bool> {
        self.locked(true, |table| {
            let there = table.entries.get(namespace).and_then(|keys| keys.get(key));
            if there.is_some_and(|there| !(always || there.imported && !imported)) {
                return Ok(false);
            }
            let record = Record::Put {
                namespace: namespace.into(),
                key: key.into(),
                imported,
                value: value.len(),
            };
            table.append(&record, value).map(|()| true)
        })
    }

    pub(crate) fn scan(&mut self, namespace: &str) -> Result<Vec<Entry>> {
        self.locked(false, |table| {
            let keys = table.entries.get(namespace).cloned().unwrap_or_default();
            keys.into_iter()
                .map(|(key, place)| Ok((key, table.value(place)?, place.imported)))
                .collect()
        })
    }

    /// How many entries were removed.
    pub(crate) fn purge(&mut self, namespace: &str) -> Result<u64> {
        self.locked(true, |table| {
            let keys = table.entries.get(namespace).cloned().unwrap_or_default();
            let mut count = 0;
            for key in keys.into_keys() {
                let namespace = namespace.into();
                table.append(&Record::Remove { namespace, key }, &[])?;
                count += 1;
            }
            Ok(count)
        })
    }

    /// How many entries were removed: one or none.
    pub(crate) fn purge_key(&mut self, namespace: &str, key: &[u8]) -> Result<u64> {
        self.locked(true, |table| {
            let there = table.entries.get(namespace).and_then(|keys| keys.get(key));
            if there.is_none() {
                return Ok(0);
            }
            let record = Record::Remove {
                namespace: namespace.into(),
                key: key.into(),
            };
            table.append(&record, &[]).map(|()| 1)
        })
    }

    pub(crate) fn drop_entries(&mut self) -> Result<()> {
        self.locked(true, |table| table.append(&Record::Clear, &[]))
    }

    /// Namespace, number of entries, bytes of keys and values.
    pub(crate) fn summary(&mut self) -> Result<Vec<(String, i64, i64)>> {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.locked(false, |table| {
            let filled = table.entries.iter().filter(|(_, keys)| !keys.is_empty());
            let rows = filled.map(|(namespace, keys)| {
                let bytes = keys.iter().map(|(key, place)| key.len() + place.length);
                (namespace.clone(), number(keys.len()), number(bytes.sum()))
            });
            Ok(rows.collect())
        })
    }

    /// Runs `work` under the file's lock, with the index brought up to date.
    fn locked<T>(&mut self, write: bool, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if write && self.read_only {
            return Err(Error::Readonly("the cache was opened read-only".into()));
        }
        let start = Instant::now();
        loop {
            let taken = if write {
                self.file.try_lock()
            } else {
                self.file.try_lock_shared()
            };
            match taken {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < self.patience => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Busy("another process holds the cache's lock".into()));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io("locking the cache")(error));
                }
            }
        }
        let result = self.refresh(write).and_then(|()| work(self));
        let unlocked = self.file.unlock().map_err(Error::io("unlocking the cache"));
        result.and_then(|value| unlocked.map(|()| value))
    }

    /// Reads what other processes have appended. A writer also makes a new file's beginning and cuts a torn end off.
    fn refresh(&mut self, write: bool) -> Result<()> {
        let length = self
            .file
            .metadata()
            .map_err(Error::io("reading the cache"))?
            .len();
        if length < START {
            if write {
                self.begin()?;
            }
            return Ok(());
        }
        let mut begin = [0; 16];
        self.read(0, &mut begin)?;
        let (magic, generation) = begin.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Error::NotAdb(
                "the file is not one of termc's caches".into(),
            ));
        }
        let generation = u64::from_le_bytes(generation.try_into().unwrap_or_default());
        if generation != self.generation || length < self.end {
            self.generation = generation;
            self.end = START;
            self.entries.clear();
            self.meta.clear();
        }
        while let Some((record, body)) = self.next_record(length)? {
            self.apply(record, body);
        }
        if write && self.end < length {
            self.file
                .set_len(self.end)
                .map_err(Error::io("cutting a damaged cache"))?;
        }
        Ok(())
    }

    /// The record at the end of what was read, and the length of its body; nothing at the file's end or before damage.
    fn next_record(&mut self, length: u64) -> Result<Option<(Record, usize)>> {
        let left = length.saturating_sub(self.end);
        if left < HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.read(self.end, &mut head)?;
        let (bytes, checksum) = record::head(head);
        if bytes > LONGEST || left - (HEAD as u64) < bytes as u64 {
            return Ok(None);
        }
        let mut body = vec![0; bytes];
        self.read(self.end + HEAD as u64, &mut body)?;
        if record::checksum(&body) != checksum {
            return Ok(None);
        }
        Ok(record::decode(&body).map(|record| (record, bytes)))
    }

    /// Brings a record of the file's end into the index.
    fn apply(&mut self, record: Record, body: usize) {
        let bytes = (HEAD + body) as u64;
        self.end += bytes;
        match record {
            Record::Put {
                namespace,
                key,
                imported,
                value,
            } => {
                let place = Place {
                    offset: self.end - value as u64,
                    length: value,
                    imported,
                    record: bytes,
                };
                self.entries
                    .entry(namespace)
                    .or_default()
                    .insert(key, place);
            }
            Record::Remove { namespace, key } => {
                if let Some(keys) = self.entries.get_mut(&namespace) {
                    keys.remove(&key);
                }
            }
            Record::Clear => self.entries.clear(),
            Record::Meta { key, value } => {
                self.meta.insert(key, value);
            }
        }
    }

    fn append(&mut self, record: &Record, value: &[u8]) -> Result<()> {
        let bytes = record::encode(record, value);
        let body = bytes.len() - HEAD;
        if body > LONGEST {
            return Err(Error::Misuse("the entry is too long for the cache".into()));
        }
        self.write(self.end, &bytes)?;
        self.apply(record.clone(), body);
        Ok(())
    }

    fn value(&mut self, place: Place) -> Result<Vec<u8>> {
        let mut value = vec![0; place.length];
        self.read(place.offset, &mut value)?;
        Ok(value)
    }

    /// Rewrites a file that is mostly garbage. A crash meanwhile costs the entries not yet rewritten.
    fn compact(&mut self) -> Result<()> {
        let places = self.entries.values().flat_map(BTreeMap::values);
        let live: u64 = places.map(|place| place.record).sum();
        let garbage = self.end.saturating_sub(START + live);
        if garbage < WORTH.max(live) {
            return Ok(());
        }
        let mut entries = Vec::new();
        for (namespace, keys) in self.entries.clone() {
            for (key, place) in keys {
                entries.push((namespace.clone(), key, place.imported, self.value(place)?));
            }
        }
        let meta = std::mem::take(&mut self.meta);
        self.begin()?;
        for (key, value) in meta {
            self.append(&Record::Meta { key, value }, &[])?;
        }
        for (namespace, key, imported, value) in entries {
            let record = Record::Put {
                namespace,
                key,
                imported,
                value: value.len(),
            };
            self.append(&record, &value)?;
        }
        Ok(())
    }

    /// Empties the file and gives it a generation that no reader knows.
    fn begin(&mut self) -> Result<()> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.generation = now.max(self.generation.wrapping_add(1));
        self.file
            .set_len(0)
            .map_err(Error::io("writing the cache"))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.generation.to_le_bytes());
        self.write(0, &bytes)?;
        self.end = START;
        self.entries.clear();
        self.meta.clear();
        Ok(())
    }

    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(bytes))
            .map_err(Error::io("reading the cache"))
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.write_all(bytes))
            .map_err(Error::io("writing the cache"))
    }
}
