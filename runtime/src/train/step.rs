//! One optimizer step: its images shared among the devices of all nodes, their gradients added, every replica updated
//! alike. Knows no epochs and no files.

use std::sync::Arc;

use super::finite::Culprit;
use super::nodes::{Flaw, Nodes, Report};
use super::peers::{Group, Peer, Remote, group};
use super::replica::{Replica, Seen, Share};
use super::scores::Sums;
use super::settings::Settings;
use super::stopping::Wish;
use crate::Error;
use crate::data::Batch;
use crate::device::{Devices, TrainBackend};
use crate::network::Network;
use crate::objective::TermValues;
use crate::params::Params;
use crate::tensors::Tensors;

/// Everything a step changes, on all devices. Fields are dropped in this order: the group is free once all have left it.
pub struct Learner<B: TrainBackend> {
    others: Vec<Remote<B>>,
    main: Peer<B>,
    _group: Option<Group>,
    network: Arc<Network>,
    nodes: Option<Nodes>,
}

/// What a step did.
#[derive(Clone, Copy, Debug)]
pub struct StepResult {
    /// Mean loss terms over its images.
    pub terms: TermValues,
    /// Images.
    pub images: usize,
    /// Images answered right.
    pub correct: usize,
    /// What is to follow, as all nodes agree.
    pub wish: Wish,
}

/// Why a step was not made; the weights are then as before.
#[derive(Debug)]
pub enum NoStep {
    /// Something was not finite.
    NotFinite(Culprit),
    /// The devices failed.
    Failed(Error),
}

impl From<Error> for NoStep {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<B: TrainBackend> Learner<B> {
    /// Fresh weights, the same on all devices. These are all there are, or with `nodes` those of one of several nodes.
    ///
    /// # Errors
    /// If the devices cannot work together.
    pub fn new(
        network: &Arc<Network>,
        settings: &Settings,
        devices: &Devices<B>,
        nodes: Option<Nodes>,
    ) -> Result<Self, Error> {
        let main = Peer::new(Replica::new(
            network.clone(),
            settings,
            devices.main.clone(),
        ));
        let mut learner = Self {
            others: vec![],
            main,
            _group: None,
            network: network.clone(),
            nodes,
        };
        if devices.replicas.is_empty() {
            return Ok(learner);
        }
        learner._group = Some(group());
        for (number, device) in devices.replicas.iter().enumerate() {
            let (network, settings) = (network.clone(), settings.clone());
            let device = device.clone();
            let make = move || Peer::new(Replica::new(network, &settings, device));
            let name = format!("device-{}", number + 1);
            learner.others.push(Remote::spawn(name, make)?);
        }
        // All threads are there before the first one waits for the others.
        let count = devices.replicas.len() + 1;
        let joining: Vec<_> = (learner.others.iter().zip(&devices.replicas).enumerate())
            .map(|(number, (other, device))| {
                let device = device.clone();
                other.ask(move |peer| peer.join(number + 1, count, device))
            })
            .collect();
        learner.main.join(0, count, devices.main.clone())?;
        joining
            .into_iter()
            .try_for_each(|answer| answer.wait().flatten())?;
        Ok(learner)
    }

    /// This node's number where there are several nodes.
    pub fn node(&self) -> Option<usize> {
        self.nodes.as_ref().map(Nodes::node)
    }

    /// Weights, optimizer state and averages, for a checkpoint.
    pub fn to_tensors(&self) -> Tensors {
        self.main.replica.to_tensors()
    }

    /// Requires all replicas, those of all nodes, to be equal after `steps` steps, bit for bit.
    ///
    /// # Errors
    /// Which one differs.
    pub fn compare(&self, steps: usize) -> Result<(), Error> {
        if self.others.is_empty() && self.nodes.is_none() {
            return Ok(());
        }
        let answers: Vec<_> = (self.others.iter())
            .map(|other| other.ask(|peer| peer.replica.digest()))
            .collect();
        let own = self.main.replica.digest();
        for (number, answer) in answers.into_iter().enumerate() {
            if answer.wait()? != own {
                return Err(Error::Device(format!(
                    "the weights on device {} of {} differ from those on the first",
                    number + 2,
                    self.others.len() + 1
                )));
            }
        }
        match &self.nodes {
            Some(nodes) => nodes.compare(steps, &own),
            None => Ok(()),
        }
    }

    /// Ends the work of several nodes together.
    ///
    /// # Errors
    /// If node 0 was lost or has failed.
    pub fn part(&mut self) -> Result<(), Error> {
        self.nodes.as_mut().map_or(Ok(()), Nodes::part)
    }

    /// Tells the other nodes why this one goes no further.
    pub fn fail(&mut self, error: &Error) {
        if let Some(nodes) = &mut self.nodes {
            nodes.fail(error);
        }
    }

