//! The progress bar of a run, on a terminal.

use crate::support::sandbox::Sandbox;
use crate::support::screen::{Terminal, written};
use crate::support::stage::ACCOUNT;

#[test]
fn the_bar_leaves_nothing_behind_at_any_width() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("create:delay=600ms".parse().unwrap());
    std::fs::write(sandbox.path("rows.csv"), "name\nClass 7a\nClass 7b\nClass 7c\n").unwrap();
    for columns in [40, 41, 60, 80, 200] {
        let words = ["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--concurrency", "1"];
        let text = written(sandbox.command(words), columns);
        let mut terminal = Terminal::new(columns);
        // What stands there whenever something was written: the bar is one line, and the last one.
        let mut bars = Vec::new();
        for part in text.split_inclusive('\n').flat_map(|line| line.split_inclusive('\r')) {
            terminal.show(part);
            let lines = terminal.lines();
            let drawn: Vec<usize> = (0..lines.len()).filter(|row| lines[*row].contains("/3")).collect();
            assert!(drawn.len() <= 1, "{columns}: {lines:#?}");
            bars.extend(drawn.first().map(|row| lines[*row].clone()));
        }
        bars.dedup();
        assert!(["0/3", "1/3", "2/3"].iter().all(|part| bars.iter().any(|bar| bar.contains(part))), "{bars:?}");
        let shown = terminal.lines().join("\n");
        let unfolded = terminal.lines().concat();
        for (row, name) in ["Class 7a", "Class 7b", "Class 7c"].iter().enumerate() {
            assert!(unfolded.contains(&format!("{}  created  spaces/", row + 1)), "{columns}: {shown}");
            assert!(unfolded.contains(name), "{columns}: {shown}");
        }
        assert!(!shown.contains(['█', '░', '#']) && !shown.contains("/3"), "{columns}: {shown}");
    }
}

#[test]
fn the_bar_shows_between_results_that_come_quickly() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("create:delay=50ms".parse().unwrap());
    std::fs::write(sandbox.path("rows.csv"), crate::support::bulk::names(40)).unwrap();
    let words = ["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--concurrency", "1"];
    let text = written(sandbox.command(words), 80);
    let bars = (5..40).filter(|row| text.contains(&format!(" {row}/40"))).count();
    assert!(bars >= 3, "{bars} of the bar's positions: {text:?}");
}

#[test]
fn the_bar_makes_room_for_what_the_second_step_of_a_row_says() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    // The bar is drawn while the caller's own membership, which keeps its role, is looked up.
    sandbox.control().add_fault("members:delay=600ms".parse().unwrap());
    std::fs::write(sandbox.path("rows.csv"), format!("name,manager\nClass 7a,{ACCOUNT}\nClass 7b,\n")).unwrap();
    let words = ["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--concurrency", "1"];
    let mut terminal = Terminal::new(200);
    terminal.show(&written(sandbox.command(words), 200));
    let lines = terminal.lines();
    assert!(lines.iter().any(|line| line.starts_with("warning: skipped the role of ")), "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("/2")), "{lines:#?}");
}

#[test]
fn waiting_for_quota_shows_and_quiet_has_no_bar() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    std::fs::write(sandbox.path("rows.csv"), "name\na\nb\n").unwrap();
    let words = ["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--concurrency", "1"];
    sandbox.control().add_fault("create:status=429,retry-after=3,times=1".parse().unwrap());
    let text = written(sandbox.command(words), 60);
    assert!(text.contains("waiting for quota (") && text.contains(" s)"), "{text:?}");
    let quiet = written(sandbox.command(words.iter().chain(&["-q"])), 60);
    assert!(!quiet.contains('\x1b') && !quiet.contains("/2"), "{quiet:?}");
}

#[test]
fn waiting_for_quota_is_noted_once_where_there_is_no_bar() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    std::fs::write(sandbox.path("rows.csv"), crate::support::bulk::names(6)).unwrap();
    let words = ["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--concurrency", "4"];
    for (quiet, notes) in [(&["--format", "jsonl"][..], 1), (&["-q"], 0)] {
        sandbox.control().add_fault("create:status=429,retry-after=3,times=2,after=1".parse().unwrap());
        let run = sandbox.run(words.iter().chain(quiet)).success();
        assert_eq!(run.stderr.matches("Waiting for quota (").count(), notes, "{}", run.stderr);
    }
}
