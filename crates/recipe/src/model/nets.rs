//! What only networks have, typed: `[augment]`, `train.backbone`, `train.head`, `train.unfreeze` and `train.encoder`.

use ingot_base::Task;
use serde::{Deserialize, Serialize};

/// The table `[augment]`: changed copies of training pictures or texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// Copies of every training picture or text, besides itself: 0 to 100.
    pub copies: usize,
    /// Degrees either way: 0 to 180.
    pub rotate: u16,
    /// Share by which the scale changes; in [0, 1).
    pub zoom: f64,
    /// Share of the sides cut off; in [0, 1).
    pub crop: f64,
    /// Share of the sides by which the picture moves; in [0, 1).
    pub translate: f64,
    /// Half of the copies are mirrored.
    pub flip: bool,
    /// Share by which brightness, contrast and saturation change; in [0, 1).
    pub colour: f64,
    /// Share of the copies that are blurred; in [0, 1).
    pub blur: f64,
    /// Share of the copies of which a rectangle is wiped out; in [0, 1).
    pub erase: f64,
    /// Copies whose features are mixed of two pictures'.
    pub mixup: Mix,
    /// Copies of which a rectangle is another picture's.
    pub cutmix: Mix,
    /// Share of the words of a text that change places; in [0, 1).
    pub swap: f64,
    /// Share of the words of a text that are left out; in [0, 1).
    pub delete: f64,
    /// Share of the known words of a text that are replaced; in [0, 1).
    pub synonym: f64,
    /// Share of the words of a text that are mistyped; in [0, 1).
    pub noise: f64,
}

/// The tables `augment.mixup` and `augment.cutmix`: copies that are two pictures in one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Copies of every training picture, besides others: 0 to 100.
    pub copies: usize,
    /// The picture's share is drawn from Beta(α, α): 0.01 to 10.
    pub alpha: f64,
}

/// The table `train.private`: what the weights may tell of any one row or group (differential privacy).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    /// ε at most; above 0.
    pub epsilon: f64,
    /// δ; in (0, 1).
    pub delta: f64,
    /// Length to which every unit's gradient is shortened; above 0.
    pub clip: f64,
    /// What is hidden.
    pub unit: Unit,
}

/// What a private training hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Every single row.
    Row,
    /// All rows of a group of `split.group` together.
    Group,
}

/// The table `train.head`: layers on a backbone's features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Widths of hidden layers.
    pub hidden: Vec<usize>,
    /// Passes over the training rows at most.
    pub epochs: usize,
    /// Rows in a step.
    pub batch: usize,
    /// Adam's step; above 0.
    pub learning_rate: f64,
    /// Decoupled weight decay; 0: Adam.
    pub weight_decay: f64,
    /// How the step changes.
    pub schedule: Schedule,
    /// Share of features left out in a step; in [0, 1).
    pub dropout: f64,
    /// Epochs without a better validation loss before training stops; 0: it does not.
    pub patience: usize,
}

/// The table `train.unfreeze`: how the network's last blocks are trained too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// Blocks from the end: 1 to 10.
    pub blocks: usize,
    /// Passes over the training pictures and copies at most: 1 to 1,000.
    pub epochs: usize,
    /// Pictures in a step: 1 to 1,024.
    pub batch: usize,
    /// Adam's step; above 0.
    pub learning_rate: f64,
    /// Decoupled weight decay; 0: Adam.
    pub weight_decay: f64,
    /// How the step changes.
    pub schedule: Schedule,
    /// Epochs without a better validation loss before training stops; 0: it does not.
    pub patience: usize,
}

/// The table `train.encoder`: how an encoder of texts is trained too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    /// What of a layer is trained.
    pub method: EncoderMethod,
    /// Of a low-rank change: 1 to 256.
    pub rank: usize,
    /// What such a change is scaled by, over the rank; above 0.
    pub alpha: f64,
    /// Layers from the end: 1 to 6; `None`: all of a low-rank change, else two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// Passes over the training texts and copies at most: 1 to 1,000.
    pub epochs: usize,
    /// Texts in a step: 1 to 1,024.
    pub batch: usize,
    /// Adam's greatest step, above 0; `None`: that of the method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Decoupled weight decay; 0: Adam.
    pub weight_decay: f64,
    /// How the step changes.
    pub schedule: Schedule,
    /// Epochs without a better validation loss before training stops; 0: it does not.
    pub patience: usize,
}

