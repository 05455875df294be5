//! A tensor of a PyTorch checkpoint as a strided window into a storage, and the copying of it. Reads no file.

use burn::tensor::{DType, TensorData};
use termc_data::pickle::{Pickle, Ref, Value};

/// A storage as a pickle names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Its name in the container.
    pub key: String,
    /// Its type, such as `FloatStorage`; of an untyped one the type of the tensor.
    pub kind: String,
    /// Scalars that it holds; of an untyped one bytes.
    pub count: usize,
    /// Where a view of an old file begins in it, in scalars.
    pub start: usize,
}

/// A strided window into a storage.
#[derive(Clone, Debug)]
pub struct View {
    /// The storage.
    pub storage: Storage,
    /// Its first scalar, in scalars.
    offset: usize,
    /// Sizes, outermost first.
    pub sizes: Vec<usize>,
    strides: Vec<usize>,
    /// The type of a tensor that states it by itself.
    dtype: Option<String>,
}

/// A tensor that a pickle holds.
#[derive(Clone, Debug)]
pub enum Found {
    /// One that can be read.
    View(View),
    /// One of a kind that cannot: which, as in "is a sparse tensor".
    Other(&'static str),
}

impl Storage {
    /// Recognises `('storage', type, key, location, count)`, as a tuple or, in pickle's protocol 0, as its text.
    pub fn of(pickle: &Pickle, at: Ref) -> Option<Self> {
        let Value::Persistent(id) = pickle.get(at) else {
            return None;
        };
        let class = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let Some(parts) = pickle.sequence(*id) else {
            let text = pickle.text(*id)?;
            // ('storage', <class 'torch.FloatStorage'>, '0', 'cpu', 6)
            let quoted: Vec<&str> = text.split('\'').skip(1).step_by(2).collect();
            let after = text.rsplit('\'').next()?.trim_start_matches([',', ' ']);
            let count = after.split(|c: char| !c.is_ascii_digit()).next()?;
            return match quoted.as_slice() {
                ["storage", kind, key, ..] => Some(Self {
                    key: (*key).to_owned(),
                    kind: class(kind),
                    count: count.parse().ok()?,
                    start: 0,
                }),
                _ => None,
            };
        };
        let [_, kind, key, _, count, view @ ..] = parts else {
            return None;
        };
        let start = view.first().and_then(|view| pickle.sequence(*view));
        Some(Self {
            key: match pickle.get(*key) {
                Value::Int(number) => number.to_string(),
                _ => pickle.text(*key)?.to_owned(),
            },
            kind: class(pickle.text(*kind)?),
            count: pickle.int(*count)?,
            start: match start {
                Some([_, start, ..]) => pickle.int(*start)?,
                _ => 0,
            },
        })
    }

    /// The number type and its width in bytes; None for types that are never weights.
    pub fn dtype(&self) -> Option<DType> {
        dtype(self.kind.strip_suffix("Storage")?)
    }

