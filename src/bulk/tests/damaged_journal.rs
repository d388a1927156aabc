//! Damage to a journal: the run resumes exactly once, or is refused.

use std::path::Path;

use crate::bulk::JournalError;
use proptest::prelude::*;

use super::stage::{Paper, Stage, write};

/// Some damage to a journal.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Zeroed(usize, usize),
    Repeated(usize, usize),
    Swapped(usize, usize),
    Removed(usize),
}

fn damage(path: &Path, damage: &Damage) {
    let mut bytes = std::fs::read(path).unwrap();
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.len() < 2 {
        // Earlier damage left one line.
        return;
    }
    let header = lines[0].len();
    let body = bytes.len() - header;
    let line = |number: usize| 1 + number % (lines.len() - 1);
    match *damage {
        Damage::Cut(at) => bytes.truncate(header + at % (body + 1)),
        Damage::Zeroed(from, length) => {
            let from = from % bytes.len();
            let to = (from + 1 + length).min(bytes.len());
            bytes[from..to].fill(0);
        }
        Damage::Repeated(from, to) => {
            let (from, to) = (line(from), line(to));
            lines.insert(to, lines[from].clone());
            bytes = lines.concat();
        }
        Damage::Swapped(one, other) => {
            let (one, other) = (line(one), line(other));
            lines.swap(one, other);
            bytes = lines.concat();
        }
        Damage::Removed(number) => {
            lines.remove(line(number));
            bytes = lines.concat();
        }
    }
    write(path, bytes);
}

fn any_damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), 0_usize..400).prop_map(|(from, length)| Damage::Zeroed(from, length)),
        any::<(usize, usize)>().prop_map(|(from, to)| Damage::Repeated(from, to)),
        any::<(usize, usize)>().prop_map(|(one, other)| Damage::Swapped(one, other)),
        any::<usize>().prop_map(Damage::Removed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_journal_resumes_exactly_once_or_is_refused(
        answers in prop::collection::vec(prop_oneof![3 => Just(""), 1 => Just("lost"), 1 => Just("refused"), 1 => Just("limited"), 1 => Just("unfinished")], 1..8),
        equal in any::<bool>(),
        damages in prop::collection::vec(any_damage(), 1..3),
        turned in any::<bool>(),
    ) {
        let mut lines: Vec<String> = answers
            .iter()
            .enumerate()
            .map(|(index, answer)| format!("{},{answer}\n", if equal { 0 } else { index }))
            .collect();
        let stage = Stage::new(&format!("name,answer\n{}", lines.concat()));
        stage.run();
        for one in &damages {
            damage(&stage.journal, one);
        }
        if turned {
            lines.reverse();
            stage.rows(&format!("name,answer\n{}", lines.concat()));
        }
        for _ in 0..3 {
            let damaged = std::fs::read(&stage.journal).unwrap();
            match stage.run_to(&Paper::default()) {
                Ok(_) => {}
                Err(error) => {
                    prop_assert!(matches!(error, JournalError::Refused { .. }), "{error}");
                    prop_assert!(!error.to_string().contains("another run"), "{error}");
                    prop_assert!(std::fs::read(&stage.journal).unwrap() == damaged);
                    return Ok(());
                }
            }
        }
        let mut expected: Vec<String> = lines.iter().map(|line| line.split(',').next().unwrap().to_owned()).collect();
        expected.sort();
        prop_assert_eq!(stage.server.names(), expected);
    }
}
