//! The data sets known by name: files, sizes, addresses, checksums, classes, statistics. States facts only; reading
//! and fetching are elsewhere. Long because it states them of five data sets in up to four forms.

use termc_compiler::model::Normalize;

use super::fetch::{Archive, Checksum, Packing};

/// A file of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Its name in the data set's folder; a gzipped copy with `.gz` appended serves as well.
    pub name: String,
    /// Its size (uncompressed) in bytes.
    pub bytes: u64,
    /// The MD5 of its uncompressed contents as published, where that is known.
    pub md5: Option<String>,
}

/// How the files are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileLayout {
    /// Records of a label byte and an image, any number of files a part.
    Cifar10,
    /// Records of a coarse label, a fine label and an image.
    Cifar100,
    /// IDX: an image file and a label file a part.
    Idx,
    /// Column-major planes and labels from 1: an image file and a label file a part.
    Stl10,
}

/// The files of the Python version of CIFAR: pickled dicts of NumPy arrays, as torchvision downloads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonFiles {
    /// Their subfolder of the data folder.
    pub folder: String,
    /// The files of the training part, in order.
    pub train: Vec<PythonFile>,
    /// The files of the test part.
    pub test: Vec<PythonFile>,
    /// The key of the labels.
    pub labels: String,
}

/// A file of pickled images and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonFile {
    /// Its name.
    pub name: String,
    /// Its MD5 as published, if that is known.
    pub md5: Option<String>,
}

/// The Parquet files that Hugging Face's hub has of a data set: `train-*.parquet` and `test-*.parquet` with an encoded image
/// and a label a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFiles {
    /// The repository, `owner/name`.
    pub repository: String,
    /// The folder in it.
    pub config: String,
    /// The column of the images, a struct with their bytes.
    pub images: String,
    /// The column of the labels.
    pub labels: String,
}

/// The description of a published data set: its files, classes, statistics and addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSpec {
    /// The name for `--dataset`.
    pub name: String,
    /// Subfolders of the data folder where the files may be, the official one first.
    pub folders: Vec<String>,
    /// How the files are laid out.
    pub layout: FileLayout,
    /// The files of the training part, in order.
    pub train: Vec<DataFile>,
    /// The files of the test part, in order.
    pub test: Vec<DataFile>,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// `[channels, height, width]`.
    pub shape: [usize; 3],
    /// Channel statistics of the training part.
    pub normalize: Normalize,
    /// Where the files come from.
    pub archives: Vec<Archive>,
    /// The same data set in its Python version, read where its own files are not there.
    pub python: Option<PythonFiles>,
    /// The same data set as Parquet files, read where neither are there.
    pub hub: Option<HubFiles>,
    /// Names of `.npz` files with the same data set, read where nothing else is there.
    pub arrays: Vec<String>,
    /// The first labels of the training and the test part, where other data sets have files of the same names and sizes.
    pub first_labels: Option<[[u8; 10]; 2]>,
}

