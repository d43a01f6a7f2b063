//! The decision table: what to do about one owner and its mirror, given what both last agreed on.
//! It knows no lane, provider, window or brake; [`crate::plan`] brings those in.

use crate::key::Fingerprint;

/// What we remember of the pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Memory {
    /// No link.
    Nothing,
    /// Both held this content.
    Agreed(Fingerprint),
    /// We meant to write or remove and do not know whether we did, or had to put it off.
    Owing,
}

/// What one look says of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sight {
    /// The look did not report it. That says nothing about it.
    Unreported,
    /// Known not to exist, or no longer to be mirrored.
    Gone,
    /// It stands and holds this.
    Holds(Fingerprint),
}

/// Whose name the mirror bears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Name {
    /// One that we would derive ourselves.
    Ours,
    Foreign,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Nothing to do.
    Rest,
    /// Read the owner by id, then decide again.
    Look,
    /// Make the mirror hold what the owner holds.
    Write,
    /// Remove the mirror, then the link.
    Delete,
    /// Both sides hold the same: remember that.
    Agree,
    /// As `Agree`, for a mirror found without a link: ours from an earlier connection.
    Adopt,
    /// Both are gone: drop the link.
    Forget,
}

/// Total over every combination. Nothing is ever written or removed from an unreported owner.
pub fn decide(memory: Memory, owner: Sight, mirror: Sight, name: Name) -> Decision {
    match memory {
        Memory::Nothing => without_link(owner, mirror, name),
        Memory::Agreed(agreed) => agreed_on(agreed, owner, mirror),
        Memory::Owing => owing(owner, mirror),
    }
}

#[expect(clippy::match_same_arms, reason = "each row of the table stands for itself")]
fn without_link(owner: Sight, mirror: Sight, name: Name) -> Decision {
    use Sight::{Gone, Holds, Unreported};
    match (owner, mirror) {
        (Unreported | Gone, Unreported | Gone) => Decision::Rest,
        (Unreported, Holds(_)) => Decision::Look,
        // A stray of ours goes; a stranger's event is none of our business.
        (Gone, Holds(_)) if name == Name::Ours => Decision::Delete,
        (Gone, Holds(_)) => Decision::Rest,
        (Holds(_), Unreported | Gone) => Decision::Write,
        (Holds(wanted), Holds(found)) if wanted == found => Decision::Adopt,
        (Holds(_), Holds(_)) if name == Name::Ours => Decision::Write,
        (Holds(_), Holds(_)) => Decision::Rest,
    }
}

fn agreed_on(agreed: Fingerprint, owner: Sight, mirror: Sight) -> Decision {
    use Sight::{Gone, Holds, Unreported};
    match (owner, mirror) {
        (Unreported, Unreported) => Decision::Rest,
        (Unreported, Holds(found)) if found == agreed => Decision::Rest,
        // The mirror was changed or removed by somebody: see what the owner has now, then put it back.
        (Unreported, Holds(_) | Gone) => Decision::Look,
        (Holds(wanted), Unreported) if wanted == agreed => Decision::Rest,
        (Holds(wanted), Holds(found)) if wanted == agreed && found == agreed => Decision::Rest,
        (Holds(wanted), Holds(found)) if wanted == found => Decision::Agree,
        (Holds(_), Unreported | Holds(_) | Gone) => Decision::Write,
        (Gone, Unreported | Holds(_)) => Decision::Delete,
        (Gone, Gone) => Decision::Forget,
    }
}

