//! Groups of things that were found to belong together.

/// Disjoint sets of `0..n`; the smallest member stands for its set, so that the order of unions does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unite(Vec<u32>);

impl Unite {
    /// `count` sets of one member each.
    pub fn new(count: usize) -> Self {
        Self((0..).take(count).collect())
    }

    /// The smallest member of the set of `member`; a stranger stands for itself.
    pub fn root(&mut self, member: u32) -> u32 {
        let mut root = member;
        while let Some(&up) = self.0.get(root as usize)
            && up != root
        {
            root = up;
        }
        // Everyone on the way points at the root from now on.
        let mut walk = member;
        while let Some(up) = self.0.get_mut(walk as usize)
            && *up != root
        {
            walk = std::mem::replace(up, root);
        }
        root
    }

    /// Makes one set of two; whether they were two before.
    pub fn unite(&mut self, one: u32, other: u32) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return false;
        }
        let (low, high) = (one.min(other), one.max(other));
        if let Some(slot) = self.0.get_mut(high as usize) {
            *slot = low;
        }
        true
    }

    /// The smallest member of every member's set, in order.
    pub fn roots(&mut self) -> Vec<u32> {
        (0..).take(self.0.len()).map(|member| self.root(member)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_of_unions_does_not_show(pairs in prop::collection::vec((0_u32..40, 0_u32..40), 0..60)) {
            let mut one = Unite::new(40);
            let mut other = Unite::new(40);
            for (a, b) in &pairs {
                one.unite(*a, *b);
            }
            for (a, b) in pairs.iter().rev() {
                other.unite(*b, *a);
            }
            let roots = one.roots();
            prop_assert_eq!(&roots, &other.roots());
            for (a, b) in &pairs {
                prop_assert_eq!(roots[*a as usize], roots[*b as usize]);
            }
            prop_assert!(roots.iter().enumerate().all(|(member, root)| *root as usize <= member));
        }
    }
}
