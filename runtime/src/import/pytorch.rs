//! Reads the tensors of PyTorch checkpoints (`.pt`, `.ckpt`: zip archives, since PyTorch 1.6). Runs no Python code.

use std::io::{Read, Seek};

use burn::tensor::{DType, TensorData};
use termc_data::pickle::{Pickle, Ref, Value};
use zip::ZipArchive;

use crate::tensors::Tensors;

/// Keys under which training programs keep the weights.
const WRAPPERS: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// The tensors of a checkpoint's state dict; the error ends a sentence that starts with the file's name.
pub(super) fn read(file: impl Read + Seek) -> Result<Tensors, String> {
    let mut archive =
        ZipArchive::new(file).map_err(|e| format!("is not a PyTorch archive: {e}"))?;
    let pickle = archive
        .file_names()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
        .map(str::to_owned)
        .ok_or("is a zip archive without PyTorch's `data.pkl`")?;
    let folder = pickle.trim_end_matches("data.pkl").to_owned();
    if let Ok(order) = entry(&mut archive, &format!("{folder}byteorder"))
        && order != b"little"
    {
        return Err("was written on a big-endian machine, which is not supported".into());
    }
    let pickle = Pickle::parse(&entry(&mut archive, &pickle)?)?;
    let state = WRAPPERS
        .iter()
        .find_map(|key| pickle.entries(pickle.root).find(|(name, _)| name == key))
        .map_or(pickle.root, |(_, at)| at);
    let mut tensors = Tensors::new();
    for (name, at) in pickle.entries(state) {
        if let Some(view) = View::of(&pickle, at) {
            let storage = entry(&mut archive, &format!("{folder}data/{}", view.storage))?;
            let data = view
                .gather(&storage)
                .map_err(|problem| format!("holds `{name}`, which {problem}"))?;
            tensors.insert(name.to_owned(), data);
        }
    }
    if tensors.is_empty() {
        return Err("holds no state dict of tensors".into());
    }
    Ok(tensors)
}

fn entry<F: Read + Seek>(archive: &mut ZipArchive<F>, name: &str) -> Result<Vec<u8>, String> {
    let mut file = archive
        .by_name(name)
        .map_err(|e| format!("lacks `{name}`: {e}"))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|e| format!("is damaged at `{name}`: {e}"))?;
    Ok(bytes)
}

/// A tensor: a strided window into a storage.
struct View {
    storage: String,
    kind: String,
    offset: usize,
    sizes: Vec<usize>,
    strides: Vec<usize>,
}

impl View {
    /// Recognises `_rebuild_tensor_v2(storage, offset, sizes, strides, ...)`, alone or as a parameter.
    fn of(pickle: &Pickle, at: Ref) -> Option<Self> {
        let Value::Call { callable, args, .. } = pickle.get(at) else {
            return None;
        };
        let args = pickle.sequence(*args)?;
        match pickle.text(*callable)? {
            "torch._utils._rebuild_parameter" => Self::tensor(pickle, *args.first()?),
            _ => Self::tensor(pickle, at),
        }
    }

    fn tensor(pickle: &Pickle, at: Ref) -> Option<Self> {
        let Value::Call { callable, args, .. } = pickle.get(at) else {
            return None;
        };
        let args = pickle.sequence(*args)?;
        match pickle.text(*callable)? {
            "torch._utils._rebuild_tensor_v2" => {
                let [storage, offset, sizes, strides, ..] = args else {
                    return None;
                };
                let Value::Persistent(id) = pickle.get(*storage) else {
                    return None;
                };
                let [_, kind, key, ..] = pickle.sequence(*id)? else {
                    return None;
                };
                let numbers = |at: Ref| -> Option<Vec<usize>> {
                    pickle
                        .sequence(at)?
                        .iter()
                        .map(|n| pickle.int(*n))
                        .collect()
                };
                Some(Self {
                    storage: pickle.text(*key)?.to_owned(),
                    kind: pickle.text(*kind)?.to_owned(),
                    offset: pickle.int(*offset)?,
                    sizes: numbers(*sizes)?,
                    strides: numbers(*strides)?,
                })
            }
            _ => None,
        }
    }

    /// Copies the window, row-major.
    fn gather(&self, storage: &[u8]) -> Result<TensorData, String> {
        let dtype = match self.kind.as_str() {
            "torch.FloatStorage" => DType::F32,
            "torch.DoubleStorage" => DType::F64,
            "torch.HalfStorage" => DType::F16,
            "torch.BFloat16Storage" => DType::BF16,
            "torch.LongStorage" => DType::I64,
            "torch.IntStorage" => DType::I32,
            "torch.ShortStorage" => DType::I16,
            "torch.CharStorage" => DType::I8,
            "torch.ByteStorage" => DType::U8,
            other => return Err(format!("is stored as `{other}`, which is not supported")),
        };
        let width = dtype.size();
        let outside = || "reaches beyond its storage".to_owned();
        let count = self
            .sizes
            .iter()
            .try_fold(1usize, |n, size| n.checked_mul(*size))
            .ok_or_else(outside)?;
        if count > storage.len() / width || self.sizes.len() != self.strides.len() {
            return Err(outside());
        }
        let mut bytes = Vec::with_capacity(count * width);
        for index in 0..count {
            let (mut rest, mut position) = (index, Some(self.offset));
            for (size, stride) in self.sizes.iter().zip(&self.strides).rev() {
                let step = (rest % size).checked_mul(*stride);
                position = position.zip(step).and_then(|(p, s)| p.checked_add(s));
                rest /= size;
            }
            let start = position
                .and_then(|p| p.checked_mul(width))
                .ok_or_else(outside)?;
            let end = start.checked_add(width).ok_or_else(outside)?;
            bytes.extend(storage.get(start..end).ok_or_else(outside)?);
        }
        Ok(TensorData::from_bytes_vec(bytes, self.sizes.clone(), dtype))
    }
}
