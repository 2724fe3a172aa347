//! Chinese text and the model of names trained from it.

use super::super::super::normal::Text;
use super::super::super::regions;
use super::super::chinese::{BITS, Lattice, SCALE, runs};
use super::super::lexicon::Chinese;
use super::{Dice, Example, Urn, expand, quantised};

const SLOTS: usize = 1 << BITS;

struct Zh {
    words: Urn,
    singles: Urn,
    surnames: Urn,
    given: [Urn; 3],
    places: Vec<&'static str>,
    templates: Vec<&'static str>,
}

const TITLES_ZH: &[&str] = &[
    "主任",
    "经理",
    "总经理",
    "书记",
    "局长",
    "院长",
    "校长",
    "教授",
    "主席",
    "董事长",
    "部长",
    "市长",
    "先生",
    "女士",
    "老师",
    "医生",
    "律师",
    "同志",
    "小姐",
    "警官",
    "工程师",
];
const FIRMS_ZH: &[&str] = &[
    "科技有限公司",
    "网络有限公司",
    "信息技术有限公司",
    "集团",
    "医院",
    "大学",
    "银行",
    "第一中学",
    "律师事务所",
    "传媒有限公司",
];
const STREETS_ZH: &[&str] = &[
    "人民", "中山", "解放", "建设", "和平", "长江", "文化", "新华", "胜利", "光明", "学府", "滨江",
    "朝阳", "迎宾", "金融",
];

fn power(cost: i32) -> f64 {
    2_f64.powf(-f64::from(cost) / 2.0)
}

impl Zh {
    fn new() -> Self {
        let lexicon = Chinese::get();
        let all = lexicon.all_words();
        // Flatter than language is, so that rare words are met too.
        let flat = |cost: i32| power(cost).powf(0.7);
        let given = include_str!("../../data/given_zh.txt");
        let column = |column: usize| {
            Urn::new(given.lines().filter_map(|line| {
                let mut fields = line.split_whitespace();
                let letter = fields.next()?;
                let cost: i32 = fields.nth(column)?.parse().ok()?;
                Some((letter, power(cost).powf(0.8)))
            }))
        };
        Self {
            words: Urn::new(
                all.iter()
                    .filter(|(word, ..)| word.chars().count() > 1)
                    .map(|(word, cost, _)| (*word, flat(*cost))),
            ),
            singles: Urn::new(
                all.iter()
                    .filter(|(word, cost, _)| word.chars().count() == 1 && *cost < 30)
                    .map(|(word, cost, _)| (*word, power(*cost))),
            ),
            surnames: Urn::new(include_str!("../../data/surnames_zh.txt").lines().filter_map(
                |line| {
                    let (name, rank) = line.split_once(' ')?;
                    Some((name, 2_f64.powf(rank.parse::<f64>().ok()? / 2.0).powf(0.8)))
                },
            )),
            given: [column(0), column(1), column(2)],
            places: regions::DIVISIONS
                .lines()
                .filter_map(|line| line.split_once(','))
                .map(|(_, name)| name)
                .filter(|name| name.chars().count() > 2)
                .collect(),
            templates: include_str!("../templates_zh.txt").lines().collect(),
        }
    }

    fn name(&self, dice: &mut Dice) -> String {
        let mut name = self.surnames.draw(dice).to_owned();
        let [only, first, second] = &self.given;
        if dice.one_in(3) {
            name.push_str(only.draw(dice));
        } else if dice.one_in(30) {
            let letter = first.draw(dice);
            name.push_str(letter);
            name.push_str(letter);
        } else {
            name.push_str(first.draw(dice));
            name.push_str(second.draw(dice));
        }
        name
    }

    fn salad(&self, dice: &mut Dice, most: usize) -> String {
        let mut out = String::new();
        for _ in 0..=dice.below(most) {
            out.push_str(if dice.one_in(3) {
                self.singles.draw(dice)
            } else {
                self.words.draw(dice)
            });
        }
        out
    }

    fn slot(&self, slot: char, dice: &mut Dice) -> (String, usize) {
        let text = match slot {
            'N' => return (self.name(dice), 1),
            'T' => dice.pick(TITLES_ZH).to_owned(),
            'O' => format!(
                "{}{}{}",
                dice.pick(&self.places),
                self.words.draw(dice),
                dice.pick(FIRMS_ZH)
            ),
            'P' => dice.pick(&self.places).to_owned(),
            'A' => format!(
                "{}{}路{}号",
                dice.pick(&self.places),
                dice.pick(STREETS_ZH),
                dice.below(900) + 1
            ),
            'Y' => format!("{}年{}月", 1990 + dice.below(35), 1 + dice.below(12)),
            'D' => (dice.next() % 99_999_999_999).to_string(),
            _ => self.salad(dice, 4),
        };
        (text, 0)
    }

    fn example(&self, dice: &mut Dice) -> Example {
        match dice.below(10) {
            0..=3 => {
                let template = dice.pick(&self.templates);
                expand(template, |slot| self.slot(slot, dice))
            }
            4 | 5 => {
                let (before, after) = (self.salad(dice, 6), self.salad(dice, 6));
                expand(&format!("{before}{{N}}{after}"), |slot| self.slot(slot, dice))
            }
            _ => {
                let mut text = self.salad(dice, 14);
                if dice.one_in(2) {
                    text.push('，');
                    text.push_str(&self.salad(dice, 12));
                }
                Example { text, gold: Vec::new() }
            }
        }
    }
}

/// The Chinese weights: logistic regression by stochastic descent with per-slot steps (Duchi, Hazan and Singer 2011).
pub fn chinese(examples: usize) -> Vec<u8> {
    let made = Zh::new();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut weights = vec![0_f32; SLOTS];
    let mut squares = vec![1e-3_f32; SLOTS];
    let mut slots = Vec::new();
    for _ in 0..examples {
        let example = made.example(&mut dice);
        let text = Text::new(&example.text);
        let gold: Vec<(usize, usize)> = example
            .gold
            .iter()
            .map(|(start, end, _)| (text.index_of(*start), text.index_of(*end)))
            .collect();
        runs(&text, |start, end| {
            let lattice = Lattice::new(&text, start, end);
            for candidate in lattice.candidates() {
                lattice.features(candidate, &mut slots);
                let truth = f32::from(u8::from(gold.contains(&(candidate.start, candidate.end))));
                let sum: f32 = slots.iter().map(|slot| at(&weights, *slot)).sum();
                let error = 1.0 / (1.0 + (-sum).exp()) - truth;
                for slot in &slots {
                    let place = usize::try_from(*slot).unwrap_or(0);
                    if let (Some(weight), Some(square)) =
                        (weights.get_mut(place), squares.get_mut(place))
                    {
                        *square += error * error;
                        *weight -= 0.08 * error / square.sqrt();
                    }
                }
            }
        });
    }
    quantised(&weights, SCALE)
}

fn at(weights: &[f32], slot: u32) -> f32 {
    usize::try_from(slot).ok().and_then(|slot| weights.get(slot)).copied().unwrap_or(0.0)
}