    /// Bytes of a scalar, of types that are never weights, too.
    pub fn width(&self) -> Option<usize> {
        self.dtype()
            .map(|dtype| dtype.size())
            .or(match self.kind.as_str() {
                "UntypedStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage"
                | "QUInt4x2Storage" | "QUInt2x4Storage" => Some(1),
                "QInt32Storage" => Some(4),
                "ComplexFloatStorage" => Some(8),
                "ComplexDoubleStorage" => Some(16),
                _ => None,
            })
    }
}

/// The number type that PyTorch calls so, as a storage or as a `torch.dtype`.
fn dtype(name: &str) -> Option<DType> {
    Some(match name {
        "Float" | "float32" => DType::F32,
        "Double" | "float64" => DType::F64,
        "Half" | "float16" => DType::F16,
        "BFloat16" | "bfloat16" => DType::BF16,
        "Long" | "int64" => DType::I64,
        "Int" | "int32" => DType::I32,
        "Short" | "int16" => DType::I16,
        "Char" | "int8" => DType::I8,
        "Byte" | "uint8" => DType::U8,
        "uint16" => DType::U16,
        "uint32" => DType::U32,
        "uint64" => DType::U64,
        _ => return None,
    })
}

impl Found {
    /// Recognises what PyTorch's `_rebuild_*` functions are called with; None for other objects.
    pub fn of(pickle: &Pickle, at: Ref) -> Option<Self> {
        let (mut at, mut depth) = (at, 0);
        loop {
            let Value::Call { callable, args, .. } = pickle.get(at) else {
                return None;
            };
            let function = pickle.text(*callable)?;
            let args = pickle.sequence(*args)?;
            let name = match function.rsplit_once('.')? {
                ("torch._utils" | "torch._tensor", name) => name,
                _ => return None,
            };
            let view = match name {
                "_rebuild_tensor_v2" | "_rebuild_tensor" => View::of(pickle, args, None),
                "_rebuild_tensor_v3" => {
                    let dtype = args.get(6).and_then(|at| pickle.text(*at));
                    View::of(pickle, args, dtype)
                }
                "_rebuild_parameter" | "_rebuild_parameter_with_state" if depth < 8 => {
                    (at, depth) = (*args.first()?, depth + 1);
                    continue;
                }
                // (function, class, arguments, state): as if the function were called.
                "_rebuild_from_type_v2" => {
                    let [function, _, inner, ..] = args else {
                        return None;
                    };
                    let inner = pickle.sequence(*inner)?;
                    match pickle.text(*function)? {
                        "torch._utils._rebuild_tensor_v2" => View::of(pickle, inner, None),
                        _ => return Some(Self::Other("a tensor of a class of its own")),
                    }
                }
                "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => {
                    return Some(Self::Other("a sparse tensor"));
                }
                "_rebuild_qtensor" => return Some(Self::Other("a quantized tensor")),
                "_rebuild_meta_tensor_no_storage" => {
                    return Some(Self::Other(
                        "a tensor without values (on the device `meta`)",
                    ));
                }
                name if name.starts_with("_rebuild_") => {
                    return Some(Self::Other("a tensor of an unusual kind"));
                }
                _ => return None,
            };
            return Some(view.map_or(Self::Other("a damaged tensor"), Self::View));
        }
    }
}

impl View {
    /// Of the arguments `(storage, offset, sizes, strides, ...)`.
    fn of(pickle: &Pickle, args: &[Ref], dtype: Option<&str>) -> Option<Self> {
        let [storage, offset, sizes, strides, ..] = args else {
            return None;
        };
        let numbers = |at: Ref| -> Option<Vec<usize>> {
            let numbers = pickle.sequence(at)?.iter();
            numbers.map(|n| pickle.int(*n)).collect()
        };
        let storage = Storage::of(pickle, *storage)?;
        let view = Self {
            offset: pickle.int(*offset)?.checked_add(storage.start)?,
            sizes: numbers(*sizes)?,
            strides: numbers(*strides)?,
            dtype: dtype.map(|name| name.trim_start_matches("torch.").to_owned()),
            storage,
        };
        (view.sizes.len() == view.strides.len()).then_some(view)
    }

    /// The number type; the error ends a sentence that starts with the tensor's name.
    pub fn dtype(&self) -> Result<DType, String> {
        let found = match &self.dtype {
            Some(name) => dtype(name),
            None => self.storage.dtype(),
        };
        found.ok_or_else(|| {
            let name = self.dtype.as_deref().unwrap_or(&self.storage.kind);
            format!("is stored as `{name}`, which is not supported")
        })
    }

    /// Scalars of the tensor.
    fn count(&self) -> Option<usize> {
        self.sizes
            .iter()
            .try_fold(1usize, |n, size| n.checked_mul(*size))
    }

    /// Copies the window, row-major; the error ends a sentence that starts with the tensor's name.
    pub fn gather(&self, storage: &[u8]) -> Result<TensorData, String> {
        let dtype = self.dtype()?;
        let bytes = match dtype.size() {
            1 => self.copied::<1>(storage),
            2 => self.copied::<2>(storage),
            4 => self.copied::<4>(storage),
            _ => self.copied::<8>(storage),
        };
        let bytes = bytes.ok_or("reaches beyond its storage")?;
        Ok(TensorData::from_bytes_vec(bytes, self.sizes.clone(), dtype))
    }

