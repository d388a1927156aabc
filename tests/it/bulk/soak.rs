//! Two thousand rows, everything going wrong, and killed again and again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::time::{Duration, Instant};

use crate::support::bulk::{Bulk, names, statuses};
use crate::support::sandbox::TEST_TIMEOUT;

const ROWS: usize = 2000;
const KILLS: u32 = 20;

/// Numbers that look random and are the same for the same seed ([SplitMix64](https://prng.di.unimi.it/splitmix64.c)).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit
    }
}

/// Some of what can go wrong, each at a moment of its own.
fn trouble(random: &mut Random, run: u32) -> Vec<String> {
    let mut faults = Vec::new();
    for action in [
        "status=503",
        "status=503,commit",
        "status=500,commit,retry-after=0",
        "drop-before",
        "drop-after",
        "truncate",
        "delay=150ms",
        "delay=400ms",
        "status=429,retry-after=0",
    ] {
        faults.push(format!("create:{action},times={},after={}", 1 + random.below(2), 2 + random.below(200)));
    }
    // A rate limit stops everybody for a second, so there are a few of these only.
    match run {
        3 | 11 => faults.push(format!("create:status=429,times=3,after={}", 2 + random.below(40))),
        7 | 16 => faults.push(format!("create:status=429,retry-after=1,times=3,after={}", 2 + random.below(40))),
        _ => {}
    }
    faults
}

#[test]
fn two_thousand_rows_come_through_everything_exactly_once() {
    let seed = std::env::var("CHATAUTH_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_801);
    eprintln!("CHATAUTH_SOAK_SEED={seed}");
    let mut random = Random(seed);
    let bulk = Bulk::logged_in(&names(ROWS)).with("--concurrency 32 -q");
    let control = bulk.sandbox.control();
    let length = || fs::metadata(bulk.journal_path()).map_or(0, |metadata| metadata.len());
    let mut killed = 0;
    let mut runs = 0;
    let mut rows: Vec<String> = names(ROWS).lines().skip(1).map(str::to_owned).collect();
    let last = loop {
        runs += 1;
        // People sort their files, and take rows to other places.
        rows.rotate_left(usize::try_from(random.below(ROWS as u64)).unwrap());
        if random.below(3) == 0 {
            rows.reverse();
        }
        bulk.rows(&format!("name\n{}\n", rows.join("\n")));
        assert!(runs < 60, "it never ends");
        control.clear_faults();
        for fault in trouble(&mut random, runs) {
            bulk.fault(&fault);
        }
        let stdout = bulk.sandbox.path("stdout");
        let stderr = bulk.sandbox.path("stderr");
        let mut command = bulk.command();
        command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
        let begun = length();
        let mut child = command.spawn().unwrap();
        // A kill strikes when the journal has grown by so much; the tokens end somewhere on the way there.
        let kill = (killed < KILLS).then(|| begun + random.below(100_000));
        let mut expires = (random.below(2) == 0).then(|| begun + random.below(60_000));
        let deadline = Instant::now() + TEST_TIMEOUT;
        let status = loop {
            if expires.is_some_and(|at| length() >= at) {
                control.expire_access_tokens();
                expires = None;
            }
            if kill.is_some_and(|at| length() >= at) {
                child.kill().unwrap();
                killed += 1;
                child.wait().unwrap();
                break None;
            }
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            assert!(Instant::now() < deadline, "it hangs: {}", fs::read_to_string(&stderr).unwrap());
            std::thread::park_timeout(Duration::from_micros(200));
        };
        bulk.sandbox.check_secrets(&fs::read_to_string(&stderr).unwrap());
        match status {
            Some(0) => break fs::read_to_string(&stdout).unwrap(),
            None | Some(7) => {}
            other => panic!("{other:?}: {}", fs::read_to_string(&stderr).unwrap()),
        }
    };
    assert_eq!(killed, KILLS, "killed too rarely to prove anything");

    let expected: Vec<String> = names(ROWS).lines().skip(1).map(str::to_owned).collect();
    assert_eq!(bulk.spaces(), expected, "a space is missing or there twice");
    let there: BTreeMap<String, String> = control
        .spaces()
        .iter()
        .map(|space| (space["displayName"].as_str().unwrap().into(), space["name"].as_str().unwrap().into()))
        .collect();
    let ends = statuses(&last);
    assert_eq!(ends.len(), ROWS);
    assert!(ends.iter().all(|end| end == "skipped" || end == "created"), "{last}");
    for (result, name) in crate::support::bulk::results(&last).iter().zip(&rows) {
        assert_eq!(result["space"]["name"], there[name], "the result of {name} names another space");
    }
}
