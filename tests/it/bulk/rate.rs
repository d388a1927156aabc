//! How fast a bulk run is, as the emulator sees it, and what it costs: requests refused, connections, memory.

use std::time::{Duration, Instant};

use chatauth::emulator::{Endpoint, Options, Recorded};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::bulk::{Bulk, lines_of, names, statuses};
use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};

fn under(quota: &str) -> Sandbox {
    let sandbox = Sandbox::with(Options { quota: Some(quota.parse().unwrap()), ..Options::default() });
    sandbox.log_in();
    sandbox
}

/// A run under a quota without an hourly limit, at a rate of so many a minute.
fn paced(quota: &str, rows: usize, rate: &str) -> Bulk {
    at_rate(Bulk::of(under(&format!("newSpaces=off,newSpacesHourly=off,{quota}")), &names(rows)), rate)
}

fn at_rate(mut bulk: Bulk, rate: &str) -> Bulk {
    let position = bulk.words.iter().position(|word| word == "unlimited").unwrap();
    rate.clone_into(&mut bulk.words[position]);
    bulk
}

/// How many requests a second there were.
fn rate_of(requests: &[Recorded]) -> f64 {
    let took = (requests[requests.len() - 1].at - requests[0].at).as_seconds_f64();
    f64::from(u32::try_from(requests.len() - 1).unwrap()) / took
}

#[test]
fn the_rate_is_held_and_the_quota_is_not_hit() {
    // 60 in six seconds is ten a second, 600 a minute.
    const ROWS: usize = 120;
    let bulk = paced("spaceWrites=60/6s", ROWS, "600").with("--concurrency 8");
    let run = bulk.run().success();
    assert_eq!(statuses(&run.stdout), ["created"; ROWS]);
    let said = "Creating 120 spaces as emulator@example.com (about 12 s at 600 per minute)\n";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
    let requests = bulk.sandbox.control().requests_to(Endpoint::Create);
    let refused = requests.len() - ROWS;
    assert!(refused * 100 < requests.len(), "{refused} of {} were refused", requests.len());
    let held = rate_of(&requests) / 10.0;
    // On a loaded machine every request is late. How close a run comes to its rate, the limiter's own tests say.
    assert!((0.5..=1.05).contains(&held), "{:.1}% of the rate, {refused} refused", held * 100.0);
    // And never more than the quota within a window, wherever that begins, but for those that were refused.
    for (index, first) in requests.iter().enumerate() {
        let within = requests[index..].iter().take_while(|request| request.at < first.at + time::Duration::seconds(6));
        assert!(within.count() <= 60 + refused);
    }
}

#[test]
fn a_row_that_waited_is_recorded_with_the_time_of_its_own_request() {
    let bulk = at_rate(Bulk::logged_in(&names(2)), "24");
    bulk.run().success();
    let started: Vec<OffsetDateTime> = bulk
        .journal()
        .iter()
        .filter(|entry| entry["state"] == "started")
        .map(|entry| OffsetDateTime::parse(entry["at"].as_str().unwrap(), &Rfc3339).unwrap())
        .collect();
    let requests = bulk.sandbox.control().requests_to(Endpoint::Create);
    assert_eq!(started.len(), 2);
    for (started, request) in started.iter().zip(&requests) {
        let before = request.at - *started;
        // The server's clock has whole seconds.
        assert!(before.abs() < time::Duration::milliseconds(1500), "started {started}, sent {}", request.at);
    }
}

#[test]
fn a_run_that_takes_no_time_makes_no_promise_about_it() {
    let run = Bulk::logged_in(&names(1)).run().success();
    assert!(run.stderr.starts_with("Creating 1 space as emulator@example.com\n"), "{}", run.stderr);
}

#[test]
fn slow_answers_do_not_slow_a_run_down() {
    // Each answer takes as long as six requests are apart: that many have to be on their way at once.
    let bulk = paced("spaceWrites=off", 80, "1200").with("--concurrency 10");
    bulk.fault("create:delay=300ms");
    bulk.run().success();
    let requests = bulk.sandbox.control().requests_to(Endpoint::Create);
    // The first goes alone. One at a time would be a sixth of the rate; a stall of the machine takes some of it.
    let held = rate_of(&requests[1..]) / 20.0;
    assert!((0.7..=1.1).contains(&held), "{:.1}% of the rate", held * 100.0);
}

#[test]
fn without_a_rate_refusals_pause_everybody_and_fail_nothing() {
    for answers in ["header", "none"] {
        let quota = format!("spaceWrites=60/2s,retry-after={answers}");
        let bulk = paced(&quota, 150, "unlimited").with("--concurrency 16");
        let run = bulk.run().success();
        assert_eq!(statuses(&run.stdout), ["created"; 150]);
        let requests = bulk.sandbox.control().requests_to(Endpoint::Create);
        let refused = requests.len() - 150;
        // Without a common pause each of the 16 would be refused again and again.
        assert!((1..=64).contains(&refused), "{answers}: {refused} refused");
        let mut pauses = requests.windows(2).map(|pair| pair[1].at - pair[0].at);
        assert!(pauses.any(|pause| pause > time::Duration::milliseconds(400)), "{answers}: nobody paused");
    }
}

