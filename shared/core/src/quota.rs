//! What a provider allows one registered program each minute, shared fairly: little work goes unasked, bulk work draws
//! on a common budget of which no practice gets more than its part (E-095). It counts nothing itself.

/// Requests that one run may make without asking: a day's ordinary changes never wait for somebody else's bulk.
pub const UNASKED: u32 = 10;
/// Requests are drawn so many at a time, so that asking costs little.
pub const DRAUGHT: u32 = 50;
/// No practice draws more than four fifths of a minute's budget.
const LARGEST_PART: (u32, u32) = (4, 5);

/// A provider's allowance for one registered program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Requests each minute, all practices together.
    pub per_minute: u32,
}

impl Quota {
    /// Until how many requests, its own included, one practice may go on drawing in a minute.
    pub fn part(self) -> u32 {
        let (of, all) = LARGEST_PART;
        (self.per_minute / all * of).max(1)
    }
}

/// What one run may still send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    left: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: UNASKED }
    }
}

impl Allowance {
    /// How many must be drawn before so many can be spent; `None` where it holds enough. Never more than a practice
    /// may draw in a minute: a small budget makes it slow and does not stop it.
    pub fn lacks(self, requests: u32, quota: Quota) -> Option<u32> {
        (requests > self.left).then(|| requests.max(DRAUGHT).min(quota.part()))
    }

    pub fn add(&mut self, drawn: u32) {
        self.left = self.left.saturating_add(drawn);
    }

    pub fn spend(&mut self, requests: u32) {
        self.left = self.left.saturating_sub(requests);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const LARGE: Quota = Quota { per_minute: 10_000 };

    #[test]
    fn a_few_go_unasked_and_the_rest_is_drawn_in_draughts() {
        let mut allowance = Allowance::default();
        let mut drawn = 0;
        for _ in 0..200 {
            if let Some(wanted) = allowance.lacks(1, LARGE) {
                assert_eq!(wanted, DRAUGHT);
                drawn += 1;
                allowance.add(wanted);
            }
            allowance.spend(1);
        }
        assert_eq!(drawn, 4, "190 requests beyond the first 10");
        assert_eq!(Allowance::default().lacks(80, LARGE), Some(80), "a batch is not torn");
        assert_eq!(Allowance::default().lacks(50, Quota { per_minute: 20 }), Some(16), "slow, not stopped");
    }

    #[test]
    fn no_practice_gets_all_of_it() {
        for (per_minute, part) in [(10_000, 8_000), (20, 16), (1, 1), (0, 1)] {
            assert_eq!(Quota { per_minute }.part(), part);
        }
    }
}
