//! Replicas of a training on several devices, which Burn's all-reduce keeps equal: one on the caller's thread, each other
//! one on a thread of its own for as long as the training lasts, because devices keep memory per thread. Decides neither
//! who computes which images nor when.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use burn::tensor::{Tensor, TensorData, TensorPrimitive};
use burn_collective::{
    AllReduceStrategy, CollectiveConfig, CollectiveError, PeerId, ReduceOperation, all_reduce,
    finish_collective, register,
};

use super::finite::Culprit;
use super::replica::{Replica, Seen, Share};
use crate::Error;
use crate::device::TrainBackend;

/// Burn knows one group of peers per process; a second training on several devices waits for the first one's end.
static GROUP: Mutex<()> = Mutex::new(());

/// The right to be the group; it must be given back after all peers have left.
pub type Group = MutexGuard<'static, ()>;

/// Waits until no other training of this process uses several devices.
pub fn group() -> Group {
    GROUP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A replica and its place in the group.
pub struct Peer<B: TrainBackend> {
    /// The replica.
    pub replica: Replica<B>,
    id: Option<PeerId>,
    /// Of the step under way, before the others' are added.
    gradient: Option<Tensor<B::InnerBackend, 1>>,
}

impl<B: TrainBackend> Peer<B> {
    /// Not in a group.
    pub fn new(replica: Replica<B>) -> Self {
        Self {
            replica,
            id: None,
            gradient: None,
        }
    }

    /// Joins the group as number `id` of `count`; returns once all have joined.
    ///
    /// # Errors
    /// What Burn says.
    pub fn join(&mut self, id: usize, count: usize, device: B::Device) -> Result<(), Error> {
        let id = PeerId::from(id);
        // Devices are summed in the order of their numbers, the same in every step.
        let config = CollectiveConfig::default()
            .with_num_devices(count)
            .with_local_all_reduce_strategy(AllReduceStrategy::Tree(2));
        register::<B::InnerBackend>(id, device, config).map_err(collective)?;
        self.id = Some(id);
        Ok(())
    }

    /// Computes the gradient of some images of step number `step` (from 0) and keeps it.
    ///
    /// # Errors
    /// What was not finite.
    pub fn compute(&mut self, shares: Vec<Share>, step: usize) -> Result<Vec<Seen>, Culprit> {
        let (gradient, seen) = self.replica.gradient(shares, step)?;
        self.gradient = Some(gradient);
        Ok(seen)
    }

    /// Adds the kept gradients of the group and keeps the sum in their place. Every peer must call it: it waits for them
    /// all.
    ///
    /// # Errors
    /// What Burn says.
    pub fn add(&mut self) -> Result<(), Error> {
        let Some(id) = self.id else {
            return Ok(());
        };
        if let Some(gradient) = self.gradient.take() {
            let own = gradient.into_primitive().tensor();
            let sum = all_reduce::<B::InnerBackend>(id, own, ReduceOperation::Sum);
            let sum = TensorPrimitive::Float(sum.map_err(collective)?);
            self.gradient = Some(Tensor::from_primitive(sum));
        }
        Ok(())
    }

    /// The kept gradient's numbers.
    pub fn numbers(&self) -> Vec<f32> {
        let data = self.gradient.clone().map(Tensor::into_data);
        data.map_or(vec![], |data| data.iter::<f32>().collect())
    }

    /// Keeps other numbers in the kept gradient's place.
    pub fn replace(&mut self, numbers: &[f32]) {
        if let Some(gradient) = &self.gradient {
            let data = TensorData::new(numbers.to_vec(), [numbers.len()]);
            self.gradient = Some(Tensor::from_data(data, &gradient.device()));
        }
    }

    /// Updates the weights by the kept gradient.
    pub fn update(&mut self, lr: f64) {
        if let Some(gradient) = self.gradient.take() {
            self.replica.update(gradient, lr);
        }
    }
}

impl<B: TrainBackend> Drop for Peer<B> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // It has joined, and whoever goes needs no answer.
            let _ = finish_collective::<B::InnerBackend>(id);
        }
    }
}

fn collective(error: CollectiveError) -> Error {
    Error::Device(format!("the devices cannot add their gradients: {error:?}"))
}

type Task<B> = Box<dyn FnOnce(&mut Peer<B>) + Send>;

/// A peer on a thread of its own.
pub struct Remote<B: TrainBackend> {
    tasks: Option<Sender<Task<B>>>,
    thread: Option<JoinHandle<()>>,
}

impl<B: TrainBackend> Remote<B> {
    /// Makes the peer on a new thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn spawn(
        name: String,
        make: impl FnOnce() -> Peer<B> + Send + 'static,
    ) -> Result<Self, Error> {
        let (tasks, received) = channel::<Task<B>>();
        let work = move || {
            let mut peer = make();
            received.into_iter().for_each(|task| task(&mut peer));
        };
        let thread = std::thread::Builder::new().name(name).spawn(work);
        let thread = thread
            .map_err(|e| Error::Device(format!("cannot start a thread for a device: {e}")))?;
        Ok(Self {
            tasks: Some(tasks),
            thread: Some(thread),
        })
    }

    /// Has the peer do something after all it was asked before.
    pub fn ask<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Peer<B>) -> T + Send + 'static,
    ) -> Answer<T> {
        let (sender, answer) = channel();
        if let Some(tasks) = &self.tasks {
            // Where the thread is gone, the answer says so.
            let _ = tasks.send(Box::new(move |peer| {
                let _ = sender.send(task(peer));
            }));
        }
        Answer(answer)
    }
}

impl<B: TrainBackend> Drop for Remote<B> {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been told as a missing answer.
            let _ = thread.join();
        }
    }
}

/// What a peer will say.
pub struct Answer<T>(Receiver<T>);

impl<T> Answer<T> {
    /// Waits for it.
    ///
    /// # Errors
    /// If the peer's thread has ended.
    pub fn wait(self) -> Result<T, Error> {
        self.0
            .recv()
            .map_err(|_| Error::Device("the thread of a device has ended".into()))
    }
}
