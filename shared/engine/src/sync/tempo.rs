//! How many requests run at once: starts low, grows while the other side keeps up, halves when it does not.

/// Where every calendar and EHR starts.
const FIRST: usize = 2;
/// CalDAV servers and EHRs are small; more than this helps nobody.
const MOST: usize = 6;
/// After so many refusals in a row the other side is left alone for this run.
const PATIENCE: usize = 4;

pub(crate) struct Tempo {
    limit: usize,
    successes: usize,
    refusals: usize,
}

impl Tempo {
    pub fn new() -> Self {
        Self { limit: FIRST, successes: 0, refusals: 0 }
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    pub fn kept_up(&mut self) {
        self.refusals = 0;
        self.successes += 1;
        if self.successes >= self.limit {
            self.successes = 0;
            self.limit = (self.limit + 1).min(MOST);
        }
    }

    pub fn fell_behind(&mut self) {
        self.successes = 0;
        self.refusals += 1;
        self.limit = (self.limit / 2).max(1);
    }

    pub fn gave_up(&self) -> bool {
        self.refusals >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_slowly_and_halves_at_once() {
        let mut tempo = Tempo::new();
        (0..100).for_each(|_| tempo.kept_up());
        assert_eq!(tempo.limit(), MOST);
        tempo.fell_behind();
        assert_eq!(tempo.limit(), MOST / 2);
        (0..3).for_each(|_| tempo.fell_behind());
        assert_eq!(tempo.limit(), 1);
        assert!(tempo.gave_up());
        tempo.kept_up();
        assert!(!tempo.gave_up());
    }
}