impl DatasetSpec {
    /// CIFAR-10, binary version.
    pub fn cifar10() -> Self {
        let batch = |number| file(&format!("data_batch_{number}.bin"), 10_000 * 3073);
        Self {
            name: "CIFAR10".into(),
            folders: vec!["cifar-10-batches-bin".into()],
            layout: FileLayout::Cifar10,
            train: (1..=5).map(batch).collect(),
            test: vec![file("test_batch.bin", 10_000 * 3073)],
            classes: names("airplane automobile bird cat deer dog frog horse ship truck"),
            shape: [3, 32, 32],
            normalize: normalize(&[0.4914, 0.4822, 0.4465], &[0.2470, 0.2435, 0.2616]),
            archives: vec![Archive {
                name: "cifar-10-binary.tar.gz".into(),
                url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz".into(),
                bytes: 170_052_171,
                checksum: md5("c32a1d4ab5d03f1284b67883e8d87530"),
                packing: Packing::TarGz { limit: 200_000_000 },
            }],
            python: Some(PythonFiles {
                folder: "cifar-10-batches-py".into(),
                train: vec![
                    pickle("data_batch_1", "c99cafc152244af753f735de768cd75f"),
                    pickle("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
                    pickle("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
                    pickle("data_batch_4", "634d18415352ddfa80567beed471001a"),
                    pickle("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
                ],
                test: vec![pickle("test_batch", "40351d587109b95175f43aff81a1287e")],
                labels: "labels".into(),
            }),
            hub: hub("uoft-cs/cifar10", "plain_text", "img", "label"),
            arrays: arrays("cifar10 cifar-10 CIFAR10"),
            first_labels: None,
        }
    }

    /// CIFAR-100, binary version, fine labels.
    pub fn cifar100() -> Self {
        Self {
            name: "CIFAR100".into(),
            folders: vec!["cifar-100-binary".into()],
            layout: FileLayout::Cifar100,
            train: vec![file("train.bin", 50_000 * 3074)],
            test: vec![file("test.bin", 10_000 * 3074)],
            classes: names(CIFAR100_CLASSES),
            shape: [3, 32, 32],
            normalize: normalize(&[0.5071, 0.4865, 0.4409], &[0.2673, 0.2564, 0.2762]),
            archives: vec![Archive {
                name: "cifar-100-binary.tar.gz".into(),
                url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz".into(),
                bytes: 168_513_733,
                checksum: md5("03b5dce01913d631647c71ecec9e9cb8"),
                packing: Packing::TarGz { limit: 200_000_000 },
            }],
            python: Some(PythonFiles {
                folder: "cifar-100-python".into(),
                train: vec![pickle("train", "16019d7e3df5f24257cddd939b257f8d")],
                test: vec![pickle("test", "f0ef6b0ae62326f3e7ffdfab6717acfc")],
                labels: "fine_labels".into(),
            }),
            hub: hub("uoft-cs/cifar100", "cifar100", "img", "fine_label"),
            arrays: arrays("cifar100 cifar-100 CIFAR100"),
            first_labels: None,
        }
    }

    /// MNIST.
    pub fn mnist() -> Self {
        Self {
            name: "MNIST".into(),
            folders: vec!["MNIST/raw".into(), "MNIST".into()],
            classes: names("0 1 2 3 4 5 6 7 8 9"),
            normalize: normalize(&[0.1307], &[0.3081]),
            first_labels: Some([
                [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
                [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
            ]),
            hub: hub("ylecun/mnist", "mnist", "image", "label"),
            arrays: arrays("mnist MNIST"),
            // The authors' own page no longer serves the files; torchvision uses this address.
            ..mnist_like(
                "https://ossci-datasets.s3.amazonaws.com/mnist",
                [
                    "6bbc9ace898e44ae57da46a324031adb",
                    "a25bea736e30d166cdddb491f175f624",
                    "2646ac647ad5339dbf082846283269ea",
                    "27ae3e4e09519cfbb04c329615203637",
                ],
                [
                    (
                        9_912_422,
                        sha("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                    ),
                    (
                        28_881,
                        sha("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
                    ),
                    (
                        1_648_877,
                        sha("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
                    ),
                    (
                        4_542,
                        sha("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
                    ),
                ],
            )
        }
    }

    /// FashionMNIST.
    pub fn fashion_mnist() -> Self {
        let classes =
            "t-shirt_or_top trouser pullover dress coat sandal shirt sneaker bag ankle_boot";
        Self {
            name: "FashionMNIST".into(),
            folders: vec!["FashionMNIST/raw".into(), "FashionMNIST".into()],
            classes: names(classes),
            normalize: normalize(&[0.2860], &[0.3530]),
            first_labels: Some([
                [9, 0, 0, 3, 0, 2, 7, 2, 5, 5],
                [9, 2, 1, 1, 6, 1, 4, 6, 5, 7],
            ]),
            hub: hub(
                "zalando-datasets/fashion_mnist",
                "fashion_mnist",
                "image",
                "label",
            ),
            arrays: arrays("fashion_mnist fashion-mnist FashionMNIST"),
            ..mnist_like(
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
                [
                    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
                    "9018921c3c673c538a1fc5bad174d6f9",
                    "8181f5470baa50b63fa0f6fddb340f0a",
                    "15d484375f8d13e6eb1aabb0c3f46965",
                ],
                [
                    (26_421_880, md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d")),
                    (29_515, md5("25c81989df183df01b3e8a0aad5dffbe")),
                    (4_422_102, md5("bef4ecab320f06d8554ea6380940ec79")),
                    (5_148, md5("bb300cfdad3c16e7a12a480ee83cd310")),
                ],
            )
        }
    }

    /// STL-10, the labelled images.
    pub fn stl10() -> Self {
        Self {
            name: "STL10".into(),
            folders: vec!["stl10_binary".into()],
            layout: FileLayout::Stl10,
            train: vec![
                known(
                    "train_X.bin",
                    5_000 * 27_648,
                    "918c2871b30a85fa023e0c44e0bee87f",
                ),
                known("train_y.bin", 5_000, "5a34089d4802c674881badbb80307741"),
            ],
            test: vec![
                known(
                    "test_X.bin",
                    8_000 * 27_648,
                    "7f263ba9f9e0b06b93213547f721ac82",
                ),
                known("test_y.bin", 8_000, "36f9794fa4beb8a2c72628de14fa638e"),
            ],
            classes: names("airplane bird car cat deer dog horse monkey ship truck"),
            shape: [3, 96, 96],
            normalize: normalize(&[0.4467, 0.4398, 0.4066], &[0.2603, 0.2566, 0.2713]),
            archives: vec![Archive {
                name: "stl10_binary.tar.gz".into(),
                url: "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz".into(),
                bytes: 2_640_397_119,
                checksum: md5("91f7769df0f17e558f3565bffb0c7dfb"),
                // With the unlabelled images, which are not extracted.
                packing: Packing::TarGz {
                    limit: 3_500_000_000,
                },
            }],
            python: None,
            hub: None,
            arrays: vec![],
            first_labels: None,
        }
    }

    /// How many images the training part (0) or the test part (1) has.
    pub fn images(&self, part: usize) -> usize {
        let files = if part == 0 { &self.train } else { &self.test };
        let pixels: usize = self.shape.iter().product();
        let bytes = files.iter().map(|file| file.bytes as usize);
        match self.layout {
            FileLayout::Cifar10 => bytes.sum::<usize>() / (1 + pixels),
            FileLayout::Cifar100 => bytes.sum::<usize>() / (2 + pixels),
            FileLayout::Idx | FileLayout::Stl10 => bytes.take(1).sum::<usize>() / pixels.max(1),
        }
    }

    /// The files of both parts.
    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        self.train.iter().chain(&self.test)
    }
}

/// What MNIST and FashionMNIST have in common: four gzipped files; `md5` has the checksums of their contents, `archives` their
/// packed sizes and checksums.
fn mnist_like(base: &str, md5: [&str; 4], archives: [(u64, Checksum); 4]) -> DatasetSpec {
    let part = |prefix: &str, images: u64, [of_images, of_labels]: [&str; 2]| {
        let (pixels, labels) = (16 + images * 784, 8 + images);
        vec![
            known(&format!("{prefix}-images-idx3-ubyte"), pixels, of_images),
            known(&format!("{prefix}-labels-idx1-ubyte"), labels, of_labels),
        ]
    };
    let [images, labels, test_images, test_labels] = md5;
    let train = part("train", 60_000, [images, labels]);
    let test = part("t10k", 10_000, [test_images, test_labels]);
    let archive = |(file, (bytes, checksum)): (&DataFile, (u64, Checksum))| Archive {
        name: format!("{}.gz", file.name),
        url: format!("{base}/{}.gz", file.name),
        bytes,
        checksum,
        packing: Packing::Single,
    };
    DatasetSpec {
        name: String::new(),
        folders: vec![],
        layout: FileLayout::Idx,
        archives: train
            .iter()
            .chain(&test)
            .zip(archives)
            .map(archive)
            .collect(),
        train,
        test,
        classes: vec![],
        shape: [1, 28, 28],
        normalize: normalize(&[], &[]),
        python: None,
        hub: None,
        arrays: vec![],
        first_labels: None,
    }
}

fn sha(hex: &str) -> Checksum {
    Checksum::Sha256(hex.into())
}

fn md5(hex: &str) -> Checksum {
    Checksum::Md5(hex.into())
}

fn file(name: &str, bytes: u64) -> DataFile {
    DataFile {
        name: name.into(),
        bytes,
        md5: None,
    }
}

fn known(name: &str, bytes: u64, md5: &str) -> DataFile {
    DataFile {
        md5: Some(md5.into()),
        ..file(name, bytes)
    }
}

fn pickle(name: &str, md5: &str) -> PythonFile {
    PythonFile {
        name: name.into(),
        md5: Some(md5.into()),
    }
}

fn hub(repository: &str, config: &str, images: &str, labels: &str) -> Option<HubFiles> {
    Some(HubFiles {
        repository: repository.into(),
        config: config.into(),
        images: images.into(),
        labels: labels.into(),
    })
}

fn arrays(list: &str) -> Vec<String> {
    list.split_whitespace()
        .map(|name| format!("{name}.npz"))
        .collect()
}

fn names(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

fn normalize(mean: &[f64], std: &[f64]) -> Normalize {
    Normalize {
        mean: mean.to_vec(),
        std: std.to_vec(),
    }
}

const CIFAR100_CLASSES: &str = "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge \
    bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup \
    dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion \
    lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear \
    pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark \
    shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone \
    television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm";
