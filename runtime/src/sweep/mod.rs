//! A sweep: the same training of several models with several seeds, in one folder. What is to be trained, what has come of it, and how
//! it is told. Trains nothing and starts no program.

mod halving;
mod ledger;
mod page;
mod results;

pub use halving::{LeftOut, Stage, next_stage};
pub use ledger::{Failures, LEDGER, Ledger, Member, Run, lock};
pub use page::page;
pub use results::{Mean, Objective, Row, rows};
