//! A build script as users write it, for the tests: the model, and then options as `name=value`.

use termc_build::{Build, Target};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut build = Build::new(arguments.next().unwrap_or_default());
    for argument in arguments {
        build = match argument.split_once('=') {
            Some(("model", name)) => build.model(name),
            Some(("set", change)) => build.set(change),
            Some(("output", name)) => build.output(name),
            Some(("weights", file)) => build.weights(file),
            Some(("check", file)) => build.check(file),
            _ if argument == "no_std" => build.target(Target::NoStd),
            _ if argument == "frozen" => build.frozen(),
            _ => build.target(Target::Pytorch),
        };
    }
    build.compile();
}
