//! Names digits over HTTP until SIGTERM or SIGINT.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use termc_embed::batch::{Batcher, Limits};
use termc_embed::classifier::Classifier;
use termc_embed::connections;
use termc_embed::decoder::Decoder;
use termc_embed::service::{Service, router};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

/// Names digits over HTTP: `POST /classify` with a PNG, `GET /health`. SIGTERM and SIGINT finish what is in flight.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: String,

    /// Most pictures of one forward pass
    #[arg(long, default_value_t = 32, value_name = "N")]
    batch: usize,

    /// Longest time a picture waits for others, in milliseconds
    #[arg(long, default_value_t = 5, value_name = "MS")]
    wait: u64,

    /// Pictures that may wait; more are refused with status 503
    #[arg(long, default_value_t = 256, value_name = "N")]
    queue: usize,

    /// Connections at a time; for one more, the one that has kept the service waiting longest is closed. Each takes a
    /// descriptor (`ulimit -n`)
    #[arg(long, default_value_t = 96, value_name = "N")]
    connections: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let limits = Limits {
        queue: arguments.queue,
        batch: arguments.batch,
        wait: Duration::from_millis(arguments.wait),
    };
    // Before anything is promised to anyone.
    let (term, int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let classifier = Classifier::new()?;
    let (batcher, worker) = Batcher::start(move |pictures| classifier.classify(pictures), limits);
    let decoder = Decoder::start(arguments.queue)?;
    let router = router(Service { decoder, batcher });
    let listener = TcpListener::bind(&arguments.address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    connections::serve(listener, router, arguments.connections, either(term, int)).await;
    // It ends with the last connection; one that sends nothing would keep it for ever.
    match timeout(Duration::from_secs(1), worker).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(()),
    }
}

async fn either(mut one: Signal, mut other: Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
