//! No more calls at once than were allowed; the others wait their turn, and not for ever.

use tokio::time::Instant;
use tower_better_auth::defaults;

use super::{SECOND, app, get, outcomes, start_many};
use crate::support::mock::{Act, Mock};

#[tokio::test(start_paused = true)]
async fn never_more_calls_are_under_way_than_were_allowed() {
    for (most, requests) in [(1, 4), (3, 12), (100, 300)] {
        let mock = Mock::new();
        mock.takes(SECOND);
        let (_, app) = app(mock.builder().max_concurrency(most));
        let requests = start_many(&app, requests).await;
        let expected = (requests.len(), 0);
        assert_eq!(outcomes(requests).await, expected);
        assert_eq!(mock.most_at_once(), most);
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_as_many_as_the_defaults_say() {
    let mock = Mock::new();
    mock.takes(SECOND);
    let (_, app) = app(mock.builder());
    assert_eq!(outcomes(start_many(&app, 200).await).await, (200, 0));
    assert_eq!(mock.most_at_once(), defaults::MAX_CONCURRENCY);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_their_turn_for_longer_than_the_deadline() {
    let mock = Mock::new();
    mock.takes(4 * SECOND);
    let (_, app) = app(mock.builder().max_concurrency(2).deadline(5 * SECOND));
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
