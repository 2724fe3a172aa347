//! A model of pictures: one ONNX graph from prepared pixels to scores, and the map that the scores come from.

use crate::Library;
use crate::messages::{MODEL_MISMATCH, PREPROCESSING, SHAPE};
use crate::onnx::{self, Activation, Dense, Limits, Session};
use crate::turns::Turns;
use ingot_base::{Fault, FieldKind, Output, Result, Signature, Task, fault};
use ingot_image::{Heat, Preprocess};
use serde::{Deserialize, Serialize};

/// Pictures evaluated at once. One: on a processor the activations of one stay in its cache, and those of eight do not.
pub const BATCH: usize = 1;

/// What stands beside the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisionPreprocessing {
    /// One picture in, a class out.
    pub signature: Signature,
    /// From a file's pixels to the graph's input.
    pub pixels: Preprocess,
    /// The layer that turns the map's mean into scores, if it is one: then each place of the map has its exact share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear: Option<Dense>,
    /// What makes probabilities.
    pub activation: Activation,
}

/// A loaded model of pictures.
#[derive(Debug)]
pub struct VisionModel {
    /// The same network several times, for callers side by side: who asked first is first.
    sessions: Vec<Session>,
    turns: Turns,
    preprocessing: VisionPreprocessing,
    /// Whether the features are the mean of a map that the graph gives.
    mapped: bool,
}

/// The class that scores speak for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer<'m> {
    /// Its index.
    pub class: usize,
    /// Its name.
    pub label: &'m str,
    /// Its probability.
    pub probability: f64,
}

impl VisionModel {
    /// Makes a model of its two documents, for so many callers at once.
    ///
    /// # Errors
    /// When either is damaged, or they do not belong together.
    pub fn load(
        library: &Library,
        graph: &[u8],
        preprocessing: &[u8],
        callers: usize,
    ) -> Result<Self> {
        let preprocessing: VisionPreprocessing = serde_json::from_slice(preprocessing)
            .map_err(|error| Fault::new(&PREPROCESSING).arg("what", error))?;
        let signature = &preprocessing.signature;
        let picture = matches!(signature.inputs.as_slice(), [field] if matches!(field.kind, FieldKind::Image { .. }));
        let classes = !matches!(signature.output, Output::Number { .. });
        if !(picture && classes && signature.task == Task::ImageClassify) {
            return Err(Fault::new(&MODEL_MISMATCH)
                .arg("what", "the signature is not of one picture and its class"));
        }
        let outputs = onnx::read(graph, &Limits::default())?.graph.map(|graph| graph.output);
        let mapped = outputs.iter().flatten().any(|output| output.name == onnx::MAP);
        let sessions = (0..callers.max(1)).map(|_| Session::new(library, graph));
        let sessions: Vec<Session> = sessions.collect::<Result<_>>()?;
        let turns = Turns::new(sessions.len());
        Ok(Self { sessions, turns, preprocessing, mapped })
    }

    /// What goes in and what comes out.
    pub fn signature(&self) -> &Signature {
        &self.preprocessing.signature
    }

    /// How pixels are prepared.
    pub fn pixels(&self) -> &Preprocess {
        &self.preprocessing.pixels
    }

    /// Scores of prepared pictures, `rows × output.width()`.
    ///
    /// # Errors
    /// When the numbers are not those of so many pictures, or the graph fails.
    pub fn scores(&self, prepared: &[f32], rows: usize) -> Result<Vec<f64>> {
        let size = self.preprocessing.pixels.size();
        if prepared.len() != rows * size {
            return Err(Fault::new(&SHAPE)
                .arg("found", format!("{} numbers", prepared.len()))
                .arg("expected", format!("{size} a picture")));
        }
        let mut scores = Vec::with_capacity(rows * self.signature().output.width());
        for batch in prepared.chunks(BATCH * size.max(1)) {
            let answer = self.run(batch, &[onnx::SCORES])?;
            scores.extend(
                answer.iter().flat_map(|tensor| &tensor.data).map(|score| f64::from(*score)),
            );
        }
        Ok(scores)
    }

    /// The answer for one prepared picture, and what each place of the map added to its raw score (class activation map, Zhou
    /// et al. 2016): with one dense layer on the map's mean the places and [`Self::base`] sum to it. `None` when the head has
    /// more layers, or the features are not the mean of a map.
    ///
    /// # Errors
    /// As [`Self::scores`].
    pub fn activation_map(&self, prepared: &[f32]) -> Result<(Answer<'_>, Option<Heat>)> {
        if !self.mapped {
            return Ok((self.answer(&self.scores(prepared, 1)?), None));
        }
        let answers = self.run(prepared, &[onnx::SCORES, onnx::MAP])?;
        let [scores, map] = answers.as_slice() else {
            return Err(Fault::new(&MODEL_MISMATCH).arg("what", "the graph gives no map"));
        };
        let scores: Vec<f64> = scores.data.iter().map(|score| f64::from(*score)).collect();
        let answer = self.answer(&scores);
        let [_, channels, height, width] = map.shape[..] else { return Ok((answer, None)) };
        let Some(layer) =
            self.preprocessing.linear.as_ref().filter(|layer| layer.inputs() == channels)
        else {
            return Ok((answer, None));
        };
        let places = height * width;
        let (column, sign) = self.column(answer.class);
        #[expect(clippy::cast_precision_loss, reason = "a map has some dozens of places")]
        let sign = sign / places.max(1) as f32;
        let mut cells = vec![0.0_f32; places];
        for (plane, weights) in
            map.data.chunks_exact(places.max(1)).zip(layer.weight.chunks(layer.bias.len().max(1)))
        {
            let weight = weights.get(column).copied().unwrap_or(0.0) * sign;
            for (cell, number) in cells.iter_mut().zip(plane) {
                *cell += weight * number;
            }
        }
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        Ok((answer, Some(Heat { width, cells })))
    }

