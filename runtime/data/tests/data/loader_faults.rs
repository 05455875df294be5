//! What goes wrong on the loader's threads comes to whoever iterates, in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use termc_data::{Error, Fault, Loader, Part, StopRequest, Subset};

use crate::plain;

const SHAPE: [usize; 3] = [1, 2, 2];

/// Evaluates ten images that `read` reads, two a batch.
fn loader(read: impl Fn(usize) -> Result<Vec<u8>, Error> + Send + Sync + 'static) -> Loader {
    let part = Part::from_fn(SHAPE, 2, vec![0; 10], read).unwrap();
    Loader::evaluation(Subset::all(Arc::new(part)), 2, &plain(1)).unwrap()
}

fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_secs(60));
    }
}

/// The first error of an epoch and how many batches came before; nothing comes after it.
fn first_error(loader: &Loader) -> (usize, Error) {
    let mut epoch = loader.epoch(3, 0).unwrap();
    let mut good = 0;
    loop {
        match epoch.next() {
            Some(Ok(_)) => good += 1,
            Some(Err(error)) => {
                assert!(epoch.next().is_none());
                return (good, error);
            }
            None => panic!("the epoch ended without an error"),
        }
    }
}

#[test]
fn a_panic_is_an_error_of_its_batch() {
    let loader = loader(|index| match index {
        5 => panic!("image {index} is cursed"),
        _ => Ok(vec![0; 4]),
    });
    let (good, error) = first_error(&loader);
    assert_eq!(good, 2);
    assert_eq!(
        error.to_string(),
        "batch 2 of epoch 3 could not be made, a thread of the loader panicked: image 5 is cursed"
    );
    assert_eq!(error.fault(), Fault::Machine);
    // The pool has survived it.
    assert_eq!(loader.epoch(0, 3).unwrap().filter(Result::is_ok).count(), 2);
}

#[test]
fn errors_and_wrong_sizes_are_passed_on() {
    let (good, error) = first_error(&loader(|index| match index {
        3 => Err(Error::Inconsistent {
            what: "the weather",
            expected: "sun".into(),
            found: "rain".into(),
        }),
        _ => Ok(vec![0; 4]),
    }));
    assert_eq!(good, 1);
    assert_eq!(error.to_string(), "the weather: expected sun, found rain");
    let (good, error) = first_error(&loader(|_| Ok(vec![0; 3])));
    assert_eq!(good, 0);
    assert_eq!(
        error.to_string(),
        "pixel count of an image: expected 4, found 3"
    );
}

#[test]
fn a_read_that_hangs_ends_at_the_deadline() {
    let loader = loader(|index| match index {
        2.. => hang(),
        _ => Ok(vec![0; 4]),
    });
    let start = Instant::now();
    let (good, error) = first_error(&loader.deadline(Duration::from_millis(300)));
    assert_eq!(good, 1);
    assert!(matches!(error, Error::Stalled { batch: 1, .. }), "{error}");
    // Dropping the epoch does not wait for the thread for ever either.
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_stop_request_ends_waiting() {
    let stop = StopRequest::new();
    let loader = loader(|index| match index {
        4.. => hang(),
        _ => Ok(vec![0; 4]),
    })
    .stop_on(&stop);
    let mut epoch = loader.epoch(0, 0).unwrap();
    epoch.next().unwrap().unwrap();
    epoch.next().unwrap().unwrap();
    let requested = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        stop.request();
        Instant::now()
    });
    let error = epoch.next().unwrap().unwrap_err();
    let late = requested.join().unwrap().elapsed();
    assert!(
        error.is_stop() && matches!(error, Error::Stopped),
        "{error}"
    );
    assert!(late < Duration::from_secs(1), "{late:?}");
    assert!(epoch.next().is_none());
}

#[test]
fn batches_that_are_ready_are_given_out_in_spite_of_a_stop_request() {
    let stop = StopRequest::new();
    let loader = loader(|_| Ok(vec![0; 4])).stop_on(&stop);
    let mut epoch = loader.epoch(0, 0).unwrap();
    epoch.next().unwrap().unwrap();
    // Long enough for the next one to be ready.
    thread::sleep(Duration::from_millis(300));
    stop.request();
    assert_eq!(epoch.next().unwrap().unwrap().number, 1);
}

#[test]
fn dropping_an_epoch_ends_the_batch_in_work() {
    let read = Arc::new(AtomicUsize::new(0));
    let count = read.clone();
    let part = Part::from_fn(SHAPE, 2, vec![0; 10_000], move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(5));
        Ok(vec![0; 4])
    });
    let subset = Subset::all(Arc::new(part.unwrap()));
    let loader = Loader::evaluation(subset, 10_000, &plain(1)).unwrap();
    let epoch = loader.epoch(0, 0).unwrap();
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    drop(epoch);
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(read.load(Ordering::Relaxed) < 5_000);
}

#[test]
fn sizes_of_nothing_are_refused() {
    let message = |shape, classes| {
        let part = Part::new(shape, classes, vec![], vec![]);
        part.unwrap_err().to_string()
    };
    assert_eq!(
        message([1, 0, 2], 2),
        "image shape: expected no size of 0, found [1, 0, 2]"
    );
    assert_eq!(
        message([1, 2, 2], 0),
        "number of classes: expected at least 1, found 0"
    );
}
