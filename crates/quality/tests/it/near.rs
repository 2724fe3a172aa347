//! Near duplicates against the comparison of every pair.

use ingot_base::Rng;
use ingot_quality::near::{NearConfig, Sketcher, group};
use std::collections::BTreeSet;

/// Texts in families: a text, and copies with some words changed.
fn corpus(families: usize, seed: u64, chinese: bool) -> Vec<String> {
    let mut rng = Rng::new(seed, "corpus");
    let han: Vec<char> = (0x4E00..0x5200).filter_map(char::from_u32).collect();
    let token = |rng: &mut Rng| {
        if chinese {
            han[rng.below(han.len())].to_string()
        } else {
            format!("w{} ", rng.below(4000))
        }
    };
    let mut texts = Vec::new();
    for _ in 0..families {
        let length = 20 + rng.below(120);
        let first: Vec<String> = (0..length).map(|_| token(&mut rng)).collect();
        for _ in 0..=rng.below(4) {
            let mut copy = first.clone();
            for _ in 0..rng.below(1 + length / 12) {
                let at = rng.below(copy.len());
                copy[at] = token(&mut rng);
            }
            texts.push(copy.concat());
        }
    }
    rng.shuffle(&mut texts);
    texts
}

#[test]
fn nearly_every_pair_that_is_alike_is_found_and_no_other() {
    for (seed, chinese) in [(1, false), (2, true)] {
        let texts = corpus(600, seed, chinese);
        let config = NearConfig::new(0.8);
        let sketcher = Sketcher::new(&config);
        let sketches: Vec<_> = texts.iter().map(|text| sketcher.sketch(text).unwrap()).collect();
        let groups = group(&texts, config);
        let (mut alike, mut found) = (0, 0);
        for one in 0..texts.len() {
            for other in 0..one {
                if sketches[one].similarity(&sketches[other]) >= 0.8 {
                    alike += 1;
                    found += usize::from(groups.first[one] == groups.first[other]);
                }
            }
        }
        assert!(alike > 150, "{alike} pairs are too few to judge");
        assert!(found * 1000 >= alike * 995, "{found} of {alike}");
        for link in &groups.links {
            assert!(link.exact && link.similarity >= 0.8 && link.like < link.text);
            let (one, other) = (&sketches[link.text as usize], &sketches[link.like as usize]);
            assert!((one.similarity(other) - link.similarity).abs() < 1e-12);
        }
        let firsts: BTreeSet<u32> = groups.first.iter().copied().collect();
        assert_eq!(groups.links.len(), texts.len() - firsts.len(), "a tree in every group");
    }
}

#[test]
fn the_answer_depends_on_nothing_but_texts_and_seed() {
    let texts = corpus(200, 5, false);
    let config = NearConfig::new(0.7);
    let once = group(&texts, config);
    assert_eq!(once, group(&texts, config));
    let alone = std::thread::spawn({
        let texts = texts.clone();
        move || group(&texts, config)
    });
    assert_eq!(once, alone.join().unwrap());
    let other = group(&texts, NearConfig { seed: 9, ..config });
    assert_eq!(once.first, other.first, "what is alike is alike under other permutations");
}

#[test]
fn empty_texts_are_alike_to_nothing() {
    let groups = group(&["", "！！", "借款", "借款", "Loan", "loan!"], NearConfig::new(0.8));
    assert_eq!(groups.first, [0, 1, 2, 2, 4, 4]);
    assert_eq!((groups.repeated(), groups.groups()), (2, 2));
}