impl Encoder {
    /// Layers that are trained, of so many.
    pub fn layers(&self, of: usize) -> usize {
        self.layers.unwrap_or(match self.method {
            EncoderMethod::Lora => of,
            EncoderMethod::Full => of.min(2),
        })
    }

    /// Adam's greatest step.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.method {
            EncoderMethod::Lora => 5e-4,
            EncoderMethod::Full => 5e-5,
        })
    }
}

/// What of an encoder's layer is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderMethod {
    /// Low-rank changes of its matrices.
    Lora,
    /// All of its numbers.
    Full,
}

/// How the learning rate changes over the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Not at all.
    Constant,
    /// Down to nothing along half a cosine.
    Cosine,
}

/// A pretrained network that gives features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Backbone {
    /// `MobileNetV2`, trained on `ImageNet`: 1,280 features of a picture of 224 × 224.
    #[serde(rename = "mobilenet-v2")]
    MobileNetV2,
    /// `all-MiniLM-L6-v2`: 384 features of a text of up to 256 tokens.
    #[serde(rename = "minilm-l6")]
    MiniLm,
    /// An ONNX file of the user's.
    #[serde(untagged)]
    Own(OwnBackbone),
}

impl Backbone {
    /// The one of a task that names none.
    pub const fn of(task: Task) -> Self {
        match task {
            Task::TextClassify => Self::MiniLm,
            Task::Tabular(_) | Task::ImageClassify | Task::Generate => Self::MobileNetV2,
        }
    }

    /// The only task whose data it reads; `None` of a file, which the task says how to read.
    pub const fn task(&self) -> Option<Task> {
        match self {
            Self::MobileNetV2 => Some(Task::ImageClassify),
            Self::MiniLm => Some(Task::TextClassify),
            Self::Own(_) => None,
        }
    }

    /// The ONNX file, where it is one of the user's.
    pub const fn own(&self) -> Option<&OwnBackbone> {
        match self {
            Self::Own(own) => Some(own),
            Self::MobileNetV2 | Self::MiniLm => None,
        }
    }
}

/// The table `train.backbone`: an ONNX file and how its data is prepared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnBackbone {
    /// The file, relative to the recipe.
    pub file: String,
    /// The value of the graph that the features are.
    pub features: String,
    /// The graph's input of pictures; `None`: its only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Pixels that a picture's shorter side is brought to, 16 to 2,048; `None`: 8/7 of `crop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<u32>,
    /// Side of the square that is cut from the middle, 16 to 2,048; `None`: 224.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<u32>,
    /// Subtracted from red, green and blue, of the range 0 to 1; `None`: `ImageNet`'s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<[f64; 3]>,
    /// What they are then divided by; `None`: `ImageNet`'s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<[f64; 3]>,
    /// The file of the tokenizer of an encoder of texts, relative to the recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
    /// How tokens become one vector; `None`: by their mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Pooling>,
    /// Tokens read of a text, 4 to 8,192; `None`: 256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u32>,
}

impl OwnBackbone {
    /// The side of the square, where the recipe sets none.
    pub const CROP: u32 = 224;
    /// The tokens read of a text, where the recipe sets none; the published encoder reads as many.
    pub const TOKENS: u32 = 256;

    /// Side of the square that the network sees.
    pub fn crop(&self) -> u32 {
        self.crop.unwrap_or(Self::CROP)
    }

    /// Pixels of a picture's shorter side before that: of 224 they are 256, as for `ImageNet`.
    pub fn resize(&self) -> u32 {
        self.resize.unwrap_or(self.crop() * 8 / 7)
    }

    /// How tokens become one vector.
    pub fn pooling(&self) -> Pooling {
        self.pooling.unwrap_or(Pooling::Mean)
    }

    /// Tokens read of a text.
    pub fn tokens(&self) -> u32 {
        self.tokens.unwrap_or(Self::TOKENS)
    }
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first token's.
    Cls,
    /// The network gives one already.
    None,
}
