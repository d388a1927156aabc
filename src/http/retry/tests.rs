use std::cell::RefCell;

use http::HeaderMap;
use proptest::prelude::*;

use super::*;

const OPERATION: Policy =
    Policy { attempts: 8, total: Duration::from_secs(45), repeat_after_loss: true, waits_for_quota: true };

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn after(attempts: u32) -> History {
    History { attempts, ..History::default() }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000)
}

fn answer(status: u16, retry_after: Option<&str>) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(value) = retry_after {
        headers.insert(http::header::RETRY_AFTER, value.parse().unwrap());
    }
    Response { status, version: http::Version::HTTP_2, headers, body: Vec::new(), complete: true }
}

#[test]
fn waits_double_and_jitter_at_most_halves_them() {
    for (attempts, step) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)] {
        assert_eq!(decide(Outcome::ResponseLost(None), after(attempts), OPERATION, 0.0), Some(seconds(step)));
        assert_eq!(decide(Outcome::ResponseLost(None), after(attempts), OPERATION, 1.0), Some(seconds(step) / 2));
    }
}

#[test]
fn a_final_answer_stands_and_the_eighth_attempt_is_the_last() {
    assert_eq!(decide(Outcome::Final, after(1), OPERATION, 0.0), None);
    let patient = Policy { total: seconds(100_000), ..OPERATION };
    assert!(decide(Outcome::NotSent, after(7), patient, 0.0).is_some());
    assert_eq!(decide(Outcome::NotSent, after(8), patient, 0.0), None);
}

#[test]
fn nobody_there_is_tried_three_times_and_an_unreadable_success_repeated_twice() {
    let unreachable = |count| History { unreachable: count, ..after(count) };
    assert!(decide(Outcome::Unreachable, unreachable(2), OPERATION, 0.0).is_some());
    assert_eq!(decide(Outcome::Unreachable, unreachable(3), OPERATION, 0.0), None);
    let unreadable = |count| History { unreadable: count, ..after(count) };
    assert!(decide(Outcome::Unreadable, unreadable(2), OPERATION, 0.0).is_some());
    assert_eq!(decide(Outcome::Unreadable, unreadable(3), OPERATION, 0.0), None);
}

#[test]
fn a_refresh_is_not_repeated_once_its_answer_may_be_lost() {
    let policy = Policy::refresh();
    assert_eq!(decide(Outcome::ResponseLost(None), after(1), policy, 0.0), None);
    assert_eq!(decide(Outcome::Unreadable, after(1), policy, 0.0), None);
    assert!(decide(Outcome::ServerError(None), after(1), policy, 0.0).is_some());
    assert_eq!(decide(Outcome::ServerError(None), after(3), policy, 0.0), None);
}

#[test]
fn other_requests_of_an_authorization_server_have_the_time_of_one_request() {
    for (timeout, total) in [(5, 15), (30, 30), (60, 60)] {
        let policy = Policy::authorization(seconds(timeout));
        assert_eq!((policy.total, policy.attempts), (seconds(total), 3));
        assert!(decide(Outcome::ResponseLost(None), after(1), policy, 0.0).is_some());
    }
}

#[test]
fn retry_after_is_honoured_when_it_fits_and_ends_it_when_it_does_not() {
    let busy = |wait| Outcome::ServerError(Some(seconds(wait)));
    assert_eq!(decide(busy(20), after(1), OPERATION, 0.5), Some(seconds(20)));
    assert_eq!(decide(busy(0), after(1), OPERATION, 0.0), Some(seconds(1)));
    let limited = Outcome::RateLimited(Some(seconds(20)));
    assert_eq!(decide(limited, after(1), OPERATION, 0.5), Some(seconds(20)));
    let together = Policy { waits_for_quota: false, ..OPERATION };
    assert_eq!(decide(limited, after(1), together, 0.5), None);
    assert_eq!(decide(busy(86_400), after(1), OPERATION, 0.0), None);
    assert_eq!(decide(busy(u64::MAX), after(1), OPERATION, 0.0), None);
    let late = History { elapsed: seconds(44), ..after(1) };
    assert_eq!(decide(Outcome::ResponseLost(None), late, OPERATION, 0.0), None);
}

