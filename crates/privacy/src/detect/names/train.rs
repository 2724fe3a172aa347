//! Trains the two linear models from text that this module makes up: templates, random words, names from the lists.
//!
//! Everything is drawn from one seeded generator, so the same lists give the same weights.

use super::super::normal::Text;
use super::chinese::{Lattice, SCALE, runs};
use super::english::{LABELS, ORGANIZATION, OTHER, PERSON, PLACE, eligible, features, tokens};
use super::lexicon::{Chinese, English};
use super::linear::BITS;

const SLOTS: usize = 1 << BITS;

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound.max(1)
    }

    fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }
}

/// A list drawn from by weight.
struct Urn {
    items: Vec<&'static str>,
    sums: Vec<f64>,
}

impl Urn {
    fn new(weighted: impl Iterator<Item = (&'static str, f64)>) -> Self {
        let (mut items, mut sums, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (item, weight) in weighted {
            sum += weight;
            items.push(item);
            sums.push(sum);
        }
        Self { items, sums }
    }

    #[expect(clippy::cast_precision_loss, reason = "random bits")]
    fn draw(&self, dice: &mut Dice) -> &'static str {
        let point = (dice.next() >> 11) as f64 / (1_u64 << 53) as f64
            * self.sums.last().copied().unwrap_or(0.0);
        self.items.get(self.sums.partition_point(|sum| *sum < point)).copied().unwrap_or_default()
    }
}

/// A text and what stands where (byte offsets).
struct Example {
    text: String,
    gold: Vec<(usize, usize, usize)>,
}

/// Fills `{X}` of a template; `fill` answers the words and their label.
fn expand(template: &str, mut fill: impl FnMut(char) -> (String, usize)) -> Example {
    let mut example = Example { text: String::new(), gold: Vec::new() };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((slot, tail)) = after.split_once('}') else { break };
        example.text.push_str(before);
        let (words, label) = fill(slot.chars().next().unwrap_or(' '));
        let start = example.text.len();
        example.text.push_str(&words);
        if label > 0 {
            example.gold.push((start, example.text.len(), label));
        }
        rest = tail;
    }
    example.text.push_str(rest);
    example
}

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
        let given = include_str!("../data/given_zh.txt");
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
            surnames: Urn::new(include_str!("../data/surnames_zh.txt").lines().filter_map(
                |line| {
                    let (name, rank) = line.split_once(' ')?;
                    Some((name, 2_f64.powf(rank.parse::<f64>().ok()? / 2.0).powf(0.8)))
                },
            )),
            given: [column(0), column(1), column(2)],
            places: super::super::regions::DIVISIONS
                .lines()
                .filter_map(|line| line.split_once(','))
                .map(|(_, name)| name)
                .filter(|name| name.chars().count() > 2)
                .collect(),
            templates: include_str!("templates_zh.txt").lines().collect(),
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

/// Weights of one byte.
fn quantised(weights: &[f32], scale: f32) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a byte")]
    let byte = |weight: &f32| ((weight * scale).round().clamp(-127.0, 127.0) as i8).cast_unsigned();
    weights.iter().map(byte).collect()
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

struct En {
    words: Urn,
    rare: Urn,
    first: Urn,
    last: Urn,
    cities: Vec<&'static str>,
    countries: Vec<&'static str>,
    templates: Vec<&'static str>,
    nameless: Vec<&'static str>,
}

const TITLES_EN: &[&str] = &["Mr.", "Mrs.", "Ms.", "Dr.", "Mr", "Mrs", "Ms", "Miss", "Prof.", "Dr"];
const FIRMS_EN: &[&str] = &[
    "Inc",
    "Inc.",
    "Ltd",
    "LLC",
    "Corp",
    "Corporation",
    "Group",
    "PLC",
    "Holdings",
    "Bank",
    "Partners",
    "Systems",
    "Technologies",
    "Company",
    "Industries",
    "& Co",
    "Insurance",
    "Motors",
    "Energy",
];
const HEADINGS: &[&str] = &[
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "January",
    "February",
    "April",
    "June",
    "July",
    "October",
    "Note",
    "The",
    "This",
    "If",
    "When",
    "For",
    "In",
    "You",
    "We",
    "I",
    "It",
    "API",
    "HTTP",
    "JSON",
    "English",
    "Chinese",
    "American",
    "French",
    "German",
    "Internet",
    "Python",
    "Linux",
    "License",
    "Copyright",
    "Software",
    "Section",
    "Table",
    "Figure",
    "Chapter",
    "See",
    "Returns",
    "Example",
    "True",
    "False",
    "None",
    "Unicode",
    "Windows",
    "Apache",
    "Java",
    "Please",
    "Can",
    "How",
    "What",
    "Why",
    "My",
];

