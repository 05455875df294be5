//! `summary`: sizes, costs, and the memory of training, which is compared with a measured one.

use crate::support::{SMALL, example, termc};

#[test]
fn summaries_add_up() {
    let table = termc(&["summary", SMALL, "--depth", "9"]).expect(0);
    let json = termc(&["summary", SMALL, "--format", "json", "--batch", "4"]).expect(0);
    let object: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let rows = object["nodes"].as_array().unwrap();
    let sum = |key: &str| rows.iter().map(|r| r[key].as_u64().unwrap()).sum::<u64>();
    let total = object["parameters"].as_u64().unwrap();
    assert_eq!(sum("fast_parameters") + sum("slow_parameters"), total);
    assert_eq!(object["batch"], 4);
    assert!(table.out.contains("parameters"));
    // Calls of the prelude's blocks are one row each.
    let listed: Vec<&str> = (table.out.lines())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for row in rows {
        let path = row["path"].as_str().unwrap();
        let inside = |call: &&str| {
            path.strip_prefix(*call)
                .is_some_and(|p| p.is_empty() || p.starts_with('.'))
        };
        assert!(listed.iter().any(inside), "no {path} in {}", table.out);
    }
}

#[test]
fn predicted_memory_is_near_the_measured_one() {
    for (name, batch) in [
        ("tiny.term", "2"),
        ("digits.term", "32"),
        ("digits.term", "256"),
        ("cifar10.term", "1"),
        ("cifar10.term", "4"),
        ("smnist.term", "8"),
        ("stl10.term", "2"),
        ("oblong.term", "8"),
        ("baselines/resnet.term", "32"),
    ] {
        let (file, bytes) = (example(name), |json: &str, key: &str| {
            let object: serde_json::Value = serde_json::from_str(json).unwrap();
            object[key].as_f64().unwrap()
        });
        let told = termc(&["summary", &file, "--batch", batch, "--format", "json"]).expect(0);
        let bench = [
            "bench", &file, "--batch", batch, "--only", "train", "--repeat", "3",
        ];
        let bench = [&bench[..], &["--device", "cpu", "--format", "json"]].concat();
        let measured = bytes(&termc(&bench).expect(0).out, "peak_bytes");
        let ratio = bytes(&told.out, "training_bytes") / measured;
        assert!(
            (0.85..1.15).contains(&ratio),
            "{name}: {ratio} of {measured} bytes"
        );
    }
}

#[test]
fn the_largest_batch_is_the_last_that_fits() {
    let digits = example("digits.term");
    let needed = |batch: usize| {
        let said = termc(&[
            "summary",
            &digits,
            "--batch",
            &batch.to_string(),
            "--format",
            "json",
        ]);
        let object: serde_json::Value = serde_json::from_str(&said.expect(0).out).unwrap();
        object["training_bytes"].as_u64().unwrap()
    };
    let said = termc(&["summary", &digits, "--memory", "200MB", "--format", "json"]).expect(0);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let largest = object["largest_batch"].as_u64().unwrap() as usize;
    assert!(
        needed(largest) <= 200_000_000 && needed(largest + 1) > 200_000_000,
        "{largest}"
    );
    let said = termc(&["summary", &digits, "--memory", "200MB"]).expect(0);
    assert!(
        said.out
            .contains(&format!("largest batch in 190.7 MiB: {largest}")),
        "{}",
        said.out
    );
    let said = termc(&["summary", &digits, "--memory", "1MiB"]).expect(0);
    assert!(said.out.contains("not even one image"), "{}", said.out);
    for (size, told) in [
        ("4GiB", "4.0 GiB"),
        ("1.5 kB", "1.5 KiB"),
        ("70000000", "66.8 MiB"),
    ] {
        let said = termc(&["summary", &digits, "--memory", size]).expect(0);
        assert!(said.out.contains(told), "{}", said.out);
    }
    for wrong in ["", "much", "GiB", "-1MB", "4 GB B", "4gb", "NaN", "1e30GiB"] {
        let memory = format!("--memory={wrong}");
        termc(&["summary", &digits, &memory]).expect(2).says("4GiB");
    }
}
