//! `and` and `or`: who is let in, and whose refusal is heard.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tower_better_auth::{Access, Denied, Guard, Require};

use super::ask;

/// Lets everybody in, or nobody; writes down that it was asked.
struct Fixed(&'static str, bool, Arc<Mutex<Vec<&'static str>>>);

impl Guard for Fixed {
    fn check(&self, _: &Access<'_>) -> Result<(), Denied> {
        self.2.lock().unwrap().push(self.0);
        if self.1 {
            Ok(())
        } else {
            Err(Denied::new(self.0))
        }
    }
}

/// What the client sees, and who was asked in which order.
async fn outcome(make: impl Fn(&dyn Fn(&'static str, bool) -> Require) -> Require) -> String {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let fixed = |name, passes| Require::guard(Fixed(name, passes, Arc::clone(&asked)));
    let seen = ask(json!({"id": "u1"}), "/", make(&fixed), "/").await;
    let asked = asked.lock().unwrap().concat();
    format!("{} after {asked}", seen.summary())
}

#[tokio::test]
async fn both_of_and_must_pass_and_the_first_refusal_is_heard() {
    for (a, b, expected) in [
        (true, true, "200 after AB"),
        (true, false, "403 B after AB"),
        (false, true, "403 A after A"),
        (false, false, "403 A after A"),
    ] {
        let seen = outcome(|fixed| fixed("A", a).and(fixed("B", b))).await;
        assert_eq!(seen, expected, "{a} and {b}");
    }
}

#[tokio::test]
async fn one_of_or_must_pass_and_the_left_refusal_is_heard() {
    for (a, b, expected) in [
        (true, true, "200 after A"),
        (true, false, "200 after A"),
        (false, true, "200 after AB"),
        (false, false, "403 A after AB"),
    ] {
        let seen = outcome(|fixed| fixed("A", a).or(fixed("B", b))).await;
        assert_eq!(seen, expected, "{a} or {b}");
    }
}

#[tokio::test]
async fn they_nest_as_they_are_written() {
    for bits in 0..8 {
        let [a, b, c] = [1, 2, 4].map(|bit| bits & bit != 0);
        let passes = |seen: String| seen.starts_with("200");
        let left = outcome(|fixed| fixed("A", a).and(fixed("B", b)).or(fixed("C", c))).await;
        assert_eq!(passes(left), a && b || c, "({a} and {b}) or {c}");
        let right = outcome(|fixed| fixed("A", a).and(fixed("B", b).or(fixed("C", c)))).await;
        assert_eq!(passes(right), a && (b || c), "{a} and ({b} or {c})");
        let other = outcome(|fixed| fixed("A", a).or(fixed("B", b)).and(fixed("C", c))).await;
        assert_eq!(passes(other), (a || b) && c, "({a} or {b}) and {c}");
    }
    let seen = outcome(|fixed| {
        fixed("A", true)
            .and(fixed("B", false))
            .or(fixed("C", false).and(fixed("D", true)))
    });
    assert_eq!(seen.await, "403 B after ABC");
}

#[tokio::test]
async fn one_s_own_or_an_admin() {
    let require = || Require::user_id("user_id").or(Require::role("admin"));
    for (id, role, expected) in [
        ("u1", "user", "200"),
        ("u2", "user", "403 USER_ID_MISMATCH"),
        ("u2", "admin", "200"),
    ] {
        let user = json!({"id": id, "role": role});
        let seen = ask(user, "/users/{user_id}", require(), "/users/u1").await;
        assert_eq!(seen.summary(), expected, "{id} {role}");
    }
}
