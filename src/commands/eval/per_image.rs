//! The file of `termc eval --per-image`: a row for each image in the order of the part. Computes nothing but probabilities.

use std::path::Path;

use serde_json::json;
use termc_compiler::summary::csv;
use termc_runtime::data::Part;
use termc_runtime::model::Answered;
use termc_runtime::tensors::write_atomic;
use termc_runtime::train::scores::{argmax, probability};

use crate::failure::Failure;

/// The rows so far.
pub struct PerImage<'a> {
    path: &'a Path,
    classes: &'a [String],
    images: &'a Part,
    rows: Vec<Row>,
}

struct Row {
    image: usize,
    label: usize,
    answer: usize,
    /// Of the answer and of the right class.
    probabilities: [f64; 2],
}

const COLUMNS: [&str; 7] = [
    "image",
    "file",
    "class",
    "answer",
    "right",
    "probability",
    "class_probability",
];

impl<'a> PerImage<'a> {
    /// None yet, of a part of a data set of these classes.
    pub fn new(path: &'a Path, classes: &'a [String], images: &'a Part) -> Self {
        Self {
            path,
            classes,
            images,
            rows: vec![],
        }
    }

    /// Adds a row.
    pub fn add(&mut self, answered: Answered<'_>) {
        let answer = argmax(answered.logits);
        let of = |class| probability(answered.logits, class);
        self.rows.push(Row {
            image: answered.image,
            label: answered.label,
            answer,
            probabilities: [of(answer), of(answered.label)],
        });
    }

    /// Writes the file.
    pub fn write(mut self) -> Result<(), Failure> {
        self.rows.sort_by_key(|row| row.image);
        let lines = self
            .path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("jsonl"));
        let mut text = String::new();
        if !lines {
            text += &csv::line(COLUMNS);
        }
        for row in &self.rows {
            let file = self
                .images
                .file(row.image)
                .map(|file| file.display().to_string());
            let name = |label: usize| self.classes.get(label).map_or("?", String::as_str);
            let (class, answer) = (name(row.label), name(row.answer));
            let [of_answer, of_class] = row.probabilities;
            let right = row.label == row.answer;
            text += &match lines {
                true => {
                    let row = json!({
                        "image": row.image, "file": file, "class": class, "answer": answer, "right": right,
                        "probability": of_answer, "class_probability": of_class,
                    });
                    format!("{row}\n")
                }
                false => csv::line([
                    row.image.to_string().as_str(),
                    file.as_deref().unwrap_or(""),
                    class,
                    answer,
                    if right { "1" } else { "0" },
                    &of_answer.to_string(),
                    &of_class.to_string(),
                ]),
            };
        }
        Ok(write_atomic(self.path, text.as_bytes())?)
    }
}