    /// The answer for one prepared picture, and how much each place carries it: a square of the mean colour hides one part of the
    /// picture after the other, and a place's share is by how much the answer's log-odds fall, in the mean, where it is hidden
    /// (Zeiler & Fergus 2014). For any network; it asks the network 65 times.
    ///
    /// # Errors
    /// As [`Self::scores`].
    pub fn occlusion(&self, prepared: &[f32]) -> Result<(Answer<'_>, Heat)> {
        /// Places along a side.
        const GRID: usize = 14;
        /// Places that a square hides along a side.
        const SQUARE: usize = 4;
        /// Places from one square to the next: half of one, so that each place lies under four.
        const STEP: usize = SQUARE / 2;
        let side = self.preprocessing.pixels.crop as usize;
        let scores = self.scores(prepared, 1)?;
        let answer = self.answer(&scores);
        let whole = self.log_odds(&scores, answer.class);
        let (mut cells, mut covers) = (vec![0.0_f32; GRID * GRID], vec![0.0_f32; GRID * GRID]);
        let pixel = |place: usize| place * side / GRID;
        for top in (0..GRID + STEP).step_by(STEP) {
            for left in (0..GRID + STEP).step_by(STEP) {
                // Squares stand over the borders too, else what is at the border would be hidden less often.
                let rows = top.saturating_sub(STEP)..(top + SQUARE - STEP).min(GRID);
                let columns = left.saturating_sub(STEP)..(left + SQUARE - STEP).min(GRID);
                let mut hidden = prepared.to_vec();
                let (from, to) = (pixel(columns.start), pixel(columns.end));
                for plane in hidden.chunks_exact_mut((side * side).max(1)) {
                    let lines = plane.chunks_exact_mut(side.max(1));
                    for line in lines.take(pixel(rows.end)).skip(pixel(rows.start)) {
                        line.get_mut(from..to).unwrap_or_default().fill(0.0);
                    }
                }
                let scores = self.scores(&hidden, 1)?;
                #[expect(clippy::cast_possible_truncation, reason = "log-odds of some units")]
                let fall = (whole - self.log_odds(&scores, answer.class)) as f32;
                for place in rows.flat_map(|row| columns.clone().map(move |c| row * GRID + c)) {
                    if let (Some(cell), Some(cover)) = (cells.get_mut(place), covers.get_mut(place))
                    {
                        *cell += fall;
                        *cover += 1.0;
                    }
                }
            }
        }
        for (cell, cover) in cells.iter_mut().zip(&covers) {
            *cell /= cover.max(1.0);
        }
        Ok((answer, Heat { width: u32::try_from(GRID).unwrap_or(u32::MAX), cells }))
    }

    /// `ln(p / (1 − p))` of a class.
    fn log_odds(&self, scores: &[f64], class: usize) -> f64 {
        let (column, sign) = self.column(class);
        let score = scores.get(column).copied().unwrap_or_default().clamp(1e-7, 1.0 - 1e-7);
        (score / (1.0 - score)).ln() * f64::from(sign)
    }

    /// The class that scores speak for.
    pub fn answer(&self, scores: &[f64]) -> Answer<'_> {
        let first = scores.first().copied().unwrap_or_default();
        let (class, label, probability): (usize, &str, f64) = match &self.signature().output {
            Output::Binary { positive, threshold, .. } if first >= *threshold => {
                (1, positive, first)
            }
            Output::Binary { negative, .. } => (0, negative, 1.0 - first),
            Output::Multiclass { labels, .. } => {
                let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                let (class, score) = best.map_or((0, 0.0), |(class, score)| (class, *score));
                (class, labels.get(class).map_or("", String::as_str), score)
            }
            Output::Number { target } | Output::Text { target } => (0, target, first),
        };
        Answer { class, label, probability }
    }

    /// What a class's raw score is before any place of the map is known: the bias of the only layer, else 0.
    pub fn base(&self, class: usize) -> f64 {
        let (column, sign) = self.column(class);
        let bias = self.preprocessing.linear.as_ref().and_then(|layer| layer.bias.get(column));
        bias.map_or(0.0, |bias| f64::from(bias * sign))
    }

    /// The output that speaks for a class, and with which sign: of two classes one output speaks for the second and against
    /// the first.
    fn column(&self, class: usize) -> (usize, f32) {
        match self.preprocessing.activation {
            Activation::Sigmoid => (0, if class == 0 { -1.0 } else { 1.0 }),
            Activation::Softmax => (class, 1.0),
        }
    }

    fn run(&self, prepared: &[f32], outputs: &[&str]) -> Result<Vec<crate::weights::Tensor>> {
        let side = self.preprocessing.pixels.crop as usize;
        let rows = prepared.len().checked_div(self.preprocessing.pixels.size()).unwrap_or_default();
        let turn = self.turns.take();
        let session = self.sessions.get(turn.place);
        let session = session.ok_or_else(|| fault::internal("a network without sessions"))?;
        session.run(onnx::IMAGE, &[rows, 3, side, side], prepared, outputs)
    }
}