fn title_case(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

impl En {
    fn new() -> Self {
        let lexicon = English::get();
        let [words, first, last] = lexicon.lists();
        let weight = |rank: &i32| 2_f64.powi(*rank).powf(0.6);
        let known = |list: Vec<(&'static str, i32)>, odds: f64| {
            Urn::new(
                list.into_iter()
                    .filter(|(word, _)| lexicon.word(word) < 9)
                    .map(move |(word, rank)| (word, 2_f64.powi(rank).powf(odds) + 0.05)),
            )
        };
        Self {
            rare: Urn::new(
                words.iter().filter(|(_, rank)| *rank < 8).map(|(word, _)| (*word, 1.0)),
            ),
            words: Urn::new(words.iter().map(|(word, rank)| (*word, weight(rank)))),
            first: known(first, 0.7),
            last: known(last, 0.7),
            cities: include_str!("../data/cities.txt").lines().collect(),
            countries: include_str!("../data/countries.txt").lines().collect(),
            templates: include_str!("templates_en.txt").lines().collect(),
            nameless: include_str!("prose_en.txt").lines().collect(),
        }
    }

    /// A name on no list: the head of one and the tail of another, foreign letters now and then.
    fn unknown(&self, dice: &mut Dice) -> String {
        let head = if dice.one_in(3) {
            dice.pick(&self.cities).to_lowercase()
        } else {
            self.last.draw(dice).to_owned()
        };
        let tail = if dice.one_in(3) { self.first.draw(dice) } else { self.last.draw(dice) };
        let head: String =
            head.chars().filter(|letter| letter.is_alphabetic()).take(2 + dice.below(4)).collect();
        let tail: String = tail.chars().skip(2).collect();
        let mut name = head
            + &tail
            + dice.pick(&["", "", "", "a", "o", "en", "ski", "ová", "sen", "ić", "ez", "i"]);
        for (plain, marked) in
            [('a', 'á'), ('o', 'ö'), ('e', 'é'), ('s', 'š'), ('i', 'í'), ('c', 'č')]
        {
            if dice.one_in(12) {
                name = name.replacen(plain, &marked.to_string(), 1);
            }
        }
        name
    }

    fn first(&self, dice: &mut Dice) -> String {
        let name =
            if dice.one_in(4) { self.unknown(dice) } else { self.first.draw(dice).to_owned() };
        if dice.one_in(40) { name.to_uppercase() } else { title_case(&name) }
    }

    fn last(&self, dice: &mut Dice) -> String {
        let name =
            if dice.one_in(3) { self.unknown(dice) } else { self.last.draw(dice).to_owned() };
        let name = title_case(&name);
        if dice.one_in(25) { format!("{name}-{}", title_case(self.last.draw(dice))) } else { name }
    }

    fn city(&self, dice: &mut Dice) -> String {
        if dice.one_in(3) {
            let name = title_case(&self.unknown(dice));
            return match dice.below(8) {
                0 => name.to_uppercase(),
                1 => format!(
                    "{} {name}",
                    dice.pick(&["San", "Santa", "New", "Port", "Saint", "Bad", "El", "La", "Nova"])
                ),
                2 => format!("{name} {}", title_case(&self.unknown(dice))),
                _ => name,
            };
        }
        let name = dice.pick(&self.cities);
        if dice.one_in(12) { name.to_uppercase() } else { name.to_owned() }
    }

    fn firm(&self, dice: &mut Dice) -> String {
        match dice.below(12) {
            0 => format!("{} {}", self.last(dice), dice.pick(FIRMS_EN)),
            1 => format!("{}, {} and {}", self.last(dice), self.last(dice), self.last(dice)),
            2 => format!("{}-{}", self.last(dice), self.last(dice)),
            3 => format!("University of {}", dice.pick(&self.cities)),
            4 => format!(
                "{} {}",
                dice.pick(&self.cities),
                dice.pick(&[
                    "University",
                    "Hospital",
                    "College",
                    "Bank",
                    "Airlines",
                    "Museum",
                    "Police Department",
                    "City Council"
                ])
            ),
            5 => format!("Bank of {}", dice.pick(&self.countries)),
            6 => format!("{} & {}", self.last(dice), self.last(dice)),
            7 => format!("{} and Sons", self.last(dice)),
            8 => format!(
                "{} {} {}",
                title_case(self.rare.draw(dice)),
                title_case(self.words.draw(dice)),
                dice.pick(FIRMS_EN)
            ),
            9 if dice.one_in(2) => title_case(self.unknown(dice).as_str()),
            9 => format!("{} {}", title_case(self.unknown(dice).as_str()), dice.pick(FIRMS_EN)),
            _ => format!("{} {}", title_case(self.rare.draw(dice)), dice.pick(FIRMS_EN)),
        }
    }

    fn plain(&self, dice: &mut Dice) -> String {
        let mut out = String::new();
        for place in 0..=dice.below(3) {
            if place > 0 {
                out.push(' ');
            }
            out.push_str(self.words.draw(dice));
        }
        out
    }

    fn slot(&self, slot: char, dice: &mut Dice) -> (String, usize) {
        match slot {
            'F' => (self.first(dice), PERSON),
            'L' => (self.last(dice), PERSON),
            'I' => {
                (char::from(b'A' + u8::try_from(dice.below(26)).unwrap_or(0)).to_string(), PERSON)
            }
            'M' => (dice.pick(TITLES_EN).to_owned(), OTHER),
            'C' => (self.city(dice), PLACE),
            'K' => (dice.pick(&self.countries).to_owned(), PLACE),
            'O' => (self.firm(dice), ORGANIZATION),
            'd' => (dice.below(99_999).to_string(), OTHER),
            'S' => (
                format!(
                    "{} {}",
                    self.last(dice),
                    dice.pick(&["St", "Street", "Rd", "Avenue", "street"])
                ),
                PLACE,
            ),
            'J' => (
                dice.pick(&[
                    "accountant",
                    "Software engineer",
                    "Nurse",
                    "Sales manager",
                    "teacher",
                    "Clerk",
                    "Layout artist",
                    "Director",
                ])
                .to_owned(),
                OTHER,
            ),
            'N' => (
                title_case(dice.pick(&[
                    "french", "german", "italian", "japanese", "dutch", "polish", "kenyan",
                ])),
                OTHER,
            ),
            _ => (self.plain(dice), OTHER),
        }
    }

    fn example(&self, dice: &mut Dice) -> Example {
        match dice.below(20) {
            0..=11 => {
                let template = self.registered(dice);
                expand(&template, |slot| self.slot(slot, dice))
            }
            13 => Example { text: dice.pick(&self.nameless).to_owned(), gold: Vec::new() },
            12 => {
                let slot = dice.pick(&["{F}", "{F} {L}", "{C}", "{K}", "{O}", "{L}"]);
                let template = format!(
                    "{} {} {slot} {}.",
                    title_case(&self.plain(dice)),
                    self.plain(dice),
                    self.plain(dice)
                );
                expand(&template, |slot| self.slot(slot, dice))
            }
            _ => Example { text: self.prose(dice), gold: Vec::new() },
        }
    }

    /// One or two templates in a row; now and then in capitals, or begun in lower case as in a chat.
    fn registered(&self, dice: &mut Dice) -> String {
        let mut text = dice.pick(&self.templates).to_owned();
        if dice.one_in(4) {
            let other =
                if dice.one_in(2) { dice.pick(&self.nameless) } else { dice.pick(&self.templates) };
            text =
                if dice.one_in(2) { format!("{text} {other}") } else { format!("{other} {text}") };
        }
        let shown = |text: &str, turn: fn(&str) -> String| {
            text.split_inclusive('}')
                .map(|piece| match piece.split_once('{') {
                    Some((plain, slot)) => format!("{}{{{slot}", turn(plain)),
                    None => turn(piece),
                })
                .collect::<String>()
        };
        match dice.below(16) {
            0 => shown(&text, str::to_uppercase),
            1 => shown(&text, str::to_lowercase),
            _ => text,
        }
    }

    /// Words in which nothing is a name, capitalised as headings, sentences, licences and code comments are.
    fn prose(&self, dice: &mut Dice) -> String {
        let style = dice.below(4);
        let mut out = String::new();
        for place in 0..6 + dice.below(10) {
            let word = if dice.one_in(7) {
                dice.pick(HEADINGS).to_owned()
            } else if dice.one_in(4) {
                self.rare.draw(dice).to_owned()
            } else {
                self.words.draw(dice).to_owned()
            };
            let capital = style == 0
                || place == 0
                || style == 1 && dice.one_in(3)
                || style == 2 && dice.one_in(8);
            if place > 0 {
                out.push_str(match dice.below(12) {
                    0 => ". ",
                    1 => ", ",
                    _ => " ",
                });
            }
            let shown = if style == 3 && dice.one_in(6) {
                word.to_uppercase()
            } else if capital || out.ends_with(". ") {
                title_case(&word)
            } else {
                word
            };
            out.push_str(&shown);
        }
        out
    }
}

/// The English weights: averaged perceptron (Collins 2002), greedy left to right.
pub fn english(examples: usize) -> Vec<u8> {
    let made = En::new();
    let mut dice = Dice(0x0fed_cba9_8765_4321);
    let mut weights = vec![0_f32; SLOTS * LABELS];
    let mut totals = weights.clone();
    let mut slots = Vec::new();
    let mut clock = 0_f32;
    for _ in 0..examples {
        let example = made.example(&mut dice);
        let text = Text::new(&example.text);
        let all = tokens(&text);
        let mut previous = OTHER;
        for (place, token) in all.iter().enumerate() {
            let start = text.byte_of(token.start);
            let truth = example
                .gold
                .iter()
                .find(|(from, to, _)| (*from..*to).contains(&start))
                .map_or(OTHER, |(_, _, label)| *label);
            if eligible(&all, place) {
                features(&all, place, previous, &mut slots);
                clock += 1e-6;
                learn(&mut weights, &mut totals, &slots, truth, clock);
            }
            previous = truth;
        }
    }
    let averaged: Vec<f32> =
        weights.iter().zip(&totals).map(|(weight, total)| weight - total / clock).collect();
    let mut sizes: Vec<f32> =
        averaged.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    let high = sizes.get(sizes.len() * 999 / 1000).copied().unwrap_or(1.0);
    quantised(&averaged, 110.0 / high)
}

fn learn(weights: &mut [f32], totals: &mut [f32], slots: &[u32], truth: usize, clock: f32) {
    let mut scores = [0_f32; LABELS];
    for slot in slots {
        let from = usize::try_from(*slot).unwrap_or(0) * LABELS;
        for (score, weight) in
            scores.iter_mut().zip(weights.get(from..from + LABELS).unwrap_or_default())
        {
            *score += weight;
        }
    }
    // The truth must win by a margin, or the weights move.
    if let Some(score) = scores.get_mut(truth) {
        *score -= 4.0;
    }
    let best = scores
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map_or(OTHER, |(label, _)| label);
    if best == truth {
        return;
    }
    for slot in slots {
        let from = usize::try_from(*slot).unwrap_or(0) * LABELS;
        for (label, step) in [(truth, 1.0), (best, -1.0)] {
            if let (Some(weight), Some(total)) =
                (weights.get_mut(from + label), totals.get_mut(from + label))
            {
                *weight += step;
                *total += step * clock;
            }
        }
    }
}
