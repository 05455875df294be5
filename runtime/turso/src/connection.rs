//! Runs statements on a table.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::statement::Statement;
use crate::table::Table;
use crate::value::{IntoParams, Row, Rows, Value};
use crate::{Error, Result};

/// Runs statements.
pub struct Connection {
    table: Arc<Mutex<Table>>,
}

impl Connection {
    pub(crate) fn new(table: Arc<Mutex<Table>>) -> Self {
        Self { table }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a statement waits for another process's lock.
    ///
    /// # Errors
    /// None; the database that this stands in for can fail here.
    pub fn busy_timeout(&self, timeout: Duration) -> Result<()> {
        self.table().set_patience(timeout);
        Ok(())
    }

    /// Takes settings of synchronization, which have no meaning here.
    ///
    /// # Errors
    /// At any other pragma.
    pub async fn pragma_query<F>(&self, pragma: &str, _row: F) -> Result<()>
    where
        F: FnMut(&Row) -> Result<()>,
    {
        if pragma.starts_with("synchronous") {
            Ok(())
        } else {
            Err(Error::Misuse(format!("`{pragma}` is not supported")))
        }
    }

    /// Runs a statement that changes something; yields the number of rows changed.
    ///
    /// # Errors
    /// At a statement that is not known, and where the file fails.
    pub async fn execute(&self, sql: &str, params: impl IntoParams) -> Result<u64> {
        let mut params = Params(params.into_params().into_iter());
        let mut table = self.table();
        match known(sql)? {
            Statement::Create => Ok(0),
            Statement::DropEntries => table.drop_entries().map(|()| 0),
            Statement::MetaSet => table.set_meta(&params.text()?, &params.text()?).map(|()| 1),
            statement @ (Statement::Insert | Statement::Replace) => {
                let (namespace, key) = (params.text()?, params.blob()?);
                let (value, imported) = (params.blob()?, params.integer()? != 0);
                let always = statement == Statement::Replace;
                table
                    .insert(&namespace, &key, &value, imported, always)
                    .map(u64::from)
            }
            Statement::Purge => table.purge(&params.text()?),
            Statement::PurgeKey => table.purge_key(&params.text()?, &params.blob()?),
            _ => Err(Error::Misuse(format!("`{sql}` yields rows"))),
        }
    }

    /// Runs a statement that yields rows.
    ///
    /// # Errors
    /// At a statement that is not known, and where the file fails.
    pub async fn query(&self, sql: &str, params: impl IntoParams) -> Result<Rows> {
        let mut params = Params(params.into_params().into_iter());
        let mut table = self.table();
        let rows = match known(sql)? {
            Statement::MetaGet => table
                .meta(&params.text()?)?
                .map(|value| Row(vec![value.into()]))
                .into_iter()
                .collect(),
            Statement::Select => table
                .get(&params.text()?, &params.blob()?)?
                .map(|value| Row(vec![value.into()]))
                .into_iter()
                .collect(),
            Statement::Scan => table
                .scan(&params.text()?)?
                .into_iter()
                .map(|(key, value, imported)| {
                    Row(vec![key.into(), value.into(), i64::from(imported).into()])
                })
                .collect(),
            Statement::Summary => table
                .summary()?
                .into_iter()
                .map(|(namespace, entries, bytes)| {
                    Row(vec![namespace.into(), entries.into(), bytes.into()])
                })
                .collect(),
            _ => return Err(Error::Misuse(format!("`{sql}` yields no rows"))),
        };
        Ok(Rows::new(rows))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

fn known(sql: &str) -> Result<Statement> {
    Statement::of(sql).ok_or_else(|| Error::Misuse(format!("`{sql}` is not supported")))
}

/// Parameters, taken in order.
struct Params(std::vec::IntoIter<Value>);

impl Params {
    fn text(&mut self) -> Result<String> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(text),
            other => Err(Error::Misuse(format!("a text was expected, not {other:?}"))),
        }
    }

    fn blob(&mut self) -> Result<Vec<u8>> {
        match self.0.next() {
            Some(Value::Blob(blob)) => Ok(blob),
            other => Err(Error::Misuse(format!("bytes were expected, not {other:?}"))),
        }
    }

    fn integer(&mut self) -> Result<i64> {
        match self.0.next() {
            Some(Value::Integer(value)) => Ok(value),
            other => Err(Error::Misuse(format!(
                "a number was expected, not {other:?}"
            ))),
        }
    }
}
