//! Parquet files as Hugging Face's hub has them: an encoded image and a label a row. Finds no files.

use std::path::PathBuf;

use super::dataset::Part;
use super::error::Error;
use super::published::{DatasetSpec, HubFiles};
use super::recognise::Mismatches;

#[cfg(not(feature = "parquet"))]
pub(super) fn read(
    _: &DatasetSpec,
    _: &HubFiles,
    files: &[PathBuf],
    _: usize,
    _: &mut Mismatches,
) -> Result<Part, Error> {
    Err(Error::NoParquet(files.first().cloned().unwrap_or_default()))
}

#[cfg(feature = "parquet")]
pub(super) use reading::read;

#[cfg(feature = "parquet")]
mod reading {
    use std::fs::File;
    use std::path::Path;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, Row};
    use parquet::schema::types::Type;
    use rayon::prelude::*;

    use super::*;
    use crate::picture::{self, Fit};
    use crate::recognise;

    /// Rows that are in memory at a time, encoded.
    const ROWS: usize = 4096;

    /// Reads part 0 (training) or 1 (test) from its files, in order.
    pub fn read(
        spec: &DatasetSpec,
        hub: &HubFiles,
        files: &[PathBuf],
        part: usize,
        mismatches: &mut Mismatches,
    ) -> Result<Part, Error> {
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for path in files {
            let fault = |problem: parquet::errors::ParquetError| {
                Error::malformed(path, "its content", "a Parquet file", problem)
            };
            let file = File::open(path).map_err(Error::read(path))?;
            let reader = SerializedFileReader::new(file).map_err(fault)?;
            let schema = projection(path, reader.metadata().file_metadata().schema(), hub)?;
            let mut rows = reader.get_row_iter(Some(schema)).map_err(fault)?;
            let mut first = 0;
            loop {
                let chunk: Result<Vec<Row>, _> = rows.by_ref().take(ROWS).collect();
                let chunk = chunk.map_err(fault)?;
                if chunk.is_empty() {
                    break;
                }
                let decoded: Vec<(Vec<u8>, u8)> = chunk
                    .par_iter()
                    .enumerate()
                    .map(|(index, row)| decode(spec, hub, path, first + index, row))
                    .collect::<Result<_, Error>>()?;
                first += chunk.len();
                for (image, label) in decoded {
                    images.extend(image);
                    labels.push(label);
                }
            }
        }
        let file = files.first().map_or(Path::new(""), PathBuf::as_path);
        if labels.len() != spec.images(part) {
            let (expected, found) = (spec.images(part), labels.len());
            return Err(Error::malformed(
                file,
                "the number of images",
                expected,
                found,
            ));
        }
        recognise::contents(spec, part, (file, &images), (file, &labels), mismatches)?;
        let labels = labels.into_iter().map(u16::from).collect();
        Part::new(spec.shape, spec.classes.len(), images, labels)
    }

    /// The schema of the two columns that are read. Fails if one is not there.
    fn projection(file: &Path, schema: &Type, hub: &HubFiles) -> Result<Type, Error> {
        let columns = schema.get_fields();
        let wanted = [&hub.images, &hub.labels];
        let mut fields = Vec::new();
        for column in columns {
            if wanted.iter().any(|name| *name == column.name()) {
                fields.push(column.clone());
            }
        }
        if let Some(name) = (wanted.iter()).find(|name| fields.iter().all(|f| f.name() != **name)) {
            let expected = format!("`{name}` among them");
            let found: Vec<&str> = columns.iter().map(|column| column.name()).collect();
            let found = format!("`{}`", found.join("`, `"));
            return Err(Error::malformed(
                file,
                "the list of columns",
                expected,
                found,
            ));
        }
        let built = Type::group_type_builder(schema.name())
            .with_fields(fields)
            .build();
        built.map_err(|problem| Error::malformed(file, "its schema", "one of columns", problem))
    }

    /// Pixels and label of a row.
    fn decode(
        spec: &DatasetSpec,
        hub: &HubFiles,
        file: &Path,
        index: usize,
        row: &Row,
    ) -> Result<(Vec<u8>, u8), Error> {
        let column = |name: &str| {
            let mut columns = row.get_column_iter();
            columns
                .find(|(column, _)| *column == name)
                .map(|(_, field)| field)
        };
        let label = match column(&hub.labels) {
            Some(Field::Long(label)) => u8::try_from(*label).ok(),
            Some(Field::Int(label)) => u8::try_from(*label).ok(),
            Some(Field::UByte(label)) => Some(*label),
            Some(Field::Byte(label)) => u8::try_from(*label).ok(),
            _ => None,
        };
        let label = label.filter(|&label| usize::from(label) < spec.classes.len());
        let Some(label) = label else {
            let what = format!("`{}` of row {index}", hub.labels);
            let expected = format!("a number less than {}", spec.classes.len());
            let found = column(&hub.labels).map_or("nothing".into(), ToString::to_string);
            return Err(Error::malformed(file, what, expected, found));
        };
        let bytes = match column(&hub.images) {
            Some(Field::Group(image)) => {
                image
                    .get_column_iter()
                    .find_map(|(name, field)| match (name.as_str(), field) {
                        ("bytes", Field::Bytes(bytes)) => Some(bytes.data()),
                        _ => None,
                    })
            }
            Some(Field::Bytes(bytes)) => Some(bytes.data()),
            _ => None,
        };
        let Some(bytes) = bytes else {
            let what = format!("`{}` of row {index}", hub.images);
            return Err(Error::malformed(
                file,
                what,
                "an encoded image",
                "something else",
            ));
        };
        let place = PathBuf::from(format!("{} (row {index})", file.display()));
        let picture = picture::of_bytes(&place, bytes.to_vec())?;
        Ok((picture.planes(&place, spec.shape, Fit::Exact)?, label))
    }
}
