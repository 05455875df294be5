//! Ranks that are threads of one process, for tests without MPI.

use std::sync::mpsc::{Receiver, Sender, channel};

use termc_runtime::Error;
use termc_runtime::train::ranks::{Communicator, sum_in_order};

/// One of some threads that exchange bytes through channels, one for each pair.
pub struct ThreadRank {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

/// So many ranks that know each other, in order.
pub fn threads(size: usize) -> Vec<ThreadRank> {
    let mut ranks: Vec<ThreadRank> = (0..size)
        .map(|rank| ThreadRank {
            rank,
            to: vec![],
            from: vec![],
        })
        .collect();
    for from in 0..size {
        for to in 0..size {
            let (sender, receiver) = channel();
            ranks[from].to.push(sender);
            ranks[to].from.push(receiver);
        }
    }
    ranks
}

/// What each of so many ranks comes to, in order.
pub fn on_ranks<T: Send>(size: usize, work: impl Fn(&ThreadRank) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let working: Vec<_> = threads(size)
            .into_iter()
            .map(|rank| {
                let work = &work;
                scope.spawn(move || work(&rank))
            })
            .collect();
        working.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

impl Communicator for ThreadRank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn local(&self) -> (usize, usize) {
        (self.rank, self.size())
    }

    fn host(&self) -> String {
        "test".into()
    }

    fn all_gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let lost = || Error::Rank("a rank was lost".into());
        for to in &self.to {
            to.send(own.to_vec()).map_err(|_| lost())?;
        }
        let heard = self.from.iter().map(|from| from.recv().map_err(|_| lost()));
        heard.collect()
    }

    fn all_reduce(&self, own: Vec<f32>) -> Result<Vec<f32>, Error> {
        let bytes: Vec<u8> = own.iter().flat_map(|n| n.to_le_bytes()).collect();
        let all = self.all_gather(&bytes)?.concat();
        let (words, _) = all.as_chunks::<4>();
        let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        Ok(sum_in_order(&numbers, own.len()))
    }

    fn broadcast(&self, own: Vec<u8>) -> Result<Vec<u8>, Error> {
        Ok(self.all_gather(&own)?.swap_remove(0))
    }

    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn abort(&self, _: u8) {}
}
