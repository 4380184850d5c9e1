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
    // The warning with its fix, and the audit event for the trail: nothing else is said at these levels.
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("WARN") || line.contains("INFO"))
        .collect();
    assert_eq!(lines.len(), 6, "{lines:#?}");
    for (pair, status, cause, left_out) in [
        (&lines[..2], "500", "server_error", "left_out=0"),
        (&lines[2..4], "404", "odd_status", "left_out=0"),
        (&lines[4..], "500", "server_error", "left_out=99"),
    ] {
        let [warning, event] = pair else {
            unreachable!("two by two")
        };
        assert!(
            warning.contains(status) && warning.contains(left_out),
            "{warning}"
        );
        assert!(
            event.contains("session.unavailable") && event.contains(cause),
            "{event}"
        );
        assert!(event.contains(left_out), "{event}");
    }
}

#[tokio::test]
async fn a_sink_hears_of_every_request_that_could_not_be_checked() {
    let (sender, events) = std::sync::mpsc::channel();
    let builder = Mock::doing(Act::status(500)).builder();
    let builder = builder.audit(move |event| Ok(sender.send(event.reason)?));
    let app = App::required(builder.build().unwrap());
    for number in 0..10 {
        app.get_as(&cookie_of(number), "/me")
            .await
            .assert_unavailable();
    }
    drop(app);
    // The sink's thread ends with the last handle, when it has given away what it had.
    assert_eq!(events.iter().count(), 10);
}
