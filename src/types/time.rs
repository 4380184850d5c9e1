//! Points in time as Better Auth writes them: ISO 8601, milliseconds, `Z`.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// Reads a point in time, `None` when it is not one in UTC within the years 1970 to 9999.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    text.is_ascii()
        .then(|| humantime::parse_rfc3339(text).ok())?
}

/// Writes a point in time, `None` when it lies outside the years 1970 to 9999.
pub(crate) fn format(time: SystemTime) -> Option<String> {
    // The formatter panics on times before 1970.
    time.duration_since(UNIX_EPOCH).ok()?;
    let mut text = String::new();
    write!(text, "{}", humantime::format_rfc3339_millis(time)).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_better_auth_writes_is_read_and_written_back_the_same() {
        for text in [
            "2026-11-27T09:32:22.106Z",
            "1970-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
        ] {
            assert_eq!(format(parse(text).unwrap()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_such_time_is_none_and_never_a_panic() {
        for text in [
            "",
            "never",
            "99999-01-01T00:00:00.000Z",
            "+099999-01-01T00:00:00.000Z",
            "2026-11-27",
            "2026-11-27T09:32:22.106",
            "2026-13-27T09:32:22.106Z",
            "2026-11-27T09:32:22.106+02:00",
            "２０２６-11-27T09:32:22Z",
            "2026-11-27T09:32:é2.1Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_time_past_the_year_9999_is_not_written_and_does_not_panic() {
        let far = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(format(far), None);
    }

    #[test]
    fn a_time_before_1970_is_not_written_and_does_not_panic() {
        assert_eq!(format(UNIX_EPOCH - Duration::from_secs(1)), None);
    }
}
