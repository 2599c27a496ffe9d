//! One-line texts for the attempts of a run. The text is raw: it is made safe when it is shown.

use super::observation::{Answer, Attempt, Observation, Touch};

/// The maximum number of denials in the record of a run; the observation has all of them.
const DENIALS: usize = 20;

impl Attempt {
    /// What was tried, on which target, and how often: `connect 10.0.0.1:80 (3 times)`.
    pub fn phrase(&self) -> String {
        if self.count > 1 {
            format!("{} {} ({} times)", self.touch, self.target, self.count)
        } else {
            format!("{} {}", self.touch, self.target)
        }
    }

    /// Whether a sandbox layer refused it.
    pub fn is_denied(&self) -> bool {
        self.answer == Answer::Denied || self.touch == Touch::Forbidden
    }
}

impl Observation {
    /// What was denied, one phrase each; the last phrase counts the omitted ones.
    pub fn denials(&self) -> Vec<String> {
        let mut phrases: Vec<String> = self.attempts.iter().filter(|a| a.is_denied()).map(Attempt::phrase).collect();
        if phrases.len() > DENIALS {
            let more = phrases.len() - (DENIALS - 1);
            phrases.truncate(DENIALS - 1);
            phrases.push(format!("{more} more"));
        }
        phrases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(touch: Touch, target: &str, answer: Answer, count: u64) -> Attempt {
        Attempt { touch, target: target.to_owned(), answer, count }
    }

    #[test]
    fn only_what_a_wall_stopped_is_denied() {
        let attempts = vec![
            attempt(Touch::Read, "/etc/shadow", Answer::Denied, 1),
            attempt(Touch::Read, "/etc/none", Answer::Missing, 4),
            attempt(Touch::Exec, "/usr/bin/git", Answer::Allowed, 1),
            attempt(Touch::Connect, "10.0.0.1:80", Answer::Denied, 3),
            attempt(Touch::Forbidden, "ptrace", Answer::Allowed, 1),
        ];
        let seen = Observation { attempts, ..Observation::off("") };
        assert_eq!(seen.denials(), ["read /etc/shadow", "connect 10.0.0.1:80 (3 times)", "forbidden ptrace"]);
    }

    #[test]
    fn a_long_list_of_denials_ends_with_a_count() {
        let of = |count: usize| {
            let attempts = (0..count).map(|n| attempt(Touch::Read, &format!("/{n}"), Answer::Denied, 1)).collect();
            Observation { attempts, ..Observation::off("") }.denials()
        };
        assert_eq!((of(20).len(), of(20)[19].as_str()), (20, "read /19"));
        assert_eq!((of(21).len(), of(21)[18].as_str(), of(21)[19].as_str()), (20, "read /18", "2 more"));
    }
}