#[test]
fn retry_after_is_read_as_seconds_and_as_a_date() {
    let ahead = now() + time::Duration::seconds(90);
    for date in ["Fri, 04 Oct 2024 00:01:30 GMT", "Friday, 04-Oct-24 00:01:30 GMT", "Fri Oct  4 00:01:30 2024"] {
        assert_eq!(retry_after(&answer(429, Some(date)), now()), Some(seconds(90)), "{date}");
        assert_eq!(retry_after(&answer(429, Some(date)), ahead + seconds(5)), Some(Duration::ZERO), "{date}");
        // A clock that is wrong here changes nothing.
        let mut answer = answer(429, Some(date));
        answer.headers.insert(http::header::DATE, "Fri, 04 Oct 2024 00:01:28 GMT".parse().unwrap());
        for now in [now(), now() - time::Duration::hours(1), ahead + time::Duration::hours(1)] {
            assert_eq!(retry_after(&answer, now), Some(seconds(2)), "{date}");
        }
    }
    assert_eq!(retry_after(&answer(429, Some(" 7 ")), now()), Some(seconds(7)));
    assert_eq!(retry_after(&answer(429, Some("99999999999999999999999")), now()), Some(seconds(u64::MAX)));
    for nonsense in ["", "-1", "soon", "1.5"] {
        assert_eq!(retry_after(&answer(429, Some(nonsense)), now()), None, "{nonsense}");
    }
}

#[test]
fn only_what_may_change_is_tried_again() {
    assert_eq!(classify(&Ok(answer(429, None)), now()), Outcome::RateLimited(None));
    for status in [408, 502, 504] {
        assert_eq!(classify(&Ok(answer(status, None)), now()), Outcome::ResponseLost(None), "{status}");
    }
    for status in [500, 503] {
        assert_eq!(classify(&Ok(answer(status, None)), now()), Outcome::ServerError(None), "{status}");
    }
    for status in (100..600).filter(|status| ![408, 429, 500, 502, 503, 504].contains(status)) {
        assert_eq!(classify(&Ok(answer(status, None)), now()), Outcome::Final, "{status}");
    }
    let cut_off = |status| Response { complete: false, ..answer(status, None) };
    assert_eq!(classify(&Ok(cut_off(200)), now()), Outcome::Unreadable);
    assert_eq!(classify(&Ok(cut_off(204)), now()), Outcome::Unreadable);
    assert_eq!(classify(&Ok(cut_off(400)), now()), Outcome::Final);
    let host = || String::from("h");
    assert_eq!(classify(&Err(Error::Untrusted { host: host(), cause: host() }), now()), Outcome::Final);
    assert_eq!(classify(&Err(Error::Refused { host: host() }), now()), Outcome::Unreachable);
    for (status, outcome) in [(Some(403), Outcome::Final), (Some(502), Outcome::NotSent), (None, Outcome::Unreachable)]
    {
        assert_eq!(classify(&Err(Error::ProxyRefused { proxy: host(), host: host(), status }), now()), outcome);
    }
    assert_eq!(classify(&Err(Error::Lost { host: host() }), now()), Outcome::ResponseLost(None));
}

fn simulate(policy: Policy, answers: Vec<Result<Response, Error>>) -> (Attempted, Duration) {
    let (attempted, took, _) = simulate_announced(policy, answers);
    (attempted, took)
}

