//! A training on several machines: the options that say so, and meeting the other nodes. What nodes do together is the
//! runtime's.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use termc_runtime::data::Dataset;
use termc_runtime::device::Selected;
use termc_runtime::train::checkpoint::Checkpoint;
use termc_runtime::train::{Agreement, Interval, Member, Nodes, Rendezvous, Settings};

use super::stop_on_signals;
use crate::failure::Failure;
use crate::model::Loaded;
use crate::terminal::Terminal;

/// Options of a training on several machines.
#[derive(Debug, Default, Args)]
pub struct NodeArgs {
    /// Train on so many machines together; each runs the same command with its own --node
    #[arg(long, value_name = "N", requires_all = ["node", "rendezvous"],
          value_parser = clap::value_parser!(u32).range(2..))]
    nodes: Option<u32>,

    /// Which of them this is, from 0; node 0 writes the RUN folder, validates and tests
    #[arg(long, value_name = "I", requires = "nodes")]
    node: Option<u32>,

    /// Address of node 0, where it waits for the others; in a network you trust, as nothing is encrypted
    #[arg(long, value_name = "HOST:PORT", requires = "nodes", value_parser = address)]
    rendezvous: Option<String>,

    /// How long to wait until all nodes are there [default: 5m]
    #[arg(long, value_name = "TIME", requires = "nodes", value_parser = time)]
    join_timeout: Option<Duration>,
}

fn address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(1..)) => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is not an address; write for example `10.0.0.1:5000`"
        )),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(Interval::Seconds(seconds)) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!(
            "`{text}` is not a time; write for example `90s` or `10m`"
        )),
    }
}

/// What the nodes must agree on.
pub struct Terms<'a> {
    /// The model.
    pub loaded: &'a Loaded,
    /// The settings.
    pub settings: &'a Settings,
    /// The data set.
    pub dataset: &'a Dataset,
    /// Where the training goes on.
    pub checkpoint: Option<&'a Checkpoint>,
    /// This node's devices.
    pub selected: &'a Selected,
}

impl NodeArgs {
    /// Whether this node has the RUN folder: the first of several, or the only one.
    pub fn records(&self) -> bool {
        self.node.unwrap_or(0) == 0
    }

    /// Meets the other nodes; None if there are none.
    pub fn join(
        &self,
        terms: &Terms<'_>,
        stop: &Arc<AtomicBool>,
        terminal: &Terminal,
    ) -> Result<Option<Nodes>, Failure> {
        let (Some(nodes), Some(node), Some(address)) = (self.nodes, self.node, &self.rendezvous)
        else {
            return Ok(None);
        };
        if node >= nodes {
            return Err(Failure::usage(format!(
                "there is no node {node} of {nodes}: they are counted from 0"
            )));
        }
        // The waiting can be ended, too.
        stop_on_signals(stop, terminal)?;
        let rendezvous = Rendezvous {
            address,
            nodes: nodes as usize,
            node: node as usize,
            patience: self.join_timeout.unwrap_or(Duration::from_secs(300)),
            stop,
            pace: termc_runtime::train::nodes::Pace::default(),
        };
        let Terms {
            loaded,
            settings,
            dataset,
            checkpoint,
            selected,
        } = terms;
        let kind = match selected {
            Selected::Cpu => "cpu",
            Selected::Cuda { .. } => "cuda",
        };
        let agreement = Agreement::new(&loaded.model, settings, dataset, *checkpoint, kind);
        let own = Member {
            device: selected.to_string(),
            devices: selected.count(),
        };
        let waits = match node {
            0 => format!("waiting at {address} for the other nodes"),
            _ => format!("node {node} of {nodes}, waiting for node 0 at {address}"),
        };
        terminal.note(&waits);
        let joined = rendezvous.join(own, &agreement, loaded.model.parameter_count());
        joined.map(Some).map_err(|error| {
            if stop.load(Ordering::Relaxed) {
                return Failure::interrupted(error);
            }
            let help = match error {
                termc_runtime::Error::Input(_) => {
                    "run the same command on every node, with the same files; only `--node`, `--device`, `--data-dir` \
                     and `--out` may differ"
                }
                _ => {
                    "run the same command on every node with its own `--node`; node 0's address and port must be \
                     reachable from the others; `--join-timeout` says how long to wait"
                }
            };
            Failure::from(error).help(help)
        })
    }
}

/// What to do after a failure, for nodes that have no folder of their own.
pub fn go_on(resumed: Option<&Path>) -> String {
    let how = match resumed {
        Some(folder) => format!("`--resume {}`", folder.display()),
        None => "`--resume` and its RUN folder".to_owned(),
    };
    format!("node 0 has the checkpoints; once this is mended, go on with {how} on every node")
}
