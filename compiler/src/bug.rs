//! Faults of the compiler itself: one way to end on them, with a request to report.

/// Ends with a request to report: something that checking promises does not hold. Caught at the edge of the program.
macro_rules! bug {
    ($($arg:tt)*) => {
        $crate::bug::fault(&format!($($arg)*))
    };
}
pub(crate) use bug;

/// See `bug!`.
#[allow(
    clippy::panic,
    reason = "the one place where a fault of the compiler ends it"
)]
#[cold]
#[track_caller]
pub fn fault(what: &str) -> ! {
    panic!("fault of the compiler: {what}; please report this, with the file that shows it")
}