/// Also returns which attempt of how many was announced before each wait.
fn simulate_announced(policy: Policy, answers: Vec<Result<Response, Error>>) -> (Attempted, Duration, Vec<(u32, u32)>) {
    let announced = RefCell::new(Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let answers = RefCell::new(answers.into_iter());
    runtime.block_on(async {
        let started = Instant::now();
        let attempt = async |_| {
            let answer = answers.borrow_mut().next().expect("an attempt too many");
            let outcome = classify(&answer, now());
            (answer, outcome)
        };
        let announce = |_: &_, _, attempts, most| announced.borrow_mut().push((attempts + 1, most));
        let attempted = run(policy, attempt, announce).await;
        (attempted, started.elapsed(), announced.take())
    })
}

#[test]
fn the_loop_ends_within_its_time_and_knows_what_may_have_been_applied() {
    let lost = || Err(Error::Lost { host: String::from("h") });
    let (attempted, took) = simulate(OPERATION, (0..8).map(|_| lost()).collect());
    assert!(attempted.may_have_been_applied);
    assert!(attempted.attempts >= 5, "{}", attempted.attempts);
    assert!(took <= OPERATION.total, "{took:?}");

    let (attempted, _) = simulate(OPERATION, vec![Ok(answer(503, None)), Ok(answer(200, None))]);
    assert_eq!((attempted.attempts, attempted.result.unwrap().status), (2, 200));

    for status in [499, 505, 520, 524, 599, 600, 999] {
        let (attempted, _) = simulate(OPERATION, vec![Ok(answer(status, None))]);
        assert!(attempted.may_have_been_applied, "{status}");
    }
    for status in [400, 403, 498, 501] {
        let (attempted, _) = simulate(OPERATION, vec![Ok(answer(status, None))]);
        assert!(!attempted.may_have_been_applied, "{status}");
    }

    let redirect = Error::Redirect { host: String::from("h"), status: 303, target: String::from("t") };
    assert!(simulate(OPERATION, vec![Err(redirect)]).0.may_have_been_applied);

    let refused = vec![Ok(answer(429, None)), Ok(answer(429, Some("3600")))];
    assert!(!simulate(OPERATION, refused).0.may_have_been_applied);
    let earlier_loss = vec![lost(), Ok(answer(429, Some("3600")))];
    assert!(simulate(OPERATION, earlier_loss).0.may_have_been_applied);
}

#[test]
fn the_loop_counts_who_is_not_there_and_what_cannot_be_read() {
    let patient = Policy { total: seconds(1000), ..OPERATION };
    let refused = || Err(Error::Refused { host: String::from("h") });
    let (attempted, _) = simulate(patient, (0..8).map(|_| refused()).collect());
    assert_eq!((attempted.attempts, attempted.may_have_been_applied), (3, false));
    let cut_off = || Ok(Response { complete: false, ..answer(200, None) });
    let (attempted, _) = simulate(patient, (0..8).map(|_| cut_off()).collect());
    assert_eq!((attempted.attempts, attempted.may_have_been_applied), (3, true));
    // What is neither does not count.
    let lost = || Err(Error::Lost { host: String::from("h") });
    let (attempted, _) = simulate(patient, vec![refused(), lost(), cut_off(), refused(), lost(), cut_off(), refused()]);
    assert_eq!(attempted.attempts, 7);
}

#[test]
fn the_loop_announces_no_more_attempts_than_it_makes() {
    let patient = Policy { total: seconds(1000), ..OPERATION };
    let refused = || Err(Error::Refused { host: String::from("h") });
    let lost = || Err(Error::Lost { host: String::from("h") });
    let cut_off = || Ok(Response { complete: false, ..answer(200, None) });
    for (answers, expected) in [
        (vec![refused(), refused(), refused()], vec![(2, 3), (3, 3)]),
        (vec![cut_off(), cut_off(), cut_off()], vec![(2, 3), (3, 3)]),
        (vec![lost(), refused(), refused(), refused()], vec![(2, 8), (3, 4), (4, 4)]),
        ((0..8).map(|_| lost()).collect(), (2..=8).map(|next| (next, 8)).collect()),
    ] {
        assert_eq!(simulate_announced(patient, answers).2, expected);
    }
}

#[test]
fn jitter_is_a_different_share_every_time() {
    let shares: Vec<f64> = (0..100).map(|_| jitter()).collect();
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    assert!(shares.iter().any(|share| *share < 0.5) && shares.iter().any(|share| *share > 0.5), "{shares:?}");
}

#[test]
fn a_retry_is_announced_with_how_the_last_attempt_ended() {
    let said = |result| notice(&result, "h", Duration::from_millis(300), 2, 8);
    assert_eq!(said(Ok(answer(503, None))), "Retrying in 1 s: 503 from h, attempt 2 of 8");
    let cut_off = Response { complete: false, ..answer(200, None) };
    assert_eq!(said(Ok(cut_off)), "Retrying in 1 s: unreadable answer from h, attempt 2 of 8");
    assert!(said(Err(Error::Refused { host: String::from("h") })).contains("refused"));
}

proptest! {
    #[test]
    fn never_waits_past_the_end(
        attempts in 1_u32..20,
        elapsed in 0_u64..100_000,
        asked in proptest::option::of(0_u64..100_000),
        jitter in -1.0..2.0_f64,
    ) {
        let history = History { elapsed: Duration::from_millis(elapsed), ..after(attempts) };
        let outcome = Outcome::ServerError(asked.map(Duration::from_millis));
        if let Some(wait) = decide(outcome, history, OPERATION, jitter) {
            prop_assert!(history.elapsed + wait < OPERATION.total);
            prop_assert!(wait >= Duration::from_millis(500));
            prop_assert!(attempts < OPERATION.attempts);
        }
    }
}