fn owing(owner: Sight, mirror: Sight) -> Decision {
    use Sight::{Gone, Holds, Unreported};
    match (owner, mirror) {
        (Unreported, _) => Decision::Look,
        (Holds(wanted), Holds(found)) if wanted == found => Decision::Agree,
        (Holds(_), _) => Decision::Write,
        (Gone, Gone) => Decision::Forget,
        (Gone, Unreported | Holds(_)) => Decision::Delete,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::ids::PractitionerId;
    use crate::key::{Owner, PracticeKey, Target};

    /// As in the design: memory, owner, mirror = decision. A decision marked (1) holds where the id is one
    /// that we would make ourselves; elsewhere it is Rest.
    const TABLE: &str = "
        -  u  u  = Rest        1  2  u  = Write
        -  u  1  = Look        1  2  1  = Write
        -  x  u  = Rest        1  2  2  = Agree
        -  u  x  = Rest        1  2  3  = Write
        -  x  1  = Delete (1)
        -  x  x  = Rest        1  2  x  = Write
        -  2  u  = Write       1  x  u  = Delete
        -  2  x  = Write       1  x  1  = Delete
        -  2  2  = Adopt       1  x  3  = Delete
        -  2  3  = Write (1)   1  x  x  = Forget
        1  u  u  = Rest        ?  u  u  = Look
        1  u  1  = Rest        ?  u  1  = Look
        1  u  3  = Look        ?  u  x  = Look
        1  u  x  = Look        ?  2  u  = Write
        1  1  u  = Rest        ?  2  2  = Agree
        1  1  1  = Rest        ?  2  3  = Write
        1  1  3  = Write       ?  2  x  = Write
        1  1  x  = Write       ?  x  x  = Forget
                               ?  x  u  = Delete
                               ?  x  1  = Delete
    ";

    fn print(number: u8) -> Fingerprint {
        let owner = Owner::Appointment(number.to_string().as_str().into());
        let key = PracticeKey::new(&[number; 32]);
        let id = key.mirror_id(&PractitionerId::new("p"), &owner, &Target::Schedule("s".into()));
        let mut bytes = [number; 17];
        bytes[16] = id.as_str().as_bytes()[10];
        Fingerprint::from_bytes(&bytes).unwrap()
    }

    fn sight(text: &str) -> Sight {
        match text {
            "u" => Sight::Unreported,
            "x" => Sight::Gone,
            number => Sight::Holds(print(number.parse().unwrap())),
        }
    }

    fn memory(text: &str) -> Memory {
        match text {
            "-" => Memory::Nothing,
            "?" => Memory::Owing,
            number => Memory::Agreed(print(number.parse().unwrap())),
        }
    }

    /// Owner and mirror renamed so that equal numbers stay equal: the table has one row per pattern.
    fn pattern(memory: &str, owner: &str, mirror: &str) -> (String, String, String) {
        let mut names: Vec<&str> = if memory == "1" { vec!["1"] } else { vec![] };
        let owner_name = match owner {
            "u" | "x" => owner.to_owned(),
            o if names.contains(&o) => "1".to_owned(),
            o => {
                names.push(o);
                "2".to_owned()
            }
        };
        let mirror_name = match mirror {
            "u" | "x" => mirror.to_owned(),
            m if memory == "1" && m == "1" => "1".to_owned(),
            m if m == owner => owner_name.clone(),
            // A mirror that matches nothing: `1` where neither side gives a number to differ from.
            _ if memory != "1" && matches!(owner, "u" | "x") => "1".to_owned(),
            _ => "3".to_owned(),
        };
        (memory.to_owned(), owner_name, mirror_name)
    }

    fn rows() -> Vec<(String, String, String, String, bool)> {
        let mut rows = Vec::new();
        let words: Vec<&str> = TABLE.split_whitespace().collect();
        let mut at = 0;
        while at < words.len() {
            let only_ours = words.get(at + 5) == Some(&"(1)");
            let [memory, owner, mirror, _, decision] = words[at..at + 5].try_into().unwrap();
            rows.push((memory.into(), owner.into(), mirror.into(), decision.into(), only_ours));
            at += if only_ours { 6 } else { 5 };
        }
        rows
    }

    #[test]
    fn the_table_over_the_whole_product() {
        let rows = rows();
        assert_eq!(rows.len(), 37);
        let mut checked = 0;
        for m in ["-", "1", "?"] {
            for owner in ["u", "x", "1", "2", "3"] {
                for mirror in ["u", "x", "1", "2", "3"] {
                    let seen = pattern(m, owner, mirror);
                    let row = rows
                        .iter()
                        .find(|row| (row.0.clone(), row.1.clone(), row.2.clone()) == seen)
                        .unwrap_or_else(|| panic!("no row for {m} {owner} {mirror}, seen as {seen:?}"));
                    for name in [Name::Ours, Name::Foreign] {
                        let expected = if row.4 && name == Name::Foreign { "Rest" } else { &row.3 };
                        let decision = decide(memory(m), sight(owner), sight(mirror), name);
                        assert_eq!(format!("{decision:?}"), expected, "{m} {owner} {mirror} {name:?}");
                        checked += 1;
                    }
                }
            }
        }
        assert_eq!(checked, 3 * 5 * 5 * 2);
    }

    #[test]
    fn nothing_is_written_or_removed_from_an_unreported_owner() {
        for m in ["-", "1", "?"] {
            for mirror in ["u", "x", "1", "2"] {
                let decision = decide(memory(m), Sight::Unreported, sight(mirror), Name::Ours);
                assert!(matches!(decision, Decision::Rest | Decision::Look), "{m} u {mirror} = {decision:?}");
            }
        }
    }

    /// After the decision is carried out, both sides hold the same and a second look plans to nothing.
    #[test]
    fn a_decision_carried_out_leaves_nothing_to_do() {
        for m in ["-", "1", "?"] {
            for owner in ["x", "1", "2"] {
                for mirror in ["x", "1", "2", "3"] {
                    let (memory_after, mirror_after) =
                        match decide(memory(m), sight(owner), sight(mirror), Name::Ours) {
                            Decision::Write | Decision::Agree | Decision::Adopt => {
                                (memory(&owner.replace('x', "-")), sight(owner))
                            }
                            Decision::Delete | Decision::Forget => (Memory::Nothing, Sight::Gone),
                            Decision::Rest => (memory(m), sight(mirror)),
                            Decision::Look => panic!("both sides are known"),
                        };
                    let memory_after = match (memory_after, sight(owner)) {
                        (Memory::Agreed(_), Sight::Holds(held)) => Memory::Agreed(held),
                        (other, _) => other,
                    };
                    assert_eq!(decide(memory_after, sight(owner), mirror_after, Name::Ours), Decision::Rest);
                }
            }
        }
    }
}