#[test]
fn without_a_rate_the_further_steps_of_rows_have_none_either() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let rows: Vec<String> = (0..12).map(|row| format!("N{row},m{row}@example.com\n")).collect();
    let bulk = Bulk::of(sandbox, &format!("name,manager\n{}", rows.concat())).with("--concurrency 8");
    bulk.run().success();
    let roles = bulk.sandbox.control().requests_to(Endpoint::UpdateMember);
    assert_eq!(roles.len(), 12);
    // At the rate of members they would be 240 ms apart.
    assert!(roles.windows(2).any(|pair| pair[1].at < pair[0].at + time::Duration::milliseconds(100)), "{roles:?}");
}

#[test]
fn the_hour_of_earlier_runs_counts() {
    let mut bulk = Bulk::logged_in(&names(5));
    let position = bulk.words.iter().position(|word| word == "unlimited").unwrap();
    bulk.words[position] = String::from("60000,4");
    let child = bulk.start();
    let finished = || bulk.journal().iter().filter(|entry| entry["state"] == "finished").count();
    crate::support::stage::wait_until("four are finished", || finished() == 4);
    crate::support::stage::send_signal(&child, rustix::process::Signal::INT);
    bulk.sandbox.wait(child).exits_with(130);
    // A second run may not send the fifth either; all that it can show for itself are the four.
    let mut child = bulk.start();
    let lines = lines_of(child.stdout.take().unwrap());
    let text: String = (0..4).map(|_| lines.recv_timeout(TEST_TIMEOUT).unwrap() + "\n").collect();
    assert_eq!(statuses(&text), ["skipped"; 4]);
    // One that forgot the four would send the fifth at once.
    let deadline = Instant::now() + Duration::from_millis(500);
    while Instant::now() < deadline {
        assert_eq!(bulk.request_ids().len(), 4);
        std::thread::park_timeout(Duration::from_millis(10));
    }
    crate::support::stage::send_signal(&child, rustix::process::Signal::INT);
    bulk.sandbox.wait(child).exits_with(130);
    assert_eq!(bulk.request_ids().len(), 4);
}

#[test]
fn connections_are_shared() {
    let bulk = Bulk::logged_in(&names(300)).with("--concurrency 8");
    let before = bulk.sandbox.control().connections();
    bulk.run().success();
    let opened = bulk.sandbox.control().connections() - before;
    // A few more than are busy at once: an HTTP/1.1 connection is free again a moment after its answer, and a request that
    // leaves in that moment opens another one.
    assert!(opened <= 12, "{opened} connections");
    assert_eq!(bulk.spaces().len(), 300);
}

#[test]
fn a_row_of_several_requests_counts_as_so_many() {
    let sandbox = Sandbox::new();
    for (command, columns, values, time) in [
        ("spaces update", "name", "x", "about 59 s at 50"),
        ("spaces update", "name,history", "x,off", "about 3 min at 50"),
        ("spaces update", "history", "off", "about 59 s at 50"),
        // The look-up of an address is a read, and a new member has the role of one.
        ("members update", "member,role", "ada@example.com,manager", "about 59 s at 50"),
        ("members add", "member", "7", "about 59 s at 50"),
        ("members add", "member,role", "7,member", "about 59 s at 50"),
        ("members add", "member,role", "7,manager", "about 3 min at 50"),
        ("members add", "member,role", "7,owner", "about 3 min at 50"),
        ("members add --role owner", "member", "7", "about 3 min at 50"),
        ("members add --role owner", "group", "g", "about 59 s at 50"),
    ] {
        let rows: Vec<String> = (0..50).map(|row| format!("spaces/A{row},{values}")).collect();
        std::fs::write(sandbox.path("rows.csv"), format!("space,{columns}\n{}\n", rows.join("\n"))).unwrap();
        let words = command.split(' ').chain(["--dry-run", "--rate", "50", "--from", "rows.csv"]);
        let told = sandbox.run(words).success().stderr;
        assert!(told.contains("50 rows: 50 to ") && told.contains(time), "{command} {values}: {told}");
    }
}

/// The most memory that a run has had, in KiB.
fn peak(bulk: &Bulk) -> u64 {
    let mut command = bulk.command();
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let deadline = Instant::now() + TEST_TIMEOUT;
    loop {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(now) = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()) {
            peak = now;
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return peak;
        }
        assert!(Instant::now() < deadline);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn memory_does_not_grow_with_the_file() {
    // `benches/bulk-memory` compares runs of 1,000 and 100,000 rows that are really sent, which takes a release build.
    let bulk = Bulk::logged_in(&names(1000)).with("--dry-run");
    let few = peak(&bulk);
    bulk.rows(&names(100_000));
    let many = peak(&bulk);
    // Some dozen bytes a row, for what the rows are known by.
    assert!(many < few + 7577, "checking: {few} KiB for 1,000 rows, {many} KiB for 100,000");

    let bulk = Bulk::logged_in(&names(400)).with("--concurrency 16 -q");
    let few = peak(&bulk);
    bulk.rows(&names(2400));
    std::fs::remove_file(bulk.journal_path()).unwrap();
    let many = peak(&bulk);
    assert!(many < few + 1536, "sending: {few} KiB for 400 rows, {many} KiB for 2,400");
}
