//! Transactions: they promise nothing, since every statement stands alone.

use std::ops::Deref;

use crate::{Connection, Result};

/// When a transaction takes the lock; of no consequence here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionBehavior {
    /// At the first write.
    Deferred,
    /// At once.
    Immediate,
}

/// Statements run on it take effect at once.
#[derive(Debug)]
pub struct Transaction<'a> {
    connection: &'a Connection,
}

impl Transaction<'_> {
    /// Does nothing: the statements have taken effect.
    ///
    /// # Errors
    /// None; the database that this stands in for can fail here.
    pub async fn commit(self) -> Result<()> {
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Connection {
    /// Begins a transaction.
    ///
    /// # Errors
    /// None; the database that this stands in for can fail here.
    pub async fn transaction_with_behavior(
        &mut self,
        _behavior: TransactionBehavior,
    ) -> Result<Transaction<'_>> {
        Ok(Transaction { connection: self })
    }
}
