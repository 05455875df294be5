//! Nodes as threads of one process.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::*;
use crate::Fault;
use crate::train::stopping::Stop;

/// An address that is free now.
fn address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn join(
    address: &str,
    [node, nodes]: [usize; 2],
    devices: usize,
    agreement: &Agreement,
    patience: Duration,
) -> Result<Nodes, Error> {
    let rendezvous = Rendezvous {
        address,
        nodes,
        node,
        patience,
        stop: &AtomicBool::new(false),
        pace: Pace {
            beat: Duration::from_millis(20),
            silence: Duration::from_secs(5),
        },
    };
    let own = Member {
        device: format!("cpu {node}"),
        devices,
    };
    rendezvous.join(own, agreement, 1 << 20)
}

/// All nodes of a training, with so many devices each.
pub fn meet(devices: &[usize]) -> Vec<Nodes> {
    let address = address();
    let joining: Vec<_> = (devices.iter().copied().enumerate())
        .map(|(node, own)| {
            let (address, nodes) = (address.clone(), devices.len());
            thread::spawn(move || {
                let agreement = Agreement::of("the seed", "7");
                let patience = Duration::from_secs(60);
                join(&address, [node, nodes], own, &agreement, patience).unwrap()
            })
        })
        .collect();
    joining.into_iter().map(|t| t.join().unwrap()).collect()
}

/// Has every node do the same on a thread of its own.
fn each<T: Send>(nodes: &mut [Nodes], act: impl Fn(&mut Nodes) -> T + Sync) -> Vec<T> {
    let act = &act;
    thread::scope(|scope| {
        let threads: Vec<_> = nodes
            .iter_mut()
            .map(|node| scope.spawn(move || act(node)))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

fn report(wish: Wish) -> Report {
    Report {
        step: 4,
        seen: Ok(vec![]),
        wish,
    }
}

#[test]
fn gradients_are_added_in_the_order_of_the_nodes() {
    let mut nodes = meet(&[1, 2, 1]);
    assert_eq!(nodes[2].describe(), "3 nodes: cpu 0; cpu 1; cpu 2");
    assert_eq!(nodes[2].first_device(), 3);
    assert_eq!(nodes[0].devices(), 4);
    // In another order the sum would be 1 or 0.
    let own = [1e8_f32, 1.0, -1e8];
    let found = each(&mut nodes, |node| {
        node.add(report(Wish::default()), vec![own[node.node()]; 3])
            .unwrap()
            .1
    });
    assert_eq!(found, vec![vec![(1e8_f32 + 1.0) - 1e8; 3]; 3]);
}

#[test]
fn all_nodes_stop_if_one_wishes_and_save_if_node_0_does() {
    let mut nodes = meet(&[1, 1, 1]);
    let stop = Some(Stop {
        node: 2,
        signal: true,
    });
    let found = each(&mut nodes, |node| {
        let wish = Wish {
            stop: stop.filter(|stop| stop.node == node.node()),
            save: node.node() == 1,
        };
        node.add(report(wish), vec![]).unwrap().0.wish
    });
    assert_eq!(found, vec![Wish { stop, save: false }; 3]);
}

#[test]
fn what_is_not_finite_on_one_node_is_known_to_all() {
    for broken in 0..3 {
        let mut nodes = meet(&[1, 1, 1]);
        let flaw = Flaw::Gradient(5, "b0.w".into());
        let found = each(&mut nodes, |node| {
            let mut report = report(Wish::default());
            let mut gradient = vec![1.0; 8];
            if node.node() == broken {
                report.seen = Err(flaw.clone());
                gradient.clear();
            }
            let (whole, sum) = node.add(report, gradient).unwrap();
            (whole.seen, sum)
        });
        assert_eq!(found, vec![(Err(flaw), vec![]); 3]);
    }
}

#[test]
fn other_weights_are_found_out() {
    let mut nodes = meet(&[1, 1]);
    each(&mut nodes, |node| node.compare(3, &[1, 2]).unwrap());
    let found = each(&mut nodes, |node| {
        let compared = node.compare(4, &[1, node.node() as u8]);
        compared.inspect_err(|error| node.fail(error))
    });
    for found in found {
        assert_eq!(
            found.unwrap_err().to_string(),
            "the weights on node 1 differ from those on node 0 after step 4"
        );
    }
}

#[test]
fn who_goes_or_fails_is_named_to_all() {
    let mut nodes = meet(&[1, 1, 1]);
    let mut third = nodes.pop().unwrap();
    third.fail(&Error::Device("no memory".into()));
    let found = each(&mut nodes, |node| {
        let added = node.add(report(Wish::default()), vec![1.0]);
        added.inspect_err(|error| node.fail(error)).unwrap_err()
    });
    for error in found {
        assert_eq!(error.to_string(), "node 2 has failed: no memory");
        assert_eq!(error.fault(), Fault::Machine);
    }

    let mut nodes = meet(&[1, 1]);
    drop(nodes.remove(0));
    let error = nodes[0].part().unwrap_err().to_string();
    assert_eq!(error, "node 0 has ended before the training did");
}

#[test]
fn nodes_part_together() {
    let mut nodes = meet(&[1, 1, 1]);
    each(&mut nodes, |node| node.part().unwrap());
}

/// Strangers do not disturb the meeting, a second node 1 is sent away, and who went may come again.
#[test]
fn the_meeting_waits_for_the_right_nodes() {
    let place = address();
    let (agreement, long) = (Agreement::of("the seed", "7"), Duration::from_secs(60));
    thread::scope(|scope| {
        let host = scope.spawn(|| join(&place, [0, 3], 1, &agreement, long));
        let stranger = loop {
            match TcpStream::connect(&place) {
                Ok(stream) => break stream,
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        (&stranger).write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mute = TcpStream::connect(&place).unwrap();
        let left = join(&place, [1, 3], 1, &agreement, Duration::from_millis(300));
        let text = left.err().unwrap().to_string();
        assert_eq!(
            text,
            "node 0 is there, but not all nodes have joined within 0.3 s"
        );
        let first = scope.spawn(|| join(&place, [1, 3], 1, &agreement, long));
        thread::sleep(Duration::from_millis(500));
        let double = join(&place, [1, 3], 1, &agreement, long).err().unwrap();
        assert_eq!(double.to_string(), "there is a node 1 already");
        let second = join(&place, [2, 3], 1, &agreement, long);
        assert_eq!(second.unwrap().count(), 3);
        assert_eq!(first.join().unwrap().unwrap().node(), 1);
        assert_eq!(host.join().unwrap().unwrap().node(), 0);
        drop(mute);
    });
}

#[test]
fn differences_are_named_on_both_sides() {
    let place = address();
    let long = Duration::from_secs(60);
    thread::scope(|scope| {
        let host = scope.spawn(|| join(&place, [0, 2], 1, &Agreement::of("the seed", "7"), long));
        let guest = join(&place, [1, 2], 1, &Agreement::of("the seed", "8"), long);
        for refused in [guest, host.join().unwrap()] {
            let error = refused.err().unwrap();
            assert_eq!(error.fault(), Fault::Input);
            assert_eq!(
                error.to_string(),
                "the nodes were started differently: the seed is 7 on node 0 and 8 on node 1"
            );
        }
    });
}
