//! `termc run`: tensors in, tensors out.

use std::path::{Path, PathBuf};

use safetensors::tensor::Dtype;

use crate::support::{
    Floats, SMALL, Stored, read_tensors, termc, training, write_floats, write_tensors,
};

fn images(n: usize) -> Vec<u8> {
    let value = |i: usize| ((i as f32 * 0.37).sin() * 1.3).to_le_bytes();
    (0..n * 64).flat_map(value).collect()
}

fn labels(labels: &[i64]) -> Vec<u8> {
    labels.iter().flat_map(|l| l.to_le_bytes()).collect()
}

struct Bench {
    folder: tempfile::TempDir,
    weights: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        termc(&training(run.to_str().unwrap(), &["--stop-after", "2"])).expect(0);
        Self {
            weights: run.join("last.safetensors"),
            folder,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, more: &[&str]) -> crate::support::Said {
        let (input, output) = (self.path("in.safetensors"), self.path("out.safetensors"));
        let weights = self.weights.to_str().unwrap();
        let mut arguments = vec!["run", SMALL, "--weights", weights, "--device", "cpu"];
        arguments.extend(["--input", &input, "--output", &output]);
        arguments.extend(more);
        termc(&arguments)
    }

    fn input(&self, tensors: &[Stored<'_>]) {
        write_tensors(Path::new(&self.path("in.safetensors")), tensors);
    }

    fn output(&self) -> Floats {
        read_tensors(Path::new(&self.path("out.safetensors")))
    }
}

#[test]
fn what_is_asked_for_is_written_and_nothing_else() {
    let bench = Bench::new();
    bench.input(&[("input", Dtype::F32, vec![3, 1, 8, 8], images(3))]);
    bench.run(&[]).expect(0);
    let plain = bench.output();
    assert_eq!(plain.keys().collect::<Vec<_>>(), ["logits"]);
    assert_eq!(plain["logits"].0, [3, 10]);

    bench
        .run(&["--gradients"])
        .expect(1)
        .says("has no `labels`");
    bench.input(&[
        ("input", Dtype::F32, vec![3, 1, 8, 8], images(3)),
        ("labels", Dtype::I64, vec![3], labels(&[0, 9, 4])),
    ]);
    bench.run(&["--gradients", "--trace"]).expect(0);
    let full = bench.output();
    let term = |name: &str| f64::from(full[&format!("loss.{name}")].1[0]);
    let sum = term("cross_entropy") + term("slow_neural") + term("weight_norm");
    assert!((term("total") - sum).abs() < 1e-5);
    assert_eq!(full["node.b[0].K"].0, [1, 1, 8, 8]);
    assert_eq!(full["grad.logits.linear.weight"].0, [10, 16]);
    let steep = |(name, (_, values)): (&String, &(Vec<usize>, Vec<f32>))| {
        name.starts_with("grad.") && values.iter().any(|v| *v != 0.0)
    };
    assert!(full.iter().filter(|e| steep(*e)).count() > 10);
}

#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    let bench = Bench::new();
    bench.input(&[
        ("input", Dtype::F32, vec![4, 1, 8, 8], images(4)),
        ("labels", Dtype::I64, vec![4], labels(&[1, 2, 3, 4])),
    ]);
    bench.run(&["--gradients"]).expect(0);
    let slope = bench.output()["grad.logits.linear.bias"].1[2];
    let moved = |by: f32| {
        let mut weights = read_tensors(&bench.weights);
        weights.get_mut("logits.linear.bias").unwrap().1[2] += by;
        let path = bench.path("moved.safetensors");
        write_floats(Path::new(&path), &weights);
        bench.run(&["--weights", &path]).expect(2);
        let (input, output) = (bench.path("in.safetensors"), bench.path("out.safetensors"));
        let mut arguments = vec!["run", SMALL, "--weights", &path, "--device", "cpu"];
        arguments.extend(["--input", &input, "--output", &output]);
        termc(&arguments).expect(0);
        bench.output()["loss.total"].1[0]
    };
    let found = (moved(0.05) - moved(-0.05)) / 0.1;
    assert!(
        (found - slope).abs() < 1e-2 * slope.abs().max(0.05),
        "{found} is not {slope}"
    );
}

#[test]
fn one_image_and_both_kinds_of_kernels() {
    let bench = Bench::new();
    bench.input(&[("input", Dtype::F32, vec![1, 1, 8, 8], images(1))]);
    bench.run(&["--kernels", "composed"]).expect(0);
    let composed = bench.output();
    bench.run(&["--kernels", "fused"]).expect(0);
    let fused = bench.output();
    for (a, b) in composed["logits"].1.iter().zip(&fused["logits"].1) {
        assert!((a - b).abs() < 1e-4 * a.abs().max(1.0), "{a} against {b}");
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let bench = Bench::new();
    bench.run(&[]).expect(3).says("cannot read");
    bench.input(&[("image", Dtype::F32, vec![1, 1, 8, 8], images(1))]);
    bench.run(&[]).expect(1).says("has no tensor `input`");
    bench.input(&[("input", Dtype::F32, vec![1, 8, 8], images(1))]);
    bench.run(&[]).expect(1).says("takes [N, 1, 8, 8]");
    bench.input(&[
        ("input", Dtype::F32, vec![1, 1, 8, 8], images(1)),
        ("labels", Dtype::I64, vec![1], labels(&[10])),
    ]);
    bench.run(&[]).expect(1).says("the label 10");
    bench.input(&[
        ("input", Dtype::F32, vec![2, 1, 8, 8], images(2)),
        ("labels", Dtype::I64, vec![1], labels(&[1])),
    ]);
    bench.run(&[]).expect(1).says("2 images but 1 labels");
}
