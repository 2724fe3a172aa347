#![allow(warnings, clippy::all, clippy::pedantic)]
use ingot_explain::TreeShap;
use ingot_runtime::{Forest, Matrix};
use std::time::Instant;
fn f64s(p: &str) -> Vec<f64> {
    std::fs::read(p)
        .unwrap()
        .chunks_exact(8)
        .map(|c| f64::from_le_bytes(c.try_into().unwrap()))
        .collect()
}
fn main() {
    let rows = f64s("/work/explain-scratch/rows.f64");
    for leaves in [31] {
        let f = Forest::parse(
            &std::fs::read_to_string(format!("/work/explain-scratch/adult{leaves}.txt")).unwrap(),
        )
        .unwrap();
        let n = rows.len() / f.features();
        let m = Matrix::new(n, f.features(), rows.clone()).unwrap();
        let t = Instant::now();
        let s = TreeShap::new(&f).unwrap();
        println!("{leaves} new {:?}", t.elapsed());
        let mut best = 9e9_f64;
        let mut v = None;
        for _ in 0..5 {
            let t = Instant::now();
            v = Some(s.values(&m).unwrap());
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("values {best} = {} rows/s", n as f64 / best);
        let want = f64s(&format!("/work/explain-scratch/contrib{leaves}.f64"));
        let v = v.unwrap();
        let mut worst = 0f64;
        for r in 0..n {
            for (a, b) in v.row(r).iter().zip(&want[r * (f.features() + 1)..]) {
                worst = worst.max((a - b).abs());
            }
        }
        println!("worst {worst:e}");
        let t = Instant::now();
        let c = TreeShap::compact(&f).unwrap();
        println!("compact {:?}", t.elapsed());
        let one = Matrix::new(1, f.features(), m.row(7).to_vec()).unwrap();
        let mut best = 9e9_f64;
        for _ in 0..50 {
            let t = Instant::now();
            c.values(&one).unwrap();
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("one row {}us", best * 1e6);
    }
}
