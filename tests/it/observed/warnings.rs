//! An outage is a line a second, and not a line a request.

use tokio::time::advance;

use super::{SECOND, cookie_of};
use crate::support::{
    app::App,
    log,
    mock::{Act, Mock},
};

#[test]
fn a_warning_that_repeats_is_written_once_a_second_with_the_number_of_those_left_out() {
    let ((), log) = log::of(async {
        tokio::time::pause();
        let mock = Mock::doing(Act::status(500));
        let auth = mock
            .builder()
            .circuit_breaker(tower_better_auth::CircuitBreaker::off());
        let app = App::required(auth.build().unwrap());
        for number in 0..100 {
            app.get_as(&cookie_of(number), "/me")
                .await
                .assert_unavailable();
        }
        // Another cause is another line.
        mock.does(Act::status(404));
        app.get_as(&cookie_of(0), "/me").await.assert_unavailable();
        mock.does(Act::status(500));
        advance(SECOND).await;
        app.get_as(&cookie_of(0), "/me").await.assert_unavailable();
    });
    let lines: Vec<_> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for (line, cause, left_out) in [
        (lines[0], "500", "left_out=0"),
        (lines[1], "404", "left_out=0"),
        (lines[2], "500", "left_out=99"),
    ] {
        assert!(line.contains(cause) && line.contains(left_out), "{line}");
    }
}
