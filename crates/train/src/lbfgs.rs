//! Minimising smooth convex functions: L-BFGS (Nocedal and Wright, algorithm 7.5) with backtracking.

use std::collections::VecDeque;

const MEMORY: usize = 10;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Minimises `function`, which writes its gradient and answers its value, from `start`. Stops when the largest gradient entry is
/// below `tolerance` or after `steps`.
pub(crate) fn minimize(
    start: Vec<f64>,
    steps: usize,
    tolerance: f64,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let mut x = start;
    let mut gradient = vec![0.0; x.len()];
    let mut value = function(&x, &mut gradient);
    let mut history: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    for _ in 0..steps {
        if gradient.iter().all(|slope| slope.abs() < tolerance) {
            break;
        }
        let mut direction = two_loops(&gradient, &history);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            direction = gradient.iter().map(|slope| -slope).collect();
            slope = -dot(&gradient, &gradient);
        }
        let first = history.is_empty();
        let mut step = if first { 1.0 / dot(&gradient, &gradient).sqrt().max(1.0) } else { 1.0 };
        let (mut next, mut next_gradient) = (x.clone(), gradient.clone());
        let mut next_value = f64::INFINITY;
        for _ in 0..40 {
            next = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
            next_value = function(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * step * slope {
                break;
            }
            step *= 0.5;
        }
        if !next_value.is_finite() || next_value >= value {
            break;
        }
        let moved: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-12 * dot(&turned, &turned) {
            if history.len() == MEMORY {
                history.pop_front();
            }
            history.push_back((moved, turned, 1.0 / curvature));
        }
        (x, gradient, value) = (next, next_gradient, next_value);
    }
    x
}

fn two_loops(gradient: &[f64], history: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut alphas = Vec::with_capacity(history.len());
    for (moved, turned, rho) in history.iter().rev() {
        let alpha = rho * dot(moved, &q);
        q.iter_mut().zip(turned).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    if let Some((_, turned, rho)) = history.back() {
        let scale = 1.0 / (rho * dot(turned, turned));
        for q in &mut q {
            *q *= scale;
        }
    }
    for ((moved, turned, rho), alpha) in history.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(turned, &q);
        q.iter_mut().zip(moved).for_each(|(q, s)| *q += s * (alpha - beta));
    }
    for q in &mut q {
        *q = -*q;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_an_ill_conditioned_bowl() {
        let x = minimize(vec![5.0, -3.0, 1.0], 200, 1e-10, |x, gradient| {
            let scales = [1.0, 100.0, 10_000.0];
            let mut value = 0.0;
            for ((g, x), (scale, at)) in
                gradient.iter_mut().zip(x).zip(scales.iter().zip([1.0, 2.0, 3.0]))
            {
                *g = scale * (x - at);
                value += 0.5 * scale * (x - at) * (x - at);
            }
            value
        });
        for (found, wanted) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - wanted).abs() < 1e-6, "{x:?}");
        }
    }
}
