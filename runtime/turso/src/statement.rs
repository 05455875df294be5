//! The statements that CubeCL sends, known by their text.

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    /// Makes a table; there always is one.
    Create,
    /// Removes all entries.
    DropEntries,
    /// Reads a row of the table beside the entries.
    MetaGet,
    /// Writes such a row.
    MetaSet,
    /// Writes an entry, unless there is one that it may not replace.
    Insert,
    /// Writes an entry, whatever is there.
    Replace,
    /// Reads an entry.
    Select,
    /// Reads a namespace.
    Scan,
    /// Removes a namespace.
    Purge,
    /// Removes an entry.
    PurgeKey,
    /// Counts entries and bytes of each namespace.
    Summary,
}

const STATEMENTS: [(&str, Statement); 12] = [
    (
        "CREATE TABLE IF NOT EXISTS meta ( k TEXT PRIMARY KEY, v TEXT NOT NULL )",
        Statement::Create,
    ),
    (
        "CREATE TABLE IF NOT EXISTS entries ( namespace TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, \
         origin INTEGER NOT NULL, PRIMARY KEY (namespace, key) )",
        Statement::Create,
    ),
    ("DROP TABLE IF EXISTS entries", Statement::DropEntries),
    ("SELECT v FROM meta WHERE k = ?1", Statement::MetaGet),
    (
        "INSERT INTO meta (k, v) VALUES (?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v",
        Statement::MetaSet,
    ),
    (
        "INSERT INTO entries (namespace, key, value, origin) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(namespace, key) \
         DO UPDATE SET value = excluded.value, origin = excluded.origin WHERE entries.origin = 1 AND excluded.origin = 0",
        Statement::Insert,
    ),
    (
        "INSERT INTO entries (namespace, key, value, origin) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(namespace, key) \
         DO UPDATE SET value = excluded.value, origin = excluded.origin",
        Statement::Replace,
    ),
    (
        "SELECT value FROM entries WHERE namespace = ?1 AND key = ?2",
        Statement::Select,
    ),
    (
        "SELECT key, value, origin FROM entries WHERE namespace = ?1",
        Statement::Scan,
    ),
    ("DELETE FROM entries WHERE namespace = ?1", Statement::Purge),
    (
        "DELETE FROM entries WHERE namespace = ?1 AND key = ?2",
        Statement::PurgeKey,
    ),
    (
        "SELECT namespace, COUNT(*), SUM(length(key) + length(value)) FROM entries GROUP BY namespace ORDER BY namespace",
        Statement::Summary,
    ),
];

impl Statement {
    /// What this text asks for, if it is known.
    pub(crate) fn of(sql: &str) -> Option<Self> {
        let words = || sql.split_whitespace();
        STATEMENTS
            .iter()
            .find(|(text, _)| text.split_whitespace().eq(words()))
            .map(|(_, statement)| *statement)
    }
}
