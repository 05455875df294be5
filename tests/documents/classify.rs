use termc_runtime::{Error, Model};

fn main() -> Result<(), Error> {
    let model = Model::load("runs/digits")?;
    let images = model.read_images(&["examples/seven.png"])?;
    for answer in model.predict(&images)? {
        println!("{}: {:.1} %", answer.class(), 100.0 * answer.probability());
    }
    Ok(())
}