    /// Takes a checkpoint's tensors up again after `steps` steps.
    ///
    /// # Errors
    /// If they are not of this model and recipe.
    pub fn load(&mut self, tensors: &Tensors, steps: usize) -> Result<(), Error> {
        let shared = Arc::new(tensors.clone());
        let answers: Vec<_> = (self.others.iter())
            .map(|other| {
                let tensors = shared.clone();
                other.ask(move |peer| peer.replica.load(&tensors, steps))
            })
            .collect();
        self.main.replica.load(tensors, steps)?;
        answers
            .into_iter()
            .try_for_each(|answer| answer.wait().flatten())
    }

    /// The weights as the optimizer has them.
    pub fn params(&self) -> &Params<B::InnerBackend> {
        self.main.replica.params()
    }

    /// The weights that are validated and kept: the averaged ones, if the recipe averages.
    pub fn evaluated(&self) -> Params<B::InnerBackend> {
        self.main.replica.evaluated()
    }

    /// Makes step number `step` (from 0) of learning rate `lr` on the images of all `batches` together. `wish` is asked
    /// once the gradient is there.
    ///
    /// # Errors
    /// What was not finite on any device, or how a device or a node failed.
    pub fn step(
        &mut self,
        batches: Vec<Batch>,
        step: usize,
        lr: f64,
        wish: impl FnOnce() -> Wish,
    ) -> Result<StepResult, NoStep> {
        let own = self.others.len() + 1;
        let (first, all) = match &self.nodes {
            Some(nodes) => (nodes.first_device(), nodes.devices()),
            None => (0, own),
        };
        let mut shares = shares(batches, all).into_iter().skip(first).take(own);
        let own = shares.next().unwrap_or_default();
        let computing: Vec<_> = (self.others.iter().zip(shares))
            .map(|(other, shares)| other.ask(move |peer| peer.compute(shares, step)))
            .collect();
        let mut seen = vec![self.main.compute(own, step)];
        for answer in computing {
            seen.push(answer.wait()?);
        }
        // Only once all have their gradients do they add them: nobody waits for one that failed.
        let seen: Result<Vec<Vec<Seen>>, Culprit> = seen.into_iter().collect();
        let seen = seen.map(|seen| seen.concat());
        if seen.is_ok() {
            let adding: Vec<_> = (self.others.iter())
                .map(|other| other.ask(Peer::add))
                .collect();
            self.main.add()?;
            for answer in adding {
                answer.wait()??;
            }
        }
        let (seen, wish) = self.agree(seen, step, wish())?;
        let updating: Vec<_> = (self.others.iter())
            .map(|other| other.ask(move |peer| peer.update(lr)))
            .collect();
        self.main.update(lr);
        for answer in updating {
            answer.wait()?;
        }
        Ok(total(&seen, wish))
    }

    /// Adds the gradients of all nodes; gives what all of them have seen and what is to follow.
    fn agree(
        &mut self,
        seen: Result<Vec<Seen>, Culprit>,
        step: usize,
        wish: Wish,
    ) -> Result<(Vec<Seen>, Wish), NoStep> {
        let Some(nodes) = &self.nodes else {
            return Ok((seen.map_err(NoStep::NotFinite)?, wish));
        };
        let gradient = match &seen {
            Ok(_) => self.main.numbers(),
            Err(_) => vec![],
        };
        let seen = seen.map_err(Flaw::from);
        let (whole, sum) = nodes.add(Report { step, seen, wish }, gradient)?;
        let seen = match whole.seen {
            Ok(seen) => seen,
            Err(flaw) => return Err(NoStep::NotFinite(flaw.culprit(self.network.model()))),
        };
        let sum: Arc<[f32]> = sum.into();
        for other in &self.others {
            let sum = sum.clone();
            // Whoever cannot do it answers no more at the update.
            other.ask(move |peer| peer.replace(&sum));
        }
        self.main.replace(&sum);
        Ok((seen, whole.wish))
    }
}

/// Each device's shares of a step: of every batch consecutive images, as many as of the others or one fewer.
fn shares(batches: Vec<Batch>, devices: usize) -> Vec<Vec<Share>> {
    let total: usize = batches.iter().map(Batch::len).sum();
    let mut all: Vec<Vec<Share>> = (0..devices).map(|_| Vec::new()).collect();
    let mut first_image = 0;
    for batch in batches {
        for (shares, batch) in all.iter_mut().zip(batch.split(devices)) {
            let images = batch.len();
            shares.push(Share {
                batch,
                first_image,
                weight: images as f64 / total.max(1) as f64,
            });
            first_image += images;
        }
    }
    all
}

fn total(seen: &[Seen], wish: Wish) -> StepResult {
    let mut sums = Sums::default();
    for Seen {
        terms,
        images,
        correct,
    } in seen
    {
        sums.add(terms, *images, *correct);
    }
    StepResult {
        terms: sums.terms(),
        images: sums.images as usize,
        correct: sums.correct as usize,
        wish,
    }
}

#[cfg(test)]
mod tests;
