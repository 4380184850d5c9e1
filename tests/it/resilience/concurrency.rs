//! No more calls at once than were allowed; the others wait their turn, and not for ever.

use tokio::time::Instant;
use tower_better_auth::defaults;

use super::{SECOND, app, get, outcomes, signs_in_everybody, start_many};
use crate::support::mock::{Act, Mock};

#[tokio::test(start_paused = true)]
async fn never_more_calls_are_under_way_than_were_allowed() {
    // Of those whom nobody knows yet, and of those who were active a moment ago.
    for (most, of_unknown, requests) in [(1, 1, 4), (2, 1, 4), (3, 2, 8), (100, 75, 300)] {
        let mock = Mock::new();
        signs_in_everybody(&mock);
        mock.takes(SECOND);
        let (_, app) = app(mock.builder().max_concurrency(most));
        for expected in [of_unknown, most] {
            let seen = outcomes(start_many(&app, requests).await).await;
            assert_eq!(seen, (requests, 0), "{most}");
            assert_eq!(mock.most_at_once(), expected, "{most}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_as_many_as_the_defaults_say() {
    let mock = Mock::new();
    signs_in_everybody(&mock);
    mock.takes(SECOND);
    let (_, app) = app(mock.builder());
    for expected in [defaults::MAX_CONCURRENCY * 3 / 4, defaults::MAX_CONCURRENCY] {
        assert_eq!(outcomes(start_many(&app, 180).await).await, (180, 0));
        assert_eq!(mock.most_at_once(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_their_turn_for_longer_than_the_deadline() {
    let mock = Mock::new();
    mock.takes(4 * SECOND);
    let (_, app) = app(mock.builder().max_concurrency(3).deadline(5 * SECOND));
    let began = Instant::now();
    // Two are answered; two have their turn too late, and the rest never.
    let requests = start_many(&app, 10).await;
    assert_eq!(outcomes(requests).await, (2, 8));
    assert!(began.elapsed() < 6 * SECOND, "{:?}", began.elapsed());
    assert_eq!(mock.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_or_panics_gives_its_place_back() {
    for act in [Act::Hang, Act::Panic, Act::status(500)] {
        let mock = Mock::doing(act);
        let (_, app) = app(mock.builder().max_concurrency(1));
        for number in 0..3 {
            get(&app, number).await.assert_unavailable();
        }
        mock.does(Act::signed_in());
        get(&app, 9).await.assert_ok();
    }
}
