//! Stands in for the database Turso: a table of keys and values in one file, for CubeCL's caches. Its functions are `async` since
//! Turso's are; none waits. No SQL beyond the statements that CubeCL sends. README.md beside this crate tells why.

mod connection;
mod error;
mod record;
mod statement;
mod table;
/// Transactions, which promise nothing here.
pub mod transaction;
mod value;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub use connection::Connection;
pub use error::{Error, Result};
pub use value::{FromValue, IntoParams, Row, Rows, Value};

use table::Table;

/// Opens a database.
#[derive(Debug)]
pub struct Builder {
    path: PathBuf,
    read_only: bool,
}

impl Builder {
    /// The file to open, made if it does not exist.
    #[must_use]
    pub fn new_local(path: &str) -> Self {
        Self {
            path: path.into(),
            read_only: false,
        }
    }

    /// Opens without writing; the file must exist.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Several processes can always share a file.
    #[must_use]
    pub fn experimental_multiprocess_wal(self, _enabled: bool) -> Self {
        self
    }

    /// Files compact themselves.
    #[must_use]
    pub fn experimental_vacuum(self, _enabled: bool) -> Self {
        self
    }

    /// Opens the file and reads its index.
    ///
    /// # Errors
    /// If the file cannot be opened, or is another program's.
    pub async fn build(self) -> Result<Database> {
        let table = Table::open(&self.path, self.read_only)?;
        Ok(Database {
            table: Arc::new(Mutex::new(table)),
        })
    }
}

/// An open file.
#[derive(Clone)]
pub struct Database {
    table: Arc<Mutex<Table>>,
}

impl Database {
    /// A handle that runs statements.
    ///
    /// # Errors
    /// None; the database that this stands in for can fail here.
    pub fn connect(&self) -> Result<Connection> {
        Ok(Connection::new(Arc::clone(&self.table)))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}