    /// The same for scalars of `W` bytes; None if one of them is not in the storage.
    fn copied<const W: usize>(&self, storage: &[u8]) -> Option<Vec<u8>> {
        let count = self.count()?;
        if count == 0 {
            return Some(vec![]);
        }
        let (scalars, _) = storage.as_chunks::<W>();
        let steps = self.sizes.iter().zip(&self.strides);
        let last = steps.clone().try_fold(self.offset, |at, (size, stride)| {
            at.checked_add(size.checked_sub(1)?.checked_mul(*stride)?)
        });
        scalars.get(last?)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(count.checked_mul(W)?).ok()?;
        // Dimensions that lie one behind the other without gaps are one.
        let (mut run, mut outer) = (1, self.sizes.len());
        for (size, stride) in steps.rev() {
            if *size != 1 && *stride != run {
                break;
            }
            run *= size;
            outer -= 1;
        }
        let sizes = self.sizes.get(..outer)?;
        let strides = self.strides.get(..outer)?;
        let mut index = vec![0usize; outer];
        let mut at = self.offset;
        loop {
            bytes.extend_from_slice(scalars.get(at..at.checked_add(run)?)?.as_flattened());
            // The next position, as an odometer counts.
            let mut places = index.iter_mut().zip(sizes.iter().zip(strides)).rev();
            loop {
                let Some((place, (size, stride))) = places.next() else {
                    return Some(bytes);
                };
                *place += 1;
                // Of a single step the stride can be any number.
                at = at.wrapping_add(*stride);
                if *place < *size {
                    break;
                }
                at = at.wrapping_sub(size.wrapping_mul(*stride));
                *place = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, sizes: &[usize], strides: &[usize]) -> View {
        View {
            storage: Storage {
                key: "0".into(),
                kind: "ShortStorage".into(),
                count: 24,
                start: 0,
            },
            offset,
            sizes: sizes.to_vec(),
            strides: strides.to_vec(),
            dtype: None,
        }
    }

    fn gathered(view: &View) -> Result<Vec<i16>, String> {
        let storage: Vec<u8> = (0..24i16).flat_map(i16::to_le_bytes).collect();
        let data = view.gather(&storage)?;
        assert_eq!(&data.shape()[..], &view.sizes[..]);
        Ok(data.try_to_vec().unwrap())
    }

    /// Against the definition: scalar (i, j, k) is at offset + i s0 + j s1 + k s2.
    #[test]
    fn windows_are_copied_row_by_row() {
        let cases: [(usize, [usize; 3], [usize; 3]); 10] = [
            (0, [2, 3, 4], [12, 4, 1]),
            (0, [4, 3, 2], [1, 4, 12]),
            (5, [2, 2, 3], [8, 3, 1]),
            (7, [3, 1, 2], [0, 99, 1]),
            (3, [2, 3, 2], [0, 0, 0]),
            (1, [2, 3, 2], [12, 1, 3]),
            (23, [1, 1, 1], [1, 1, 1]),
            (0, [2, 0, 3], [1, 1, 1]),
            (2, [2, 1, 4], [4, 77, 1]),
            (1, [1, 2, 2], [usize::MAX, 3, 2]),
        ];
        for (offset, sizes, strides) in cases {
            let mut expected = vec![];
            for i in 0..sizes[0] {
                for j in 0..sizes[1] {
                    for k in 0..sizes[2] {
                        let at = offset + i * strides[0] + j * strides[1] + k * strides[2];
                        expected.push(at as i16);
                    }
                }
            }
            let found = gathered(&view(offset, &sizes, &strides)).unwrap();
            assert_eq!(found, expected, "{offset} {sizes:?} {strides:?}");
        }
        assert_eq!(gathered(&view(9, &[], &[])).unwrap(), [9]);
    }

    #[test]
    fn what_reaches_beyond_the_storage_is_refused_before_anything_is_copied() {
        for (offset, sizes, strides) in [
            (24, vec![1], vec![1]),
            (0, vec![25], vec![1]),
            (0, vec![2, 2], vec![23, 1]),
            (0, vec![2], vec![usize::MAX]),
            (usize::MAX, vec![2], vec![1]),
            (0, vec![usize::MAX, usize::MAX], vec![0, 0]),
        ] {
            let error = gathered(&view(offset, &sizes, &strides)).unwrap_err();
            assert_eq!(error, "reaches beyond its storage");
        }
    }
}
