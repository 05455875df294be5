//! The data sets known by name: files, sizes, classes, statistics. States facts only; reading and fetching are elsewhere.

use termc_compiler::model::Normalize;

/// A file of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the data set's folder; a gzipped copy with `.gz` appended serves as well.
    pub name: String,
    /// Its size (uncompressed) in bytes.
    pub bytes: u64,
}

/// How the files are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Records of a label byte and an image, any number of files a part.
    Cifar10,
    /// Records of a coarse label, a fine label and an image.
    Cifar100,
    /// IDX: an image file and a label file a part.
    Idx,
    /// Column-major planes and labels from 1: an image file and a label file a part.
    Stl10,
}

/// All there is to know about a data set before its files are seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The name for `--dataset`.
    pub name: String,
    /// Subfolders of the data folder where the files may be, the official one first.
    pub folders: Vec<String>,
    /// How the files are laid out.
    pub layout: Layout,
    /// The files of the training part, in order.
    pub train: Vec<File>,
    /// The files of the test part, in order.
    pub test: Vec<File>,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// `[channels, height, width]`.
    pub shape: [usize; 3],
    /// Channel statistics of the training part.
    pub normalize: Normalize,
}

impl Spec {
    /// CIFAR-10, binary version.
    pub fn cifar10() -> Self {
        let batch = |number| file(&format!("data_batch_{number}.bin"), 10_000 * 3073);
        Self {
            name: "CIFAR10".into(),
            folders: vec!["cifar-10-batches-bin".into()],
            layout: Layout::Cifar10,
            train: (1..=5).map(batch).collect(),
            test: vec![file("test_batch.bin", 10_000 * 3073)],
            classes: names("airplane automobile bird cat deer dog frog horse ship truck"),
            shape: [3, 32, 32],
            normalize: normalize(&[0.4914, 0.4822, 0.4465], &[0.2470, 0.2435, 0.2616]),
        }
    }

    /// CIFAR-100, binary version, fine labels.
    pub fn cifar100() -> Self {
        Self {
            name: "CIFAR100".into(),
            folders: vec!["cifar-100-binary".into()],
            layout: Layout::Cifar100,
            train: vec![file("train.bin", 50_000 * 3074)],
            test: vec![file("test.bin", 10_000 * 3074)],
            classes: names(CIFAR100_CLASSES),
            shape: [3, 32, 32],
            normalize: normalize(&[0.5071, 0.4865, 0.4409], &[0.2673, 0.2564, 0.2762]),
        }
    }

    /// MNIST.
    pub fn mnist() -> Self {
        Self {
            name: "MNIST".into(),
            folders: vec!["MNIST/raw".into(), "MNIST".into()],
            classes: names("0 1 2 3 4 5 6 7 8 9"),
            normalize: normalize(&[0.1307], &[0.3081]),
            ..mnist_like()
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
            ..mnist_like()
        }
    }

    /// STL-10, the labelled images.
    pub fn stl10() -> Self {
        Self {
            name: "STL10".into(),
            folders: vec!["stl10_binary".into()],
            layout: Layout::Stl10,
            train: vec![
                file("train_X.bin", 5_000 * 27_648),
                file("train_y.bin", 5_000),
            ],
            test: vec![
                file("test_X.bin", 8_000 * 27_648),
                file("test_y.bin", 8_000),
            ],
            classes: names("airplane bird car cat deer dog horse monkey ship truck"),
            shape: [3, 96, 96],
            normalize: normalize(&[0.4467, 0.4398, 0.4066], &[0.2603, 0.2566, 0.2713]),
        }
    }

    /// The files of both parts.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.train.iter().chain(&self.test)
    }
}

/// What MNIST and FashionMNIST have in common.
fn mnist_like() -> Spec {
    let part = |prefix: &str, images: u64| {
        vec![
            file(&format!("{prefix}-images-idx3-ubyte"), 16 + images * 784),
            file(&format!("{prefix}-labels-idx1-ubyte"), 8 + images),
        ]
    };
    Spec {
        name: String::new(),
        folders: vec![],
        layout: Layout::Idx,
        train: part("train", 60_000),
        test: part("t10k", 10_000),
        classes: vec![],
        shape: [1, 28, 28],
        normalize: normalize(&[], &[]),
    }
}

fn file(name: &str, bytes: u64) -> File {
    File {
        name: name.into(),
        bytes,
    }
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
